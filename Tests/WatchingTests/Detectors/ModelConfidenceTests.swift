import Numerics
import Testing
import Watching

@Suite("How far a model's thresholds can be trusted")
struct ModelConfidenceTests {
    @Test("Minutes of training are little for a budget of one a day, and it says so")
    func minutes() {
        let confidence = ModelConfidence(trainingDays: 13.0 / 1_440, returnDays: 1, surprise: 1.2)
        #expect(confidence.level == .low)
        #expect(confidence.reason == "learned from 13 min, and one false alarm in 24 h is asked for")
    }

    @Test("The more return periods the training part covers, and the more alike its blocks are, the better")
    func order() {
        #expect(ModelConfidence(trainingDays: 2, returnDays: 1, surprise: 1).level == .medium)
        #expect(ModelConfidence(trainingDays: 3, returnDays: 1, surprise: 2).level == .high)
        #expect(ModelConfidence(trainingDays: 3, returnDays: 1, surprise: 2).reason == nil)
        #expect(ModelConfidence(trainingDays: 30, returnDays: 1, surprise: 3).level == .medium)
        #expect(ModelConfidence(trainingDays: 30, returnDays: 1, surprise: 4).level == .low)
        #expect(ModelConfidence(trainingDays: 30, returnDays: nil, surprise: 1).level == .high)
    }

    @Test("Training where one block is of another regime is trusted less")
    func regimes() throws {
        func samples(_ shift: Double) -> DetectorSamples {
            var generator = CounterBasedGenerator(seed: 7, purpose: "confidence test")
            let values = (0..<2_000).flatMap { row in
                (0..<4).map { _ in generator.normal() + (row >= 1_500 ? shift : 0) }
            }
            return DetectorSamples(
                metrics: (0..<4).map { "m\($0)" }, times: (0..<2_000).map { 600 * Double($0) }, values: values)
        }
        let even = try EntityModel.trained(.shipped, on: [samples(0)], stepSeconds: 600)
        let uneven = try EntityModel.trained(.shipped, on: [samples(30)], stepSeconds: 600)
        #expect(try #require(even.confidence).level == .high)
        #expect(try #require(uneven.confidence).level == .low)
        #expect(try #require(uneven.confidence?.reason).contains("unlike the others"))
    }

    @Test("After minutes of training a fault is found that is as large as anything seen, at a budget of one a day")
    func shortTraining() throws {
        var generator = CounterBasedGenerator(seed: 11, purpose: "confidence test")
        func rows(_ count: Int, from start: Int, fault: Range<Int>) -> DetectorSamples {
            let values = (0..<count).flatMap { row in
                (0..<20).map { metric in
                    generator.normal() + (fault.contains(row) && metric < 3 ? 12.0 : 0)
                }
            }
            return DetectorSamples(
                metrics: (0..<20).map { "m\($0)" }, times: (0..<count).map { Double(start + $0) }, values: values)
        }
        let model = try EntityModel.trained(.shipped, on: [rows(800, from: 0, fault: 0..<0)], stepSeconds: 1)
        let found = try model.score(rows(800, from: 800, fault: 400..<440))
        let alarms = found.alarms[found.combined]
        #expect(alarms[400..<440].contains(true))
        #expect(alarms[..<400].count(where: \.self) < 40)
    }
}
