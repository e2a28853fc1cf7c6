import CommandLine
import FoundationEssentials
import Laboratory
import Numerics
import Platform
import Services
import Telemetry
import Watching

/// `fl-train evaluate`: scores against labels.
struct EvaluateCommand: Command {
    static let scores = Option<String>.required("scores", "FILE", "scores as 'fl-train score' writes them")
    static let labels = Option<[String]>.required(
        "labels", "PATH",
        "the truth: an index,label file, a data file with a label column, or a folder of them, matched by entity; or windows "
            + "of time for any entities: CSV with start,end[,entity][,kind] (seconds since 1970 or dates), or JSON as "
            + "NAB's combined_windows.json")
    static let interpretation = Option<String>.optional(
        "interpretation", "FILE",
        "which metrics caused each anomaly, for one entity; found beside the labels when they are a folder")
    static let metricScores = Option<String>.optional(
        "metric-scores", "FILE", "per-metric scores for root causes; those beside the scores when there are any")
    static let group = Option<String>(
        "group", "NAME", default: EntityModel.combinedGroup, "the scored group to evaluate")
    static let random = Option<Int>(
        "random", "N", default: 20, "random scores to average for the point-adjusted comparison",
        constraint: "1 to 1000",
        valid: { (1...1000).contains($0) })
    static let format = Option<OutputFormat>("format", "FORMAT", default: .table, "how to print the measures")

    static let manual = CommandManual(
        name: "evaluate", summary: "measure scores against labels: VUS-PR, AUC-PR, events, delay, false alarms, causes",
        discussion: """
            Threshold-free: VUS-PR (labels extended by up to 100 samples, as TSB-AD defines it), AUC-PR, AUROC, and the \
            best F1 that any threshold would reach (an oracle, for comparison only). With the scores' own alarms: event \
            F1 (harmonic mean of sample precision and event recall), the share of time in alarm, the mean delay, false \
            alarms a day. With an interpretation file and per-metric scores: HitRate@100 and @150, NDCG@5.

            Point-adjusted F1 is printed beside the value that random scores get on the same labels, because it says \
            little alone.
            """,
        examples: [
            .init("fl-train evaluate --scores scores.csv --labels host_test.csv", "one entity"),
            .init(
                "fl-train evaluate --scores scores.csv --labels set/ --format json",
                "every entity of a folder, with interpretation files found there"),
        ],
        options: [scores, labels, interpretation, metricScores, group, random, format] + DataOptions.reading)

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let path = arguments[Self.scores]
        let group = arguments[Self.group]
        let all = try ScoresTable.read(try FileContents.read(path), file: path)
        let series = all.filter { $0.group == group }
        guard !series.isEmpty else {
            let groups = Set(all.map(\.group)).sorted().joined(separator: ", ")
            throw CommandLineError(
                .data,
                "\(path): found no score of group '\(group)'"
                    + (groups.isEmpty ? ", expected rows below the header" : "; it has \(groups)"))
        }
        let truths: [Truth?]
        if let file = arguments[Self.labels].first, arguments[Self.labels].count == 1, LabelWindows.isWindows(file) {
            let windows = try LabelWindows(contentsOf: file)
            truths = series.map { Truth(windows.about($0.entity), of: $0) }
        } else {
            truths = try Truth.find(
                for: series.map(\.entity), labels: arguments[Self.labels],
                interpretation: arguments[optional: Self.interpretation], options: DataOptions.readerOptions(arguments))
        }
        let causes = try causes(arguments, console)
        var entities: [Measures] = []
        for (index, series) in series.enumerated() {
            console.progress("evaluating \(series.entity)")
            guard let truth = truths[index] else {
                console.note("\(series.entity): no labels among those given; left out")
                continue
            }
            entities.append(
                try Measures(
                    of: series, truth: truth, causes: causes?[series.entity], repetitions: arguments[Self.random],
                    file: path))
        }
        guard !entities.isEmpty else {
            throw CommandLineError(
                .data,
                "\(path): found no entity with labels; expected labels of "
                    + series.map(\.entity).prefix(4).joined(separator: ", "))
        }
        let report = Report(group: group, entities: entities)
        switch arguments[Self.format] {
        case .json: try console.printJSON(report)
        case .table: console.print(report.text)
        }
    }

    private func causes(_ arguments: Arguments, _ console: Console) throws -> [String: CauseTable]? {
        let given = arguments[optional: Self.metricScores]
        let path = given ?? ScoreFileWriter.metricsPath(beside: arguments[Self.scores])
        guard given != nil || FileManager.default.fileExists(atPath: path) else { return nil }
        return try ScoresTable.readCauses(try FileContents.read(path), file: path)
    }
}

/// The truth about one entity.
private struct Truth {
    var labels: RowLabels
    var segments: [AnomalySegment]

    /// What windows of time say of each sample; `nil` where they say nothing of the entity.
    init?(_ windows: [LabelWindows.Window], of series: ScoredSeries) {
        guard !windows.isEmpty else { return nil }
        var values = [UInt8](repeating: 0, count: series.indices.count)
        for (index, time) in zip(series.indices, series.times) where values.indices.contains(index) {
            values[index] = windows.contains { time >= $0.start && time <= $0.end } ? 1 : 0
        }
        labels = RowLabels(values: values)
        segments = []
    }

    private init(labels: RowLabels, segments: [AnomalySegment]) {
        self.labels = labels
        self.segments = segments
    }

    /// The truth about each entity; `nil` where there is none.
    static func find(
        for entities: [String], labels paths: [String], interpretation: String?, options: ReaderOptions
    ) throws -> [Truth?] {
        func read(_ labels: String, _ interpretation: String?) throws -> Truth {
            let truth = Truth(
                labels: try RowLabels(contentsOf: labels, options: options),
                segments: try interpretation.map { try AnomalySegment.read(contentsOf: $0) } ?? [])
            let rows = truth.labels.values.count
            if let interpretation, let beyond = truth.segments.first(where: { $0.rows.upperBound > rows }) {
                throw CommandLineError(
                    .data,
                    "\(interpretation): found an anomaly in rows \(beyond.rows.lowerBound) to "
                        + "\(beyond.rows.upperBound - 1), expected rows below \(rows), the number of labels in \(labels)"
                )
            }
            return truth
        }
        var isFolder = false
        if paths.count == 1 { _ = FileManager.default.fileExists(atPath: paths[0], isDirectory: &isFolder) }
        if entities.count == 1, paths.count == 1, !isFolder { return [try read(paths[0], interpretation)] }
        if interpretation != nil {
            throw CommandLineError.usage(
                "--interpretation goes with one entity and one label file; found \(entities.count) entities and "
                    + "\(paths.count) paths")
        }
        let sources = try DataCatalog.discover(paths, options: options).filter { $0.part != .train }
        return try entities.map { entity in
            let exact = sources.filter { $0.key == entity }
            let named = sources.filter { entity == $0.entity || entity.hasSuffix("/\($0.entity)") }
            guard let source = exact.first ?? (named.count == 1 ? named.first : nil) else { return nil }
            return try read(source.labelFile ?? source.files[0], source.interpretationFile)
        }
    }
}

/// The measures of one entity.
private struct Measures: Encodable {
    var entity: String
    var samples: Int
    var anomalousSamples: Int
    var vusPR: Double?
    var aucPR: Double?
    var auROC: Double?
    var bestF1Oracle: Double?
    var alarms: AlarmMeasures
    var hitRate100: Double?
    var hitRate150: Double?
    var ndcg5: Double?
    var pointAdjustedF1Oracle: Double?
    var pointAdjustedF1OfRandomScores: Double?

    init(of series: ScoredSeries, truth: Truth, causes: CauseTable?, repetitions: Int, file: String) throws {
        let labels = truth.labels.values
        guard series.indices.sorted() == Array(labels.indices), !labels.isEmpty else {
            throw CommandLineError(
                .data,
                "\(file): found \(series.indices.count) scores of \(series.entity) with indices from "
                    + "\(series.indices.min() ?? 0) to \(series.indices.max() ?? 0), expected one for each of the "
                    + "\(labels.count) labels, from 0 to \(labels.count - 1)")
        }
        let truths = series.indices.map { labels[$0] != 0 }
        let scored = try LabelledScores(labels: truths, scores: series.scores)
        entity = series.entity
        samples = scored.count
        anomalousSamples = scored.positiveCount
        vusPR = scored.volumeUnderPrecisionRecall()
        aucPR = scored.averagePrecision()
        auROC = scored.areaUnderROC()
        bestF1Oracle = scored.bestF1()?.f1
        // Counted as thresholds and the benchmark count: what is close together is one alarm.
        alarms = try AlarmMeasures(
            labels: truths, alarms: series.alarms, stepSeconds: SampleTime.mean(of: series.times) ?? 1,
            mergeGap: DetectionMethod.shipped.alarmRule.mergeGap)
        pointAdjustedF1Oracle = scored.pointAdjustedF1()
        var generator = CounterBasedGenerator(seed: 0, purpose: "random scores")
        pointAdjustedF1OfRandomScores = try scored.randomPointAdjustedF1(
            repetitions: repetitions, generator: &generator)
        if let causes {
            let events = truth.segments.filter { !$0.metrics.isEmpty && !$0.rows.isEmpty }
            let rankings = events.map { (causes.ranking($0.rows), Set($0.metrics)) }
            func mean(_ measure: ([String], Set<String>) -> Double) -> Double? {
                rankings.isEmpty ? nil : rankings.reduce(0) { $0 + measure($1.0, $1.1) } / Double(rankings.count)
            }
            hitRate100 = mean { CauseMeasures.hitRate(ranking: $0, causes: $1, share: 1) }
            hitRate150 = mean { CauseMeasures.hitRate(ranking: $0, causes: $1, share: 1.5) }
            ndcg5 = mean { CauseMeasures.normalizedDiscountedGain(ranking: $0, causes: $1) }
        }
    }
}

/// The measures of all entities and their mean.
private struct Report: Encodable {
    var group: String
    var entities: [Measures]
    var mean: [String: Double]

    private static let columns: [(name: String, key: String, value: @Sendable (Measures) -> Double?)] = [
        ("VUS-PR", "vusPR", { $0.vusPR }), ("AUC-PR", "aucPR", { $0.aucPR }), ("AUROC", "auROC", { $0.auROC }),
        ("event F1", "eventF1", { $0.alarms.eventF1 }),
        ("precision", "samplePrecision", { $0.alarms.samplePrecision }),
        ("recall", "eventRecall", { $0.alarms.eventRecall }),
        ("in alarm", "alarmShare", { $0.alarms.alarmShare }),
        ("false/day", "falseAlarmsPerDay", { $0.alarms.falseAlarmsPerDay }),
        ("Hit@100", "hitRate100", { $0.hitRate100 }), ("Hit@150", "hitRate150", { $0.hitRate150 }),
        ("NDCG@5", "ndcg5", { $0.ndcg5 }),
        ("best F1 *", "bestF1Oracle", { $0.bestF1Oracle }),
        ("PA-F1 *", "pointAdjustedF1Oracle", { $0.pointAdjustedF1Oracle }),
        ("of random *", "pointAdjustedF1OfRandomScores", { $0.pointAdjustedF1OfRandomScores }),
    ]

    init(group: String, entities: [Measures]) {
        self.group = group
        self.entities = entities
        mean = [:]
        for column in Self.columns {
            let values = entities.compactMap(column.value)
            if !values.isEmpty { mean[column.key] = values.reduce(0, +) / Double(values.count) }
        }
        let delays = entities.compactMap(\.alarms.meanDelaySeconds)
        if !delays.isEmpty { mean["meanDelaySeconds"] = delays.reduce(0, +) / Double(delays.count) }
    }

    var text: String {
        let columns = Self.columns.filter { column in entities.contains { column.value($0) != nil } }
        var table = Table(["entity", "found"] + columns.map(\.name) + ["delay"])
        for entity in entities {
            table.add(
                [entity.entity, "\(entity.alarms.foundEventCount)/\(entity.alarms.eventCount)"]
                    + columns.map { column in column.value(entity).map { Quantity.fixed($0, 3) } ?? "-" }
                    + [Quantity.seconds(entity.alarms.meanDelaySeconds)])
        }
        if entities.count > 1 {
            table.add(
                ["mean", ""] + columns.map { column in mean[column.key].map { Quantity.fixed($0, 3) } ?? "-" }
                    + [Quantity.seconds(mean["meanDelaySeconds"])])
        }
        return table.text + "\n\n* with the best threshold in hindsight, which nobody has: for comparison only"
    }
}
