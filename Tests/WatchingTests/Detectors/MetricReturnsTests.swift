import Numerics
import Testing
import Watching

/// A fault that ends is no second alarm, and what comes after it is not overlooked.
@Suite struct MetricReturnsTests {
    /// Two metrics around levels of their own; `fault` is added to the first.
    func samples(_ count: Int, seed: UInt64, fault: (Int) -> Double = { _ in 0 }) -> DetectorSamples {
        var generator = CounterBasedGenerator(seed: seed, purpose: "returns")
        var values: [Double] = []
        for row in 0..<count {
            values.append(10 + generator.normal() + fault(row))
            values.append(-3 + 0.5 * generator.normal())
        }
        return DetectorSamples(
            metrics: ["moved", "calm"], times: (0..<count).map { 60 * Double($0) }, values: values)
    }

    func alarms(_ fault: @escaping (Int) -> Double) throws -> [Range<Int>] {
        let model = try EntityModel.trained(.shipped, on: [samples(3_000, seed: 1)], stepSeconds: 60)
        let scores = try model.score(samples(1_500, seed: 2, fault: fault))
        // Score above threshold says the same as the alarms.
        let exceeding = zip(scores.scores[scores.combined], scores.thresholds[scores.combined]).map { $0 > $1 }
        #expect(exceeding == scores.alarms[scores.combined])
        return AlarmRule(mergeGap: 10).events(scores.alarms[scores.combined])
    }

    @Test(arguments: [8.0, -8.0]) func theEndOfAFaultIsNoAlarm(_ size: Double) throws {
        let events = try alarms { (600..<800).contains($0) ? size : 0 }
        #expect(events.contains { $0.overlaps(600..<640) })
        // Views that average over minutes and hours look back at the fault for long.
        #expect(!events.contains { $0.overlaps(805..<1_000) }, "\(events)")
    }

    @Test func whatComesAfterTheReturnAlarms() throws {
        let events = try alarms { (600..<800).contains($0) ? 8 : (900..<1_000).contains($0) ? -9 : 0 }
        #expect(events.contains { $0.overlaps(900..<920) }, "\(events)")
        #expect(!events.contains { $0.overlaps(805..<895) }, "\(events)")
    }

    @Test func aJumpBeyondTheOldLevelIsNoReturn() throws {
        let events = try alarms { (600..<800).contains($0) ? 8 : $0 >= 800 ? -8 : 0 }
        #expect(events.contains { $0.overlaps(800..<820) }, "\(events)")
    }

    /// A metric that wanders does not come back from a slow fault to where it left, but it comes back into its range.
    @Test func theEndOfALeakIsNoAlarm() throws {
        func samples(_ count: Int, seed: UInt64, leak: Range<Int> = 0..<0) -> DetectorSamples {
            var generator = CounterBasedGenerator(seed: seed, purpose: "leak")
            var (values, level) = ([Double](), 0.0)
            for row in 0..<count {
                level = 0.99 * level + 0.14 * generator.normal()
                let size = leak.contains(row) ? 12 * Double(row - leak.lowerBound + 1) / Double(leak.count) : 0
                values += [level + size, generator.normal()]
            }
            return DetectorSamples(
                metrics: ["memory", "calm"], times: (0..<count).map { 60 * Double($0) }, values: values)
        }
        let model = try EntityModel.trained(.shipped, on: [samples(6_000, seed: 1)], stepSeconds: 60)
        var (found, atTheEnd) = (0, 0)
        for seed in 2..<8 as Range<UInt64> {
            let scores = try model.score(samples(1_500, seed: seed, leak: 600..<900))
            let events = AlarmRule(mergeGap: 10).events(scores.alarms[scores.combined])
            found += events.contains { $0.overlaps(600..<900) } ? 1 : 0
            atTheEnd += events.contains { $0.lowerBound >= 900 && $0.lowerBound < 1_000 } ? 1 : 0
        }
        #expect(found == 6)
        #expect(atTheEnd == 0)
    }
}
