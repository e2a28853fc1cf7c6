import Numerics
import Testing
import Watching

@Suite("A group that raises an alarm of the entity by itself")
struct GroupAlarmTests {
    /// Forty metrics of one group, which all jump three times, and four quiet ones of another.
    private func rows(
        _ count: Int, from start: Int, fault: Range<Int> = 0..<0, of faulty: Range<Int> = 40..<42, by size: Double = 60
    ) -> DetectorSamples {
        var generator = CounterBasedGenerator(seed: 21, purpose: "group alarms", start)
        let values = (0..<count).flatMap { row -> [Double] in
            let burst = [90, 310, 530].contains(row) ? 40.0 : 0
            return (0..<44).map { metric in
                generator.normal()
                    + (metric < 40 ? burst : fault.contains(row) && faulty.contains(metric) ? size : 0)
            }
        }
        return DetectorSamples(
            metrics: (0..<44).map { "m\($0)" }, groups: (0..<44).map { $0 < 40 ? "restless" : "quiet" },
            times: (0..<count).map { Double(start + $0) }, values: values)
    }

    @Test("What happens to few metrics is not lost among many that are restless")
    func fewAmongMany() throws {
        let model = try EntityModel.trained(.shipped, on: [rows(700, from: 0)], stepSeconds: 1)
        let (whole, quiet) = (model.calibrations[2], model.calibrations[0])
        #expect(model.scoredGroups == ["quiet", "restless", "site"])
        #expect(try #require(quiet.voice) > 0)
        #expect(whole.voice == nil && whole.murmur != nil && whole.murmur ?? 0 < whole.level)
        let fault = 400..<440
        let found = try model.score(rows(700, from: 700, fault: fault))
        let site = found.combined
        #expect(found.alarms[site][400])
        // It goes on while the group itself is in alarm, though what is there no longer changes.
        #expect(found.alarms[site][fault].count { $0 } > 35)
        #expect(found.alarms[site][..<400].count(where: \.self) < 8)
        #expect(!found.alarms[site][600...].contains(true))
        for row in 0..<found.count {
            #expect((found.scores[site][row] > found.thresholds[site][row]) == found.alarms[site][row])
        }
        // Without the groups' say the same fault is not seen.
        let silent = EntityModel(
            method: model.method, detector: model.detector, groups: model.groups,
            calibrations: model.calibrations.map {
                GroupCalibration(level: $0.level, levelTail: $0.levelTail, adaptationTime: $0.adaptationTime)
            })
        #expect(try !silent.score(rows(700, from: 700, fault: fault)).alarms[site][fault].contains(true))
    }

    @Test("A group has the voice of its loudest metric, however many are silent beside it")
    func loudest() throws {
        let model = try EntityModel.trained(.shipped, on: [rows(700, from: 0)], stepSeconds: 1)
        let voice = try #require(model.calibrations[0].voice)
        let fault = 400..<440
        for (size, isFound) in [(3.0, false), (2_000.0, true)] {
            let found = try model.score(rows(700, from: 700, fault: fault, of: 41..<42, by: size))
            #expect(found.alarms[found.combined][fault.lowerBound] == isFound, "by \(size)")
            // A metric's cause has no upper bound, its deviation has.
            let causes = found.found.causes[fault.lowerBound * 44..<(fault.lowerBound + 1) * 44]
            #expect(((causes.max() ?? 0) > voice) == isFound)
            #expect((found.found.deviations.max() ?? 0) <= 10)
        }
    }

    @Test("A method of one part, one group, or a fixed quantile has no such groups")
    func noGroups() throws {
        let samples = rows(700, from: 0)
        func calibrations(_ method: DetectionMethod) throws -> [GroupCalibration] {
            try EntityModel.trained(method, on: [samples], stepSeconds: 1).calibrations
        }
        #expect(try calibrations(.named("zscore")).allSatisfy { $0.voice == nil && $0.murmur == nil })
        var fixed = DetectionMethod.shipped
        fixed.thresholdRule = .quantile(0.99, factor: 1)
        #expect(try calibrations(fixed).allSatisfy { $0.voice == nil })
        let one = DetectorSamples(metrics: samples.metrics, times: samples.times, values: samples.values)
        let model = try EntityModel.trained(.shipped, on: [one], stepSeconds: 1)
        #expect(model.calibrations.allSatisfy { $0.voice == nil && $0.murmur == nil })
    }

    @Test("Limits that share what may exceed them are higher, and none is lower than one of few peaks")
    func sharing() throws {
        var generator = CounterBasedGenerator(seed: 22, purpose: "group alarms")
        let scores = (0..<800).map { _ in abs(generator.normal()) }
        let peaks = try PeaksOverThreshold(scores: [scores], stepSeconds: 1, gap: 10)
        let whole = peaks.threshold(alarmsPerDay: 1)
        #expect(peaks.threshold(alarmsPerDay: 0.02, fewest: 0.4) > whole)
        #expect(peaks.threshold(alarmsPerDay: 0.02, fewest: 0.1) > peaks.threshold(alarmsPerDay: 0.02, fewest: 0.4))
        // Where the budget allows alarms, it alone counts.
        #expect(peaks.threshold(alarmsPerDay: 2_000, fewest: 0.1) == peaks.threshold(alarmsPerDay: 2_000))
    }
}
