import Autoencoders
import Federation
import Services
import Telemetry
import TestSupport
import Testing

@Suite struct TelemetryLearnerTests {
    private static let demo = "Datasets/demo/site1"

    private static func learner(_ makeBackend: @escaping @Sendable (Int) throws -> any AcceleratorBackend) throws
        -> TelemetryLearner
    {
        let sources = try DataCatalog.discover([demo]).filter { $0.part == .train }
        return try TelemetryLearner(
            sources: sources, reader: ReaderOptions(), rules: try GroupRules.builtIn(), threads: 1,
            makeBackend: makeBackend)
    }

    /// A worker whose device fails in the middle of a round sends the same update as one whose device does not.
    @Test func aFailingDeviceLosesNothing() throws {
        var configuration = TrainingConfiguration()
        configuration.window = 6
        configuration.stride = 8
        configuration.hidden = [6]
        configuration.epochs = 2
        let told = Told()
        let sound = try Self.learner { try VectorBackend(threads: $0) }
        let failing = try Self.learner { threads in
            ResilientBackend(
                FailingBackend(inner: try VectorBackend(threads: threads), batches: 4),
                spare: { try VectorBackend(threads: threads) }, onFailure: { told.add($0) })
        }
        let statistics = try sound.work(
            WorkKey(round: 0, kind: .statistics, baseVersion: 0, entities: sound.entities), hyperparameters: [],
            model: nil, mayAccelerate: true, isCancelled: { false })
        let outcome = TelemetryModelMaker(configuration: configuration, rules: try GroupRules.builtIn())
            .makeInitialModel(statistics: [("a", statistics.statistics)])
        guard case .made(let model, _) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        let key = WorkKey(round: 1, kind: .training, baseVersion: 1, entities: sound.entities)
        let updates = try [sound, failing].map { learner in
            try learner.work(
                key, hyperparameters: [], model: model, mayAccelerate: true, isCancelled: { false }
            ).groups
        }
        #expect(!updates[0].isEmpty && updates[0] == updates[1])
        #expect(told.all.count == 1)
    }
}
