import Autoencoders
package import CommandLine
import Foundation
import Platform
import Services
import Telemetry
import Watching

/// `fl-train benchmark`: every method on every entity of labelled sets.
package struct BenchmarkCommand: Command {
    static let data = Option<[String]>.required("data", "DIR", "folders with labelled sets; each folder is one set")
    static let methods = Option<[String]>(
        "methods", "NAME", default: ["all"], "the methods to compare, or all; see below for their names")
    static let out = Option<String>.required("out", "REPORT", "folder for the report; an earlier run is carried on")
    static let threads = Option<Int>.optional(
        "threads", "COUNT", "entities and methods computed at the same time; as many as there are cores when not given",
        constraint: "from 1 to 256", valid: { (1...256).contains($0) })
    static let budget = Option<Double>(
        "budget", "ALARMS", default: 1, "false alarms per day and entity that thresholds may cause",
        constraint: "more than 0", valid: { $0 > 0 })
    static let seed = Option<UInt64>("seed", "SEED", default: 0, "what random scores and intervals are drawn from")
    static let drift = Option<Double>(
        "drift", "SIGMAS", default: 0,
        "slow drift of level, scale and daily rhythm in the part that is judged: how many standard deviations at its end",
        constraint: "0 to 100", valid: { (0...100).contains($0) })
    static let adaptation = Option<AdaptationOption>.optional(
        "adaptation", "HOW", "how thresholds follow the stream; the method's own way when not given")
    static let labels = Option<String>.optional(
        "labels", "PATH",
        "what was wrong when: CSV with start,end[,entity][,kind] in seconds since 1970 or dates, JSON as NAB's "
            + "combined_windows.json, or a folder of them; for files without labels of their own")
    static let trainingShare = Option<Double>(
        "training-share", "SHARE", default: BenchmarkEntity.usualTrainingShare,
        "share of the rows that an entity without a training part of its own learns from",
        constraint: "0.01 to 0.99", valid: { (0.01...0.99).contains($0) })
    static let format = Option<OutputFormat>("format", "FORMAT", default: .table, "how to print the result")

    /// Name, help and options.
    package static let manual = CommandManual(
        name: "benchmark",
        summary: "compare detection methods on labelled sets",
        discussion: """
            Trains each method on the training part of each entity, scores the test part sample by sample as if it \
            came live (a score never looks ahead), and measures the scores against the labels. Thresholds come from \
            held-out samples of the training part; no option is tuned per entity. An entity without a training part \
            of its own learns from the first 40 % of its rows (--training-share), or from as many as its file's name \
            says (_tr_4055_1st_, as in TSB-AD), and is judged on the rest.

            A folder whose folders each have a faults.csv (start,pod|entity,type: days of a system with known faults, as \
            Nezha) is judged by incidents: what was quiet on the first day is learned from, its faults are the library, \
            and on the later days the culprit of each fault must be found without being told when, and named. A \
            dependency.csv beside it says who calls whom. With several such sets it is shown what the dependencies that \
            are best on the others give on each.

            The report folder holds report.json (everything measured, per set and per entity), tables.txt (what is \
            printed), scores/SET/METHOD/ENTITY.csv (index,score,threshold,alarm), causes/SET/METHOD/ENTITY.json (for each \
            labelled event all metrics with scores, most suspicious first), and pictures/SET/ENTITY.svg with the \
            misses and false alarms. What is finished is kept: the same command carries an interrupted run on, and \
            computes anew only what has changed: files, how they are read, methods, budget, seed, the build of this tool.

            Methods: \(BenchmarkMethod.all.map(\.name).joined(separator: ", ")). A name with -w5 is smoothed over \
            the latest 5 samples. The autoencoders learn from the entity alone, from all entities of the set in one \
            place (-central), or by federated averaging in ten rounds and then four epochs of the entity alone \
            (-federated). 'default' has the federated ones inside, and knows what is usual among the entities of the \
            set, as the product does; 'ablations' are default without each of its parts, fitted the same way. Of an \
            entity with too little to learn from it is said why a method has no result.

            \(DriftText.text)
            """,
        examples: [
            .init("fl-train benchmark --data smd asd --out report", "all methods on two sets"),
            .init(
                "fl-train benchmark --data smd --methods default random pca --out report --format json",
                "three methods, the result for a program"),
        ],
        options: [data, methods, out, labels, trainingShare, threads, budget, drift, adaptation, seed, format]
            + DataOptions.all)

    /// A command that gets its arguments when it runs.
    package init() {}

    /// Runs it.
    package func run(_ arguments: Arguments, _ console: Console) async throws {
        let methods = try BenchmarkMethod.chosen(
            arguments[Self.methods], falseAlarmsPerDay: arguments[Self.budget],
            adaptation: arguments[optional: Self.adaptation]?.value)
        let report = BenchmarkFolder(arguments[Self.out])
        if let folder = arguments[Self.data].first(where: { report.lies(in: $0) }) {
            throw CommandLineError.usage(
                "--out: found '\(report.root)', which lies in the data folder '\(folder)'; expected a folder beside it, so that "
                    + "results are not read as metrics")
        }
        do {
            try FolderContents.makeFolder(report.root)
        } catch {
            throw CommandLineError(.cannotCreate, error.description)
        }
        console.progress("looking for labelled entities")
        let reader = DataOptions.readerOptions(arguments)
        let rules = try DataOptions.rules(arguments)
        let drift = arguments[Self.drift]
        let systems = try LocalizationSet.discover(arguments[Self.data], options: reader)
        var unlabelled: [String] = []
        let entities = try BenchmarkEntity.discover(
            arguments[Self.data], options: reader, rules: rules,
            drift: drift > 0 ? SlowDrift(size: drift, seed: arguments[Self.seed]) : nil,
            windows: try arguments[optional: Self.labels].map { try windows($0, options: reader) },
            trainingShare: arguments[Self.trainingShare], mayBeNone: !systems.isEmpty,
            note: { console.note($0) }
        ) { unlabelled.append($0.key) }
        // The entities of a system have faults.csv instead.
        if systems.isEmpty, let first = unlabelled.first {
            let others = unlabelled.count > 1 ? " and \(Quantity.count(unlabelled.count - 1, "other"))" : ""
            console.note("\(first)\(others): no column that marks anomalies, no label file and no window; not judged")
        }
        let threads = arguments[optional: Self.threads] ?? ProcessInfo.processInfo.activeProcessorCount
        let started = ContinuousClock.now
        let (results, notes) = try BenchmarkRun(
            entities: entities, methods: methods, folder: report, seed: arguments[Self.seed],
            budget: arguments[Self.budget],
            models: BenchmarkModels(
                entities: entities, reader: reader, rules: rules, seed: arguments[Self.seed]), console: console
        ).results(threads: threads)
        guard !results.isEmpty || !systems.isEmpty else {
            throw CommandLineError(.data, "nothing could be judged: " + (notes.first ?? "no method was chosen"))
        }
        for note in notes + LearnedBeginning.notes(results) { console.note(note) }
        if !systems.isEmpty { console.progress("looking for culprits in \(Quantity.count(systems.count, "system"))") }
        let localization = try LocalizationReport(
            systems, options: reader, rules: rules, falseAlarmsPerDay: arguments[Self.budget])
        console.clearProgress()
        let summary = BenchmarkReport(
            results: results, methods: methods.map(\.name), localization: localization, seed: arguments[Self.seed])
        let text = summary.text
        try FileContents.writeAtomically(
            Array((try Console.json(summary, pretty: true) + "\n").utf8), to: report.path("report.json"))
        try FileContents.writeAtomically(Array((text + "\n").utf8), to: report.path("tables.txt"))
        switch arguments[Self.format] {
        case .json: try console.printJSON(summary)
        case .table:
            console.print(text)
            let seconds = Double((ContinuousClock.now - started) / .seconds(1))
            console.note(
                "\(Quantity.count(entities.count, "entity", "entities")), \(Quantity.count(methods.count, "method")) in "
                    + "\(Quantity.seconds(seconds)); report in \(report.root)")
        }
    }
}

/// The windows of a file, or of all files of a folder.
private func windows(_ path: String, options: ReaderOptions) throws -> LabelWindows {
    let files = LabelWindows.preferred(LabelWindows.files(in: path))
    return try LabelWindows(contentsOf: files.isEmpty ? [path] : files, options: options)
}

/// How thresholds follow a stream, as an option's value.
enum AdaptationOption: String, ChoiceOptionValue {
    case fixed, level, tail

    var value: ThresholdAdaptation { ThresholdAdaptation(rawValue: rawValue) ?? .fixed }
}

/// What help texts say of drift.
enum DriftText {
    static let text = drift + "\n\n" + adaptation

    static let drift = """
        --drift puts slow changes of normal operation into the part that is judged; labels stay. With m and s mean and \
        standard deviation of a metric in the training part, and r growing evenly from 0 to SIGMAS over the rows, a \
        value v becomes m + (1 + b·r)·(v − m) + r·s·(a + c·sin 2π(day − φ)); a (level, −1…1), b (scale, 0…½), c (daily \
        rhythm, 0…1) and φ are drawn for each metric from the seed. Counters drift in their increments.
        """

    static let adaptation =
        "--adaptation: "
        + ThresholdAdaptation.allCases.map { "\($0.rawValue): \($0.meaning)" }.joined(separator: "; ") + "."
}
