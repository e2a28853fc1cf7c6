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
    private var book = AlarmBook()
    /// The final model was there when the server started.
    private var hasModel: Bool

    init(
        _ folder: DataFolder, registry: VersionRegistry, alarms: AlarmLog, board: ServerBoard, keptRounds: Int,
        tool: String, log: Logger
    ) throws {
        self.folder = folder
        self.registry = registry
        self.alarms = alarms
        self.board = board
        self.keptRounds = keptRounds
        self.tool = tool
        self.log = log
        hasModel = FileManager.default.fileExists(atPath: folder.file("model"))
        try recallAlarms()
    }

    private func recallAlarms() throws {
        var last: Int64 = 0
        while true {
            let entries = try alarms.entries(after: last)
            guard let end = entries.last else { break }
            for entry in entries {
                if let event = try? AlarmEvent(decoding: entry.bytes) { _ = book.admit(event) }
            }
            last = end.sequence
        }
        board.lastAlarm.store(last, ordering: .releasing)
    }

    // MARK: Rounds

    private static func line(_ entry: RoundEntry) throws -> VersionRegistry.Round {
        VersionRegistry.Round(
            round: Int64(entry.round), version: Int64(clamping: entry.version), isCommitted: entry.committed,
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
        do {
            try registry.forgetContributions(before: Int64(record.round) - Int64(keptRounds) + 1)
        } catch {
            // The version stands all the same; the next commit forgets them.
            log.warning("old contributions could not be deleted", ["reason": error.description])
        }
    }

    func keep(_ contributions: [KeptContribution]) throws {
        try registry.keep(
            contributions.map {
                (
                    round: Int64($0.accepted.round), worker: $0.accepted.worker, digest: $0.accepted.digest,
                    bytes: $0.payload
                )
            })
    }

    func recordAbandoned(_ record: RoundRecord) throws { try registry.append(Self.line(RoundEntry(record))) }

    func record(_ workers: [WorkerView]) throws {
        for view in workers {
            try registry.record(worker: view.name, Array(JSONEncoder().encode(WorkerEntry(view))))
        }
    }

    /// The final version as a folder that `fl-train` and others can read.
    func publish(_ model: FederatedModel, version: UInt64) throws {
        defer { hasModel = false }
        guard !hasModel else { return }
        let path = folder.file("model")
        try FederationContext(of: model).bundle(of: model, tool: tool).write(to: path)
        log.notice("model written", ["folder": path, "version": "\(version)"])
    }

    func check() throws {}

    // MARK: Alarms

    func store(_ batch: AlarmBatch, worker: String, entities: [String]) throws -> UInt64 {
        var book = book
        let entities = Set(entities)
        let items = batch.alarms.map { bytes in
            { [log] (sequence: UInt64) -> [UInt8]? in
                guard var event = try? AlarmEvent(decoding: bytes), entities.contains("\(event.site)/\(event.entity)")
                else {
                    log.warning("alarm refused", ["worker": worker, "bytes": "\(bytes.count)"])
                    return nil
                }
                guard book.admit(event) else { return nil }
                event.worker = worker
                // Names are given by the library that there is when somebody reads the event.
                event.fault = nil
                if let flaw = event.signature?.flaw {
                    log.warning("signature refused", ["worker": worker, "reason": flaw])
                    event.signature = nil
                    event.signatureSamples = nil
                    event.signatureStart = nil
                }
                event.sequence = Int64(clamping: sequence)
                return try? event.encoded()
            }
        }
        let taken = try alarms.append(spool: batch.spool, first: batch.first, items: items)
        self.book = book
        if let last = taken.entries.last { board.lastAlarm.store(last.sequence, ordering: .releasing) }
        return taken.delivered
    }

    // MARK: Placement

    /// The training times that an earlier start measured.
    static func trainingTimes(_ folder: DataFolder, log: Logger) -> LiveTrainingTimes {
        let path = folder.file(profileFile)
        guard FileManager.default.fileExists(atPath: path) else { return LiveTrainingTimes() }
        do throws(PlacementError) {
            return LiveTrainingTimes(try MeasuredProfile.read(file: path).measurements)
        } catch {
            // They can be measured again.
            log.warning("training times of an earlier start cannot be used", ["reason": error.description])
            return LiveTrainingTimes()
        }
    }

    func keep(_ profile: MeasuredProfile) throws {
        try FileContents.writeAtomically(try profile.encoded(), to: folder.file(Self.profileFile))
    }
}
