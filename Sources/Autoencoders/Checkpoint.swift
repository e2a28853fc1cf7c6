import FoundationEssentials
import Numerics
public import Platform

/// Where the training of one group stands, between two epochs.
struct Checkpoint: Equatable {
    /// The records of all finished rounds.
    var finished: [EpochRecord]
    /// The round that is under way.
    var state: RoundState
}

/// What a checkpoint belongs to: resuming anything else would give a model that nobody asked for.
struct CheckpointIdentity: Equatable {
    var group: String
    var metrics: [String]
    var configuration: TrainingConfiguration
    var dataChecksum: String
    var backend: String
}

extension Checkpoint {
    private static let format = "faultline checkpoint"
    private static let version = 1

    /// The part that is text: everything that is no tensor.
    private struct Text: Codable {
        var format: String
        var version: Int
        var group: String
        var metrics: [String]
        var configuration: TrainingConfiguration
        var dataChecksum: String
        var backend: String
        var round: Int
        var step: Int
        var finished: [EpochRecord]
        var curve: [EpochRecord]
    }

    /// The bytes of a checkpoint file: tensors and text in safetensors, sealed with a SHA-256 over both.
    func encoded(identity: CheckpointIdentity) throws -> [UInt8] {
        let text = try DeterministicJSON.encode(
            Text(
                format: Self.format, version: Self.version, group: identity.group, metrics: identity.metrics,
                configuration: identity.configuration, dataChecksum: identity.dataChecksum,
                backend: identity.backend, round: state.round, step: state.optimizer.step, finished: finished,
                curve: state.curve), pretty: false)
        let tensors =
            [
                ("parameters", state.parameters), ("first_moment", state.optimizer.firstMoment),
                ("second_moment", state.optimizer.secondMoment), ("best_parameters", state.bestParameters),
            ] + (identity.configuration.proximalWeight == nil ? [] : [("round_start", state.start)])
        return Safetensors.encode(
            tensors,
            metadata: [
                "state": String(decoding: text, as: UTF8.self),
                "sha256": Self.seal(text: text, tensors: tensors.map(\.1)),
            ])
    }

    /// Reads a checkpoint file.
    ///
    /// - Throws: `StorageError` when the file cannot be read or is no safetensors file; ``ModelError`` with the code
    ///   `corrupt`, `unsupportedFormat` or `foreignCheckpoint`.
    init(contentsOf path: String, parameterCount: Int, identity: CheckpointIdentity) throws {
        let file = try Safetensors(contentsOf: path)
        guard let stateText = file.metadata["state"],
            let text = try? DeterministicJSON.decode(Text.self, from: Array(stateText.utf8)),
            text.format == Self.format
        else { throw ModelError(.corrupt, subject: path, found: "a file that is no checkpoint") }
        guard text.version == Self.version else {
            throw ModelError(
                .unsupportedFormat, subject: path, found: "a checkpoint of format \(text.version)",
                expected: "format \(Self.version)")
        }
        try Self.compare(text, identity, path: path)
        let configuration = identity.configuration
        guard (0..<configuration.rounds).contains(text.round), text.step >= 0,
            text.curve.count <= configuration.epochs
        else { throw ModelError(.corrupt, subject: path, found: "a round or epoch that the run does not have") }
        func tensor(_ name: String) throws -> Tensor<Float> { try file.tensor(name, shape: [parameterCount]) }
        var state = RoundState(round: text.round, parameters: try tensor("parameters"))
        state.optimizer.step = text.step
        state.optimizer.firstMoment = try tensor("first_moment")
        state.optimizer.secondMoment = try tensor("second_moment")
        state.bestParameters = try tensor("best_parameters")
        state.curve = text.curve
        var tensors = [
            state.parameters, state.optimizer.firstMoment, state.optimizer.secondMoment, state.bestParameters,
        ]
        if configuration.proximalWeight != nil {
            state.start = try tensor("round_start")
            tensors.append(state.start)
        }
        let seal = Self.seal(text: Array(stateText.utf8), tensors: tensors)
        guard seal == file.metadata["sha256"] else {
            throw ModelError(.corrupt, subject: path, found: "a checksum that does not match")
        }
        self.init(finished: text.finished, state: state)
    }

    private static func compare(_ text: Text, _ identity: CheckpointIdentity, path: String) throws(ModelError) {
        let difference: String? =
            if text.group != identity.group {
                "group '\(text.group)'"
            } else if text.metrics != identity.metrics {
                "other metrics"
            } else if text.configuration != identity.configuration {
                "another configuration"
            } else if text.dataChecksum != identity.dataChecksum {
                "other data"
            } else if text.backend != identity.backend {
                "the backend '\(text.backend)'"
            } else {
                nil
            }
        if let difference {
            throw ModelError(
                .foreignCheckpoint, subject: path, found: "a checkpoint of \(difference)",
                expected: "one of this run; remove it to start afresh")
        }
    }

    private static func seal(text: [UInt8], tensors: [Tensor<Float>]) -> String {
        var hash = SHA256()
        hash.update(text)
        for tensor in tensors {
            var bytes: [UInt8] = []
            Safetensors.append(tensor, to: &bytes)
            hash.update(bytes)
        }
        return hash.hexadecimalDigest()
    }
}

/// A folder with one checkpoint a group.
public struct CheckpointStore: Sendable {
    /// The folder; it is created when the first checkpoint is written.
    public let folder: String
    /// Epochs from one checkpoint to the next.
    public let interval: Int

    /// Checkpoints in `folder`, one every `interval` epochs and one at the end of every round.
    ///
    /// - Precondition: `interval` is positive.
    public init(folder: String, interval: Int = 1) {
        precondition(interval > 0, "an interval is positive")
        self.folder = folder
        self.interval = interval
    }

    /// Removes the folder and every checkpoint in it.
    public func removeAll() throws(StorageError) {
        try FolderContents.remove(folder)
    }

    func load(parameterCount: Int, identity: CheckpointIdentity) throws -> Checkpoint? {
        do {
            return try Checkpoint(
                contentsOf: path(identity.group), parameterCount: parameterCount, identity: identity)
        } catch let error as StorageError where error.code == .missing {
            return nil
        }
    }

    func save(_ checkpoint: Checkpoint, identity: CheckpointIdentity) throws {
        try FolderContents.makeFolder(folder)
        try FileContents.writeAtomically(checkpoint.encoded(identity: identity), to: path(identity.group))
    }

    private func path(_ group: String) -> String { "\(folder)/\(group).checkpoint" }
}
