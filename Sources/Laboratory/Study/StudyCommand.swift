import Autoencoders
package import CommandLine
import Foundation
import Platform
import Services
import Telemetry

/// `fl-train study`: what federated learning gains and costs on labelled sets.
package struct StudyCommand: Command {
    private static let arms = Option<[String]>(
        "arms", "NAME", default: ["all"], "what to compare, or all; see below for their names")
    private static let rounds = Option<Int>(
        "rounds", "N", default: 20, "rounds", constraint: "1 to 100000", valid: { (1...100_000).contains($0) })
    static let epochs = Option<Int>(
        "epochs", "N", default: 2, "passes over a worker's windows in a round", constraint: "1 to 100000",
        valid: { (1...100_000).contains($0) })
    private static let seeds = Option<Int>(
        "seeds", "N", default: 5, "how often everything is done, from other initial parameters",
        constraint: "1 to 1000",
        valid: { (1...1_000).contains($0) })
    private static let share = Option<Double>(
        "training-share", "SHARE", default: 1,
        "share of each training part that is learned from: one piece, at a place that the seed draws",
        constraint: "more than 0, at most 1", valid: { $0 > 0 && $0 <= 1 })
    private static let newSite = Option<Double>(
        "new-site-share", "SHARE", default: 0.1, "share of that piece that a new site has", constraint: "0.001 to 1",
        valid: { (0.001...1).contains($0) })
    private static let proximalWeight = Option<Double>(
        "proximal-weight", "MU", default: 0.1, "μ of FedProx", constraint: "more than 0", valid: { $0 > 0 && $0 <= 1e6 }
    )
    private static let participation = Option<Double>(
        "participation", "SHARE", default: 0.5, "share of the workers of a round where not all take part",
        constraint: "more than 0, at most 1", valid: { $0 > 0 && $0 <= 1 })
    private static let stragglers = Option<Double>(
        "stragglers", "SHARE", default: 0.5, "share of the workers of a round that are slow, where some are",
        constraint: "0 to 1", valid: { (0...1).contains($0) })
    private static let tuning = Option<Int>(
        "tuning-rounds", "N", default: 4, "rounds that each entity trains on alone, where it does",
        constraint: "1 to 100000", valid: { (1...100_000).contains($0) })
    private static let periods = Option<Int>(
        "periods", "N", default: 4, "pieces of a test part, where models go on learning: after each but the last",
        constraint: "2 to 1000", valid: { (2...1_000).contains($0) })
    private static let updating = Option<Int>(
        "update-rounds", "N", default: 4, "rounds after a period, where models go on learning",
        constraint: "1 to 100000", valid: { (1...100_000).contains($0) })
    static let out = Option<String>.optional("out", "FILE", "write everything measured as JSON")
    static let format = Option<OutputFormat>("format", "FORMAT", default: .table, "how to print the result")

    /// Name, help and options.
    package static let manual = CommandManual(
        name: "study", summary: "compare local, central and federated learning on labelled sets",
        discussion: """
            Every entity of a set is a worker. The same LSTM autoencoder is learned in different ways, with the same \
            number of passes over the data and a fresh optimiser in every round, calibrated on each entity's own \
            training samples, and judged on its test part, causally. A table for each set gives VUS-PR and AUC-PR, \
            means over the entities, with 95 % bootstrap intervals over the seeds, and the difference to learning in \
            one place, seed by seed. A second table gives what alarms are worth, with thresholds that stay and with \
            thresholds that follow the stream.

            An arm that is updated cuts the test part into periods. A period is scored, then learned from, without \
            labels and without the rows in alarm, and thresholds are calibrated on it; cleaning and scaling stay.

            \(DriftText.drift)

            Everything runs in this process, with the local training, the averaging and the statistics of a \
            federation; nothing depends on the number of threads.

            """ + StudyArm.allCases.map { "\($0.rawValue): \($0.meaning)." }.joined(separator: "\n"),
        examples: [
            .init("fl-train study --data asd", "all ways, five seeds"),
            .init(
                "fl-train study --data smd asd --training-share 0.1 --arms local central fedavg fedprox",
                "with a tenth of the training part"),
            .init(
                "fl-train study --data asd --drift 2 --arms local local-updated fedavg fedavg-updated",
                "test parts that drift by two standard deviations"),
        ],
        options: [
            BenchmarkCommand.data, arms, rounds, epochs, seeds, share, newSite, proximalWeight, participation,
            stragglers, tuning, BenchmarkCommand.drift, periods, updating, BenchmarkCommand.threads,
            TrainingOptions.window, TrainingOptions.hidden, TrainingOptions.batch,
            TrainingOptions.learningRate, TrainingOptions.maximumWindows, TrainingOptions.seed, out, format,
        ] + DataOptions.all)

    /// A command that gets its arguments when it runs.
    package init() {}

    /// Runs it.
    package func run(_ arguments: Arguments, _ console: Console) async throws {
        let arms = try Self.arms(arguments[Self.arms])
        let reader = DataOptions.readerOptions(arguments)
        let rules = try DataOptions.rules(arguments)
        console.progress("looking for labelled entities")
        let drift = arguments[BenchmarkCommand.drift]
        let entities = try BenchmarkEntity.discover(
            arguments[BenchmarkCommand.data], options: reader, rules: rules,
            drift: drift > 0 ? SlowDrift(size: drift, seed: arguments[TrainingOptions.seed]) : nil)
        let sets = Dictionary(grouping: entities, by: \.set).sorted { $0.key < $1.key }.map(\.value)
        for members in sets where members.count < 2 {
            throw CommandLineError(
                .data, "\(members[0].set): found one labelled entity; a federation needs two at least")
        }
        let study = FederatedStudy(
            setting: Self.setting(arguments), configuration: try Self.configuration(arguments), reader: reader,
            rules: rules)
        let first = arguments[TrainingOptions.seed]
        var tasks: [(set: Int, arm: StudyArm, seed: UInt64)] = []
        for seed in 0..<UInt64(arguments[Self.seeds]) {
            for set in sets.indices { for arm in arms { tasks.append((set, arm, first &+ seed)) } }
        }
        let threads = arguments[optional: BenchmarkCommand.threads] ?? ProcessInfo.processInfo.activeProcessorCount
        let (work, members) = (tasks, sets)
        let outcomes = try await BackgroundThread.run {
            try ParallelTasks.map(count: work.count, threads: threads) { index in
                let task = work[index]
                console.progress("\(index + 1) of \(work.count): \(members[task.set][0].set), \(task.arm.rawValue)")
                // Every seed has another drift, the same for all arms.
                let entities = members[task.set].map { entity in
                    var entity = entity
                    entity.drift?.seed = task.seed
                    return entity
                }
                return try study.outcome(task.arm, seed: task.seed, entities: entities)
            }
        }
        console.clearProgress()
        let report = StudyReport(setting: study.setting, outcomes: outcomes, seed: first)
        if let file = arguments[optional: Self.out] {
            try FileContents.writeAtomically(Array((try Console.json(report, pretty: true) + "\n").utf8), to: file)
        }
        switch arguments[Self.format] {
        case .json: try console.printJSON(report)
        case .table: console.print(report.text)
        }
    }

    private static func arms(_ names: [String]) throws -> [StudyArm] {
        var arms: [StudyArm] = []
        for name in names.flatMap({ $0.split(separator: ",").map(String.init) }) {
            let found = name == "all" ? StudyArm.allCases : StudyArm(rawValue: name).map { [$0] } ?? []
            guard !found.isEmpty else {
                let known = StudyArm.allCases.map(\.rawValue).joined(separator: ", ")
                throw CommandLineError.usage("--arms: found '\(name)', expected all or some of \(known)")
            }
            for arm in found where !arms.contains(arm) { arms.append(arm) }
        }
        return arms
    }

    private static func setting(_ arguments: Arguments) -> FederatedStudy.Setting {
        FederatedStudy.Setting(
            rounds: arguments[rounds], epochs: arguments[epochs], proximalWeight: arguments[proximalWeight],
            participation: arguments[participation], stragglers: arguments[stragglers],
            tuningRounds: arguments[tuning],
            trainingShare: arguments[share], newSiteShare: arguments[newSite],
            drift: arguments[BenchmarkCommand.drift], periods: arguments[periods],
            updateRounds: arguments[updating])
    }

    private static func configuration(_ arguments: Arguments) throws -> TrainingConfiguration {
        var configuration = TrainingConfiguration()
        configuration.window = arguments[TrainingOptions.window]
        configuration.hidden = arguments[TrainingOptions.hidden]
        configuration.batch = arguments[TrainingOptions.batch]
        configuration.learningRate = arguments[TrainingOptions.learningRate]
        configuration.maximumWindows = arguments[TrainingOptions.maximumWindows]
        try configuration.validate()
        return configuration
    }
}
