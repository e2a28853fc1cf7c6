import Autoencoders
import Numerics
import Synchronization
import Testing

@Suite struct LocalTrainingTests {
    private func engine(_ training: LocalTraining) throws -> any AutoencoderEngine {
        try VectorBackend().makeEngine(shape: training.shape, maximumBatch: training.configuration.batch)
    }

    private func run(
        _ training: LocalTraining, control: TrainingControl = TrainingControl(),
        afterEpoch: (RoundState) throws -> Void = { _ in }
    ) throws -> TrainingUpdate {
        try training.run(
            round: 0, parameters: training.shape.initialParameters(seed: 5, group: training.group),
            engine: engine(training), control: control, afterEpoch: afterEpoch)
    }

    @Test func lossFalls() throws {
        let configuration = Samples.configuration(epochs: 15)
        let update = try run(
            LocalTraining(
                group: "g", configuration: configuration, data: Samples.data(rows: 1500, configuration: configuration)))
        #expect(update.curve.count == 15)
        #expect(update.curve[14].loss < 0.6 * update.curve[0].loss)
        #expect(update.steps == 15 * ((update.windows + 31) / 32))
        #expect(update.heldOutLoss == update.curve.compactMap(\.heldOutLoss).min())
    }

    /// The round ends `patience` epochs after the best one and gives back that one's parameters.
    @Test func earlyStoppingKeepsTheBest() throws {
        var configuration = Samples.configuration(epochs: 200)
        configuration.patience = 2
        configuration.learningRate = 0.05
        let training = LocalTraining(
            group: "g", configuration: configuration,
            data: try Samples.data(rows: 120, configuration: configuration))
        var states: [RoundState] = []
        let update = try run(training) { states.append($0) }
        let losses = update.curve.map { $0.heldOutLoss ?? .nan }
        let best = try #require(losses.indices.min { losses[$0] < losses[$1] })
        #expect(losses.count < 200)
        #expect(losses.count == best + 3)
        #expect(update.parameters == states[best].parameters)
        #expect(update.heldOutLoss == losses[best])
    }

    /// FedProx: after each step of Adam, the minimiser of ‖w − v‖² / 2η + μ/2 · ‖w − w₀‖², v being what Adam gave.
    @Test(arguments: [0.5, 20]) func aProximalWeightHoldsTheRoundBack(weight: Double) throws {
        var configuration = Samples.configuration(epochs: 4)
        configuration.patience = nil
        configuration.batch = 10_000
        let data = try Samples.data(rows: 300, configuration: configuration)
        let plain = LocalTraining(group: "g", configuration: configuration, data: data)
        configuration.proximalWeight = weight
        let held = LocalTraining(group: "g", configuration: configuration, data: data)
        let start = plain.shape.initialParameters(seed: 5, group: "g")
        // All windows are one batch, so that their order matters for rounding only.
        let engine = try engine(plain)
        try engine.setParameters(start)
        try engine.setOptimizerState(AdamState(parameterCount: start.count))
        let batch = WindowBatch(samples: data.samples, starts: data.trainingStarts[...])
        for _ in 0..<4 {
            _ = try engine.trainStep(batch, adam: plain.adam)
            var parameters = try engine.parameters()
            let eta = configuration.learningRate
            for index in 0..<parameters.count {
                let (v, w0) = (Double(parameters.elements[index]), Double(start.elements[index]))
                parameters.withUnsafeMutableBufferPointer {
                    $0[index] = Float((v / eta + weight * w0) / (1 / eta + weight))
                }
            }
            try engine.setParameters(parameters)
        }
        let expected = try engine.parameters()
        let found = try run(held).parameters
        let distance = zip(found.elements, expected.elements).map { abs($0 - $1) }.max() ?? 1
        #expect(distance < 2e-5)
        func moved(_ parameters: Tensor<Float>) -> Float {
            zip(parameters.elements, start.elements).map { abs($0 - $1) }.max() ?? 0
        }
        #expect(moved(found) < moved(try run(plain).parameters))
    }

    @Test func withoutPatienceTheLastEpochCounts() throws {
        var configuration = Samples.configuration(epochs: 5)
        configuration.patience = nil
        let training = LocalTraining(
            group: "g", configuration: configuration, data: try Samples.data(configuration: configuration))
        var last: RoundState?
        let update = try run(training) { last = $0 }
        #expect(update.curve.count == 5)
        #expect(update.parameters == last?.parameters)
    }

    /// A loss that is no number ends training with an error, never with a broken model.
    @Test func divergenceIsAnError() throws {
        var configuration = Samples.configuration()
        configuration.clipNorm = nil
        configuration.learningRate = 1e38
        let training = LocalTraining(
            group: "physical.cpu", configuration: configuration, data: try Samples.data(configuration: configuration))
        let error = #expect(throws: ModelError.self) { try run(training) }
        #expect(error?.code == .diverged)
        #expect(error?.description.contains("physical.cpu") == true)
    }

    @Test func cancellationEndsTraining() throws {
        let training = LocalTraining(
            group: "g", configuration: Samples.configuration(), data: try Samples.data())
        let asked = Mutex(0)
        let control = TrainingControl(isCancelled: {
            asked.withLock { count in
                count += 1
                return count > 12
            }
        })
        let error = #expect(throws: ModelError.self) { try run(training, control: control) }
        #expect(error?.code == .cancelled)
        #expect(asked.withLock { $0 } == 13)
    }

    @Test func progressTellsEveryEpoch() throws {
        let training = LocalTraining(
            group: "g", configuration: Samples.configuration(), data: try Samples.data())
        let heard = Mutex<[TrainingProgress]>([])
        let update = try run(
            training, control: TrainingControl(onProgress: { one in heard.withLock { $0.append(one) } }))
        let ends = heard.withLock { $0 }.filter(\.endsEpoch)
        #expect(ends.map(\.loss) == update.curve.map(\.loss))
        #expect(ends.map(\.heldOutLoss) == update.curve.map(\.heldOutLoss))
        #expect(ends.allSatisfy { $0.windows == $0.windowsPerEpoch && $0.windowsPerSecond > 0 })
    }

    @Test func impossibleSettingsAreNamed() {
        let changes: [(inout TrainingConfiguration) -> Void] = [
            { $0.window = 0 }, { $0.stride = 0 }, { $0.epochs = -1 }, { $0.batch = 0 }, { $0.rounds = 0 },
            { $0.maximumWindows = 0 }, { $0.hidden = [] }, { $0.hidden = [0] }, { $0.hidden = [1 << 20] },
            { $0.learningRate = .nan },
            { $0.learningRate = -1 }, { $0.clipNorm = 0 }, { $0.heldOutShare = 1 }, { $0.patience = 0 },
        ]
        for change in changes {
            var configuration = TrainingConfiguration()
            change(&configuration)
            let changed = configuration
            let error = #expect(throws: ModelError.self) { try changed.validate() }
            #expect(error?.code == .invalidConfiguration)
        }
    }
}
