import Federation
import Numerics
import Testing

@Suite struct RobustAveragingTests {
    private static let base = FederatedModel(
        context: [], groups: [.init(name: "g", schema: "s", parameters: [Float](repeating: 0, count: 40))])

    private static func contribution(_ values: [Float], samples: UInt64 = 1) -> Contribution {
        Contribution(
            kind: .training, rawBytes: 0,
            groups: [
                .init(
                    name: "g", schema: "s", sampleCount: samples, steps: 1, lossBefore: 1, lossAfter: 1,
                    parameters: values)
            ])
    }

    private static func aggregate(_ rule: AggregationRule, _ vectors: [[Float]]) -> [Float] {
        var aggregator = rule.strategy(hyperparameters: []).aggregateTraining(base: base)
        for (index, vector) in vectors.enumerated() { aggregator.add(contribution(vector), from: "w\(index)") }
        return aggregator.result().groups[0].parameters
    }

    /// Against the definitions, written out one parameter at a time.
    @Test(arguments: 1...12) func theRulesAreTheirDefinitions(count: Int) {
        var generator = CounterBasedGenerator(seed: UInt64(count), purpose: "robust")
        let vectors = (0..<count).map { _ in (0..<40).map { _ in Float(generator.uniform() * 200 - 100) } }
        let medians = Self.aggregate(.median, vectors)
        let trimmed = Self.aggregate(.trimmedMean, vectors)
        for index in 0..<40 {
            let sorted = vectors.map { Double($0[index]) }.sorted()
            let median =
                count % 2 == 1 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2
            #expect(medians[index] == Float(median))
            var rest = sorted
            for _ in 0..<Int(Double(count) * 0.2) {
                rest.removeFirst()
                rest.removeLast()
            }
            #expect((trimmed[index] - Float(rest.reduce(0, +) / Double(rest.count))).magnitude <= 1e-5)
        }
        for rule in [AggregationRule.median, .trimmedMean] {
            #expect(Self.aggregate(rule, vectors) == Self.aggregate(rule, vectors.reversed()), "in any order")
        }
        if count == 1 { #expect(medians == vectors[0] && trimmed == vectors[0]) }
    }

    /// Two of five pull as hard as the gate lets them: the honest three are not left behind, where an average is.
    @Test func aMinorityDoesNotMoveTheMedian() {
        var generator = CounterBasedGenerator(seed: 1, purpose: "poison")
        let honest = (0..<3).map { _ in (0..<40).map { _ in 1 + Float(generator.uniform()) * 0.1 } }
        let poison = [[Float]](repeating: [Float](repeating: -60_000, count: 40), count: 2)
        let within: (Float) -> Bool = { (1...1.1).contains($0) }
        #expect(Self.aggregate(.median, honest + poison).allSatisfy(within))
        #expect(Self.aggregate(.average, honest + poison).allSatisfy { !within($0) })
        #expect(Self.aggregate(.trimmedMean, honest + honest.dropLast() + poison.dropLast()).allSatisfy(within))
        #expect(Self.aggregate(.trimmedMean, honest + poison).allSatisfy { !within($0) }, "two of five are too many")
    }

    @Test func rulesAreKnownByTheirStrategysName() {
        for rule in AggregationRule.allCases {
            #expect(AggregationRule(strategy: rule.strategy(hyperparameters: []).name) == rule)
        }
        #expect(AggregationRule(strategy: "krum") == nil)
    }
}
