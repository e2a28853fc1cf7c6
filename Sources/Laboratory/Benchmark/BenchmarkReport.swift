import CommandLine
import Numerics
import Watching

/// Everything a benchmark found: `report.json`, and the tables for people.
struct BenchmarkReport: Encodable {
    /// A mean over entities (or events) with its bootstrap interval.
    struct Cell: Encodable {
        let mean: Double
        /// 95 % percentile bootstrap over entities (for causes: over events).
        let lower: Double
        let upper: Double
    }

    /// One method on one set.
    struct Row: Encodable {
        let method: String
        let averagePrecision: Cell?
        let volumeUnderPR: Cell?
        let areaUnderROC: Cell?
        let oracleF1: Cell?
        /// Score above threshold, threshold from training data: harmonic mean of sample precision and event recall.
        let eventF1: Cell?
        let samplePrecision: Cell?
        let eventRecall: Cell?
        let alarmShare: Cell?
        let delaySeconds: Cell?
        let falseAlarmsPerDay: Cell?
        let hitRate100: Cell?
        let hitRate150: Cell?
        let discountedGain5: Cell?
        let pointAdjustedF1: Cell?
        let randomPointAdjustedF1: Cell?
        let trainingSeconds: Double
        let scoringSeconds: Double
        let entities: [BenchmarkResult]
    }

    /// One set.
    struct SetReport: Encodable {
        let set: String
        let entityCount: Int
        /// Rows judged, anomalous ones among them, and their runs, of all entities together.
        let samples: Int
        let anomalousSamples: Int
        let events: Int
        let rows: [Row]
        /// The shipped default over the best other method, each with its own best.
        let averagePrecisionRatio: Double?
        let volumeUnderPRRatio: Double?
        let eventF1Ratio: Double?
    }

    let version = Tool.version
    let shippedMethod = DetectionMethod.shipped.name
    let sets: [SetReport]
    /// How well the shipped method's fingerprints name the faults of all sets; `nil` when no kind is known.
    let recognition: FaultRecognition?
    /// How well the states that its fingerprints make are the kinds of faults; `nil` when no kind is known.
    let states: StateAgreement?

    /// How well incidents tell where they began; `nil` without a system of labelled faults.
    let localization: LocalizationReport?
    /// What the method that is best on the other sets gives on each; empty with one set.
    let leaveOneSetOut: [MethodChoice]

    /// A method that was chosen without a set, and what it gives there.
    struct MethodChoice: Encodable {
        let set: String
        let measure: String
        let chosen: String
        let value: Double
        let best: String
        let bestValue: Double
        let shipped: Double?
    }

    init(results: [BenchmarkResult], methods: [String], localization: LocalizationReport?, seed: UInt64) {
        self.localization = localization
        recognition = FaultRecognition(
            results.filter { $0.method == DetectionMethod.shipped.name }.map(\.faults))
        states = StateAgreement(
            results.filter { $0.method == DetectionMethod.shipped.name }.flatMap(\.faults))
        var order: [String] = []
        for result in results where !order.contains(result.set) { order.append(result.set) }
        sets = order.map { set in
            let rows = methods.map { method in
                Row(method, results.filter { $0.set == set && $0.method == method }, seed: seed)
            }
            // Parts of the shipped method are no other methods.
            let others = rows.filter { !$0.method.hasPrefix(DetectionMethod.shipped.name) && $0.method != "random" }
            let shipped = rows.first { $0.method == DetectionMethod.shipped.name }
            func ratio(_ cell: (Row) -> Cell?) -> Double? {
                guard let ours = shipped.flatMap(cell)?.mean, let best = others.compactMap({ cell($0)?.mean }).max(),
                    best > 0
                else { return nil }
                return ours / best
            }
            let judged = Dictionary(
                rows.flatMap(\.entities).map { ($0.entity, $0.measures) }, uniquingKeysWith: { first, _ in first }
            ).values
            return SetReport(
                set: set, entityCount: judged.count, samples: judged.reduce(0) { $0 + $1.samples },
                anomalousSamples: judged.reduce(0) { $0 + $1.anomalousSamples },
                events: judged.reduce(0) { $0 + $1.alarms.eventCount }, rows: rows,
                averagePrecisionRatio: ratio(\.averagePrecision), volumeUnderPRRatio: ratio(\.volumeUnderPR),
                eventF1Ratio: ratio(\.eventF1))
        }
        leaveOneSetOut = Self.choices(sets)
    }

    /// The tables.
    var text: String {
        (sets.map(\.text) + [choiceText, recognition?.text, states?.text, localization?.text].compactMap(\.self))
            .joined(separator: "\n\n")
    }

    private var choiceText: String? {
        guard !leaveOneSetOut.isEmpty else { return nil }
        var table = Table(["set", "measure", "best on the other sets", "here", "best here", "", "default"])
        for choice in leaveOneSetOut {
            table.add([
                choice.set, choice.measure, choice.chosen, Quantity.fixed(choice.value, 3), choice.best,
                Quantity.fixed(choice.bestValue, 3), choice.shipped.map { Quantity.fixed($0, 3) } ?? "-",
            ])
        }
        return "leave-one-set-out: the method with the best mean on the other sets\n\n" + table.text
    }

    /// For each set and measure the method that has the best mean on the other sets.
    private static func choices(_ sets: [SetReport]) -> [MethodChoice] {
        guard sets.count > 1 else { return [] }
        let measures: [(name: String, cell: (Row) -> Cell?)] = [
            ("AUC-PR", { $0.averagePrecision }), ("VUS-PR", { $0.volumeUnderPR }), ("event F1", { $0.eventF1 }),
        ]
        return sets.flatMap { set in
            measures.compactMap { measure -> MethodChoice? in
                func mean(_ method: String, _ sets: [SetReport]) -> Double? {
                    let values = sets.compactMap { set in
                        set.rows.first { $0.method == method }.flatMap(measure.cell)?.mean
                    }
                    return values.count == sets.count ? values.reduce(0, +) / Double(max(1, values.count)) : nil
                }
                func best(_ sets: [SetReport]) -> (method: String, value: Double)? {
                    set.rows.compactMap { row in mean(row.method, sets).map { (row.method, $0) } }.max { $0.1 < $1.1 }
                }
                guard let chosen = best(sets.filter { $0.set != set.set }), let value = mean(chosen.method, [set]),
                    let here = best([set])
                else { return nil }
                return MethodChoice(
                    set: set.set, measure: measure.name, chosen: chosen.method, value: value, best: here.method,
                    bestValue: here.value, shipped: mean(DetectionMethod.shipped.name, [set]))
            }
        }
    }
}

extension BenchmarkReport.Row {
    init(_ method: String, _ results: [BenchmarkResult], seed: UInt64) {
        func cell(_ values: [Double]) -> BenchmarkReport.Cell? {
            var generator = CounterBasedGenerator(seed: seed, purpose: "bootstrap")
            return BootstrapInterval(meanOf: values, generator: &generator).map {
                BenchmarkReport.Cell(mean: $0.mean, lower: $0.lower, upper: $0.upper)
            }
        }
        func over(_ value: (EntityMeasures) -> Double?) -> BenchmarkReport.Cell? {
            cell(results.compactMap { value($0.measures) })
        }
        self.method = method
        averagePrecision = over(\.averagePrecision)
        volumeUnderPR = over(\.volumeUnderPR)
        areaUnderROC = over(\.areaUnderROC)
        oracleF1 = over(\.oracleF1)
        eventF1 = over(\.alarms.eventF1)
        samplePrecision = over(\.alarms.samplePrecision)
        eventRecall = over(\.alarms.eventRecall)
        alarmShare = over { $0.alarms.alarmShare }
        delaySeconds = over(\.alarms.meanDelaySeconds)
        falseAlarmsPerDay = over { $0.alarms.falseAlarmsPerDay }
        // A method that cannot rank metrics has no say in causes.
        let ranks = method != "random"
        hitRate100 = ranks ? cell(results.flatMap(\.measures.hitRate100)) : nil
        hitRate150 = ranks ? cell(results.flatMap(\.measures.hitRate150)) : nil
        discountedGain5 = ranks ? cell(results.flatMap(\.measures.discountedGain5)) : nil
        pointAdjustedF1 = over(\.pointAdjustedF1)
        randomPointAdjustedF1 = over(\.randomPointAdjustedF1)
        trainingSeconds = results.reduce(0) { $0 + $1.trainingSeconds }
        scoringSeconds = results.reduce(0) { $0 + $1.scoringSeconds }
        entities = results
    }
}

extension BenchmarkReport.SetReport {
    var text: String {
        var table = Table([
            "method", "AUC-PR", "[95 %]", "VUS-PR", "[95 %]", "AUROC", "event F1", "precision", "recall", "in alarm",
            "delay", "false/day", "HR@100", "HR@150", "NDCG@5", "PA-F1", "s",
        ])
        func number(_ cell: BenchmarkReport.Cell?) -> String { cell.map { Quantity.fixed($0.mean, 3) } ?? "-" }
        func interval(_ cell: BenchmarkReport.Cell?) -> String {
            cell.map { "\(Quantity.fixed($0.lower, 2))–\(Quantity.fixed($0.upper, 2))" } ?? "-"
        }
        func rate(_ cell: BenchmarkReport.Cell?) -> String { cell.map { Quantity.fixed($0.mean, 2) } ?? "-" }
        for row in rows {
            table.add([
                row.method, number(row.averagePrecision), interval(row.averagePrecision), number(row.volumeUnderPR),
                interval(row.volumeUnderPR), number(row.areaUnderROC), number(row.eventF1), number(row.samplePrecision),
                number(row.eventRecall), row.alarmShare.map { Quantity.fixed(100 * $0.mean, 1) + " %" } ?? "-",
                Quantity.seconds(row.delaySeconds?.mean), rate(row.falseAlarmsPerDay),
                number(row.hitRate100), number(row.hitRate150),
                number(row.discountedGain5), number(row.pointAdjustedF1),
                Quantity.fixed(row.trainingSeconds + row.scoringSeconds, 1),
            ])
        }
        let share = LabelledShare(samples: samples, anomalous: anomalousSamples, events: events)
        var lines = [
            "\(set): mean over \(Quantity.count(entityCount, "entity", "entities")); labelled anomalous: \(share.text) of "
                + "\(Quantity.count(samples, "judged row")), in \(Quantity.count(events, "event"))", "", table.text, "",
        ]
        if let random = rows.first?.randomPointAdjustedF1 {
            lines.append("PA-F1 (point-adjusted) flatters: random scores get \(Quantity.fixed(random.mean, 3)) here.")
        }
        lines.append(
            "[95 %]: bootstrap over entities. event F1, precision, recall, in alarm, delay, false/day: score above a "
                + "threshold from training data; HR, NDCG: mean over events.")
        if let precision = averagePrecisionRatio, let volume = volumeUnderPRRatio, let events = eventF1Ratio {
            lines.append(
                "default against the best other method of each: AUC-PR × \(Quantity.fixed(precision, 2)), VUS-PR × "
                    + "\(Quantity.fixed(volume, 2)), event F1 × \(Quantity.fixed(events, 2))")
        }
        guard entityCount > 1 else { return lines.joined(separator: "\n") }
        lines += ["", "per entity, AUC-PR / VUS-PR / event F1", "", entityTable]
        return lines.joined(separator: "\n")
    }

    private var entityTable: String {
        // A method may have no result for an entity that others have one for.
        var names: [String] = []
        for entity in rows.flatMap(\.entities) where !names.contains(entity.entity) { names.append(entity.entity) }
        var table = Table(["method"] + names)
        for row in rows {
            let found = Dictionary(
                row.entities.map { ($0.entity, $0.measures) }, uniquingKeysWith: { first, _ in first })
            table.add(
                [row.method]
                    + names.map { name in
                        guard let measures = found[name] else { return "-" }
                        return [measures.averagePrecision, measures.volumeUnderPR, measures.alarms.eventF1]
                            .map { $0.map { Quantity.fixed($0, 2) } ?? "-" }.joined(separator: "/")
                    })
        }
        return table.text
    }
}
