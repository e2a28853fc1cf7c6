import Federation
import Numerics
import Testing

@Suite struct MultiKrumTests {
    private static let width = 25
    private static let base = FederatedModel(
        context: [], groups: [.init(name: "g", schema: "s", parameters: [Float](repeating: 0, count: width))])

    private static func aggregate(
        _ vectors: [[Float]], attackers: Int? = nil, order: [Int]? = nil
    ) -> (values: [Float], leftOut: [String]) {
        var aggregator = MultiKrum(assumedAttackers: attackers).aggregateTraining(base: base)
        for index in order ?? Array(vectors.indices) {
            aggregator.add(
                Contribution(
                    kind: .training, rawBytes: 0,
                    groups: [
                        .init(
                            name: "g", schema: "s", sampleCount: UInt64(index + 1), steps: 1, lossBefore: 1,
                            lossAfter: 1,
                            parameters: vectors[index])
                    ]), from: String(UnicodeScalar(UInt8(97 + index))))
        }
        return (aggregator.result().groups[0].parameters, aggregator.leftOut["g"] ?? [])
    }

    private static func draw(_ count: Int, seed: Int) -> [[Float]] {
        var generator = CounterBasedGenerator(seed: UInt64(seed), purpose: "krum")
        return (0..<count).map { _ in (0..<width).map { _ in Float(generator.normal()) } }
    }

    /// Written out from the paper: for each i the sum over its n − f − 2 nearest, the n − f least of them, their mean.
    private static func definition(_ vectors: [[Float]], attackers: Int) -> [Double] {
        let count = vectors.count
        let scores = (0..<count).map { one -> Double in
            var distances: [Double] = []
            for other in 0..<count where other != one {
                distances.append(
                    zip(vectors[one], vectors[other]).reduce(0) {
                        $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1))
                    })
            }
            distances.sort()
            return distances[0..<(count - attackers - 2)].reduce(0, +)
        }
        let kept = (0..<count).sorted { scores[$0] < scores[$1] }[0..<(count - attackers)]
        return (0..<width).map { column in kept.reduce(0.0) { $0 + Double(vectors[$1][column]) } / Double(kept.count) }
    }

    @Test(arguments: 3...12) func theRuleIsItsDefinition(count: Int) {
        let vectors = Self.draw(count, seed: count)
        for attackers in 0...((count - 3) / 2) {
            let expected = Self.definition(vectors, attackers: attackers)
            let found = Self.aggregate(vectors, attackers: attackers)
            for column in 0..<Self.width { #expect((Double(found.values[column]) - expected[column]).magnitude < 1e-5) }
            #expect(found.leftOut.count == attackers)
            let other = Self.aggregate(vectors, attackers: attackers, order: Array(vectors.indices.reversed()))
            #expect(found == other, "in any order")
        }
    }

    @Test func whatIsFarAwayIsLeftOut() {
        var vectors = Self.draw(7, seed: 1)
        for index in [2, 5] { vectors[index] = vectors[index].map { $0 + 40 } }
        let found = Self.aggregate(vectors)
        #expect(found.leftOut == ["c", "f"])
        #expect(found.values.allSatisfy { $0.magnitude < 3 })
    }

    @Test func fAboveWhatTheRuleStandsAgainstIsLowered() {
        #expect(MultiKrum.attackers(among: 10, assumed: 4) == 3)
        #expect(MultiKrum.attackers(among: 10, assumed: nil) == 3)
        #expect(MultiKrum.attackers(among: 10, assumed: 1) == 1)
        #expect((1...4).allSatisfy { MultiKrum.attackers(among: $0, assumed: 2) == 0 })
    }

    @Test func oneAndTwoAreAveraged() {
        let vectors = Self.draw(2, seed: 9)
        #expect(Self.aggregate([vectors[0]]).values == vectors[0])
        let mean = zip(vectors[0], vectors[1]).map { ($0 + $1) / 2 }
        #expect(zip(Self.aggregate(vectors).values, mean).allSatisfy { ($0 - $1).magnitude < 1e-6 })
    }
}
