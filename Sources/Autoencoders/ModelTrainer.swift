public import Numerics

/// One group's data, ready to train on.
public struct GroupTrainingData: Sendable {
    /// `<layer>.<group>` or `<layer>.<group>@<type>`.
    public var name: String
    /// The metrics, one a column of the samples.
    public var metrics: [String]
    /// The windows.
    public var data: TrainingSet

    /// - Precondition: there are as many metrics as columns.
    public init(name: String, metrics: [String], data: TrainingSet) {
        precondition(metrics.count == data.features, "\(metrics.count) metrics for \(data.features) columns")
        self.name = name
        self.metrics = metrics
        self.data = data
    }
}

/// One trained group.
public struct TrainedGroup: Equatable, Sendable {
    /// `<layer>.<group>` or `<layer>.<group>@<type>`.
    public var name: String
    /// The metrics, one a feature.
    public var metrics: [String]
    /// The sizes.
    public var shape: AutoencoderShape
    /// The flat parameter vector, `[P]`.
    public var parameters: Tensor<Float>
    /// Windows trained on.
    public var trainingWindows: Int
    /// Windows held out.
    public var heldOutWindows: Int
    /// One record for each epoch of each round.
    public var curve: [EpochRecord]
    /// The held-out loss of the parameters; `nil` where nothing was held out.
    public var heldOutLoss: Double?
    /// SHA-256 of the training set.
    public var dataChecksum: String
    /// The backend that computed; when its device failed, also the one that took over: `opencl, then cpu`.
    public var backend: String
}

/// Trains the models of any number of groups: R rounds of ``LocalTraining`` each.
///
/// Groups are independent of each other; with several threads they are trained side by side, and what a group's
/// model becomes depends neither on the number of threads nor on which thread it got.
public struct ModelTrainer: Sendable {
    /// How to train.
    public let configuration: TrainingConfiguration
    /// Threads to use in all.
    public let threads: Int
    private let makeBackend: @Sendable (_ threads: Int) throws -> any AcceleratorBackend

    /// A trainer.
    ///
    /// - Parameters:
    ///   - threads: in all; where there are fewer groups than threads, engines get the rest.
    ///   - makeBackend: gives the backend whose engines use so many threads each; unless given, the one that the
    ///     configuration names.
    /// - Throws: ``ModelError`` with the code `invalidConfiguration`.
    public init(
        configuration: TrainingConfiguration, threads: Int = 1,
        makeBackend: (@Sendable (_ threads: Int) throws -> any AcceleratorBackend)? = nil
    ) throws(ModelError) {
        try configuration.validate()
        guard threads >= 1, threads <= 4096 else {
            throw ModelError(.invalidConfiguration, subject: "threads", found: "\(threads)", expected: "1 to 4096")
        }
        self.configuration = configuration
        self.threads = threads
        let name = configuration.accelerator
        self.makeBackend = makeBackend ?? { try AcceleratorCatalog.backend(named: name, threads: $0) }
    }

    /// Trains all groups and waits for them; blocks the calling thread.
    ///
    /// - Parameters:
    ///   - checkpoints: where to keep checkpoints; a run that finds some there goes on from them, and gives the same
    ///     weights as one that was never stopped.
    /// - Returns: the trained groups, in the order given.
    /// - Throws: ``ModelError``, `StorageError` of the checkpoints, or what the backend throws; the first error in
    ///   the order of the groups.
    public func train(
        _ groups: [GroupTrainingData], checkpoints: CheckpointStore? = nil,
        control: TrainingControl = TrainingControl()
    ) throws -> [TrainedGroup] {
        for group in groups {
            try GroupName.validate(group.name)
            try configuration.requireModest(features: group.data.features, subject: "group '\(group.name)'")
        }
        // The costliest first, so that no thread ends alone with a long one.
        let order = groups.indices.sorted { cost(groups[$0]) > cost(groups[$1]) }
        let side = max(1, min(threads, groups.count))
        let backend = try makeBackend(max(1, threads / side))
        let trained = try ParallelTasks.map(count: groups.count, threads: side) { index in
            let position = order[index]
            return (
                position,
                try train(groups[position], backend: backend, checkpoints: checkpoints, control: control)
            )
        }
        return trained.sorted { $0.0 < $1.0 }.map(\.1)
    }

    private func cost(_ group: GroupTrainingData) -> Int {
        configuration.shape(features: group.metrics.count).parameterCount * group.data.trainingStarts.count
    }

    private func train(
        _ group: GroupTrainingData, backend: any AcceleratorBackend, checkpoints: CheckpointStore?,
        control: TrainingControl
    ) throws -> TrainedGroup {
        let training = LocalTraining(group: group.name, configuration: configuration, data: group.data)
        let engine = try backend.makeEngine(shape: training.shape, maximumBatch: configuration.batch)
        let identity = CheckpointIdentity(
            group: group.name, metrics: group.metrics, configuration: configuration,
            dataChecksum: group.data.checksum, backend: backend.device.backend)
        let resumed = try checkpoints?.load(parameterCount: training.shape.parameterCount, identity: identity)
        var curve = resumed?.finished ?? []
        var state = resumed?.state
        var parameters =
            resumed?.state.parameters ?? training.shape.initialParameters(seed: configuration.seed, group: group.name)
        var heldOutLoss: Double?
        for round in (state?.round ?? 0)..<configuration.rounds {
            let finished = curve
            let update = try training.run(
                round: round, parameters: parameters, engine: engine, resuming: state, control: control
            ) { state in
                guard let checkpoints else { return }
                if state.curve.count % checkpoints.interval == 0 || training.isOver(state.curve) {
                    try checkpoints.save(Checkpoint(finished: finished, state: state), identity: identity)
                }
            }
            state = nil
            parameters = update.parameters
            heldOutLoss = update.heldOutLoss
            curve += update.curve
        }
        return TrainedGroup(
            name: group.name, metrics: group.metrics, shape: training.shape, parameters: parameters,
            trainingWindows: group.data.trainingStarts.count, heldOutWindows: group.data.heldOutStarts.count,
            curve: curve, heldOutLoss: heldOutLoss, dataChecksum: group.data.checksum,
            backend: engine.successor.map { "\(backend.device.backend), then \($0)" } ?? backend.device.backend)
    }
}
