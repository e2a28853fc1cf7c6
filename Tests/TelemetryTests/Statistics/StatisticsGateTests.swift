import Foundation
import Numerics
import Platform
import Telemetry
import Testing

/// Statistics as a worker sends them, changed on the way.
private enum Samples {
    static let rules = GroupRules(rules: [.init(group: "physical.cpu", metrics: ["cpu*"])])

    /// One entity: a counter, a level and one that stands still.
    static func statistics(
        entity: String = "enb0", seed: UInt64 = 1, scale: Double = 1, offset: Double = 0, step: Double = 1,
        rows: Int = 400
    ) -> TelemetryStatistics {
        var generator = CounterBasedGenerator(seed: seed, purpose: "statistics gate")
        var total = 0.0
        var values: [Double] = []
        for _ in 0..<rows {
            total += Double(Int(generator.uniform() * 100))
            values += [offset + scale * (10 + generator.uniform()), total, 3, generator.uniform() < 0.1 ? .nan : 0.5]
        }
        var result = TelemetryStatistics()
        result.add(
            MetricFrame(
                schema: ["cpu_load", "cpu_seconds", "cpu_count", "other"], firstRow: 0,
                times: (0..<rows).map { 1_000 + Double($0) * step }, values: values),
            site: "site1", entity: entity, type: "enb", rules: rules)
        return result
    }

    /// The statistics after somebody has changed their text.
    static func changed(
        _ statistics: TelemetryStatistics, _ change: (inout [String: Any]) -> Void
    ) throws -> TelemetryStatistics {
        let bytes = try DeterministicJSON.encode(statistics, pretty: false)
        var object = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
        change(&object)
        let text = try JSONSerialization.data(withJSONObject: object)
        return try DeterministicJSON.decode(TelemetryStatistics.self, from: Array(text))
    }

    /// Sets a value at a path below `types`.
    static func set(_ object: inout [String: Any], _ path: [String], _ value: Any?) {
        guard let first = path.first else { return }
        guard path.count > 1 else {
            object[first] = value
            return
        }
        var inner = object[first] as? [String: Any] ?? [:]
        set(&inner, Array(path.dropFirst()), value)
        object[first] = inner
    }
}

@Suite struct StatisticsGateTests {
    private let gate = StatisticsGate()

    /// What a worker's own samples have that would be refused is taken out before it is sent: the rest counts.
    @Test func whatIsFlawedCostsTheRestNothing() {
        let long = String(repeating: "x", count: 5_000)
        for name in ["cpu\u{200B}", "a\tb", "right\u{202E}left", long] {
            var statistics = TelemetryStatistics()
            let frame = MetricFrame(
                schema: ["cpu_load", name], firstRow: 0, times: (0..<50).map { 1_000 + Double($0) },
                values: (0..<100).map { Double($0 % 7) })
            statistics.add(frame, site: "site1", entity: "enb0", type: "enb", rules: Samples.rules)
            #expect(flaw(statistics) != nil)
            #expect(gate.sift(&statistics).count == 1)
            #expect(statistics.types["enb"]?.columnNames == ["cpu_load"] && flaw(statistics) == nil)
        }
        // Two rows, one of before the clock was set.
        var sound = Samples.statistics()
        var device = TelemetryStatistics()
        let frame = MetricFrame(schema: ["cpu_load"], firstRow: 0, times: [5, 1.7e9], values: [1, 2])
        device.add(frame, site: "site1", entity: "edge7", type: "enb", rules: Samples.rules)
        let found = gate.sift(&device)
        #expect(found.count == 1 && found[0].contains("edge7") && device.isEmpty)
        #expect(gate.sift(&sound).isEmpty && sound == Samples.statistics())
        sound.merge(device)
        #expect(flaw(sound) == nil)
    }

    private func flaw(_ statistics: TelemetryStatistics, entities: Set<String>? = ["site1/enb0"]) -> String? {
        gate.flaw(in: statistics, of: entities, rules: Samples.rules)
    }

    @Test func realSamplesPass() throws {
        for seed in 1...20 as ClosedRange<UInt64> {
            let statistics = Samples.statistics(seed: seed, scale: seed % 2 == 0 ? 1e-9 : 1e9, rows: Int(seed) * 37)
            #expect(flaw(statistics) == nil)
            // And after their way over the wire.
            #expect(flaw(try Samples.changed(statistics) { _ in }) == nil)
        }
        #expect(flaw(Samples.statistics(step: 0.001)) == nil)
        #expect(TelemetryStatistics().isEmpty && flaw(TelemetryStatistics()) == nil)
        #expect(!Samples.statistics().isEmpty)
    }

    @Test func extremeValuesPass() {
        for values in [
            [1e200, -1e200, 3], [.greatestFiniteMagnitude, -.greatestFiniteMagnitude, 0], [1e-300, 0, -0.0],
        ] {
            var statistics = TelemetryStatistics()
            statistics.add(
                MetricFrame(schema: ["x"], firstRow: 0, times: [0, 1, 2], values: values), site: "site1",
                entity: "enb0",
                type: "enb", rules: Samples.rules)
            #expect(flaw(statistics) == nil, "\(values)")
        }
    }

    @Test func whatIsAnothersIsRefused() throws {
        #expect(flaw(Samples.statistics(entity: "ue0"))?.contains("site1/ue0") == true)
        #expect(flaw(Samples.statistics(entity: "ue0"), entities: nil) == nil)
    }

    @Test func clocksThatCannotBe() throws {
        #expect(flaw(Samples.statistics(step: 1e-6))?.contains("step") == true)
        #expect(flaw(Samples.statistics(step: 1e8))?.contains("step") == true)
        let paths: [([String], Any)] = [
            (["rows"], 3), (["rows"], UInt64.max), (["firstTime"], 1e300), (["duplicates"], UInt64.max),
            (["backwardSteps"], 1), (["steps", "keys"], [0] as [Int]),
        ]
        for (path, value) in paths {
            let bad = try? Samples.changed(Samples.statistics()) {
                Samples.set(&$0, ["types", "enb", "clocks", "site1/enb0"] + path, value)
            }
            #expect(bad.map { flaw($0) != nil } ?? true, "\(path) = \(value)")
        }
    }

    @Test func numbersThatContradictEachOther() throws {
        let paths: [([String], Any)] = [
            (["level", "count"], 7), (["level", "missing"], UInt64.max), (["level", "maximum"], 1e12),
            (["level", "minimum"], -1e12), (["position"], -1), (["increases"], 100_000), (["fractions"], 100_000),
            (["levelRanges", "site1/enb0", "high"], 1e12),
            (["levelRanges", "elsewhere/x"], ["low": 1.0, "high": 2.0]),
            (["level", "sum", "digits"], [1, 2, 3]), (["level", "sumOfSquares", "digits"], [0, 0, 1]),
            (["level", "sum", "invalids"], 1), (["rateRanges"], [String: Any]()),
            (["level", "sketch", "weights"], [400]), (["level", "sketch", "keys"], [1]),
        ]
        for (path, value) in paths {
            let bad = try? Samples.changed(Samples.statistics()) {
                Samples.set(&$0, ["types", "enb", "columns", "cpu_seconds"] + path, value)
            }
            #expect(bad.map { flaw($0) != nil } ?? true, "\(path) = \(value)")
        }
    }

    @Test func tooManyGroupsAndNamesThatAreNone() {
        var statistics = TelemetryStatistics()
        for index in 0..<4_108 {
            statistics.add(
                MetricFrame(schema: ["cpu"], firstRow: 0, times: [0, 1], values: [1, 2]), site: "s",
                entity: "e\(index)",
                type: "t\(index)", rules: Samples.rules)
        }
        #expect(flaw(statistics, entities: nil)?.contains("4096 groups") == true)
        for name in ["a\nb", "a\u{202E}b", String(repeating: "x", count: 5_000)] {
            var odd = TelemetryStatistics()
            odd.add(
                MetricFrame(schema: [name], firstRow: 0, times: [0, 1], values: [1, 2]), site: "s", entity: "e",
                type: "t", rules: Samples.rules)
            #expect(flaw(odd, entities: nil)?.contains("column '") == true)
        }
    }

    // MARK: Together

    private func comparison(_ parts: [(String, TelemetryStatistics)]) -> StatisticsComparison {
        StatisticsComparison(parts.map { (sender: $0.0, statistics: $0.1) }, gate: gate)
    }

    @Test func anotherUnitIsRefusedWithItsSender() {
        let honest = [("a", Samples.statistics(seed: 1)), ("b", Samples.statistics(seed: 2))]
        #expect(comparison(honest).refused.isEmpty && comparison(honest).leftOut.isEmpty)
        for position in 0...2 {
            var parts = honest
            parts.insert(("mallory", Samples.statistics(seed: 3, scale: 1e12)), at: position)
            let found = comparison(parts)
            #expect(Array(found.refused.keys) == ["mallory"])
            #expect(found.refused["mallory"]?.contains("cpu_load") == true)
        }
        // Also where there is only one other.
        #expect(
            Array(comparison([honest[0], ("mallory", Samples.statistics(seed: 3, scale: 1e12))]).refused.keys)
                == ["mallory"])
    }

    @Test func oneThatShiftsAMetricDoesNotCountForItsScale() {
        var parts = (1...3).map { ("w\($0)", Samples.statistics(seed: UInt64($0))) }
        parts.append(("mallory", Samples.statistics(seed: 9, offset: 1e6)))
        let found = comparison(parts)
        #expect(found.refused.isEmpty)
        #expect(found.leftOut == ["mallory": ["enb": ["cpu_load"]]])
        // Sites that differ by what sites differ by all count.
        parts[3] = ("busy", Samples.statistics(seed: 9, scale: 50, offset: 200))
        #expect(comparison(parts).leftOut.isEmpty)
        // And of two nobody can say which is off.
        #expect(comparison([parts[0], ("x", Samples.statistics(seed: 9, offset: 1e6))]).leftOut.isEmpty)
    }

    /// Two of five who say the same are each other's others: it is the typical one that each is held against.
    @Test func twoOfFiveDoNotHideBehindOneAnother() {
        var parts = (1...3).map { ("w\($0)", Samples.statistics(seed: UInt64($0))) }
        for name in ["mallory", "trudy"] { parts.append((name, Samples.statistics(seed: 9, scale: 1_000))) }
        let found = comparison(parts)
        #expect(found.refused.isEmpty)
        #expect(found.leftOut == ["mallory": ["enb": ["cpu_load"]], "trudy": ["enb": ["cpu_load"]]])
        // Nor do those who come later, when not all are held any more.
        var early = comparison(Array(parts.prefix(3)))
        early.add(parts[3].1, from: "mallory")
        early.add(Samples.statistics(seed: 10, scale: 20), from: "busy")
        #expect(early.leftOut == ["mallory": ["enb": ["cpu_load"]]])
        // Two that are busier than the others count.
        for index in 3...4 { parts[index].1 = Samples.statistics(seed: UInt64(index), scale: 50, offset: 200) }
        #expect(comparison(parts).leftOut.isEmpty)
    }

    /// However many rows one claims, they count for three times the median of all.
    @Test func numbersOfRowsDoNotSetTheScale() {
        let honest = (1...4).map { ("w\($0)", Samples.statistics(seed: UInt64($0))) }
        #expect(comparison(honest).weights.isEmpty)
        let many = Samples.statistics(seed: 9, offset: 300, rows: 40_000)
        let weights = comparison(honest + [("mallory", many)]).weights
        #expect(weights == ["mallory": ["enb": .init(claimed: 40_000, counted: 1_200)]])
        var weighed = many
        weighed.weigh(weights["mallory"] ?? [:])
        let (all, part) = (many.types["enb"]?.columns["cpu_load"], weighed.types["enb"]?.columns["cpu_load"])
        #expect(part?.level.sketch.count == 1_200 && part?.level.count == 40_000)
        let quantiles = [0.1, 0.5, 0.9].map { (all?.level.quantile($0) ?? 0, part?.level.quantile($0) ?? .nan) }
        #expect(quantiles.allSatisfy { ($0 - $1).magnitude < 0.02 }, "\(quantiles)")
        #expect(weighed.types["enb"]?.columns["cpu_seconds"]?.isCounter == true)
        #expect(weighed.types["enb"]?.rows == 40_000, "what is claimed of rows is looked at elsewhere")
        // Of two nobody can say which is off.
        #expect(comparison([honest[0], ("mallory", many)]).weights.isEmpty)
    }
}
