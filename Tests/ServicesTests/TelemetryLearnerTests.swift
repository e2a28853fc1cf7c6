import Autoencoders
import Federation
import Foundation
import Platform
import Services
import Telemetry
import TestSupport
import Testing
import Watching

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

    /// What sites say of what is usual is averaged like weights, and is what one place would have found.
    @Test func whatIsUsualIsTheSameFederatedAndInOnePlace() throws {
        var configuration = TrainingConfiguration()
        configuration.window = 6
        configuration.stride = 64
        configuration.hidden = [4]
        configuration.epochs = 1
        let sources = try DataCatalog.discover([Self.demo]).filter { $0.part == .train }
        let halves = [Array(sources[..<1]), Array(sources[1...])]
        let rules = try GroupRules.builtIn()
        let learners = try halves.map {
            try TelemetryLearner(sources: $0, reader: ReaderOptions(), rules: rules, threads: 1) {
                try VectorBackend(threads: $0)
            }
        }
        func work(_ learner: TelemetryLearner, _ kind: RoundKind, _ model: FederatedModel?) throws -> Contribution {
            try learner.work(
                WorkKey(
                    round: model == nil ? 0 : 1, kind: kind, baseVersion: model == nil ? 0 : 1,
                    entities: learner.entities),
                hyperparameters: [], model: model, mayAccelerate: false, isCancelled: { false })
        }
        let statistics = try learners.enumerated().map {
            ("\($0.offset)", try work($0.element, .statistics, nil).statistics)
        }
        guard
            case .made(let base, _) = TelemetryModelMaker(configuration: configuration, rules: rules)
                .makeInitialModel(statistics: statistics)
        else {
            Issue.record("no model")
            return
        }
        let context = try FederationContext(of: base)
        #expect(try context.bundle(of: base, tool: "test").usualRanges() == nil)
        let gate = ContributionGate()
        var aggregator = FederatedAveraging().aggregateTraining(base: base)
        for (index, learner) in learners.enumerated() {
            let passed = try gate.pass(try work(learner, .training, base), kind: .training, base: base)
            #expect(passed.groups.contains { $0.holdsFigures })
            #expect(try !work(learner, .evaluation, base).groups.contains { $0.holdsFigures })
            aggregator.add(passed, from: "\(index)")
        }
        let found = try #require(try context.bundle(of: aggregator.result(), tool: "test").usualRanges())
        let central = try #require(
            try UsualRanges.learned(from: sources, pipeline: context.pipeline, options: { _ in ReaderOptions() })
        ).ranges
        #expect(found.metrics == central.metrics)
        #expect(zip(found.values, central.values).allSatisfy { abs($0 - $1) < 1e-5 })
        // A further loop finds it anew.
        let (next, _) = context.carrying(aggregator.result(), of: context, into: try context.initialModel())
        #expect(try context.bundle(of: next, tool: "test").usualRanges() == nil)
    }

    /// A cell that cannot be read costs its row, and a file that cannot be read its entity; the others are learned from.
    @Test func badFilesCostThemselves() throws {
        let folder = try TemporaryFolder()
        let site = folder.path("site1")
        try FileManager.default.copyItem(atPath: Self.demo, toPath: site)
        let path = site + "/ue0_train.csv"
        var lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
        var cells = lines[100].split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        cells[2] = "abc"
        lines[100] = cells.joined(separator: ",")
        try lines.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
        let sources = try DataCatalog.discover([site]).filter { $0.part == .train }
        let log = Told()
        let learner = try TelemetryLearner(
            sources: sources, reader: ReaderOptions(), rules: try GroupRules.builtIn(), threads: 1,
            log: Logger(label: "t", minimum: .warning, sink: Sink(told: log))
        ) { try VectorBackend(threads: $0) }
        func statistics() throws -> TelemetryStatistics {
            let made = try learner.work(
                WorkKey(round: 0, kind: .statistics, baseVersion: 0, entities: learner.entities), hyperparameters: [],
                model: nil, mayAccelerate: false, isCancelled: { false })
            return try DeterministicJSON.decode(TelemetryStatistics.self, from: made.statistics)
        }
        let whole = try statistics()
        #expect(log.all.count == 1 && log.all[0].contains("ue0") && log.all[0].contains("abc"), "\(log.all)")
        try FileManager.default.removeItem(atPath: site + "/enb0_train.csv")
        let rest = try statistics()
        #expect(rest != whole && log.all.count == 2 && log.all[1].contains("enb0"), "\(log.all)")
        var configuration = TrainingConfiguration()
        (configuration.window, configuration.stride, configuration.hidden, configuration.epochs) = (6, 64, [4], 1)
        guard
            case .made(let model, _) = TelemetryModelMaker(
                configuration: configuration, rules: try GroupRules.builtIn()
            )
            .makeInitialModel(statistics: [("a", try DeterministicJSON.encode(rest, pretty: false))])
        else {
            Issue.record("no model")
            return
        }
        let updates = try learner.work(
            WorkKey(round: 1, kind: .training, baseVersion: 1, entities: learner.entities), hyperparameters: [],
            model: model, mayAccelerate: false, isCancelled: { false }
        ).groups
        #expect(!updates.isEmpty)
    }

    private struct Sink: LogSink {
        let told: Told
        func write(_ record: LogRecord) { told.add("\(record.message) \(record.metadata)") }
    }
}
