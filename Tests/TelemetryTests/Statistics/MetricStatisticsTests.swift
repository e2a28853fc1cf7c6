import Foundation
import Numerics
import Telemetry
import Testing

/// Statistics that add up in any order, against plain computations.
struct MetricStatisticsTests {
    static func values(_ seed: UInt64, _ count: Int) -> [Double] {
        var generator = CounterBasedGenerator(seed: seed, purpose: "statistics")
        return (0..<count).map { index in
            switch index % 7 {
            case 0: return 0
            case 1: return -generator.uniform() * 1e-6
            case 2: return .nan
            case 3: return 1.8e9 + Double(generator.next() % 100)
            default: return generator.normal() * 10
            }
        }
    }

    @Test("Any order of samples and merges gives the same state, in bytes", arguments: 1...8)
    func orderIndependence(seed: UInt64) throws {
        var generator = CounterBasedGenerator(seed: seed, purpose: "shuffle")
        let values = Self.values(seed, 6000)
        let expected = MetricStatistics(values)
        var parts = stride(from: 0, to: values.count, by: 613).map {
            MetricStatistics(values[$0..<min($0 + 613, values.count)].shuffled(using: &generator))
        }
        parts.shuffle(using: &generator)
        var merged = MetricStatistics()
        for part in parts { merged.merge(part) }
        #expect(merged == expected)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let (own, other) = (try encoder.encode(merged), try encoder.encode(expected))
        #expect(own == other)
        #expect(try JSONDecoder().decode(MetricStatistics.self, from: encoder.encode(merged)) == expected)
    }

    @Test("Mean and variance of large values with a small spread do not cancel")
    func cancellation() throws {
        let statistics = MetricStatistics((0..<1000).map { 1e9 + Double($0 % 2) * 1e-3 })
        let deviation = try #require(statistics.standardDeviation)
        // The values themselves are rounded to 2⁻²³ ≈ 1.2e-7.
        #expect(abs(deviation - 0.5e-3) < 1e-7)
        #expect(MetricStatistics([5, 5, 5]).variance == 0)
        #expect(MetricStatistics([]).mean == nil && MetricStatistics([.nan]).variance == nil)
        #expect(MetricStatistics([1, 2, 3, 4]).variance == 1.25)
    }

    @Test("Missing and infinite values only count")
    func missing() {
        let statistics = MetricStatistics([1, .nan, .infinity, 3])
        #expect(statistics.count == 2 && statistics.missing == 2)
        #expect(statistics.minimum == 1 && statistics.maximum == 3 && statistics.mean == 2)
    }

    @Test("Quantiles are exact for few different values")
    func exactQuantiles() {
        var sketch = QuantileSketch()
        for value in 1...1000 { sketch.add(Double(value) - 500) }
        #expect(sketch.droppedBits == 0)
        #expect(sketch.quantile(0) == -499 && sketch.quantile(0.5) == 0 && sketch.quantile(1) == 500)
        #expect(sketch.quantiles([0.999, 0.001]) == [499, -499])
        #expect(QuantileSketch().quantile(0.5) == nil)
    }

    @Test("Quantiles of many values lie within their bin's width, wherever the values lie", arguments: 1...6)
    func approximateQuantiles(seed: UInt64) throws {
        var generator = CounterBasedGenerator(seed: seed, purpose: "quantiles")
        let offset = [0, 1e9, -3, 1e-8, 0, 5][Int(seed - 1)]
        let scale = [1, 1e4, 0.1, 1e-8, 1e200, 0][Int(seed - 1)]
        let values = (0..<20_000).map { _ in offset + scale * generator.normal() }.sorted()
        var sketch = QuantileSketch()
        for value in values { sketch.add(value) }
        let width = Double(sign: .plus, exponent: sketch.droppedBits - 52, significand: 1)
        for share in [0.001, 0.005, 0.25, 0.5, 0.75, 0.995, 0.999] {
            let exact = values[max(0, Int((share * 20_000).rounded(.up)) - 1)]
            let found = try #require(sketch.quantile(share))
            #expect(abs(found - exact) <= width * max(abs(exact), abs(found)) + 1e-300, "share \(share)")
        }
    }

    @Test("Sketches that cannot be are refused")
    func badSketches() {
        for bad in [
            #"{"droppedBits":63,"keys":[],"weights":[]}"#, #"{"droppedBits":0,"keys":[1],"weights":[]}"#,
            #"{"droppedBits":0,"keys":[1,1],"weights":[1,1]}"#, #"{"droppedBits":0,"keys":[1],"weights":[0]}"#,
            #"{"droppedBits":0,"keys":[9221120237041090560],"weights":[1]}"#,
            #"{"droppedBits":40,"keys":[9221120237041090560],"weights":[1]}"#,
            #"{"droppedBits":0,"keys":[1,2],"weights":[18446744073709551615,1]}"#,
        ] {
            #expect(throws: DecodingError.self) {
                try JSONDecoder().decode(QuantileSketch.self, from: Data(bad.utf8))
            }
        }
    }

    @Test("Statistics of whole sources add up whatever the order of the sources")
    func sources() throws {
        let rules = try GroupRules.builtIn()
        func part(_ entity: String, _ seed: UInt64) -> TelemetryStatistics {
            var statistics = TelemetryStatistics()
            let values = Self.values(seed, 900)
            statistics.add(
                MetricFrame(
                    schema: ["a", "b_total", "c"], firstRow: 0, times: (0..<300).map { Double($0) * Double(seed) },
                    values: values), site: "s", entity: entity, type: "t", rules: rules)
            return statistics
        }
        let parts = [part("x", 1), part("y", 2), part("z", 3), part("x", 4)]
        var forward = TelemetryStatistics()
        for part in parts { forward.merge(part) }
        var backward = TelemetryStatistics()
        for part in parts.reversed() { backward.merge(part) }
        #expect(forward == backward)
        #expect(CleaningPipeline(fitting: forward, rules: rules) == CleaningPipeline(fitting: backward, rules: rules))
        #expect(forward.types["t"]?.clocks["s/y"]?.medianStep == 2)
    }

    @Test("A clock's step, jitter, gaps, duplicates and steps back")
    func clock() throws {
        var clock = ClockFindings()
        var previous: Double?
        for time in [0, 1, 2, 2, 3, 1, 2, 60, 61, 62] as [Double] {
            clock.add(time: time, previous: previous)
            previous = time
        }
        #expect(clock.medianStep == 1 && clock.duplicates == 1 && clock.backwardSteps == 1)
        #expect(clock.gaps(factor: 5) == 1 && clock.longestStep == 58 && clock.rows == 10)
        #expect(clock.firstTime == 0 && clock.lastTime == 62)
    }
}
