import Foundation
import Numerics
import Testing
import Watching

/// Peaks over threshold that go on in a stream.
@Suite struct StreamingTailTests {
    /// The reference implementation's limits (Goldens/make-tail-goldens.py).
    struct Golden: Decodable {
        let stepSeconds: Double
        let alarmsPerDay: Double
        let heldOut: [Double]
        let stream: [Double]
        let limit: Double
        let limits: [Double]
        let alarms: Int
        let excesses: [Double]
        let likelihoodExcess: Double

        static func load() throws -> Golden {
            let url = try #require(
                Bundle.module.url(forResource: "tail", withExtension: "json", subdirectory: "Goldens"))
            return try JSONDecoder().decode(Golden.self, from: Data(contentsOf: url))
        }
    }

    /// A tail after held-out scores of one sample a minute.
    private static func tail(
        _ heldOut: [Double], perDay: Double = 1, stepSeconds: Double = 60
    ) throws -> StreamingTail {
        let found = try ThresholdRule.falseAlarms(perDay: perDay).calibration(
            heldOut: [heldOut], stepSeconds: stepSeconds, gap: 10, adaptationTime: nil)
        return StreamingTail(try #require(found.tail), limit: found.threshold)
    }

    /// Correlated scores of one sample a minute.
    private static func scores(days: Int, stream: Int, scale: Double = 1) -> [Double] {
        var generator = CounterBasedGenerator(seed: 7, purpose: "scores", stream)
        var level = 0.0
        return (0..<days * 1_440).map { _ in
            level = 0.8 * level + generator.normal()
            return scale * abs(level)
        }
    }

    /// Alarms a day in the second half of a stream, with the limit that follows and with the calibrated one.
    private static func alarms(_ scores: [Double], _ tail: StreamingTail) -> (following: Double, fixed: Double) {
        var tail = tail
        let fixed = tail.limit
        var (following, staying): ([Bool], [Bool]) = ([], [])
        for score in scores {
            following.append(score > tail.limit)
            staying.append(score > fixed)
            tail.update(score, isAlarm: score > tail.limit)
        }
        let rule = AlarmRule(mergeGap: 10)
        let half = scores.count / 2
        let days = Double(scores.count - half) / 1_440
        func rate(_ alarms: [Bool]) -> Double { Double(rule.events(Array(alarms[half...])).count) / days }
        return (rate(following), rate(staying))
    }

    @Test func againstTheReference() throws {
        let golden = try Golden.load()
        var tail = try Self.tail(golden.heldOut, perDay: golden.alarmsPerDay, stepSeconds: golden.stepSeconds)
        #expect(abs(tail.limit - golden.limit) < 1e-9 * golden.limit)
        var limits: [Double] = []
        var alarms = 0
        for score in golden.stream {
            let isAlarm = score > tail.limit
            alarms += isAlarm ? 1 : 0
            tail.update(score, isAlarm: isAlarm)
            limits.append(tail.limit)
        }
        #expect(alarms == golden.alarms)
        for (place, expected) in golden.limits.enumerated() {
            #expect(abs(limits[place * 11] - expected) < 1e-8 * expected, "after sample \(place * 11)")
        }
        // It has moved, or nothing was tested.
        #expect(golden.limits.contains { $0 > 1.2 * golden.limit })
    }

    /// Moments and maximum likelihood agree where there are many excesses.
    @Test func momentsAgainstLikelihood() throws {
        let golden = try Golden.load()
        let tail = try #require(GeneralizedPareto(fittedTo: golden.excesses))
        let excess = tail.excess(exceededWith: 0.01)
        #expect(abs(excess - golden.likelihoodExcess) < 0.04 * golden.likelihoodExcess, "\(excess)")
    }

    /// A budget of one a day, on more of the same: what exceeds the limit is never learned, and still the limit neither
    /// falls nor climbs away.
    @Test func stationaryScoresKeepTheBudget() throws {
        for stream in 0..<3 {
            let tail = try Self.tail(Self.scores(days: 15, stream: stream))
            let found = Self.alarms(Self.scores(days: 120, stream: stream + 10), tail)
            #expect(found.following < 1.7 && found.following > 0.4, "stream \(stream): \(found)")
        }
    }

    @Test func scoresThatGrowAreFollowed() throws {
        let tail = try Self.tail(Self.scores(days: 15, stream: 0))
        let found = Self.alarms(Self.scores(days: 120, stream: 10, scale: 1.3), tail)
        #expect(found.fixed > 5, "\(found)")
        #expect(found.following < 2.5, "\(found)")
        // And what is quiet is no reason to alarm at less.
        var quiet = tail
        for score in Self.scores(days: 60, stream: 11, scale: 0.5) {
            quiet.update(score, isAlarm: score > quiet.limit)
            #expect(quiet.limit >= tail.limit)
        }
    }

    @Test func aFaultDoesNotBecomeNormal() throws {
        let tail = try Self.tail(Self.scores(days: 15, stream: 0))
        let usual = Self.scores(days: 40, stream: 12)
        // One that lasts: ten days far above.
        var lasting = tail
        for score in usual.prefix(14_400) { lasting.update(20 + score, isAlarm: true) }
        #expect(lasting.limit == tail.limit)
        // One that alarms again and again counts for no more than twice the budget, whatever it measures.
        func limit(_ size: Double) -> Double {
            var tail = tail
            for (index, score) in usual.enumerated() {
                let value = index % 600 < 5 ? size : score
                tail.update(value, isAlarm: value > tail.limit)
            }
            return tail.limit
        }
        #expect(limit(1e3) == limit(1e9))
        #expect(limit(1e3) <= 2 * tail.limit, "\(limit(1e3)), \(tail.limit)")
        // Somebody else's alarm: nothing is learned either.
        var disturbed = tail
        for score in Self.scores(days: 40, stream: 13, scale: 1.5) {
            disturbed.update(score, isAlarm: score > disturbed.limit, isDisturbed: true)
        }
        #expect(disturbed.limit == tail.limit)
    }

    @Test func anyScoreIsSurvived() throws {
        let odd = [
            Double.nan, .infinity, -.infinity, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 0, -0.0,
            .leastNonzeroMagnitude, 1e300, 3,
        ]
        let starts = [Self.scores(days: 3, stream: 1), [Double](repeating: 0, count: 2_000), [1, 2, 3], [5]]
        for (place, start) in starts.enumerated() {
            for budget in [1e-9, 1, 1e6] {
                var tail = try Self.tail(start, perDay: budget)
                var generator = CounterBasedGenerator(seed: 1, purpose: "odd", place)
                for _ in 0..<20_000 {
                    let score = generator.uniform() < 0.3 ? odd[Int(generator.uniform() * 10)] : generator.normal()
                    tail.update(score, isAlarm: generator.uniform() < 0.01)
                    #expect(tail.limit.isFinite)
                }
            }
        }
    }

    /// A method written before there was a choice is read as what it was.
    @Test func oldModels() throws {
        var generator = CounterBasedGenerator(seed: 1, purpose: "old models")
        let samples = DetectorSamples(
            metrics: ["a"], times: (0..<3_000).map { 60 * Double($0) },
            values: (0..<3_000).map { _ in generator.normal() })
        let model = try EntityModel.trained(.shipped, on: [samples], stepSeconds: 60)
        #expect(model.isConsistent && model.calibrations.allSatisfy { $0.levelTail != nil })
        var object = try #require(
            JSONSerialization.jsonObject(with: JSONEncoder().encode(DetectionMethod.shipped)) as? [String: Any])
        #expect(object.removeValue(forKey: "adaptation") as? String == "tail")
        let old = try JSONDecoder().decode(DetectionMethod.self, from: JSONSerialization.data(withJSONObject: object))
        #expect(old.adaptation == .level && old.horizons == DetectionMethod.shipped.horizons)
    }
}
