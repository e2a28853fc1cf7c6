import Autoencoders
import Federation
import Foundation
import Platform

/// Computes the versions of a registry again, each from the one before and the contributions that are kept, and compares
/// the bytes: what the log says is what the version is a function of.
package struct RoundReplay {
    /// What came of one version.
    package struct Outcome: Codable, Equatable, Sendable {
        /// What the comparison said.
        package enum Verdict: String, Codable, Sendable {
            /// The same bytes.
            case same
            /// Other bytes: the log, the version or a contribution is not what it was.
            case different
            /// Not computed: what it needs is not kept any more.
            case notKept = "not kept"
        }

        /// The version.
        package var version: UInt64
        /// The round that made it.
        package var round: UInt32?
        /// The verdict.
        package var verdict: Verdict
        /// SHA-256 of the version as it is stored, hexadecimal.
        package var digest: String
        /// SHA-256 of what was computed.
        package var computed: String?
        /// What is missing, or what is not the same.
        package var reason: String?
    }

    private let registry: VersionRegistry
    private let entries: [RoundEntry]

    /// Opens a server's folder for reading; a server may run on it.
    ///
    /// - Throws: `StorageError` when it has no registry, or one that cannot be read.
    package init(folder: String) throws {
        registry = try VersionRegistry(reading: folder + "/registry.db")
        let decoder = JSONDecoder()
        entries = try registry.rounds().map { try decoder.decode(RoundEntry.self, from: Data($0.record)) }
    }

    /// The versions that there are, oldest first.
    package func versions() throws -> [UInt64] { try registry.versions().map { UInt64(clamping: $0) } }

    /// Computes one version again.
    ///
    /// - Throws: `StorageError` when the registry cannot be read, or has no such version.
    package func replay(_ number: UInt64) throws -> Outcome {
        guard let stored = try registry.version(Int64(clamping: number)) else {
            throw ServiceError(.data, "there is no version \(number) in this registry")
        }
        var outcome = Outcome(
            version: number, round: nil, verdict: .notKept, digest: SHA256.hexadecimalDigits(stored.digest))
        guard let entry = entries.first(where: { $0.committed && $0.version == number && $0.modelDigest != nil }) else {
            outcome.reason = "no round in the log made it"
            return outcome
        }
        outcome.round = entry.round
        do {
            let model = try compute(origin(of: entry))
            let digest = SHA256.hexadecimalDigest(of: model)
            outcome.computed = digest
            outcome.verdict = model == stored.bytes ? .same : .different
            if outcome.verdict == .different { outcome.reason = "the bytes are others" }
        } catch let missing as Missing {
            outcome.reason = missing.what
        } catch let wrong as Wrong {
            outcome.verdict = .different
            outcome.reason = wrong.what
        }
        return outcome
    }

    private struct Missing: Error { let what: String }
    private struct Wrong: Error { let what: String }

    /// The round that computed a version: where a loop was kept out, its evaluation made the version that its statistics
    /// had made before, or that somebody had asked for since.
    private func origin(of entry: RoundEntry) -> RoundEntry {
        guard entry.kind == RoundKind.evaluation.description else { return entry }
        return entries.last {
            $0.committed && $0.round < entry.round && $0.modelDigest == entry.modelDigest
                && [RoundKind.statistics.description, RoundEntry.restoration].contains($0.kind)
        } ?? entry
    }

    private func compute(_ entry: RoundEntry) throws -> [UInt8] {
        if let restored = entry.restores {
            guard let version = try registry.version(Int64(clamping: restored)) else {
                throw Missing(what: "version \(restored), which it took again, is not kept any more")
            }
            return version.bytes
        }
        guard let named = entry.configuration, let bytes = try registry.configuration(named) else {
            throw Missing(what: "the configuration of its round is not in the registry")
        }
        guard SHA256.hexadecimalDigest(of: bytes) == named,
            let configuration = try? JSONDecoder().decode(RecordedConfiguration.self, from: Data(bytes))
        else { throw Wrong(what: "the configuration of its round is not what its SHA-256 says") }
        guard let rule = AggregationRule(strategy: configuration.strategy) else {
            throw Missing(what: "this build has no strategy \(configuration.strategy)")
        }
        let strategy = rule.strategy(
            hyperparameters: try DeterministicJSON.encode(configuration.training, pretty: false),
            assumedAttackers: configuration.assumedAttackers)
        let arithmetic = RoundArithmetic(
            gate: configuration.gate, strategy: strategy,
            maker: TelemetryModelMaker(configuration: configuration.training, rules: configuration.rules))
        let base = try base(of: entry)
        arithmetic.begin(base, recorded: entry.gate ?? RoundTreatment())
        let kept = try registry.contributions(round: Int64(entry.round))
        for accepted in entry.contributions {
            guard let payload = kept[accepted.worker] else {
                throw Missing(what: "the contribution of \(accepted.worker) is not kept any more")
            }
            let digest = SHA256.digest(payload)
            guard SHA256.hexadecimalDigits(digest) == accepted.digest else {
                throw Wrong(what: "the contribution of \(accepted.worker) is not what its SHA-256 says")
            }
            let upload = FinishedUpload(
                round: entry.round, attempt: entry.attempt, worker: accepted.worker, leaseEpoch: accepted.leaseEpoch,
                entities: accepted.entities ?? [], digest: digest, bytes: Bytes(payload),
                workSeconds: accepted.workSeconds ?? 0, arrival: .zero)
            guard case .counts(let contribution) = arithmetic.judge(upload).verdict else {
                throw Wrong(what: "the contribution of \(accepted.worker) does not pass the gate")
            }
            arithmetic.fold(
                round: entry.round, attempt: entry.attempt, contribution, from: accepted.worker, site: "")
        }
        switch arithmetic.aggregate(round: entry.round, attempt: entry.attempt, leavingOut: []) {
        case .model(_, let bytes, _, _, _): return bytes
        case .losses: throw Wrong(what: "its round makes no version")
        case .refused(let reasons):
            throw Wrong(what: reasons.values.map(\.description).sorted().joined(separator: "; "))
        case .impossible(let reason): throw Wrong(what: reason)
        }
    }

    /// What the round started from.
    private func base(of entry: RoundEntry) throws -> RoundBase {
        guard let kind = RoundKind.allCases.first(where: { $0.description == entry.kind }) else {
            throw Wrong(what: "a round of kind \(entry.kind)")
        }
        guard entry.baseVersion > 0 else {
            return RoundBase(
                round: entry.round, attempt: entry.attempt, kind: kind, version: 0, digest: [], model: nil)
        }
        guard let stored = try registry.version(Int64(clamping: entry.baseVersion)) else {
            throw Missing(what: "version \(entry.baseVersion), from which it starts, is not kept any more")
        }
        guard SHA256.hexadecimalDigits(stored.digest) == entry.baseDigest else {
            throw Wrong(what: "version \(entry.baseVersion) is not the one from which it started")
        }
        return RoundBase(
            round: entry.round, attempt: entry.attempt, kind: kind, version: entry.baseVersion, digest: stored.digest,
            model: try FederatedModel(decoding: stored.bytes))
    }
}
