import Federation
import Numerics
import Platform
import Testing

@Suite struct MirrorMachineTests {
    /// Whatever happens on the way, in the end every file is there to the byte, and no copy was ever said to be whole
    /// that was not.
    @Test(arguments: 0..<10)
    func copiesAreWhatTheHolderHas(block: Int) {
        for seed in block * 30..<block * 30 + 30 {
            var simulation = MirrorSimulation(seed: UInt64(seed), healAfter: .seconds(60))
            simulation.run(until: .zero + .seconds(160))
            #expect(simulation.violations == [], "seed \(seed)")
            for (entity, files) in simulation.files.entities where entity != "s/secret" {
                #expect(simulation.disk[entity]?.isWhole == true, "seed \(seed)")
                #expect(simulation.disk[entity]?.files == files.map(\.bytes), "seed \(seed)")
            }
            #expect(simulation.disk["s/secret"] == nil)
        }
    }

    /// Rows appended at the holder's are appended here, whole ones only; what was there to learn from stays.
    @Test func appendedRowsFollow() {
        for seed in 0..<200 {
            var simulation = MirrorSimulation(seed: UInt64(seed), healAfter: .seconds(90))
            simulation.grows = true
            simulation.loss = 0.05
            simulation.run(until: .zero + .seconds(200))
            #expect(simulation.violations == [], "seed \(seed)")
            for entity in simulation.source.entities {
                let original = simulation.files.entities[entity]?[1].bytes ?? []
                let copy = simulation.disk[entity]?.files[1] ?? []
                #expect(original.starts(with: copy), "seed \(seed)")
                // All but a last row that is not finished.
                #expect(!original.dropFirst(copy.count).contains(0x0A), "seed \(seed)")
            }
        }
    }

    /// An undisturbed copy fetches each byte once and has one request on its way at a time.
    @Test func nothingIsFetchedTwice() {
        var simulation = MirrorSimulation(seed: 5, healAfter: .zero)
        simulation.run(until: .zero + .seconds(60))
        let bytes = simulation.source.entities.flatMap { simulation.files.entities[$0] ?? [] }.map(\.bytes.count)
        #expect(simulation.written == bytes.reduce(0, +))
        #expect(simulation.machine.complete == simulation.source.entities)
    }

    /// A holder that rewrites its files leaves a whole copy as it is.
    @Test func aRotatedFileLeavesTheCopy() {
        var simulation = MirrorSimulation(seed: 6, healAfter: .zero)
        simulation.run(until: .zero + .seconds(30))
        let before = simulation.disk["s/a"]?.files
        simulation.files.entities["s/a"]?[1].bytes = []
        simulation.run(until: .zero + .seconds(90))
        #expect(simulation.disk["s/a"]?.files == before)
        #expect(simulation.machine.complete.contains("s/a"))
        #expect(simulation.violations == [])
    }

    /// A file that the holder rewrites while it is copied is fetched again.
    @Test func aFileThatChangesOnTheWayIsFetchedAgain() {
        for seed in 0..<50 {
            var simulation = MirrorSimulation(seed: UInt64(seed), healAfter: .zero)
            simulation.run(until: .zero + .milliseconds(50 * seed))
            let old = simulation.files.entities["s/a"]?[0].bytes ?? []
            for index in simulation.files.entities["s/a"]?[0].bytes.indices ?? 0..<0 {
                simulation.files.entities["s/a"]?[0].bytes[index] ^= 1
            }
            simulation.rewrites = true
            simulation.run(until: .zero + .seconds(120))
            // As it was or as it is, never a mixture.
            let copy = simulation.disk["s/a"]?.files[0] ?? []
            let new = simulation.files.entities["s/a"]?[0].bytes ?? []
            #expect(copy == old || copy == new, "seed \(seed)")
            #expect(simulation.machine.complete == simulation.source.entities, "seed \(seed)")
        }
    }

    // MARK: The desk

    private let token = [UInt8](repeating: 7, count: 16)

    @Test func onlyWhatIsGrantedIsHandedOut() {
        let simulation = MirrorSimulation(seed: 1, healAfter: .zero)
        var desk = simulation.desk
        func answer(_ token: [UInt8], _ entity: String, from reader: String) -> SampleMessage? {
            desk.answer(.listRequest(request: 3, token: token, entity: entity), from: reader, files: simulation.files)
        }
        func isRefused(_ message: SampleMessage?) -> Bool {
            if case .refusal(3, .notGranted, _) = message { true } else { false }
        }
        if case .list(3, let listing) = answer(token, "s/a", from: "reader") {
            #expect(listing == simulation.files.listing(of: "s/a"))
        } else {
            Issue.record("the granted list was not handed out")
        }
        #expect(isRefused(answer([UInt8](repeating: 8, count: 16), "s/a", from: "reader")))
        #expect(isRefused(answer(token, "s/secret", from: "reader")))
        #expect(isRefused(answer(token, "s/a", from: "another")))
        let range = SampleRange(
            request: 3, token: [UInt8](repeating: 0, count: 16), entity: "s/a", listing: 0, file: 0, offset: 0,
            length: 10)
        #expect(isRefused(desk.answer(.pieceRequest(range), from: "reader", files: simulation.files)))
        #expect(isRefused(desk.answer(.checkRequest(range), from: "reader", files: simulation.files)))
        #expect(desk.refusals[.notGranted] == 5)
        desk.grant([])
        #expect(isRefused(answer(token, "s/a", from: "reader")))
    }

    /// No request, however wrong, gets more than it may or ends the process.
    @Test func anyRequestIsAnsweredOrNot() {
        let simulation = MirrorSimulation(seed: 2, healAfter: .zero)
        var desk = simulation.desk
        let identity = simulation.files.listing(of: "s/a")?.identity ?? 0
        for seed in 0..<5_000 {
            var random = RandomMessages(generator: CounterBasedGenerator(seed: UInt64(seed), purpose: "desk"))
            var range = random.range()
            range.token = token
            range.entity = "s/a"
            if random.flag() { range.listing = identity }
            if random.flag() { range.file %= 3 }
            let answer = desk.answer(
                random.flag() ? .pieceRequest(range) : .checkRequest(range), from: "reader", files: simulation.files)
            #expect(answer != nil)
        }
    }

    /// A holder may answer anything.
    @Test func anyAnswerIsTakenOrNot() {
        for seed in 0..<2_000 {
            var random = RandomMessages(generator: CounterBasedGenerator(seed: UInt64(seed), purpose: "answers"))
            var machine = MirrorMachine(configuration: MirrorSimulation.configuration, firstRequest: 0)
            var now = Instant.zero
            var events: [MirrorEvent] = [
                .assigned(SampleSource(holder: "h", address: "", token: token, entities: ["s/a"]))
            ]
            var asked: UInt64 = 1
            for _ in 0..<60 {
                now = now + .milliseconds(Int.random(in: 0...2_000, using: &random.generator))
                if events.isEmpty {
                    let kinds: [Message.Kind] = [.sampleList, .samplePiece, .sampleCheck, .sampleRefusal]
                    let kind = kinds.randomElement(using: &random.generator) ?? .sampleList
                    guard case .samples(let message) = random.message(kind) else { continue }
                    events.append(.received(Self.renumbered(message, asked)))
                }
                for directive in machine.step(events.removeFirst(), at: now) {
                    switch directive {
                    case .send(let message): asked = message.request
                    case .open(let entity, let listing):
                        events.append(
                            .opened(
                                entity: entity, lengths: listing.files.map { _ in UInt64(random.bytes(9).count) },
                                isWhole: random.flag()))
                    case .digest(let entity, _, _, _):
                        events.append(.digested(entity: entity, digest: random.digest()))
                    case .write(_, _, _, let bytes): #expect(!bytes.isEmpty)
                    case .clear, .complete, .note: break
                    }
                }
            }
        }
    }

    private static func renumbered(_ message: SampleMessage, _ request: UInt64) -> SampleMessage {
        switch message {
        case .list(_, let listing): .list(request: request, listing)
        case .piece(_, let bytes): .piece(request: request, bytes: bytes)
        case .check(_, let digest): .check(request: request, digest: digest)
        case .refusal(_, let reason, let text): .refusal(request: request, reason, text: text)
        default: message
        }
    }
}
