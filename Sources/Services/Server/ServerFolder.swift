import Federation
import Foundation
import Placement
import Platform
import Synchronization
import Watching

/// What a server keeps, in its folder: `registry.db`, `alarms.db`, `placement.json`, and the final model in `model/`.
///
/// Unchecked: the node calls it from its tasks only, everything but alarms on one lane and alarms on another, each lane one
/// task at a time; the two use different databases.
final class ServerFolder: ServerDisk, @unchecked Sendable {
    private static let profileFile = "placement.json"

    private let folder: DataFolder
    private let registry: VersionRegistry
    private let alarms: AlarmLog
    private let board: ServerBoard
    private let log: Logger
    private let keptRounds: Int
    private let tool: String
    private let federation: String
    private let retention: Retention
    private var lastRetention: Int64 = 0
    /// Statistics of all workers were in memory and are not needed any more with the next round.
    private var hadStatistics = false
    private var lastForgetting: Int64 = 0
    /// The final model was there when the server started.
    private var hasModel: Bool

    init(
        _ folder: DataFolder, registry: VersionRegistry, alarms: AlarmLog, federation: String, board: ServerBoard,
        keptRounds: Int, retention: Retention, tool: String, log: Logger
    ) throws {
        self.folder = folder
        self.registry = registry
        self.alarms = alarms
        self.board = board
        self.keptRounds = keptRounds
        self.tool = tool
        self.federation = federation
        self.retention = retention
        self.log = log
        let model = folder.file("model")
        let isSound = (try? SealedFolder.isSound(model, sums: model + ".sha256")) ?? false
        hasModel = isSound && FileManager.default.fileExists(atPath: model)
        if !isSound, FileManager.default.fileExists(atPath: model) {
            log.warning("the model's folder is not what was written, and is written again", ["folder": model])
        }
    }

    /// Where the acceptance of alarms takes up its work.
    static func recovery(of alarms: AlarmLog) throws -> AlarmRecovery {
        let limits = AlarmAcceptance.Limits()
        var recovery = AlarmRecovery()
        recovery.lastSequence = try alarms.lastSequence()
        recovery.alarms = try alarms.alarms(limit: limits.alarms).map {
            AlarmClaim(id: $0.id, revision: $0.revision, entity: $0.entity)
        }
        recovery.spools = try alarms.deliveries(limit: limits.senders * limits.spoolsOfAWorker)
        recovery.services = try alarms.services(limit: limits.entities).map {
            AlarmStore.Service(entity: $0.entity, domain: $0.domain, worker: $0.worker)
        }
        return recovery
    }

    // MARK: Rounds

    private static func line(_ entry: RoundEntry) throws -> VersionRegistry.Round {
        VersionRegistry.Round(
            round: Int64(entry.round), version: Int64(clamping: entry.version),
            isCommitted: entry.committed && entry.restoredBy == nil, isRestoration: entry.restoredBy != nil,
            record: Array(try JSONEncoder().encode(entry)))
    }

    func commit(_ commit: Commit) throws {
        let record = commit.record
        let entry = RoundEntry(
            record, modelBytes: commit.model?.count ?? 0, modelDigest: commit.model.map { _ in commit.digest })
        try registry.commit(
            Self.line(entry),
            version: commit.model.map {
                .init(number: Int64(clamping: record.version), bytes: $0, digest: commit.digest)
            }, contributors: record.contributions.map(\.worker))
        // What the last rounds can be replayed from stays: this was none.
        guard record.restoredBy == nil else { return }
        // Those of thousands of workers are many small pieces, which the allocator keeps unless it is told.
        if hadStatistics { FreeMemory.giveBack() }
        hadStatistics = record.kind == .statistics
        do {
            try registry.forgetContributions(before: Int64(record.round) - Int64(keptRounds) + 1)
            try registry.apply(retention)
        } catch {
            // The version stands all the same; the next commit forgets them.
            log.warning("old versions and contributions could not be deleted", ["reason": error.description])
        }
    }

    /// Keeps what rounds are a function of from now on.
    func remember(_ configuration: [UInt8]) throws { _ = try registry.remember(configuration) }

    func keep(_ contributions: [KeptContribution]) throws {
        try registry.keep(
            contributions.map {
                (
                    round: Int64($0.accepted.round), worker: $0.accepted.worker, digest: $0.accepted.digest,
                    bytes: $0.payload
                )
            })
    }

    func contribution(to round: UInt32, of worker: String, digest: [UInt8]) throws -> [UInt8]? {
        try registry.contribution(round: Int64(round), worker: worker, digest: digest)
    }

    func recordAbandoned(_ record: RoundRecord) throws {
        try registry.append(Self.line(RoundEntry(record)))
        // A federation in which no round commits keeps no more of them either.
        try registry.apply(retention)
    }

    func record(_ workers: [WorkerView]) throws {
        try registry.record(
            workers: workers.map { ($0.name, Array(try JSONEncoder().encode(WorkerEntry($0)))) }, now: Self.now)
        guard isDue(since: lastForgetting) else { return }
        lastForgetting = Self.now
        let living = board.current.workers.filter { $0.value.state == "active" }.map(\.key)
        let forgotten = try registry.forgetWorkers(
            retention, living: Set(living + workers.map(\.name)), now: Self.now)
        guard !forgotten.isEmpty else { return }
        board.update { board in for name in forgotten { board.workers[name] = nil } }
        log.notice(
            "workers that were away for long are forgotten",
            ["workers": "\(forgotten.count)", "first": PrintableText.line(forgotten[0], limit: 100)])
    }

    /// The final version as a folder that `fl-train` and others can read.
    func publish(_ model: FederatedModel, version: UInt64) throws {
        defer { hasModel = false }
        guard !hasModel else { return }
        let path = folder.file("model")
        let bundle = try FederationContext(of: model).bundle(of: model, tool: tool)
        try SealedFolder.replace(path, sums: path + ".sha256") { try bundle.write(to: path) }
        log.notice("model written", ["folder": path, "version": "\(version)"])
    }

    func check() throws { try folder.check() }

    // MARK: Alarms

    func claims(_ alarms: [[UInt8]]) -> [AlarmClaim?] { Self.claims(alarms) }

    static func claims(_ alarms: [[UInt8]]) -> [AlarmClaim?] {
        alarms.map { bytes in
            guard let event = try? AlarmEvent(decoding: bytes) else { return nil }
            let flaw =
                bytes.count > AlarmEvent.longest
                ? "an event of \(bytes.count) bytes, at most \(AlarmEvent.longest)" : event.flaw
            return AlarmClaim(
                id: event.id, revision: event.revision, entity: "\(event.site)/\(event.entity)", flaw: flaw,
                isFinding: event.quality != nil)
        }
    }

    func store(_ store: AlarmStore) throws {
        let items = try store.entries.map { entry in
            var event = try AlarmEvent(decoding: entry.bytes)
            event.worker = store.worker
            event.federation = federation
            // Names are given by the library that there is when somebody reads the event.
            event.fault = nil
            if event.signature?.flaw != nil {
                event.signature = nil
                event.signatureSamples = nil
                event.signatureStart = nil
            }
            event.sequence = entry.sequence
            return AlarmLog.Item(
                sequence: entry.sequence, id: entry.claim.id, entity: entry.claim.entity,
                revision: entry.claim.revision, bytes: try event.encoded())
        }
        try alarms.append(
            items,
            delivery: store.worker.isEmpty ? nil : (store.worker, store.spool, store.delivered),
            services: store.services.map { ($0.entity, $0.domain, $0.worker) }, now: Self.now)
        if let last = items.last { board.lastAlarm.store(last.sequence, ordering: .releasing) }
        if isDue(since: lastRetention) {
            lastRetention = Self.now
            try alarms.apply(retention, now: Self.now)
        }
    }

    /// Whether an hour has passed, or the clock was set back.
    private func isDue(since last: Int64) -> Bool { Self.now < last || Self.now - last > 3_600 }

    private static var now: Int64 { Int64(Date.now.timeIntervalSince1970) }

    // MARK: Placement

    /// The training times that an earlier start measured.
    static func trainingTimes(_ folder: DataFolder, log: Logger) -> LiveTrainingTimes {
        let path = folder.file(profileFile)
        guard FileManager.default.fileExists(atPath: path) else { return LiveTrainingTimes() }
        do {
            _ = try SealedFile.read(path, limit: 1 << 26)
            return LiveTrainingTimes(try MeasuredProfile.read(file: path).measurements)
        } catch {
            log.warning(
                "training times of an earlier start cannot be used, and are measured again", ["reason": "\(error)"])
            return LiveTrainingTimes()
        }
    }

    func keep(_ profile: MeasuredProfile) throws {
        try SealedFile.write(try profile.encoded(), to: folder.file(Self.profileFile))
    }
}
