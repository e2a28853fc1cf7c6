package import Autoencoders
package import Federation
import Foundation
package import Platform
import Synchronization
package import Telemetry
package import Watching

/// Watches entities whose samples never end, on a thread of its own: each row is scored by exactly one model, in order.
///
/// A model that comes is fitted and warmed beside the running one and takes over between two rows; open alarms go on.
/// Until there is one, and for types of entities that it does not know, detectors are fitted to the entity's own rows as
/// soon as there are enough. What was fitted to few rows is fitted again each time that they have doubled.
package final class LiveWatch: Sendable {
    /// How it watches.
    package struct Options: Sendable {
        /// Rows of an entity after which detectors are fitted to it.
        package var firstRows = 90
        /// Rows of an entity below which its alarms say that it is still being learned.
        package var learnedRows = 1_024
        /// Rows of an entity that detectors and thresholds are fitted to, at most.
        package var fittingRows = 40_000
        /// Rows that a stream sees before the first that it is asked of.
        package var warmRows = 1_024
        /// Seconds without a row after which an entity counts as gone.
        package var idleSeconds = 900.0

        /// The defaults.
        package init() {}
    }

    /// Takes events, in order, and how many rows were scored in all.
    package typealias Delivery = ([AlarmEvent], _ scored: UInt64) throws -> Void

    let entities: any LiveEntities
    let settings: WorkerSettings
    let options: Options
    let rules: GroupRules
    let tool: String
    let log: Logger
    let figures: WorkerFigures
    let makeBackend: @Sendable (_ threads: Int) throws -> any AcceleratorBackend
    private let wanted: Mutex<Wanted>
    private let falseAlarms = FalseAlarmBoard()

    /// What the federation wants to be watched.
    private struct Wanted {
        var model: FederatedModel?
        var name = ModelName(version: 0, digest: "")
        var served: Set<String>?
        /// False alarms that thresholds shall allow, a day and entity.
        var falseAlarms = 1.0
    }

    /// A version of the federation, told from another of the same number by its bytes.
    struct ModelName: Codable, Hashable, Sendable {
        /// 0: fitted here, to the entities' own rows.
        var version: UInt64
        var digest: String
    }

    /// A watch over entities.
    package init(
        entities: any LiveEntities, settings: WorkerSettings, options: Options = Options(), rules: GroupRules,
        tool: String, log: Logger, figures: WorkerFigures = WorkerFigures(),
        makeBackend: @escaping @Sendable (_ threads: Int) throws -> any AcceleratorBackend
    ) {
        self.entities = entities
        self.settings = settings
        self.options = options
        self.rules = rules
        self.tool = tool
        self.log = log
        self.figures = figures
        self.makeBackend = makeBackend
        wanted = Mutex(Wanted(falseAlarms: settings.falseAlarmsPerDay))
    }

    /// Says which version shall watch, and which entities this worker serves; the version takes over when it is ready.
    ///
    /// - Parameter falseAlarmsPerDay: false alarms that its thresholds allow; `nil`: as the settings say.
    package func adopt(
        _ model: FederatedModel, version: UInt64, entities: [String], falseAlarmsPerDay: Double? = nil
    ) {
        let digest = String(SHA256.hexadecimalDigest(of: model.encoded()).prefix(16))
        let name = ModelName(version: version, digest: digest)
        let falseAlarms = falseAlarmsPerDay ?? settings.falseAlarmsPerDay
        wanted.withLock {
            $0 = Wanted(model: model, name: name, served: Set(entities), falseAlarms: falseAlarms)
        }
    }

    /// Says which alarms were called false: from the next row on the same again is none, and models learn from their rows.
    package func heed(_ known: KnownFalseAlarms) {
        falseAlarms.put(known)
        entities.learn(fromAlarmsAt: falseAlarms.onsets)
    }

    // MARK: The watch

    /// Where the watch of an entity stands, as it is remembered over a restart.
    private struct Place {
        /// The next row to be scored.
        var next: Int
        /// The stream's state there.
        var state: [UInt8]

        init(next: Int, state: [UInt8]) {
            self.next = next
            self.state = state
        }

        /// Reads what ``bytes`` gave.
        init?(_ bytes: [UInt8]) {
            guard bytes.count >= 8 else { return nil }
            let number = bytes[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            guard let next = Int(exactly: number) else { return nil }
            self.init(next: next, state: Array(bytes[8...]))
        }

        var bytes: [UInt8] {
            stride(from: 0, to: 64, by: 8).map { UInt8(truncatingIfNeeded: UInt64(next) >> UInt64($0)) } + state
        }
    }

    /// The name under which it is remembered where the watch of an entity stands.
    package static func placeName(_ key: String) -> String { "watch/" + key }
    /// Time between two writings of where the streams stand.
    private static let saveInterval = Duration.seconds(5)

    /// A stream with what is known of it here.
    private struct Running {
        var stream: EntityStream
        var model: WatchModel
        var lastRow = ContinuousClock.now
        /// What it heeds of alarms that were called false.
        var heeded = 0
    }

    private struct State {
        var models: [WatchModel] = []
        var running: [String: Running] = [:]
        var scored: UInt64 = 0
        /// The version that cannot watch.
        var refused: ModelName?
        /// Rows of each entity when it was last tried to fit detectors to it, with a model of the federation or without.
        var tried: [Bool: [String: Int]] = [:]
        /// Which findings of streams are told, beside those of the sources.
        var told = ToldFindings()
        /// How long writing took.
        var saving = Duration.zero
        /// Rows of each stream when it was last written.
        var saved: [String: Int] = [:]

        var federated: WatchModel? { models.first { !$0.isProvisional } }
    }

    /// Watches until it is no longer wanted.
    ///
    /// - Parameter told: takes how entities were scored, every few seconds.
    /// - Throws: what makes going on impossible, such as a disk that is full.
    package func run(
        isCancelled: @escaping @Sendable () -> Bool, told: ([ScoreNews]) -> Void = { _ in }, deliver: Delivery
    ) throws {
        var state = State()
        state.models = try restored().map { [$0] } ?? []
        let workshop = Workshop()
        defer { workshop.stop() }
        var lastSaved = ContinuousClock.now
        var lastTold = ContinuousClock.now
        var lastLook = ContinuousClock.now
        var lastScores = ContinuousClock.now
        var counted: UInt64 = 0
        while !isCancelled() {
            let all = entities.all
            if .now - lastLook > .seconds(1) {
                letGo(all, &state)
                lastLook = .now
            }
            order(all, &state, workshop)
            if let finished = workshop.take() {
                try switchOver(to: finished, &state)
                // What the fit needed, and the model before, are many pieces, which the allocator keeps unless it is told.
                FreeMemory.giveBack()
            }
            let served = wanted.withLock { $0.served }
            var progressed = false
            for entity in all where !isCancelled() {
                guard served?.contains(entity.key) ?? true else {
                    state.running[entity.key] = nil
                    continue
                }
                progressed = try advance(entity, &state, deliver) || progressed
            }
            let waiting = all.reduce(0) { sum, entity in
                sum + max(0, entity.nextRow - (state.running[entity.key]?.stream.nextRow ?? entity.nextRow))
            }
            figures.update { $0.backlog = waiting }
            try tell(all.filter { served?.contains($0.key) ?? true }, &state, deliver)
            let now = ContinuousClock.now
            if state.scored != counted, now - lastTold > .milliseconds(500) {
                try deliver([], state.scored)
                (counted, lastTold) = (state.scored, now)
            }
            if now - lastScores > ScoreTally.interval {
                let news = state.running.keys.compactMap { state.running[$0]?.stream.takeScores() }
                if !news.isEmpty { told(news) }
                lastScores = now
            }
            if now - lastSaved > max(Self.saveInterval, state.saving * 20) {
                try save(&state)
                lastSaved = .now
            }
            if !progressed { entities.wait(upTo: 0.2) }
        }
        try save(&state)
    }

    /// Lets go of entities that are no longer there.
    private func letGo(_ all: [LiveEntity], _ state: inout State) {
        var gone = Set(state.running.keys).union(state.saved.keys)
        for entity in all { gone.remove(entity.key) }
        guard !gone.isEmpty else { return }
        for key in gone {
            state.running[key] = nil
            state.saved[key] = nil
            for kind in state.tried.keys { state.tried[kind]?[key] = nil }
        }
        log.info(
            "entities are forgotten: nothing has come of them for long",
            ["entities": "\(gone.count)", "such as": gone.sorted().prefix(3).joined(separator: ", ")])
    }

    /// Asks the workshop for what is missing: a version that is wanted, or detectors for entities that have none or whose
    /// rows have doubled since they were fitted.
    private func order(_ all: [LiveEntity], _ state: inout State, _ workshop: Workshop) {
        guard workshop.isFree else { return }
        let wanted = wanted.withLock { $0 }
        let federated = state.federated
        func isDue(_ entity: LiveEntity, isProvisional: Bool) -> Bool {
            let rows = entity.nextRow - entity.firstRow
            let before = state.tried[isProvisional]?[entity.key] ?? 0
            return rows >= options.firstRows && before < options.fittingRows && rows >= 2 * before
        }
        if let model = wanted.model, state.refused != wanted.name {
            let isNew = federated?.name != wanted.name || federated?.falseAlarms != wanted.falseAlarms
            if isNew { state.tried[false] = [:] }
            let types = federated?.types ?? []
            if isNew || all.contains(where: { types.contains($0.type) && isDue($0, isProvisional: false) }) {
                for entity in all where isNew || types.contains(entity.type) {
                    state.tried[false, default: [:]][entity.key] = entity.nextRow - entity.firstRow
                }
                workshop.start { [self] isCancelled in
                    try prepared(
                        model, name: wanted.name, falseAlarms: wanted.falseAlarms, isCancelled: isCancelled)
                }
                return
            }
        }
        let alone = all.filter { !(federated?.knows($0) ?? false) }
        guard alone.contains(where: { isDue($0, isProvisional: true) }) else { return }
        let enough = alone.filter { $0.nextRow - $0.firstRow >= options.firstRows }
        for entity in enough { state.tried[true, default: [:]][entity.key] = entity.nextRow - entity.firstRow }
        workshop.start { [self] isCancelled in
            try provisional(for: enough, falseAlarms: wanted.falseAlarms, isCancelled: isCancelled)
        }
    }

    private func switchOver(to finished: Workshop.Finished, _ state: inout State) throws {
        switch finished {
        case .failure(let error, let name):
            log.warning("a model cannot watch", ["reason": "\(error)"])
            if let name { state.refused = name }
        case .success(let prepared):
            let model = prepared.model
            if model.isProvisional {
                state.models.removeAll { $0.isProvisional }
            } else {
                state.models.removeAll { !$0.isProvisional || model.knows($0) }
            }
            state.models.append(model)
            for (key, var stream) in prepared.streams {
                if let old = state.running[key] {
                    guard old.model.isProvisional || !model.isProvisional else { continue }
                    do {
                        try stream.takeOver(from: old.stream, version: model.name.version)
                    } catch {
                        log.warning("an entity goes on with the version before", ["entity": key, "reason": "\(error)"])
                        continue
                    }
                }
                state.running[key] = Running(stream: stream, model: model)
            }
            // A restart finds each stream where this model took over.
            state.saved = [:]
            try save(&state)
            log.notice(
                model.isProvisional ? "watching with what was learned here" : "watching with a version",
                [
                    "version": "\(model.name.version)", "entities": "\(prepared.streams.count)",
                    "rows": "\(model.rows.values.max() ?? 0)",
                    "confidence": model.monitoring.confidenceLine ?? "unknown",
                ])
        }
    }

    /// Scores what an entity has brought; returns whether there was something.
    private func advance(_ entity: LiveEntity, _ state: inout State, _ deliver: Delivery) throws -> Bool {
        // Where it was forgotten, and came again, its rows are counted anew.
        if let running = state.running[entity.key], running.stream.nextRow > entity.nextRow {
            state.running[entity.key] = nil
        }
        if state.running[entity.key] == nil {
            guard entity.nextRow > entity.firstRow, let model = state.models.first(where: { $0.knows(entity) }) else {
                return false
            }
            do {
                state.running[entity.key] = Running(stream: try opened(entity, model), model: model)
            } catch {
                log.warning("an entity cannot be watched", ["entity": entity.key, "reason": "\(error)"])
                state.models.removeAll { $0.isProvisional == model.isProvisional && $0.name == model.name }
                return false
            }
        }
        try heed(entity, &state, deliver)
        guard let (next, lastRow) = state.running[entity.key].map({ ($0.stream.nextRow, $0.lastRow) }) else {
            return false
        }
        let isIdle = next >= entity.nextRow
        if isIdle, (ContinuousClock.now - lastRow).seconds <= options.idleSeconds { return false }
        guard var running = state.running.removeValue(forKey: entity.key) else { return false }
        let before = running.stream.scoredRows
        var events =
            isIdle ? running.stream.end() : try figures.scoring { try running.stream.advance(rows: 256) }
        let rows = running.stream.scoredRows - before
        state.scored += UInt64(rows)
        if rows > 0 { running.lastRow = .now }
        let quality = running.stream.takeQuality(worker: settings.name, log) { finding in
            state.told.tells(finding, ofStream: entity.key)
        }
        if !quality.isEmpty { try deliver(quality, state.scored) }
        if !events.isEmpty {
            try tell(&events, of: entity, by: running.model, state, deliver)
        } else if let onset = running.stream.openAlarm, let time = running.stream.times?.upperBound {
            entities.note(alarmOf: entity.key, from: onset.time, to: time, isOver: false)
        }
        if isIdle {
            // Where it stood is kept: it may come again.
            try save([entity.key: running], &state)
        } else {
            state.running[entity.key] = running
        }
        return rows > 0
    }

    /// Tells events of an entity's alarms.
    private func tell(
        _ events: inout [AlarmEvent], of entity: LiveEntity, by model: WatchModel, _ state: State, _ deliver: Delivery
    ) throws {
        let isLearning = model.isProvisional || (model.rows[entity.key] ?? 0) < options.learnedRows
        for index in events.indices where isLearning { events[index].isLearning = true }
        for event in events {
            entities.note(
                alarmOf: entity.key, from: event.onset.time, to: event.at.time, isOver: event.state == .cleared)
        }
        try deliver(events, state.scored)
    }

    /// Lets an entity's stream know which of its alarms were called false, where it does not.
    private func heed(_ entity: LiveEntity, _ state: inout State, _ deliver: Delivery) throws {
        guard let before = state.running[entity.key]?.heeded, before != falseAlarms.revision else { return }
        let (alarms, revision) = falseAlarms.alarms(of: entity.key)
        state.running[entity.key]?.heeded = revision
        guard var events = state.running[entity.key]?.stream.heed(alarms), !events.isEmpty,
            let running = state.running[entity.key]
        else { return }
        try tell(&events, of: entity, by: running.model, state, deliver)
        // A restart shall not find the alarm standing.
        try save([entity.key: running], &state)
    }

    /// Tells what the sources found wrong with the watching; of a whole source, as of one of the entities, for the server
    /// takes events of these.
    private func tell(_ mine: [LiveEntity], _ state: inout State, _ deliver: Delivery) throws {
        guard let first = mine.first else { return }
        let events = entities.takeFindings().map { found in
            let key = found.finding.entity.map { "\(found.site)/\($0)" }
            if let key { state.told.take(found.finding, ofSource: key) }
            let entity = mine.first { $0.key == key } ?? first
            return AlarmEvent(
                found.finding, site: entity.site, entity: entity.name, worker: settings.name, row: entity.nextRow)
        }
        if !events.isEmpty { try deliver(events, state.scored) }
    }

    /// The stream of an entity that nobody watches yet: where it was before a restart, or else from its first row.
    private func opened(_ entity: LiveEntity, _ model: WatchModel) throws -> EntityStream {
        guard let place = try entities.recall(Self.placeName(entity.key)).flatMap({ Place($0) }) else {
            return try stream(of: entity, model, from: entity.firstRow)
        }
        do {
            var stream = try stream(of: entity, model, from: place.next)
            try stream.resumePositioned(place.state, identity: identity(model))
            return stream
        } catch {
            // Of another model: what was scored is not scored again.
            var stream = try stream(of: entity, model, from: max(entity.firstRow, place.next - options.warmRows))
            while try stream.warm(rows: 1_024, before: place.next) > 0 {}
            return stream
        }
    }

    func stream(of entity: LiveEntity, _ model: WatchModel, from row: Int) throws -> EntityStream {
        try EntityStream(
            source: entities.stream(entity.key, from: row), options: ReaderOptions(), model: model.monitoring,
            method: model.method, worker: settings.name, version: model.name.version,
            quietSamples: settings.quietSamples,
            reconstructs: model.monitoring.detectors[DetectorTraining.autoencoder.name] != nil, engines: model.engines)
    }

    private func save(_ state: inout State) throws {
        let start = ContinuousClock.now
        let changed = state.running.filter { state.saved[$0.key] != $0.value.stream.nextRow }
        try save(changed, &state)
        state.saving = ContinuousClock.now - start
    }

    private func save(_ streams: [String: Running], _ state: inout State) throws {
        guard !streams.isEmpty else { return }
        var places: [String: [UInt8]] = [:]
        for (key, running) in streams {
            let bytes = running.stream.state(identity: identity(running.model))
            places[Self.placeName(key)] = Place(next: running.stream.nextRow, state: bytes).bytes
            state.saved[key] = running.stream.nextRow
        }
        try entities.remember(places)
    }
}
