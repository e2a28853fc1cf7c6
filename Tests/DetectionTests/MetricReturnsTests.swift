import Detection
import TensorModule
import Testing

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
}
