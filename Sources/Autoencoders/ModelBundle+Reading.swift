import Numerics
import Platform

extension ModelBundle {
    /// Reads and checks a model's folder. Nothing that it claims is believed before it is held against the files'
    /// real sizes; weights that are not finite numbers are refused.
    ///
    /// - Throws: `StorageError` when a file cannot be read or is no safetensors file; ``ModelError`` with the code
    ///   `corrupt` or `unsupportedFormat`.
    public static func read(_ path: String) throws -> ModelBundle {
        let manifestPath = path + "/" + manifestName
        let manifest = try decodeManifest(
            FileContents.read(manifestPath, limit: largestManifest), path: manifestPath)
        return try ModelBundle(manifest: manifest, path: path) { name in
            try FileContents.read(path + "/" + name)
        }
    }

    /// A model from its files, wherever they lie.
    ///
    /// - Parameters:
    ///   - path: the name that errors give.
    ///   - file: the bytes of a file by its name.
    /// - Throws: as ``read(_:)``.
    public init(path: String, file: (String) throws -> [UInt8]) throws {
        let manifestPath = path + "/" + Self.manifestName
        let manifest = try Self.decodeManifest(file(Self.manifestName), path: manifestPath)
        try self.init(manifest: manifest, path: path, file: file)
    }

    private init(manifest: ModelManifest, path: String, file: (String) throws -> [UInt8]) throws {
        var parameters: [String: Tensor<Float>] = [:]
        for group in manifest.groups {
            let name = Self.weightsName(group.name)
            parameters[group.name] = try Self.readWeights(file(name), of: group, path: path + "/" + name)
        }
        self.init(manifest: manifest, parameters: parameters)
    }

    private static func readWeights(
        _ bytes: [UInt8], of group: ModelManifest.Group, path: String
    ) throws -> Tensor<Float> {
        let file = try Safetensors(bytes: bytes, path: path)
        var values: [Float] = []
        for parameter in group.shape.parameters {
            let tensor = try file.tensor(parameter.name, shape: parameter.shape)
            guard tensor.elements.allSatisfy({ $0.isFinite }) else {
                throw ModelError(
                    .corrupt, subject: path, found: "tensor '\(parameter.name)' with a weight that is not finite",
                    expected: "finite numbers")
            }
            values.append(contentsOf: tensor.elements)
        }
        let known = Set(group.shape.parameters.map(\.name))
        if let stranger = file.names.first(where: { !known.contains($0) }) {
            throw ModelError(
                .corrupt, subject: path, found: "a tensor '\(stranger)'",
                expected: "only those of an autoencoder with \(group.shape.hidden.count) layers")
        }
        guard SHA256.hexadecimalDigest(of: bytes) == group.weightsChecksum else {
            throw ModelError(
                .corrupt, subject: path, found: "a checksum that is not the manifest's",
                expected: group.weightsChecksum)
        }
        return Tensor(values, shape: [values.count])
    }

    /// The one field that every version has.
    private struct Version: Decodable {
        var formatVersion: Int
    }

    static func decodeManifest(_ bytes: [UInt8], path: String) throws -> ModelManifest {
        guard let version = try? DeterministicJSON.decode(Version.self, from: bytes) else {
            throw ModelError(.corrupt, subject: path, found: "a file that is no manifest of a model")
        }
        guard (1...ModelManifest.currentFormat).contains(version.formatVersion) else {
            throw ModelError(
                .unsupportedFormat, subject: path, found: "a model of format \(version.formatVersion)",
                expected: "\(ModelManifest.currentFormat)")
        }
        let manifest: ModelManifest
        do {
            manifest = try DeterministicJSON.decode(ModelManifest.self, from: bytes)
        } catch let error as DecodingError {
            throw ModelError(.corrupt, subject: path, found: error.place)
        }
        do throws(ModelError) {
            try validate(manifest)
        } catch {
            // Settings that nobody could have trained with are damage here, not a wrong choice of the user's.
            throw ModelError(
                error.code == .invalidConfiguration ? .corrupt : error.code, subject: "\(path), \(error.subject)",
                found: error.found, expected: error.expected)
        }
        return manifest
    }

    /// Refuses a manifest whose numbers would make anything else overflow or ask for unreasonable memory.
    private static func validate(_ manifest: ModelManifest) throws(ModelError) {
        try manifest.configuration.validate()
        var names: Set<String> = []
        for group in manifest.groups {
            try GroupName.validate(group.name)
            guard names.insert(group.name).inserted else {
                throw ModelError(.corrupt, subject: "group '\(group.name)'", found: "it is listed twice")
            }
            let shape = group.shape
            let sizes = [shape.features, shape.window] + shape.hidden
            guard !shape.hidden.isEmpty, shape.hidden.count <= 16, sizes.allSatisfy({ (1...1_000_000).contains($0) })
            else {
                throw ModelError(
                    .corrupt, subject: "group '\(group.name)'", found: "the sizes \(sizes)",
                    expected: "1 to 1000000 each, and 1 to 16 layers")
            }
            if let excess = shape.excess {
                throw ModelError(
                    .corrupt, subject: "group '\(group.name)'", found: excess.found, expected: excess.expected)
            }
            guard group.metrics.count == shape.features else {
                throw ModelError(
                    .corrupt, subject: "group '\(group.name)'", found: "\(group.metrics.count) metrics",
                    expected: "\(shape.features), one a feature")
            }
            if let scaler = manifest.scaling[group.name], scaler.metrics.map(\.name) != group.metrics {
                throw ModelError(
                    .corrupt, subject: "group '\(group.name)'", found: "a scaler of other metrics",
                    expected: "one of the group's")
            }
        }
    }
}

extension DecodingError {
    /// Which field is wrong, in a few words.
    var place: String {
        func path(_ context: Context) -> String { context.codingPath.map(\.stringValue).joined(separator: ".") }
        return switch self {
        case .keyNotFound(let key, let context):
            "no field '\((context.codingPath + [key]).map(\.stringValue).joined(separator: "."))'"
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            path(context).isEmpty ? "text that is no JSON" : "a wrong value in the field '\(path(context))'"
        @unknown default: "a field that cannot be read"
        }
    }
}
