import Federation
import Numerics
import Platform

/// Two workers on one time line, one that copies the other's files, over a network that loses, repeats, delays and
/// reorders messages; both may crash at any moment.
struct MirrorSimulation {
    /// Files in memory.
    struct Files: SampleFiles {
        var entities: [String: [(part: SampleListing.Part, name: String, bytes: [UInt8])]]

        func listing(of entity: String) -> SampleListing? {
            entities[entity].map { files in
                SampleListing(
                    type: "e", reading: "plain", trainingFormat: "generic", streamFormat: "generic",
                    files: files.map { .init(part: $0.part, name: $0.name, size: UInt64($0.bytes.count)) })
            }
        }

        private func slice(_ entity: String, _ file: Int, _ offset: UInt64, _ count: Int) -> [UInt8] {
            Array((entities[entity]?[file].bytes ?? []).dropFirst(Int(clamping: offset)).prefix(count))
        }

        func read(_ entity: String, file: Int, offset: UInt64, count: Int) throws -> [UInt8] {
            slice(entity, file, offset, count)
        }

        func digest(_ entity: String, file: Int, offset: UInt64, count: Int) throws -> [UInt8] {
            SHA256.digest(slice(entity, file, offset, count))
        }
    }

    /// A copy on the reader's disk.
    struct Copy {
        var files: [[UInt8]]
        var isWhole = false
    }

    enum Delivery {
        case toHolder(SampleMessage)
        case toReader(SampleMessage)
    }

    var generator: CounterBasedGenerator
    let healAt: Instant
    var now = Instant.zero
    var queue: [(at: Instant, what: Delivery)] = []
    var files: Files
    var desk = SampleDesk()
    var machine: MirrorMachine
    var disk: [String: Copy] = [:]
    /// What goes on at the holder's side.
    var grows = false
    var rewrites = false
    var loss = 0.2
    let source: SampleSource
    var violations: [String] = []
    var written = 0
    static let configuration: MirrorConfiguration = {
        var configuration = MirrorConfiguration()
        configuration.pieceBytes = 64
        configuration.leastPieceBytes = 8
        configuration.checkBytes = 100
        return configuration
    }()

    init(seed: UInt64, healAfter: Duration) {
        generator = CounterBasedGenerator(seed: seed, purpose: "mirror")
        healAt = .zero + healAfter
        machine = MirrorMachine(configuration: Self.configuration, firstRequest: generator.next())
        source = SampleSource(
            holder: "holder", address: "", token: [UInt8](repeating: 7, count: 16), entities: ["s/a", "s/b"])
        files = Files(entities: [:])
        for entity in source.entities {
            files.entities[entity] = [
                (.training, "train.csv", rows(Int.random(in: 0...40, using: &generator))),
                (.stream, "test.csv", rows(Int.random(in: 0...40, using: &generator))),
            ]
        }
        files.entities["s/secret"] = [(.training, "train.csv", rows(3))]
        grant()
        step(.assigned(source))
    }

    mutating func rows(_ count: Int) -> [UInt8] {
        (0..<count).flatMap { _ in Array("\(generator.next() % 1_000_000),\(generator.next() % 1_000)\n".utf8) }
    }

    mutating func grant() {
        desk.grant([SampleGrant(reader: "reader", token: source.token, entities: source.entities)])
    }

    var healed: Bool { now >= healAt }

    private mutating func chance(_ probability: Double) -> Bool { generator.uniform() < probability }

    mutating func post(_ what: Delivery) {
        var copies = 1
        if !healed {
            if chance(loss) { copies = 0 }
            if chance(0.1) { copies += 1 }
        }
        for _ in 0..<copies {
            let delay = Int.random(in: 1...(healed ? 5 : 3_000), using: &generator)
            queue.append((now + .milliseconds(delay), what))
        }
    }

    mutating func run(until end: Instant) {
        while now < end, violations.isEmpty {
            now = now + .milliseconds(50)
            misfortune()
            while let next = queue.indices.min(by: { queue[$0].at < queue[$1].at }), queue[next].at <= now {
                switch queue.remove(at: next).what {
                case .toHolder(let message):
                    if let answer = desk.answer(message, from: "reader", files: files) { post(.toReader(answer)) }
                case .toReader(let message): step(.received(message))
                }
            }
            step(.tick)
        }
    }

    private mutating func misfortune() {
        if grows, !healed, chance(0.01), let entity = source.entities.randomElement(using: &generator) {
            // Rows come in parts, as a writer's buffer is flushed.
            let more = rows(2).dropLast(Int.random(in: 0...3, using: &generator))
            files.entities[entity]?[1].bytes += more
            if chance(0.5) { files.entities[entity]?[1].bytes.append(0x0A) }
        }
        guard !healed else { return }
        if chance(0.01) { desk = SampleDesk() }
        if chance(0.05) { grant() }
        if chance(0.01) {
            // The reader dies; the end of what it was writing may be garbage.
            for entity in disk.keys where disk[entity]?.isWhole == false && chance(0.5) {
                guard let last = disk[entity]?.files[0].indices.last else { continue }
                disk[entity]?.files[0][last] ^= 0x55
            }
            machine = MirrorMachine(configuration: Self.configuration, firstRequest: generator.next())
            step(.assigned(source))
        }
        if chance(0.01) { step(.failed(entity: "s/a", reason: "disk full")) }
        if now + .milliseconds(100) >= healAt { grant() }
    }

    mutating func step(_ event: MirrorEvent) {
        for directive in machine.step(event, at: now) {
            switch directive {
            case .send(let message):
                if !healed, chance(0.1) { step(.unsent) } else { post(.toHolder(message)) }
            case .open(let entity, let listing):
                let copy = disk[entity] ?? Copy(files: listing.files.map { _ in [] })
                disk[entity] = copy
                step(.opened(entity: entity, lengths: copy.files.map { UInt64($0.count) }, isWhole: copy.isWhole))
            case .write(let entity, let file, let offset, let bytes):
                guard var copy = disk[entity], copy.files[file].count == Int(offset) else {
                    violations.append("a write at \(offset) of \(entity) that does not continue what is there")
                    return
                }
                written += bytes.count
                copy.files[file] += bytes
                disk[entity] = copy
                if copy.isWhole, copy.files[file].last != 0x0A { violations.append("half a row in \(entity)") }
                if copy.isWhole, file == 0 { violations.append("the training part of \(entity) grew") }
            case .digest(let entity, let file, let offset, let length):
                let bytes = (disk[entity]?.files[file] ?? []).dropFirst(Int(offset)).prefix(length)
                step(.digested(entity: entity, digest: SHA256.digest(Array(bytes))))
            case .clear(let entity, let file):
                if disk[entity]?.isWhole == true { violations.append("a whole copy of \(entity) was cleared") }
                disk[entity]?.files[file] = []
            case .complete(let entity):
                disk[entity]?.isWhole = true
                for (copy, file) in zip(disk[entity]?.files ?? [], files.entities[entity] ?? [])
                where !rewrites && (!file.bytes.starts(with: copy) || (!grows && copy != file.bytes)) {
                    violations.append("a whole copy of \(entity) that is not what the holder has")
                }
            case .note: break
            }
        }
    }
}
