import Foundation
import Numerics
import Testing
import Watching

/// What is never below zero falls by factors.
@Suite struct AmountsTests {
    private static let row = 400

    /// Two metrics that go up and down by factors, as rates do, the first of them next to nothing for some rows.
    private static func rates(_ rows: Int, part: Int, offset: Double = 0, fall: Range<Int> = 0..<0) -> DetectorSamples {
        var generator = CounterBasedGenerator(seed: 5, purpose: "amounts", part)
        var values: [Double] = []
        for row in 0..<rows {
            let first = fall.contains(row) ? 0.5 : 100 * exp(0.45 * generator.normal())
            values += [first + offset, 100 * exp(0.45 * generator.normal()) + offset]
        }
        return DetectorSamples(metrics: ["a", "b"], times: (0..<rows).map { 60 * Double($0) }, values: values)
    }

    /// The deviation of the first metric in the first row of a fall, by a model of its rows that is changed on its way.
    private static func deviation(
        offset: Double = 0, _ change: (EntityModel) throws -> EntityModel = { $0 }
    ) throws -> Double {
        let model = try change(
            EntityModel.trained(.shipped, on: [rates(3_000, part: 0, offset: offset)], stepSeconds: 60))
        #expect(model.isConsistent)
        let test = rates(row + 20, part: 1, offset: offset, fall: row..<row + 20)
        let found = try model.score(test)
        return found.found.deviations[2 * (row + 19)]
    }

    @Test("A rate that falls to nothing is far off, though by no more than it rises every hour")
    func aFallToNothing() throws {
        let amounts = try Self.deviation()
        // The same numbers around another zero are no amounts.
        let levels = try Self.deviation(offset: -150)
        #expect(amounts > 1.2)
        #expect(amounts > levels + 0.6)
    }

    @Test("A model that was written before falls were factors is read, and measures them as it did")
    func olderModels() throws {
        func older(_ model: EntityModel) throws -> EntityModel {
            func without(_ value: Any) -> Any {
                if let list = value as? [Any] { return list.map(without) }
                guard var object = value as? [String: Any] else { return value }
                object["floors"] = nil
                return object.mapValues(without)
            }
            let written = try JSONEncoder().encode(model)
            let bytes = try JSONSerialization.data(withJSONObject: without(JSONSerialization.jsonObject(with: written)))
            #expect(bytes.count < written.count)
            return try JSONDecoder().decode(EntityModel.self, from: bytes)
        }
        #expect(try Self.deviation(older) < Self.deviation() - 0.4)
        #expect(
            try Self.deviation { try JSONDecoder().decode(EntityModel.self, from: JSONEncoder().encode($0)) }
                == Self.deviation())
    }
}
