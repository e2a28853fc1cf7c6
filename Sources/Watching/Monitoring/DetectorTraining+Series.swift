package import Autoencoders
package import Telemetry

extension DetectorTraining {
    /// Fits the methods to one entity's cleaned rows, without reading a source: for rows that are chosen, not found.
    ///
    /// - Parameters:
    ///   - series: the entity's groups.
    ///   - key: `site/entity`.
    ///   - stepSeconds: time from one row to the next.
    /// - Returns: the detectors, in the order of ``methods``.
    /// - Throws: `DetectionError` where there is too little to learn from, or what the backend throws.
    package func detectors(
        for bundle: ModelBundle, series: [CleanSeries], key: String, stepSeconds: Double,
        backend: any AcceleratorBackend
    ) throws -> [EntityModel] {
        let needsResiduals = methods.contains { $0.name == Self.autoencoder.name }
        let scorers = needsResiduals ? try ResidualStream.makeScorers(bundle, backend: backend) : [:]
        return try methods.map { method in
            try fit(
                method, to: [learnable(method, series: series, bundle: bundle, scorers: scorers)], named: key,
                stepSeconds: stepSeconds)
        }
    }
}
