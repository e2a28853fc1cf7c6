import Numerics
import Testing
import Watching

@Suite("What is below the threshold in each row, but there in row after row")
struct LastingNewsTests {
    private static let width = 12

    /// Noise, with a shift of four metrics by some of its spreads in some rows.
    private static func rows(
        _ count: Int, seed: Int, shift: Double = 0, in faulty: Range<Int> = 0..<0
    ) -> DetectorSamples {
        var generator = CounterBasedGenerator(seed: 33, purpose: "lasting news", seed)
        let values = (0..<count).flatMap { row in
            (0..<width).map { generator.normal() + ($0 < 4 && faulty.contains(row) ? shift : 0) }
        }
        return DetectorSamples(
            metrics: (0..<width).map { "m\($0)" }, times: (0..<count).map { Double(60 * $0) }, values: values)
    }

    /// The detector without the autoencoder, whose residuals these samples lack.
    private static func model() throws -> EntityModel {
        try EntityModel.trained(.named("default-without-autoencoder"), on: [rows(3_000, seed: 0)], stepSeconds: 60)
    }

    @Test("A moderate shift that lasts raises an alarm soon, which ends soon after it")
    func moderateAndLasting() throws {
        let model = try Self.model()
        let fault = 600..<700
        let samples = Self.rows(1_000, seed: 1, shift: 1.4, in: fault)
        let found = try model.score(samples)
        let alarms = found.alarms[found.combined]
        #expect(alarms.firstIndex(of: true).map { (600..<640).contains($0) } == true)
        #expect((alarms.lastIndex(of: true) ?? 1_000) < 705)
        for row in 0..<found.count {
            #expect((found.scores[found.combined][row] > found.thresholds[found.combined][row]) == alarms[row])
        }
        // By single rows alone the same fault is not seen.
        let single = EntityModel(
            method: model.method, detector: model.detector, groups: model.groups,
            calibrations: model.calibrations.map {
                GroupCalibration(level: $0.level, levelTail: $0.levelTail, adaptationTime: $0.adaptationTime)
            })
        #expect(try single.score(samples).alarms[found.combined].firstIndex(of: true) == nil)
    }

    @Test("Single rows of the same size raise none")
    func singleRows() throws {
        let model = try Self.model()
        let found = try model.score(Self.rows(1_000, seed: 2, shift: 1.4, in: 600..<602))
        #expect(found.alarms[found.combined].firstIndex(of: true) == nil)
    }

    @Test("What has become usual is no longer news")
    func whatStays() throws {
        let model = try Self.model()
        let found = try model.score(Self.rows(3_000, seed: 3, shift: 1.4, in: 600..<3_000))
        let alarms = found.alarms[found.combined]
        #expect(alarms[600..<640].contains(true))
        #expect(alarms[1_500...].count(where: \.self) < 30)
    }

    @Test("A training part in which nothing lasts leaves a limit above nothing")
    func quietTraining() throws {
        let calibration = try #require(try Self.model().calibrations.last)
        let lasting = try #require(calibration.lasting)
        #expect(lasting >= calibration.level / 8 && lasting < calibration.level)
        // Methods of one look have none.
        let simple = try EntityModel.trained(.named("zscore"), on: [Self.rows(500, seed: 4)], stepSeconds: 60)
        #expect(simple.calibrations.allSatisfy { $0.lasting == nil })
    }
}
