import Foundation
import Laboratory
import Numerics
import Testing
import Watching

/// Every measure against scikit-learn, TSB-AD's code and plain loops; see Goldens/make-evaluation-goldens.py.
@Suite struct EvaluationTests {
    struct Goldens: Decodable {
        struct Case: Decodable {
            let name: String
            let labels: String
            let scores: [Double]
            let threshold: Double
            let stepSeconds: Double
            let averagePrecision: Double
            let areaUnderROC: Double?
            let volume100: Double
            let volume17: Double
            let volume0: Double
            let pointAdjustedF1: Double
            let bestF1: Double
            let alarms: AlarmMeasures
            var truth: [Bool] { labels.map { $0 == "1" } }
        }
        struct Causes: Decodable {
            let ranking: [Int]
            let causes: [Int]
            let hitRate100: Double
            let hitRate150: Double
            let gain5: Double
        }
        let cases: [Case]
        let causes: [Causes]

        static func load() throws -> Goldens {
            let url = try #require(
                Bundle.module.url(forResource: "evaluation", withExtension: "json", subdirectory: "Goldens"))
            return try JSONDecoder().decode(Goldens.self, from: Data(contentsOf: url))
        }
    }

    func expectClose(_ a: Double?, _ b: Double?, _ what: String) {
        switch (a, b) {
        case (let a?, let b?): #expect(abs(a - b) <= 1e-9, "\(what): \(a), expected \(b)")
        case (nil, nil): break
        default: Issue.record("\(what): \(String(describing: a)), expected \(String(describing: b))")
        }
    }

    @Test func thresholdFreeMeasures() throws {
        for golden in try Goldens.load().cases {
            let labelled = try LabelledScores(labels: golden.truth, scores: golden.scores)
            expectClose(labelled.averagePrecision(), golden.averagePrecision, "AUC-PR, \(golden.name)")
            expectClose(labelled.areaUnderROC(), golden.areaUnderROC, "AUROC, \(golden.name)")
            expectClose(labelled.bestF1()?.f1, golden.bestF1, "best F1, \(golden.name)")
            expectClose(labelled.pointAdjustedF1(), golden.pointAdjustedF1, "point-adjusted F1, \(golden.name)")
        }
    }

    @Test func volumeUnderTheSurface() throws {
        for golden in try Goldens.load().cases {
            let labelled = try LabelledScores(labels: golden.truth, scores: golden.scores)
            expectClose(labelled.volumeUnderPrecisionRecall(), golden.volume100, "VUS-PR 100, \(golden.name)")
            expectClose(
                labelled.volumeUnderPrecisionRecall(largestWindow: 17), golden.volume17, "VUS-PR 17, \(golden.name)")
            expectClose(
                labelled.volumeUnderPrecisionRecall(largestWindow: 0), golden.volume0, "VUS-PR 0, \(golden.name)")
        }
    }

    @Test func alarmMeasures() throws {
        for golden in try Goldens.load().cases {
            let ours = try AlarmMeasures(
                labels: golden.truth, alarms: golden.scores.map { $0 > golden.threshold },
                stepSeconds: golden.stepSeconds)
            let expected = golden.alarms
            #expect(ours.eventCount == expected.eventCount, "\(golden.name)")
            #expect(ours.foundEventCount == expected.foundEventCount, "\(golden.name)")
            #expect(ours.alarmCount == expected.alarmCount, "\(golden.name)")
            #expect(ours.falseAlarmCount == expected.falseAlarmCount, "\(golden.name)")
            expectClose(ours.samplePrecision, expected.samplePrecision, "precision, \(golden.name)")
            expectClose(ours.eventRecall, expected.eventRecall, "event recall, \(golden.name)")
            expectClose(ours.eventF1, expected.eventF1, "event F1, \(golden.name)")
            expectClose(ours.alarmShare, expected.alarmShare, "share in alarm, \(golden.name)")
            expectClose(ours.meanDelaySeconds, expected.meanDelaySeconds, "delay, \(golden.name)")
            expectClose(ours.falseAlarmsPerDay, expected.falseAlarmsPerDay, "false alarms, \(golden.name)")
        }
    }

    @Test func causeMeasures() throws {
        for golden in try Goldens.load().causes {
            let causes = Set(golden.causes)
            expectClose(
                CauseMeasures.hitRate(ranking: golden.ranking, causes: causes, share: 1), golden.hitRate100, "@100")
            expectClose(
                CauseMeasures.hitRate(ranking: golden.ranking, causes: causes, share: 1.5), golden.hitRate150, "@150")
            expectClose(
                CauseMeasures.normalizedDiscountedGain(ranking: golden.ranking, causes: causes), golden.gain5, "@5")
        }
    }

    @Test func undefinedWithoutEvents() throws {
        let labelled = try LabelledScores(labels: [false, false, false], scores: [1, 2, 3])
        #expect(labelled.averagePrecision() == nil)
        #expect(labelled.areaUnderROC() == nil)
        #expect(labelled.volumeUnderPrecisionRecall() == nil)
        #expect(labelled.pointAdjustedF1() == nil)
        let alarms = try AlarmMeasures(labels: [false, false], alarms: [true, false], stepSeconds: 43_200)
        #expect(alarms.eventF1 == nil && alarms.samplePrecision == nil)
        // Without an alarm no precision is defined, but no event is found.
        let silent = try AlarmMeasures(labels: [false, true], alarms: [false, false], stepSeconds: 1)
        #expect(silent.samplePrecision == nil && silent.eventRecall == 0 && silent.eventF1 == 0)
        let text = String(decoding: try JSONEncoder().encode(silent), as: UTF8.self)
        #expect(text.contains("\"samplePrecision\":null") && text.contains("\"meanDelaySeconds\":null"))
        #expect(try JSONDecoder().decode(AlarmMeasures.self, from: Data(text.utf8)) == silent)
        #expect(alarms.falseAlarmsPerDay == 1)
    }

    @Test func badInputIsRefused() {
        #expect(throws: DetectionError.self) { try LabelledScores(labels: [true], scores: [1, 2]) }
        #expect(throws: DetectionError.self) { try LabelledScores(labels: [true, false], scores: [1, .nan]) }
        #expect(throws: DetectionError.self) { try LabelledScores(labels: [], scores: []) }
        #expect(throws: DetectionError.self) { try AlarmMeasures(labels: [true], alarms: [true], stepSeconds: 0) }
    }

    /// Random scores look good once the labels are adjusted: the reason why the measure never stands alone.
    @Test func pointAdjustmentFlattersRandomScores() throws {
        var labels = [Bool](repeating: false, count: 4_000)
        for start in stride(from: 200, to: 4_000, by: 900) {
            for index in start..<(start + 150) { labels[index] = true }
        }
        let labelled = try LabelledScores(labels: labels, scores: labels.map { $0 ? 1 : 0 })
        var generator = CounterBasedGenerator(seed: 1, purpose: "test")
        let random = try #require(try labelled.randomPointAdjustedF1(generator: &generator))
        #expect(random > 0.6 && random < 1)
    }

    @Test func bootstrapIntervalHoldsTheMean() throws {
        var generator = CounterBasedGenerator(seed: 1, purpose: "test")
        let interval = try #require(BootstrapInterval(meanOf: [0.2, 0.4, 0.9], generator: &generator))
        #expect(abs(interval.mean - 0.5) < 1e-12)
        #expect(interval.lower < 0.5 && interval.upper > 0.5 && interval.lower >= 0.2 && interval.upper <= 0.9)
        #expect(BootstrapInterval(meanOf: [], generator: &generator) == nil)
    }
}
