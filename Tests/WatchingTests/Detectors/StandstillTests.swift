import Numerics
import Testing
import Watching

@Suite("A metric that moves all the time and stands still")
struct StandstillTests {
    private static let width = 6

    /// Noise; some metrics rest for five rows of six, or have stretches in which they repeat their value.
    ///
    /// - Parameters:
    ///   - resting: metrics that are 0 most of the time.
    ///   - frozen: the rows in which the first metric repeats its value.
    private static func rows(
        _ count: Int, seed: Int, resting: Set<Int> = [], frozen: [Range<Int>] = []
    ) -> DetectorSamples {
        var generator = CounterBasedGenerator(seed: 41, purpose: "standstill", seed)
        var values = (0..<count * width).map { _ in 50 + generator.normal() }
        for row in 0..<count {
            for metric in resting where row % 6 != 0 { values[row * width + metric] = 50 }
        }
        for rows in frozen {
            for row in rows { values[row * width] = values[rows.lowerBound * width] }
        }
        return DetectorSamples(
            metrics: (0..<width).map { "m\($0)" }, times: (0..<count).map { Double(60 * $0) }, values: values)
    }

    private static func model(
        without part: String = "autoencoder", resting: Set<Int> = [], frozen: [Range<Int>] = []
    ) throws -> EntityModel {
        let method = try DetectionMethod.named("default-without-\(part)")
        return try EntityModel.trained(
            method, on: [rows(3_000, seed: 0, resting: resting, frozen: frozen)], stepSeconds: 60)
    }

    private static let fault = 601..<661

    @Test("It raises an alarm that names it, and ends when it moves again")
    func found() throws {
        let found = try Self.model().score(Self.rows(1_000, seed: 1, frozen: [Self.fault]))
        let alarms = found.alarms[found.combined]
        #expect(alarms.firstIndex(of: true).map { (612..<645).contains($0) } == true)
        #expect(alarms[Self.fault].last == true)
        #expect(alarms.lastIndex(of: true).map { $0 < 663 } == true)
        #expect(Fingerprint.suspects(615..<661, in: found).first?.metric == 0)
        // No other part sees it.
        let blind = try Self.model(without: "standstill").score(Self.rows(1_000, seed: 1, frozen: [Self.fault]))
        #expect(!blind.alarms[blind.combined][Self.fault].contains(true))
    }

    @Test("One that rests in training may rest for as long as it likes")
    func resting() throws {
        let samples = Self.rows(1_000, seed: 1, resting: [0], frozen: [Self.fault])
        let found = try Self.model(resting: [0]).score(samples)
        #expect(Self.fault.allSatisfy { found.found.deviations[$0 * Self.width] < 0.3 })
        #expect(!found.alarms[found.combined][Self.fault].contains(true))
    }

    @Test("What stood still in training for long is expected to")
    func longer() throws {
        let model = try Self.model(frozen: [1_000..<1_020])
        let found = try model.score(Self.rows(1_000, seed: 1, frozen: [Self.fault]))
        #expect(!found.alarms[found.combined].contains(true))
    }

    @Test("A stand-in for a metric that is away does not stand still")
    func away() throws {
        let detector = try Self.model().detector
        func deviations(isAway: Bool) -> [Double] {
            let samples = Self.rows(100, seed: 1, frozen: [20..<80])
            let ages = (0..<samples.count).flatMap { row in
                (0..<Self.width).map { isAway && $0 == 0 && (20..<80).contains(row) ? Int32(0) : .max }
            }
            let found = detector.deviations(
                of: DetectorSamples(
                    metrics: samples.metrics, times: samples.times, values: samples.values, ages: ages))
            return (40..<80).map { found.deviations[$0 * Self.width] }
        }
        #expect(deviations(isAway: false).allSatisfy { $0 > 0.3 })
        #expect(deviations(isAway: true).allSatisfy { $0 < 0.3 })
    }

    @Test("A hole in the rows ends it")
    func holes() throws {
        let model = try Self.model()
        let samples = Self.rows(700, seed: 1, frozen: [Self.fault])
        let found = try model.score(
            DetectorSamples(
                metrics: samples.metrics, times: samples.times, values: samples.values, segments: [0..<640, 640..<700]))
        func deviation(_ row: Int) -> Double { found.found.deviations[row * Self.width] }
        #expect(deviation(639) > 0.5 && (640..<652).allSatisfy { deviation($0) < 0.3 })
    }
}
