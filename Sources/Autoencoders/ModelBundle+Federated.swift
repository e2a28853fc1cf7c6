package import Numerics
import Platform
package import Telemetry

extension ModelBundle {
    /// A model whose weights were averaged elsewhere: it knows neither curves nor training data.
    ///
    /// - Parameters:
    ///   - tool: the program and version, for the record.
    ///   - groups: metrics and flat parameter vector of each group.
    /// - Precondition: each vector has the size that the configuration gives to its number of metrics.
    package init(
        tool: String, configuration: TrainingConfiguration,
        groups: [(name: String, metrics: [String], parameters: Tensor<Float>)], cleaning: CleaningPipeline,
        scaling: [String: MetricScaler]
    ) {
        let sorted = groups.sorted { $0.name < $1.name }
        var manifest = ModelManifest(
            tool: tool, configuration: configuration,
            groups: sorted.map { group in
                let shape = configuration.shape(features: group.metrics.count)
                precondition(group.parameters.count == shape.parameterCount, "a vector of another size")
                return ModelManifest.Group(
                    name: group.name, metrics: group.metrics, shape: shape, trainingWindows: 0, heldOutWindows: 0,
                    curve: [], heldOutLoss: nil, dataChecksum: nil,
                    weightsChecksum: SHA256.hexadecimalDigest(of: Self.weights(of: shape, group.parameters)))
            }, datasetChecksum: "")
        manifest.cleaning = cleaning
        manifest.scaling = scaling
        self.init(
            manifest: manifest,
            parameters: Dictionary(uniqueKeysWithValues: sorted.map { ($0.name, $0.parameters) }))
    }
}
