public import Telemetry

extension ModelBundle {
    /// The same models, each trained on for some epochs with one place's own samples, from where it is and with a fresh
    /// optimiser. Cleaning and scaling stay; so do groups of which the samples have no window.
    ///
    /// A federated model is a compromise between sites that differ; a few epochs at home give back most of what that
    /// costs. Source: Yu, Bagdasaryan, Shmatikov, "Salvaging federated learning by local adaptation", 2020
    /// (fine-tuning).
    ///
    /// - Parameters:
    ///   - sources: the training parts to tune with.
    ///   - epochs: at most so many; as in any training, those after the best on held-out samples are not kept.
    ///   - options: how the sources are read.
    ///   - backend: computes.
    ///   - control: can stop it.
    /// - Throws: ``ModelError`` with the code `notEnoughData` when no group has a window, `cancelled` or `diverged`;
    ///   `TelemetryError` of the sources; what the backend throws.
    /// - Precondition: `epochs` is positive.
    public func tuned(
        on sources: [EntitySource], epochs: Int, options: ReaderOptions = ReaderOptions(),
        backend: any AcceleratorBackend, control: TrainingControl = TrainingControl()
    ) throws -> ModelBundle {
        precondition(epochs > 0, "there is nothing to do")
        var configuration = manifest.configuration
        configuration.epochs = epochs
        var collector = TrainingCollector(
            pipeline: try pipeline(), scalers: manifest.scaling, configuration: configuration)
        for source in sources { try collector.append(source, options: options) }
        var result = self
        for group in try collector.finish().groups {
            guard let parameters = parameters[group.name] else { continue }
            let training = LocalTraining(group: group.name, configuration: configuration, data: group.data)
            let engine = try backend.makeEngine(shape: training.shape, maximumBatch: configuration.batch)
            // A round after those of the federation: windows come in an order of its own.
            let update = try training.run(
                round: configuration.rounds, parameters: parameters, engine: engine, control: control)
            result.setParameters(update.parameters, of: group.name)
        }
        return result
    }
}
