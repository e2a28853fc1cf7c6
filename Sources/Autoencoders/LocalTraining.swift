public import Numerics

/// What one epoch achieved.
public struct EpochRecord: Hashable, Sendable, Codable {
    /// The round, from 0.
    public var round: Int
    /// The epoch within the round, from 0.
    public var epoch: Int
    /// Mean squared error over the training windows, each as it was before its batch's step.
    public var loss: Double
    /// Mean squared error over the held-out windows after the epoch; `nil` where nothing is held out.
    public var heldOutLoss: Double?
}

/// What a round of local training gives back.
public struct TrainingUpdate: Equatable, Sendable {
    /// The new parameters, `[P]`.
    public var parameters: Tensor<Float>
    /// Training windows behind them: the weight of this update in an average.
    public var windows: Int
    /// Optimiser steps taken.
    public var steps: Int
    /// One record an epoch.
    public var curve: [EpochRecord]
    /// The held-out loss of ``parameters``; `nil` where nothing is held out.
    public var heldOutLoss: Double?
}

/// Everything that the rest of a round depends on, between two epochs.
public struct RoundState: Equatable, Sendable {
    /// The round, from 0.
    public var round: Int
    /// What the round started from, `[P]`.
    public var start: Tensor<Float>
    /// The parameters after the last epoch, `[P]`.
    public var parameters: Tensor<Float>
    /// The optimiser after the last epoch.
    public var optimizer: AdamState
    /// The best parameters so far, `[P]`.
    public var bestParameters: Tensor<Float>
    /// One record for each finished epoch.
    public var curve: [EpochRecord]

    /// The state before the first epoch: the round's parameters and a fresh optimiser.
    public init(round: Int, parameters: Tensor<Float>) {
        self.round = round
        start = parameters
        self.parameters = parameters
        optimizer = AdamState(parameterCount: parameters.count)
        bestParameters = parameters
        curve = []
    }
}

/// One round of training of one group on one worker's windows: E epochs of Adam with a fresh optimiser, ended early
/// when the held-out loss no longer falls, giving the parameters of the best epoch.
///
/// `fl-train train --rounds R` and a federation's worker run this same function; with one worker the two therefore
/// agree to the last bit. The result depends only on what is stored here, the round, the parameters and the
/// engine's arithmetic.
public struct LocalTraining: Sendable {
    /// The group's name, part of every random stream.
    public let group: String
    /// The model's sizes.
    public let shape: AutoencoderShape
    /// How to train.
    public let configuration: TrainingConfiguration
    /// What to train on.
    public let data: TrainingSet

    /// Training of one group.
    ///
    /// - Precondition: the data has as many metrics as the shape.
    public init(group: String, configuration: TrainingConfiguration, data: TrainingSet) {
        self.group = group
        shape = configuration.shape(features: data.features)
        self.configuration = configuration
        self.data = data
    }

    /// Adam as the configuration wants it.
    public var adam: AdamConfiguration {
        var adam = AdamConfiguration()
        adam.learningRate = Float(configuration.learningRate)
        adam.clipNorm = configuration.clipNorm.map { Float($0) }
        return adam
    }

    /// Runs one round from `parameters`.
    ///
    /// - Parameters:
    ///   - round: from 0; part of the key of the shuffling.
    ///   - parameters: what the round starts from, `[P]`.
    ///   - engine: computes; its parameters and optimiser are overwritten.
    ///   - state: where an interrupted run of the same round stood; then `parameters` is not used.
    ///   - afterEpoch: hears the state after every epoch, to store it.
    /// - Throws: ``ModelError`` with the code `diverged` or `cancelled`, and what the engine or `afterEpoch` throws.
    /// - Precondition: the engine's shape is ``shape``.
    public func run(
        round: Int, parameters: Tensor<Float>, engine: any AutoencoderEngine, resuming state: RoundState? = nil,
        control: TrainingControl = TrainingControl(), afterEpoch: (RoundState) throws -> Void = { _ in }
    ) throws -> TrainingUpdate {
        precondition(engine.shape == shape, "the engine was made for another shape")
        precondition(state == nil || state?.round == round, "the state is of another round")
        var state = state ?? RoundState(round: round, parameters: parameters)
        try engine.setParameters(state.parameters)
        try engine.setOptimizerState(state.optimizer)
        while !isOver(state.curve) {
            let epoch = state.curve.count
            let (loss, windowsPerSecond) = try runEpoch(
                epoch, round: round, from: state.start, engine: engine, control: control)
            state.parameters = try engine.parameters()
            state.optimizer = try engine.optimizerState()
            guard state.parameters.elements.allSatisfy({ $0.isFinite }) else {
                throw diverged(round, epoch, "a weight became infinite or not a number")
            }
            let heldOut = try heldOutLoss(engine)
            if let heldOut, !heldOut.isFinite { throw diverged(round, epoch, "the held-out loss became \(heldOut)") }
            state.curve.append(EpochRecord(round: round, epoch: epoch, loss: loss, heldOutLoss: heldOut))
            if best(state.curve) == epoch { state.bestParameters = state.parameters }
            try afterEpoch(state)
            control.onProgress(
                TrainingProgress(
                    group: group, round: round, epoch: epoch, windows: data.trainingStarts.count,
                    windowsPerEpoch: data.trainingStarts.count, loss: loss, heldOutLoss: heldOut,
                    windowsPerSecond: windowsPerSecond, endsEpoch: true))
        }
        let kept = best(state.curve)
        return TrainingUpdate(
            parameters: state.bestParameters, windows: data.trainingStarts.count, steps: state.optimizer.step,
            curve: state.curve, heldOutLoss: kept.flatMap { state.curve[$0].heldOutLoss })
    }

    /// Whether a round with this curve has ended.
    func isOver(_ curve: [EpochRecord]) -> Bool {
        if curve.count >= configuration.epochs { return true }
        guard let patience = configuration.patience, let best = best(curve), !data.heldOutStarts.isEmpty else {
            return false
        }
        return curve.count - 1 - best >= patience
    }

    /// The epoch whose parameters are kept: the first with the lowest held-out loss where stopping early is asked
    /// for and something is held out, otherwise the last.
    private func best(_ curve: [EpochRecord]) -> Int? {
        guard configuration.patience != nil, !data.heldOutStarts.isEmpty else { return curve.indices.last }
        return curve.indices.min { (curve[$0].heldOutLoss ?? .infinity) < (curve[$1].heldOutLoss ?? .infinity) }
    }

    private func runEpoch(
        _ epoch: Int, round: Int, from start: Tensor<Float>, engine: any AutoencoderEngine, control: TrainingControl
    ) throws -> (loss: Double, windowsPerSecond: Double) {
        let starts = shuffled(round: round, epoch: epoch)
        let adam = adam
        let clock = ContinuousClock()
        let began = clock.now
        let reportEvery = max(1, (starts.count / configuration.batch + 1) / 20)
        // A device of its own gets a few batches at a time, and is not waited for in between.
        let perCall = configuration.proximalWeight == nil ? max(1, min(engine.batchesPerCall, reportEvery)) : 1
        var nextReport = reportEvery
        var (total, done, batches) = (0.0, 0, 0)
        var windowsPerSecond: Double {
            let seconds = Double((clock.now - began) / .seconds(1))
            return seconds > 0 ? Double(done) / seconds : 0
        }
        while done < starts.count {
            if control.isCancelled() {
                throw ModelError(.cancelled, subject: "group '\(group)'", found: "training was stopped")
            }
            let windows = WindowBatch(
                samples: data.samples, starts: starts[done..<min(done + perCall * configuration.batch, starts.count)])
            for loss in try engine.trainSteps(windows, size: configuration.batch, adam: adam) {
                guard loss.isFinite else { throw diverged(round, epoch, "the loss became \(loss)") }
                let size = min(configuration.batch, starts.count - done)
                total += loss * Double(size)
                done += size
                batches += 1
            }
            try drawBack(engine, to: start)
            if done < starts.count, batches >= nextReport {
                nextReport = batches + reportEvery
                control.onProgress(
                    TrainingProgress(
                        group: group, round: round, epoch: epoch, windows: done, windowsPerEpoch: starts.count,
                        loss: total / Double(done), heldOutLoss: nil, windowsPerSecond: windowsPerSecond,
                        endsEpoch: false))
            }
        }
        return (total / Double(starts.count), windowsPerSecond)
    }

    /// FedProx: the round minimises the loss plus μ/2 · ‖w − w₀‖², w₀ being what it started from. The second term is
    /// taken as a proximal step of its own after each step of Adam, w ← (w + ημ·w₀) / (1 + ημ): as a part of the
    /// gradient, Adam would divide its strength away.
    private func drawBack(_ engine: any AutoencoderEngine, to start: Tensor<Float>) throws {
        guard let weight = configuration.proximalWeight else { return }
        let share = Float(configuration.learningRate * weight)
        let divisor = 1 + share
        var parameters = try engine.parameters()
        unsafe parameters.withUnsafeMutableBufferPointer { target in
            unsafe start.withUnsafeBufferPointer { start in
                for index in target.indices { unsafe target[index] = (target[index] + share * start[index]) / divisor }
            }
        }
        try engine.setParameters(parameters)
    }

    /// The mean squared error over the held-out windows, summed in a fixed order.
    private func heldOutLoss(_ engine: any AutoencoderEngine) throws -> Double? {
        let starts = data.heldOutStarts
        guard !starts.isEmpty else { return nil }
        return try data.totalError(ofWindowsAt: starts, engine: engine) / Double(starts.count)
    }

    /// Windows that are scored in one call.
    package static let scoringBatch = 256

    /// The order of the windows in one epoch: a Fisher–Yates shuffle of their natural order with a generator keyed by
    /// seed, group, round and epoch, so that no epoch depends on what was shuffled before it.
    private func shuffled(round: Int, epoch: Int) -> [Int] {
        var generator = CounterBasedGenerator(
            seed: configuration.seed, purpose: "shuffle/\(group)", round, epoch)
        var starts = data.trainingStarts
        for last in Swift.stride(from: starts.count - 1, to: 0, by: -1) {
            // The high word of a 64 × 64-bit product is uniform in 0...last up to a bias below 2⁻⁴⁰.
            let other = Int(generator.next().multipliedFullWidth(by: UInt64(last + 1)).high)
            starts.swapAt(last, other)
        }
        return starts
    }

    private func diverged(_ round: Int, _ epoch: Int, _ found: String) -> ModelError {
        ModelError(
            .diverged, subject: "group '\(group)', round \(round + 1), epoch \(epoch + 1)", found: found,
            expected: "a finite number; a lower learning rate or clipping norm helps, or look at the data's scaling")
    }
}
