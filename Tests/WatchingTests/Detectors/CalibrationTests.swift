import Foundation
import Numerics
import Testing
import Watching

@Suite struct CalibrationTests {
    /// γ and σ against NumPy; the excesses are drawn by SciPy.
    @Test func tailsAgainstNumPy() throws {
        for golden in try SimpleDetectorTests.Goldens.load().tails {
            let tail = try #require(GeneralizedPareto(fittedTo: golden.excesses))
            #expect(abs(tail.shape - golden.shape) < 1e-9, "γ \(tail.shape), expected \(golden.shape)")
            #expect(abs(tail.scale - golden.scale) < 1e-9, "σ \(tail.scale), expected \(golden.scale)")
        }
    }

    @Test func excessAndSurvivalAreInverse() {
        for shape in [-0.4, 0, 1e-12, 1e-5, 0.3] {
            let tail = GeneralizedPareto(shape: shape, scale: 2)
            for probability in [1, 0.5, 1e-3, 1e-6] {
                let back = tail.survival(tail.excess(exceededWith: probability))
                #expect(abs(back - probability) < 1e-6 * probability)
            }
        }
        // γ → 0 is a limit, not a jump.
        let near = GeneralizedPareto(shape: 2e-6, scale: 1).excess(exceededWith: 1e-5)
        #expect(abs(near - GeneralizedPareto(shape: 0, scale: 1).excess(exceededWith: 1e-5)) < 1e-3)
    }

    @Test func poorDataGetsAnExponentialTail() throws {
        #expect(GeneralizedPareto(fittedTo: []) == nil)
        #expect(GeneralizedPareto(fittedTo: [0, -1, .nan]) == nil)
        #expect(GeneralizedPareto(fittedTo: [1, 3]) == GeneralizedPareto(shape: 0, scale: 2))
        #expect(GeneralizedPareto(fittedTo: [Double](repeating: 2, count: 50)) == GeneralizedPareto(shape: 0, scale: 2))
    }

    /// A few anomalies in the training part must not drive the threshold out of reach.
    @Test func contaminatedTail() throws {
        var generator = CounterBasedGenerator(seed: 3, purpose: "test")
        var excesses = (0..<300).map { _ in -Foundation.log(1 - generator.uniform()) }
        for index in 0..<3 { excesses[index] = 200 }
        let tail = try #require(GeneralizedPareto(fittedTo: excesses))
        #expect(tail.shape <= 0.5 && tail.excess(exceededWith: 0.01) < 20)
    }

    /// The budget holds on new scores of the same kind.
    @Test func budgetIsKept() throws {
        func scores(_ index: Int, days: Int) -> [Double] {
            var generator = CounterBasedGenerator(seed: 5, purpose: "scores", index)
            var level = 0.0
            return (0..<days * 1_440).map { _ in
                level = 0.8 * level + generator.normal()
                return abs(level)
            }
        }
        for budget in [0.2, 1, 5] {
            let threshold = try ThresholdRule.falseAlarms(perDay: budget).threshold(
                heldOut: [scores(0, days: 20)], stepSeconds: 60, gap: 10)
            let rule = AlarmRule(mergeGap: 10)
            let alarms = rule.events(scores(1, days: 100).map { $0 > threshold }).count
            #expect(Double(alarms) / 100 < 2 * budget && Double(alarms) / 100 > budget / 2, "\(budget): \(alarms)")
        }
    }

    @Test func equalScoresGiveAThresholdThatTheyDoNotExceed() throws {
        let same = [[Double](repeating: 0.25, count: 12_000)]
        for rule in [ThresholdRule.falseAlarms(perDay: 1), .quantile(0.99, factor: 1)] {
            #expect(try rule.threshold(heldOut: same, stepSeconds: 60, gap: 3) == 0.25)
            #expect(throws: DetectionError.self) { try rule.threshold(heldOut: [], stepSeconds: 60, gap: 3) }
        }
    }

    @Test func alarmRules() {
        func run(_ rule: AlarmRule, _ scores: [Double]) -> String {
            var state = AlarmRule.State(rule)
            return scores.map { state.update(score: $0, threshold: 1) ? "x" : "." }.joined()
        }
        let scores = [0, 2, 0, 2, 2, 0.7, 0.9, 0.2, 2, 1]
        #expect(run(AlarmRule(), scores) == ".x.xx...x.")
        #expect(run(AlarmRule(confirmation: 2), scores) == "....x.....")
        #expect(run(AlarmRule(release: 0.5), scores) == ".x.xxxx.xx")
        let alarms = ".x.xx....x.".map { $0 == "x" }
        #expect(AlarmRule().events(alarms) == [1..<2, 3..<5, 9..<10])
        #expect(AlarmRule(mergeGap: 1).events(alarms) == [1..<5, 9..<10])
        #expect(AlarmRule(mergeGap: 4).events(alarms) == [1..<10])
        #expect(AlarmRule(mergeGap: 1, minimumLength: 2).events(alarms) == [1..<5])
    }

    @Test func sketchesAreExactAtFullPrecisionAndCloseBelow() {
        var generator = CounterBasedGenerator(seed: 9, purpose: "test")
        let values = (0..<2_001).map { index in index % 7 == 0 ? -0.5 : generator.normal() * 3 }
        let sorted = values.sorted()
        let probabilities = [0, 0.001, 0.02, 0.5, 0.5, 0.98, 0.999, 1]
        let exact = DistributionSketch(values, precision: 52).quantiles(probabilities)
        #expect(exact == probabilities.map(sorted.quantile))
        let coarse = DistributionSketch(values, precision: 7).quantiles(probabilities)
        for (a, b) in zip(coarse, exact) { #expect(abs(a - b) <= abs(b) / 128) }
        var left = DistributionSketch(values.prefix(700), precision: 7)
        left.merge(DistributionSketch(values.dropFirst(700), precision: 7))
        #expect(left == DistributionSketch(values, precision: 7))
        #expect(DistributionSketch([0, -0.0, .nan, .infinity], precision: 52).count == 2)
    }

    @Test func trailingMeansFollowTheDefinition() {
        var generator = CounterBasedGenerator(seed: 2, purpose: "test")
        let values = (0..<300).map { _ in generator.uniform() }
        for horizon in [1, 4, 16] {
            var mean = TrailingMean(horizon: horizon)
            for index in values.indices {
                let window = values[max(0, index - horizon + 1)...index]
                #expect(abs(mean.update(values[index]) - window.reduce(0, +) / Double(window.count)) < 1e-12)
            }
        }
    }
}
