public import Telemetry

extension ModelTrainer {
    /// How the data are read and cleaned.
    public struct DataOptions: Sendable {
        /// For the readers.
        public var reader = ReaderOptions()
        /// For the cleaning pipeline.
        public var cleaning = CleaningOptions()
        /// Which statistics scale the metrics.
        public var scaling = MetricScaler.Method.winsorised
        /// Which metric belongs to which group.
        public var rules: GroupRules

        /// The defaults with the given rules.
        public init(rules: GroupRules) { self.rules = rules }
    }

    /// From files to a model: statistics of all sources, the cleaning pipeline and the scalers fitted from them, the
    /// training windows of every group, the training. Reads every file twice and holds none of them. Of samples that do not
    /// vary, or have no window without a gap, comes a model without a group, for detectors that need none.
    ///
    /// - Parameters:
    ///   - sources: the entities to learn from; a split set's test part is not among them.
    ///   - tool: the program and version, for the record.
    /// - Returns: a model whose manifest holds pipeline and scalers; calibration is added to it elsewhere.
    /// - Throws: `TelemetryError`, ``ModelError``, `StorageError`, or what the backend throws.
    public func train(
        _ sources: [EntitySource], options: DataOptions, tool: String, checkpoints: CheckpointStore? = nil,
        control: TrainingControl = TrainingControl()
    ) throws -> ModelBundle {
        var statistics = TelemetryStatistics()
        for source in sources {
            try checkCancelled(control)
            try statistics.add(source, rules: options.rules, options: options.reader)
        }
        let pipeline = CleaningPipeline(fitting: statistics, rules: options.rules, options: options.cleaning)
        var scalers: [String: MetricScaler] = [:]
        for group in pipeline.groups where !group.metrics.isEmpty {
            scalers[group.group.name] = try pipeline.scaler(
                for: group.group, from: statistics, method: options.scaling)
        }
        var collector = TrainingCollector(pipeline: pipeline, scalers: scalers, configuration: configuration)
        for source in sources {
            try checkCancelled(control)
            try collector.append(source, options: options.reader)
        }
        let (groups, leftOut) = try collector.finish(mayBeNone: true)
        let trained = try train(groups, checkpoints: checkpoints, control: control)
        var bundle = ModelBundle(tool: tool, configuration: configuration, groups: trained)
        bundle.manifest.untrainedGroups = leftOut
        bundle.manifest.cleaning = pipeline
        bundle.manifest.scaling = scalers
        return bundle
    }

    private func checkCancelled(_ control: TrainingControl) throws(ModelError) {
        if control.isCancelled() {
            throw ModelError(.cancelled, subject: "training", found: "training was stopped")
        }
    }
}
