public import Numerics
import Platform
public import Telemetry

/// A model: its manifest and the weights of every group. On disk a folder with `manifest.json` and one
/// `<layer>.<group>.safetensors` a group, tensors named as PyTorch names them.
public struct ModelBundle: Equatable, Sendable {
    /// What the model says of itself.
    public var manifest: ModelManifest
    /// The flat parameter vector of each group, `[P]`, by the group's name.
    public private(set) var parameters: [String: Tensor<Float>]

    /// The manifest's file name.
    public static let manifestName = "manifest.json"
    /// The largest manifest that is read.
    static let largestManifest = 256 << 20

    init(manifest: ModelManifest, parameters: [String: Tensor<Float>]) {
        self.manifest = manifest
        self.parameters = parameters
    }

    /// A model of trained groups.
    ///
    /// - Parameter tool: the program and version, for the record.
    public init(tool: String, configuration: TrainingConfiguration, groups: [TrainedGroup]) {
        let sorted = groups.sorted { $0.name < $1.name }
        parameters = [:]
        var hash = SHA256()
        for group in sorted {
            parameters[group.name] = group.parameters
            hash.update(Array("\(group.name) \(group.dataChecksum)\n".utf8))
        }
        manifest = ModelManifest(
            tool: tool, configuration: configuration,
            groups: sorted.map { group in
                ModelManifest.Group(
                    name: group.name, metrics: group.metrics, shape: group.shape,
                    trainingWindows: group.trainingWindows, heldOutWindows: group.heldOutWindows,
                    curve: group.curve, heldOutLoss: group.heldOutLoss, dataChecksum: group.dataChecksum,
                    backend: group.backend,
                    weightsChecksum: SHA256.hexadecimalDigest(of: Self.weights(of: group.shape, group.parameters)))
            }, datasetChecksum: hash.hexadecimalDigest())
    }

    /// Replaces the weights of a group, and with them the checksum in the manifest.
    ///
    /// - Precondition: the model has the group, and the vector its size.
    public mutating func setParameters(_ vector: Tensor<Float>, of name: String) {
        guard let index = manifest.groups.firstIndex(where: { $0.name == name }) else {
            preconditionFailure("the model has no group '\(name)'")
        }
        let shape = manifest.groups[index].shape
        precondition(vector.count == shape.parameterCount, "the vector has another size than the group's model")
        parameters[name] = vector
        manifest.groups[index].weightsChecksum = SHA256.hexadecimalDigest(of: Self.weights(of: shape, vector))
    }

    /// One group of the manifest.
    ///
    /// - Throws: ``ModelError`` with the code `schemaMismatch` that lists the groups there are.
    public func group(_ name: String) throws(ModelError) -> ModelManifest.Group {
        guard let group = manifest.groups.first(where: { $0.name == name }) else {
            throw ModelError(
                .schemaMismatch, subject: "group '\(name)'", found: "the model does not have it",
                expected: "one of " + manifest.groups.map(\.name).joined(separator: ", "))
        }
        return group
    }

    /// The scaler of a group.
    ///
    /// - Throws: ``ModelError`` with the code `schemaMismatch` when the model has none.
    public func scaler(of name: String) throws(ModelError) -> MetricScaler {
        guard let scaler = manifest.scaling[name] else {
            throw ModelError(.schemaMismatch, subject: "group '\(name)'", found: "the model has no scaler for it")
        }
        return scaler
    }

    /// The cleaning pipeline that the model was trained behind.
    ///
    /// - Throws: ``ModelError`` with the code `schemaMismatch` when the model has none.
    public func pipeline() throws(ModelError) -> CleaningPipeline {
        guard let pipeline = manifest.cleaning else {
            throw ModelError(.schemaMismatch, subject: "model", found: "it records no cleaning of samples")
        }
        return pipeline
    }

    /// A scorer with the weights of a group.
    ///
    /// - Throws: ``ModelError`` with the code `schemaMismatch`, or what the backend throws.
    public func scorer(for name: String, backend: any AcceleratorBackend) throws -> ResidualScorer {
        let group = try group(name)
        guard let vector = parameters[name] else {
            throw ModelError(.schemaMismatch, subject: "group '\(name)'", found: "the model has no weights for it")
        }
        return try ResidualScorer(shape: group.shape, parameters: vector, backend: backend)
    }

    /// The files of the model, the same bytes for the same model.
    public func files() throws -> [(name: String, bytes: [UInt8])] {
        var files: [(name: String, bytes: [UInt8])] = []
        for group in manifest.groups {
            guard let vector = parameters[group.name] else { continue }
            files.append((Self.weightsName(group.name), Self.weights(of: group.shape, vector)))
        }
        files.append((Self.manifestName, try DeterministicJSON.encode(manifest)))
        return files
    }

    /// Writes the model's folder as a whole: whoever reads it finds the old model or the new one.
    ///
    /// - Throws: `StorageError`, also when the folder holds files that are no part of a model.
    public func write(to path: String) throws {
        try FolderContents.replaceAtomically(path, with: files(), mayReplace: Self.isPart)
    }

    /// Whether a file of this name belongs to a model's folder.
    package static func isPart(_ name: String) -> Bool {
        name == manifestName || name.hasSuffix(".safetensors")
    }

    static func weightsName(_ group: String) -> String { NameRule.fileName(for: group) + ".safetensors" }

    /// The safetensors file of one group.
    static func weights(of shape: AutoencoderShape, _ vector: Tensor<Float>) -> [UInt8] {
        let elements = vector.elements
        return Safetensors.encode(
            shape.parameters.map { parameter in
                let values = elements[parameter.offset..<parameter.offset + parameter.count]
                return (parameter.name, Tensor(values, shape: parameter.shape))
            }, metadata: ["format": "pt", "gate_order": "i,f,g,o", "window": "\(shape.window)"])
    }
}
