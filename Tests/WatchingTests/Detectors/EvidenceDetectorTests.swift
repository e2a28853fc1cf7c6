import Foundation
import Numerics
import Testing
import Watching

/// The shipped detector against its reference implementation in NumPy (Goldens/make-default-goldens.py), and what it
/// promises beyond.
@Suite struct EvidenceDetectorTests {
    struct Golden: Decodable {
        let step: Double
        let start: Double
        let metrics: Int
        let heldOutStart: Int
        let train: [Double]
        let test: [Double]
        let trainResiduals: [Float]
        let testResiduals: [Float]
        let level: Double
        let lasting: Double
        let alarms: [Int]
        let score: [Double]
        let deviations: [Double]
        let causes: [Double]
        let places: [Double]
        let extents: [Double]
        let events: [[Int]]
        let suspicion: [Double]

        static func load() throws -> Golden {
            let url = try #require(
                Bundle.module.url(forResource: "default", withExtension: "json", subdirectory: "Goldens"))
            return try JSONDecoder().decode(Golden.self, from: Data(contentsOf: url))
        }

        func samples(_ values: [Double], _ residuals: [Float], from start: Double) -> DetectorSamples {
            let count = values.count / metrics
            return DetectorSamples(
                metrics: (0..<metrics).map { "m\($0)" }, times: (0..<count).map { start + step * Double($0) },
                values: values, residuals: residuals, heldOutStart: heldOutStart)
        }
    }

    private func expectClose(_ a: [Double], _ b: [Double], _ what: String) {
        #expect(a.count == b.count, "\(what)")
        let worst = zip(a, b).map { abs($0 - $1) / max(1e-3, abs($1)) }.max() ?? 0
        #expect(worst <= 1e-7, "\(what): off by \(worst), \(a.prefix(3)), expected \(b.prefix(3))")
    }

    @Test func againstTheReference() throws {
        let golden = try Golden.load()
        let train = golden.samples(golden.train, golden.trainResiduals, from: golden.start)
        let model = try EntityModel.trained(.shipped, on: [train], stepSeconds: golden.step)
        expectClose([model.calibrations[1].level], [golden.level], "threshold")
        expectClose([model.calibrations[1].lasting ?? .nan], [golden.lasting], "threshold for what lasts")
        let test = golden.samples(
            golden.test, golden.testResiduals, from: golden.start + golden.step * Double(train.count))
        let scores = try model.score(test)
        expectClose(scores.scores[1], golden.score, "score")
        #expect(scores.combined == 1 && scores.alarms[1].indices.filter { scores.alarms[1][$0] } == golden.alarms)
        let width = golden.metrics
        func everySeventh(_ values: [Double]) -> [Double] {
            stride(from: 0, to: test.count, by: 7).flatMap { values[$0 * width..<($0 + 1) * width] }
        }
        expectClose(everySeventh(scores.found.deviations), golden.deviations, "deviations")
        expectClose(everySeventh(scores.found.causes), golden.causes, "causes")
        // In single precision.
        let places = everySeventh(scores.found.places.map(Double.init))
        expectClose(places, golden.places.map { Double(Float($0)) }, "places")
        expectClose(
            everySeventh(scores.found.extents.map(Double.init)), golden.extents.map { Double(Float($0)) }, "extents")
        let suspicion = golden.events.flatMap { event -> [Double] in
            let found = Fingerprint.suspects(event[0]..<event[1], in: scores)
            return (0..<width).map { metric in found.first { $0.metric == metric }?.score ?? .nan }
        }
        #expect(zip(suspicion, golden.suspicion).allSatisfy { abs($0 - $1) < 1e-5 }, "\(suspicion)")
    }

    /// Correlated metrics of one entity.
    private static func samples(_ rows: Int, _ name: Int) -> DetectorSamples {
        var generator = CounterBasedGenerator(seed: 12, purpose: "evidence", name)
        var values: [Double] = []
        var load = 0.0
        for _ in 0..<rows {
            load = 0.9 * load + generator.normal()
            values += [load + 0.1 * generator.normal(), 100 - 3 * load + generator.normal(), generator.normal()]
        }
        return DetectorSamples(
            metrics: ["a", "b", "c"], times: (0..<rows).map { 900 * Double($0) }, values: values,
            residuals: values.map { Float(0.01 * $0) })
    }

    @Test("The way back to where a metric normally is raises no alarm, though the score shows it")
    func theWayBack() throws {
        let model = try EntityModel.trained(.shipped, on: [Self.samples(900, 0)], stepSeconds: 900)
        var test = Self.samples(600, 1)
        let fault = 300..<345
        var values = test.values
        for row in fault { values[3 * row + 1] += 80 }
        test = DetectorSamples(metrics: test.metrics, times: test.times, values: values, residuals: test.residuals)
        let found = try model.score(test)
        let site = found.combined
        #expect(found.alarms[site][fault].count { $0 } > 25)
        // The mean of the last thirty rows is of the fault.
        let after = fault.upperBound + 5..<fault.upperBound + 30
        #expect(!found.alarms[site][after].contains(true))
        for row in after.prefix(5) {
            #expect(found.found.deviations[3 * row + 1] > 0.5)
            #expect(found.found.causes[3 * row + 1] < 2)
        }
    }

    /// What sites say of their own samples adds up to the detector of all samples in one place, in any order.
    @Test func aFederatedFitEqualsTheCentralOne() throws {
        let sites = (0..<4).map { TrainingPart(Self.samples(300 + 100 * $0, $0)) }
        let fit = EvidenceFit(metrics: ["a", "b", "c"], groups: ["x", "x", "x"])
        let central = try fit.fitted(to: sites)
        #expect(try JSONEncoder.sorted.encode(fit.fitted(to: sites.reversed())) == JSONEncoder.sorted.encode(central))
        // Summaries travel.
        var server = fit
        var found: FittedDetector?
        while found == nil {
            let answers = try sites.map {
                try JSONDecoder().decode(FitSummary.self, from: JSONEncoder().encode(server.summary(of: $0)))
            }
            var all = answers[2]
            for index in [0, 3, 1] { try all.merge(answers[index]) }
            found = try server.advance(with: all)
        }
        #expect(try JSONEncoder.sorted.encode(found) == JSONEncoder.sorted.encode(central))
    }

    /// Coarse sketches hardly change what is found.
    @Test func coarseSketchesAreCloseToExactRanges() throws {
        let part = TrainingPart(Self.samples(2_000, 9))
        let (metrics, groups) = (["a", "b", "c"], ["x", "x", "x"])
        let exact = try EvidenceFit(metrics: metrics, groups: groups, precision: 52).fitted(to: [part])
        let coarse = try EvidenceFit(metrics: metrics, groups: groups).fitted(to: [part])
        guard case .evidence(let a) = exact, case .evidence(let b) = coarse else { return #expect(Bool(false)) }
        for (x, y) in zip(a.ranges, b.ranges) {
            for metric in 0..<3 {
                let width = x.high[metric] - x.low[metric]
                #expect(abs(x.high[metric] - y.high[metric]) < 0.01 * width)
                #expect(abs(x.low[metric] - y.low[metric]) < 0.01 * width)
            }
        }
    }

    @Test func shortAndConstantTrainingIsSurvived() throws {
        for (count, value) in [(20, 1.0), (60, 0.0), (200, -3.0)] {
            let samples = DetectorSamples(
                metrics: ["a"], times: (0..<count).map(Double.init), values: [Double](repeating: value, count: count))
            let model = try EntityModel.trained(.shipped, on: [samples], stepSeconds: 1)
            let moved = DetectorSamples(
                metrics: ["a"], times: [0, 1, 2, 3], values: [value, value, value + 1, value + 1])
            let scores = try model.score(moved)
            #expect(!scores.scores[1].contains { !$0.isFinite })
            #expect(scores.alarms[1] == [false, false, true, true])
        }
        #expect(throws: DetectionError.self) {
            try EntityModel.trained(
                .shipped, on: [DetectorSamples(metrics: ["a"], times: [0], values: [1])], stepSeconds: 1)
        }
        #expect(throws: DetectionError.self) {
            try EntityModel.trained(
                .shipped, on: [DetectorSamples(metrics: [], times: [0, 1], values: [])], stepSeconds: 1)
        }
    }

    /// Load that follows the day, `days` of it from midnight, in the hours that count.
    private static func daily(days: Int, hours: Range<Int> = 0..<24, offset: Double = 0) -> DetectorSamples {
        var generator = CounterBasedGenerator(seed: 5, purpose: "daily")
        let times = (0..<days * 144).map { offset + 600 * Double($0) }.filter {
            hours.contains(Int($0 / 3600) % 24)
        }
        return DetectorSamples(
            metrics: ["load"], times: times,
            values: times.map { 50 - 40 * cos(2 * .pi * $0 / 86_400) + generator.normal() })
    }

    /// The load of noon is no news at noon, and an alarm at four in the morning.
    @Test func whatIsOrdinaryByDayIsOddAtNight() throws {
        let model = try EntityModel.trained(.shipped, on: [Self.daily(days: 8)], stepSeconds: 600)
        guard case .evidence(let detector) = model.detector else { return #expect(Bool(false)) }
        #expect(detector.parts.contains(.rhythm) && detector.rhythm != nil)
        let next = Self.daily(days: 1, offset: 8 * 86_400)
        let usual = try model.score(next).scores[1]
        func busy(_ rows: Range<Int>) throws -> EntityScores {
            var values = next.values
            for row in rows { values[row] = 88 }
            return try model.score(DetectorSamples(metrics: ["load"], times: next.times, values: values))
        }
        let (night, noon) = (try busy(24..<30), try busy(69..<75))
        #expect(night.alarms[1][24..<30].contains(true))
        #expect((night.scores[1][24..<30].max() ?? 0) > 2 * (usual.max() ?? 0))
        #expect((noon.scores[1][69..<75].max() ?? 0) <= (usual.max() ?? 0))
    }

    /// Three days are three days, whether or not the first sample of the fourth is there; two stretches a month apart are not thirty.
    @Test func daysAreThoseThatWereSeen() throws {
        let three = Self.daily(days: 3)
        #expect(abs(three.days - 3) < 1e-9)
        let model = try EntityModel.trained(.shipped, on: [three], stepSeconds: 600)
        guard case .evidence(let detector) = model.detector else { return #expect(Bool(false)) }
        #expect(detector.rhythm != nil)
        let (first, second) = (Self.daily(days: 1), Self.daily(days: 1, offset: 30 * 86_400))
        let apart = DetectorSamples(
            metrics: ["load"], times: first.times + second.times, values: first.values + second.values,
            segments: [0..<144, 144..<288])
        #expect(apart.days < 3.01 && apart.meanStep == 600)
        // Here and there a row is missing.
        let holes = DetectorSamples(
            metrics: ["load"], times: three.times, values: three.values,
            segments: [0..<100, 100..<101, 101..<300, 300..<432])
        #expect(abs(holes.days - 3) < 1e-9)
        #expect(DetectorSamples(metrics: ["load"], times: [7], values: [1]).days == 0)
        #expect(DetectorSamples(metrics: ["load"], times: [7, 7], values: [1, 1]).meanStep == nil)
    }

    /// One glitch, however large, does not blind a metric.
    @Test(arguments: [1.0, 10, 1_000, 30_000, 1e9]) func oneGlitchBlindsNobody(_ glitch: Double) throws {
        var generator = CounterBasedGenerator(seed: 21, purpose: "glitch")
        func rows(_ count: Int, _ odd: (Int) -> Double) -> DetectorSamples {
            let values = (0..<count).flatMap { row in
                (0..<9).map { metric in 10 + generator.normal() + (metric == 4 ? odd(row) : 0) }
            }
            return DetectorSamples(
                metrics: (0..<9).map { "m\($0)" }, times: (0..<count).map { Double($0) }, values: values)
        }
        let model = try EntityModel.trained(
            .shipped, on: [rows(3_000) { $0 == 1_700 ? glitch : 0 }], stepSeconds: 1)
        let found = try model.score(rows(1_000) { (500..<540).contains($0) ? 45 : 0 })
        #expect(found.alarms[found.combined][500..<540].contains(true))
        #expect(found.alarms[found.combined][..<500].count { $0 } < 20)
    }

    /// A metric that came late is known by its own rows, not by what stood for it.
    @Test(arguments: [1.0, 0.5, 0.02, 0]) func whatCameLateIsKnownByItsOwnRows(_ share: Double) throws {
        var generator = CounterBasedGenerator(seed: 22, purpose: "late")
        func rows(_ count: Int, from first: Int) -> DetectorSamples {
            var values: [Double] = []
            var ages: [Int32] = []
            for row in 0..<count {
                for metric in 0..<7 {
                    let isAway = metric == 3 && row < first
                    values.append(isAway ? 20 : 20 + generator.normal())
                    ages.append(isAway ? 0 : metric == 3 && first > 0 ? Int32(row - first + 1) : .max)
                }
            }
            return DetectorSamples(
                metrics: (0..<7).map { "m\($0)" }, times: (0..<count).map { Double($0) }, values: values, ages: ages)
        }
        let training = rows(4_000, from: Int(4_000 * (1 - share)))
        let model = try EntityModel.trained(.shipped, on: [training], stepSeconds: 1)
        let found = try model.score(rows(2_000, from: 0))
        let mean = found.scores[found.combined].reduce(0, +) / 2_000
        // .02 where it was always there.
        #expect(mean < 0.08, "\(mean)")
        #expect(model.isConsistent)
    }

    /// Neither a short training part nor one of office hours has a rhythm; both are learned from all the same.
    @Test func aRhythmNeedsDaysThatAreCovered() throws {
        for samples in [Self.daily(days: 2), Self.daily(days: 9, hours: 8..<18)] {
            let model = try EntityModel.trained(.shipped, on: [samples], stepSeconds: 600)
            guard case .evidence(let detector) = model.detector else { return #expect(Bool(false)) }
            #expect(detector.rhythm == nil && !detector.parts.contains(.rhythm))
            #expect(detector.parts.count == detector.ranges.count && model.isConsistent)
        }
    }

    /// A machine that was watched for twelve minutes, and did something in them: what shows clearly is found all the same.
    @Test(arguments: 0..<4) func minutesOfTrainingFindWhatIsStrong(seed: Int) throws {
        let width = 40
        func watched(_ rows: Int, _ part: Int, odd: Range<Int>, metrics: Range<Int>, by sigmas: Double)
            -> DetectorSamples
        {
            var generator = CounterBasedGenerator(seed: UInt64(seed), purpose: "minutes", part)
            var levels = [Double](repeating: 0, count: width)
            var values: [Double] = []
            for row in 0..<rows {
                for metric in 0..<width {
                    levels[metric] = 0.8 * levels[metric] + 0.6 * generator.normal()
                    let isOdd = odd.contains(row) && metrics.contains(metric)
                    values.append(100 + levels[metric] + (isOdd ? sigmas : 0))
                }
            }
            return DetectorSamples(
                metrics: (0..<width).map { "m\($0)" }, times: (0..<rows).map { Double(part * 10_000 + $0) },
                values: values)
        }
        let train = watched(720, 0, odd: 200..<205, metrics: 0..<6, by: 6)
        let model = try EntityModel.trained(.shipped, on: [train], stepSeconds: 1)
        let alarms = try model.score(watched(600, 1, odd: 400..<440, metrics: 10..<16, by: 6)).alarms[1]
        #expect(alarms[400..<440].contains(true))
        #expect(alarms[..<400].count { $0 } <= 40)
    }

    /// A metric that was away in all of the training part, as exporters have them, neither stops the others from being
    /// learned nor blinds them.
    @Test func aMetricThatWasNeverThereDoesNotBlindTheOthers() throws {
        let whole = Self.samples(400, 3)
        let ages = (0..<400).flatMap { _ in [Int32.max, .max, 0] }
        let train = DetectorSamples(metrics: whole.metrics, times: whole.times, values: whole.values, ages: ages)
        let model = try EntityModel.trained(.shipped, on: [train], stepSeconds: 900)
        var values = Array(whole.values.prefix(60))
        for row in 10..<20 { values[3 * row] += 4 }
        let scores = try model.score(
            DetectorSamples(
                metrics: whole.metrics, times: Array(whole.times.prefix(20)), values: values,
                ages: Array(ages.prefix(60))))
        #expect(scores.alarms[1][10..<20].contains(true))
        #expect((0..<20).allSatisfy { scores.found.deviations[3 * $0 + 2] == 0 })
    }

    /// More metrics than a block explain each other within their group only; nothing else changes.
    @Test func manyMetricsAreExplainedWithinTheirGroup() {
        let groups = (0..<200).map { $0 % 2 == 0 ? "physical.cpu" : "virtual.memory" }
        let blocks = MetricRelations.blocks(groups: groups)
        #expect(blocks.map(\.count) == [64, 36, 64, 36])
        #expect(Set(blocks.joined()).count == 200)
        #expect(blocks.allSatisfy { block in Set(block.map { groups[$0] }).count == 1 })
        #expect(MetricRelations.blocks(groups: Array(groups.prefix(64))).count == 1)
        #expect(MetricRelations.blocks(groups: []).isEmpty)
    }
}

extension JSONEncoder {
    fileprivate static var sorted: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return encoder
    }
}
