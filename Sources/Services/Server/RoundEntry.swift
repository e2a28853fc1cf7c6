package import Federation
import Platform

/// A round as the log and the HTTP interface show it.
package struct RoundEntry: Codable, Equatable, Sendable {
    /// A contribution that counted.
    package struct Contribution: Codable, Equatable, Sendable {
        /// Who gave it.
        package var worker: String
        /// Under which lease.
        package var leaseEpoch: UInt64
        /// SHA-256 of its bytes, hexadecimal.
        package var digest: String
        /// The entities whose samples are behind it; absent in logs of earlier releases.
        package var entities: [String]?
        /// Its samples, which are its weight where `gate` does not say another.
        package var samples: UInt64
        /// Its bytes on the wire.
        package var bytes: UInt64
        /// Bytes of raw samples behind it, which stayed where they are.
        package var rawBytes: UInt64
        /// Wall time of the work at the worker: reading and cleaning samples where they were not at hand, then training.
        package var workSeconds: Double?
    }

    /// A contribution that did not count.
    package struct Rejection: Codable, Equatable, Sendable {
        /// Who gave it.
        package var worker: String
        /// Under which lease.
        package var leaseEpoch: UInt64
        /// SHA-256 of its bytes, hexadecimal.
        package var digest: String
        /// Why it did not count.
        package var reason: String
        /// The kind of fault, such as `overNorm`; absent where nothing was wrong with it and nothing was in it.
        package var code: String?
    }

    /// The federation; absent in logs of earlier releases, like all that it is a function of beside contributions.
    package var federation: String?
    /// Names the configuration that the registry keeps: its SHA-256, hexadecimal.
    package var configuration: String?
    /// The strategy.
    package var strategy: String?
    /// SHA-256 of the version that it started from, hexadecimal; empty for none.
    package var baseDigest: String?
    /// The `kind` of an entry that is no round.
    package static let restoration = "restoration"

    /// The round.
    package var round: UInt32
    /// `statistics`, `training`, `evaluation` or `restoration`.
    package var kind: String
    /// The attempt.
    package var attempt: UInt32
    /// The version that it started from.
    package var baseVersion: UInt64
    /// The version after it.
    package var version: UInt64
    /// Whether it was committed.
    package var committed: Bool
    /// Why not.
    package var abandonedBecause: String?
    /// From start to end.
    package var seconds: Double
    /// How long its commit waited for the disk, in seconds; absent where this start of the server did not see it. It is
    /// known when the record is durable, and therefore no part of it.
    package var syncSeconds: Double?
    /// Bytes of the version that it made; 0 if it made none.
    package var modelBytes: Int
    /// SHA-256 of that version, hexadecimal.
    package var modelDigest: String?
    /// What counted.
    package var contributions: [Contribution]
    /// Contributions that did not count.
    package var rejected: Int
    /// Which, and why.
    package var rejections: [Rejection]?
    /// What the gate did with what counted: norms by group, and what was scaled down or counts for less than it claims.
    package var gate: RoundTreatment?
    /// The version whose bytes the new one has, where what was learned since was taken back.
    package var restores: UInt64?
    /// Who asked for that; then this is no round, its `kind` is `restoration`, and `round` is the one that came next.
    package var restoredBy: String?
    /// Mean held-out loss before local work, by site.
    package var siteLosses: [String: Double]?
    /// Mean held-out loss before local work.
    package var lossBefore: Double?
    /// The same after it.
    package var lossAfter: Double?
    /// Mean held-out loss before local work, by group.
    package var groupLosses: [String: Double]

    init(_ record: RoundRecord, modelBytes: Int = 0, modelDigest: [UInt8]? = nil) {
        federation = "\(record.federation)"
        configuration = SHA256.hexadecimalDigits(record.configuration)
        strategy = record.strategy
        baseDigest = SHA256.hexadecimalDigits(record.baseDigest)
        round = record.round
        restoredBy = record.restoredBy
        kind = record.restoredBy == nil ? record.kind.description : Self.restoration
        attempt = record.attempt
        baseVersion = record.baseVersion
        version = record.version
        committed = record.abandonedBecause == nil
        abandonedBecause = record.abandonedBecause
        seconds = record.duration.seconds
        self.modelBytes = modelBytes
        self.modelDigest = modelDigest.map(SHA256.hexadecimalDigits)
        contributions = record.contributions.map {
            Contribution(
                worker: $0.worker, leaseEpoch: $0.leaseEpoch, digest: SHA256.hexadecimalDigits($0.digest),
                entities: $0.entities, samples: $0.sampleCount, bytes: $0.bytes, rawBytes: $0.rawBytes,
                workSeconds: $0.workSeconds)
        }
        rejected = record.rejections.count
        rejections = record.rejections.map {
            Rejection(
                worker: $0.worker, leaseEpoch: $0.leaseEpoch, digest: SHA256.hexadecimalDigits($0.digest),
                reason: $0.reason, code: $0.code?.rawValue)
        }
        gate = record.treatment
        restores = record.restores
        siteLosses = record.summary.siteLossBefore
        lossBefore = record.summary.lossBefore
        lossAfter = record.summary.lossAfter
        groupLosses = record.summary.groupLossBefore
    }
}

/// A worker as the registry and the HTTP interface show it.
package struct WorkerEntry: Codable, Equatable, Sendable {
    /// A device as a worker describes it.
    package struct Device: Codable, Equatable, Sendable {
        /// Its own name.
        package var name: String
        /// What its training multiplies in, such as `float32`.
        package var precision: String
        /// Threads that it computes with.
        package var threads: Int
        /// Training windows a second of the standard autoencoder (20 samples of 32 metrics, layers of 64 and 32,
        /// batches of 64), measured once at the worker's start; absent before.
        package var windowsPerSecond: Double?
        /// The same on the worker's CPU.
        package var cpuWindowsPerSecond: Double?

        init(_ device: Capabilities.Device) {
            name = device.name
            precision = device.precision
            threads = Int(device.threads)
            windowsPerSecond = device.windowsPerSecond > 0 ? device.windowsPerSecond : nil
            cpuWindowsPerSecond = device.cpuWindowsPerSecond > 0 ? device.cpuWindowsPerSecond : nil
        }
    }

    /// Its name.
    package var name: String
    /// Its site.
    package var site: String
    /// Its domain.
    package var domain: String
    /// `active`, `lost` or `left`.
    package var state: String
    /// What it does: `idle`, `fetching`, `working`, `uploading` or `scoring`.
    package var activity: String
    /// The version that it holds.
    package var version: UInt64
    /// The entities that it serves.
    package var entities: [String]
    /// Samples that it has scored.
    package var scoredSamples: UInt64
    /// Whether its stream has ended and all its alarms are here.
    package var streamEnded: Bool
    /// Contributions that failed the gate.
    package var rejectedContributions: Int
    /// The first round in which its contributions are wanted again, where they are not for a while.
    package var excludedUntilRound: UInt32?
    /// Why its contributions are not wanted for a while.
    package var excludedBecause: String?
    /// Last time from a heartbeat to its answer, in seconds, by the worker's clock: the network and the server's queue.
    package var roundTripSeconds: Double?
    /// Cores that it may use.
    package var cores: Int
    /// What it computes with.
    package var accelerator: String
    /// What stands behind that name, and its speed.
    package var device: Device?
    /// Rows of the training part by group, over the entities that it reaches by itself.
    package var samplesPerGroup: [String: UInt64]?
    /// Where other workers of its domain fetch its samples; absent where it offers none.
    package var dataAddress: String?
    /// Its lease.
    package var leaseEpoch: UInt64
    /// Whether it is chosen to train and serve; otherwise it stands by.
    package var chosen: Bool?
    /// Whether it may use its accelerator.
    package var mayAccelerate: Bool?

    init(_ view: WorkerView) {
        name = view.name
        site = view.site
        domain = view.domain
        state = view.state.rawValue
        activity = "\(view.activity)"
        version = view.version
        entities = view.entities
        scoredSamples = view.scoredSamples
        streamEnded = view.streamEnded
        rejectedContributions = view.rejectedContributions
        excludedUntilRound = view.exclusion?.untilRound
        excludedBecause = view.exclusion.map {
            "refused \($0.refusedRounds) times in a row, the last time because of \($0.reason)"
        }
        cores = Int(view.capabilities.cores)
        accelerator = view.capabilities.accelerator
        device = Device(view.capabilities.device)
        samplesPerGroup = view.capabilities.samplesPerGroup
        dataAddress = view.dataAddress.isEmpty ? nil : view.dataAddress
        roundTripSeconds = view.roundTripSeconds
        leaseEpoch = view.leaseEpoch
        chosen = view.isChosen
        mayAccelerate = view.mayAccelerate
    }
}
