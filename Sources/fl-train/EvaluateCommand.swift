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
        "the truth: data files with a label column or folders of them, matched by entity; files of labels alone (label "
            + "and time, or index); or windows of time: CSV with start,end[,entity][,kind] (seconds since 1970 or "
            + "dates), or JSON as NAB's combined_windows.json")
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

            Data files are read as every other command reads them. A file of labels alone is matched by time where it has \
            a column of times, else by its index, which counts rows as the scores do and may leave normal rows out, else \
            by the order of its rows; labels that are of other rows are refused. Labels are of the entity with the same \
            site and name, or of the only one of that name. How many rows are labelled is printed; more than half of them \
            is said, and all of them is refused. What is not defined, such as the precision of an entity without an event \
            or an alarm, is '-', and left out of means.

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
        let search = try TruthSearch(
            arguments[Self.labels], interpretation: arguments[optional: Self.interpretation], of: series.map(\.entity),
            options: DataOptions.readerOptions(arguments))
        let causes = try causes(arguments, console)
        var entities: [Measures] = []
        var notes = SourceNotes()
        var reasons: [String] = []
        for series in series {
            console.progress("evaluating \(series.entity)")
            func leaveOut(_ reason: String) {
                reasons.append("\(series.entity): \(reason)")
                notes.add([reason + "; left out"], of: series.entity)
            }
            switch try search.truth(of: series, file: path) {
            case .none(let reason): leaveOut(reason)
            case .found(let truth):
                let share = LabelledShare(truth.isAnomalous)
                if let refusal = share.refusal {
                    leaveOut(refusal)
                    continue
                }
                notes.add(truth.notes + [share.doubt].compactMap(\.self), of: series.entity)
                entities.append(
                    try Measures(
                        of: series, truth: truth, causes: causes?[series.entity], repetitions: arguments[Self.random]))
            }
        }
        guard let first = series.first, !entities.isEmpty else {
            throw CommandLineError(
                .data,
                "\(path): found no entity with labels (\(reasons.prefix(3).joined(separator: "; "))); expected labels of "
                    + series.map(\.entity).prefix(4).joined(separator: ", "))
        }
        console.clearProgress()
        for note in search.notes { console.note(note) }
        guard entities.contains(where: { $0.anomalousSamples > 0 }) else {
            throw CommandLineError(
                .data,
                "\(arguments[Self.labels].joined(separator: ", ")): found no anomaly among the scored rows of "
                    + "\(entities.count == 1 ? entities[0].entity : "any entity"), expected at least one between "
                    + "\(SampleTime.text(first.times.min() ?? 0)) and \(SampleTime.text(first.times.max() ?? 0))")
        }
        notes.say(console)
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

    private enum Key: String, CodingKey {
        case entity, samples, anomalousSamples, vusPR, aucPR, auROC, bestF1Oracle, alarms, hitRate100, hitRate150, ndcg5
        case pointAdjustedF1Oracle, pointAdjustedF1OfRandomScores
    }

    /// Measures that cannot be had are `null`.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(entity, forKey: .entity)
        try container.encode(samples, forKey: .samples)
        try container.encode(anomalousSamples, forKey: .anomalousSamples)
        try container.encode(alarms, forKey: .alarms)
        let measures: [(Key, Double?)] = [
            (.vusPR, vusPR), (.aucPR, aucPR), (.auROC, auROC), (.bestF1Oracle, bestF1Oracle), (.hitRate100, hitRate100),
            (.hitRate150, hitRate150), (.ndcg5, ndcg5), (.pointAdjustedF1Oracle, pointAdjustedF1Oracle),
            (.pointAdjustedF1OfRandomScores, pointAdjustedF1OfRandomScores),
        ]
        for (key, value) in measures { try container.encode(value, forKey: key) }
    }

    var share: LabelledShare {
        LabelledShare(samples: samples, anomalous: anomalousSamples, events: alarms.eventCount)
    }

    init(of series: ScoredSeries, truth: EvaluationTruth, causes: CauseTable?, repetitions: Int) throws {
        let truths = truth.isAnomalous
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
    var mean: [String: Double?]

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
            mean[column.key] = .some(Self.mean(values))
        }
        mean["meanDelaySeconds"] = .some(Self.mean(entities.compactMap(\.alarms.meanDelaySeconds)))
    }

    /// What cannot be said is `null` in the JSON: every key is there.
    private static func mean(_ values: [Double]) -> Double? {
        values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }

    var text: String {
        let columns = Self.columns.filter { column in entities.contains { column.value($0) != nil } }
        var table = Table(["entity", "labelled", "found"] + columns.map(\.name) + ["delay"])
        for entity in entities {
            table.add(
                [entity.entity, entity.share.text, "\(entity.alarms.foundEventCount)/\(entity.alarms.eventCount)"]
                    + columns.map { column in column.value(entity).map { Quantity.fixed($0, 3) } ?? "-" }
                    + [Quantity.seconds(entity.alarms.meanDelaySeconds)])
        }
        if entities.count > 1 {
            table.add(
                ["mean", "", ""]
                    + columns.map { column in (mean[column.key] ?? nil).map { Quantity.fixed($0, 3) } ?? "-" }
                    + [Quantity.seconds(mean["meanDelaySeconds"] ?? nil)])
        }
        return table.text + "\n\n* with the best threshold in hindsight, which nobody has: for comparison only"
    }
}
