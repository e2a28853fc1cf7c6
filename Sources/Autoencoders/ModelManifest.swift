public import Numerics
public import Platform
public import Telemetry

/// What a model says of itself: `manifest.json` in its folder.
///
/// It holds no clock and no path, and its bytes depend on the model alone. Modules above this one keep what they must
/// replay (detectors' calibration and thresholds, say) in named sections, so that this one need not know their types.
public struct ModelManifest: Hashable, Sendable, Codable {
    /// The format that this program writes, and the newest that it reads.
    public static let currentFormat = 1

    /// One group's model.
    public struct Group: Hashable, Sendable, Codable {
        /// `<layer>.<group>` or `<layer>.<group>@<type>`; its weights are in `<name>.safetensors`.
        public var name: String
        /// The metrics, one a feature, in the order of the model's inputs.
        public var metrics: [String]
        /// F, T and the encoder's widths.
        public var shape: AutoencoderShape
        /// Windows trained on.
        public var trainingWindows: Int
        /// Windows held out.
        public var heldOutWindows: Int
        /// One record for each epoch of each round; may be empty for a model that a federation trained.
        public var curve: [EpochRecord]
        /// The held-out loss of the weights; absent where nothing was held out.
        public var heldOutLoss: Double?
        /// SHA-256 of the training set; absent where it stayed elsewhere.
        public var dataChecksum: String?
        /// The backend that computed the weights; absent where several did.
        public var backend: String?
        /// SHA-256 of the weights' file.
        public var weightsChecksum: String
    }

    /// The format of this manifest.
    public var formatVersion = currentFormat
    /// The program and version that wrote it.
    public var tool: String
    /// The order of the gates in the weights, as in PyTorch.
    public var gateOrder = "i,f,g,o"
    /// How the groups were trained.
    public var configuration: TrainingConfiguration
    /// The groups, sorted by name.
    public var groups: [Group]
    /// Groups of the data that have no model, because no run of samples was long enough to train on.
    public var untrainedGroups: [String] = []
    /// SHA-256 that names the data as a whole.
    public var datasetChecksum: String
    /// How samples are cleaned before they are scaled; absent in a model that was trained on clean samples.
    public var cleaning: CleaningPipeline?
    /// How the metrics of each group are scaled, by the group's name.
    public var scaling: [String: MetricScaler] = [:]
    /// What other modules need in order to apply the model, such as `detection` with its calibration.
    public var sections: [String: JSONValue] = [:]

    private enum CodingKeys: String, CodingKey {
        case formatVersion, tool, gateOrder, configuration, groups, untrainedGroups, datasetChecksum, cleaning, scaling
        case sections
    }

    /// The value of a section, `nil` when there is none of this name.
    ///
    /// - Throws: ``ModelError`` with the code `corrupt` when it is not of this type.
    public func section<Value: Decodable>(_ name: String, as type: Value.Type) throws(ModelError) -> Value? {
        guard let value = sections[name] else { return nil }
        do {
            return try value.decode(type)
        } catch {
            throw ModelError(
                .corrupt, subject: "manifest, section '\(name)'",
                found: (error as? DecodingError)?.place ?? "a value of another form",
                expected: "what this program writes there")
        }
    }

    /// Replaces a section.
    public mutating func setSection(_ name: String, to value: some Encodable) throws {
        sections[name] = try JSONValue(encoding: value)
    }
}
