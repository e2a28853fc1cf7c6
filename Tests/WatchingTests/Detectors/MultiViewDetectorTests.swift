import Foundation
import Numerics
import Testing
import Watching

/// The shipped detector against its reference implementation in NumPy (Goldens/make-default-goldens.py).
@Suite struct MultiViewDetectorTests {
    struct Golden: Decodable {
        let step: Double
        let start: Double
        let metrics: Int
        let train: [Double]
        let test: [Double]
        let level: Double
        let single: Double
        let score: [Double]
        let threshold: [Double]
        let alarm: String
        let deviations: [Double]
        let causes: [Double]

        static func load() throws -> Golden {
            let url = try #require(
                Bundle.module.url(forResource: "default", withExtension: "json", subdirectory: "Goldens"))
            return try JSONDecoder().decode(Golden.self, from: Data(contentsOf: url))
        }

        func samples(_ values: [Double], from start: Double) -> DetectorSamples {
            let count = values.count / metrics
            return DetectorSamples(
                metrics: (0..<metrics).map { "m\($0)" }, times: (0..<count).map { start + step * Double($0) },
                values: values)
        }
    }

    func expectClose(_ a: [Double], _ b: [Double], _ what: String) {
        #expect(a.count == b.count, "\(what)")
        let worst = zip(a, b).map { abs($0 - $1) / max(1e-3, abs($1)) }.max() ?? 0
        #expect(worst <= 1e-7, "\(what): off by \(worst), \(a.prefix(3)), expected \(b.prefix(3))")
    }

    @Test func againstTheReference() throws {
        let golden = try Golden.load()
        let train = golden.samples(golden.train, from: golden.start)
        let model = try EntityModel.trained(.shipped, on: [train], stepSeconds: golden.step)
        expectClose([model.calibrations[1].level], [golden.level], "threshold")
        expectClose([model.calibrations[1].single ?? 0], [golden.single], "threshold of single metrics")
        let test = golden.samples(golden.test, from: golden.start + golden.step * Double(train.count))
        let scores = try model.score(test)
        expectClose(scores.scores[1], golden.score, "score")
        expectClose(scores.thresholds[1], golden.threshold, "adapting threshold")
        #expect(scores.alarms[1].map { $0 ? "1" : "0" }.joined() == golden.alarm)
        let width = golden.metrics
        func everySeventh(_ values: [Double]) -> [Double] {
            stride(from: 0, to: test.count, by: 7).flatMap { values[$0 * width..<($0 + 1) * width] }
        }
        expectClose(everySeventh(scores.found.deviations), golden.deviations, "deviations")
        expectClose(everySeventh(scores.found.causes), golden.causes, "causes")
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
            if count >= 60 { #expect(scores.alarms[1] == [false, false, true, true]) }
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

    /// More metrics than a block explain each other within their group only; nothing else changes.
    @Test func manyMetricsAreExplainedWithinTheirGroup() {
        let groups = (0..<600).map { $0 % 2 == 0 ? "physical.cpu" : "virtual.memory" }
        let blocks = MetricRegression.blocks(groups: groups)
        #expect(blocks.map(\.count) == [256, 44, 256, 44])
        #expect(Set(blocks.joined()).count == 600)
        #expect(blocks.allSatisfy { block in Set(block.map { groups[$0] }).count == 1 })
        #expect(MetricRegression.blocks(groups: Array(groups.prefix(256))).count == 1)
        #expect(MetricRegression.blocks(groups: []).isEmpty)
    }
}
