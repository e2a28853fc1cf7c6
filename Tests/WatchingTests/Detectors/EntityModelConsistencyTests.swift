import Foundation
import Numerics
import Testing
import Watching

/// A model read from a damaged manifest is refused, or harmless: scoring with what passes the check never fails.
@Suite struct EntityModelConsistencyTests {
    private static func samples(_ rows: Int) -> DetectorSamples {
        var generator = CounterBasedGenerator(seed: 4, purpose: "consistency")
        let values = (0..<rows * 3).map { _ in generator.uniform() }
        return DetectorSamples(
            metrics: ["a", "b", "c"], groups: ["x.one", "x.one", "x.two"], times: (0..<rows).map { Double($0) * 600 },
            values: values)
    }

    /// Every place in a JSON value, as keys and indices; of lists only the ends.
    private static func places(_ value: Any) -> [[Any]] {
        var result: [[Any]] = []
        if let object = value as? [String: Any] {
            for (key, child) in object.sorted(by: { $0.key < $1.key }) {
                result.append([key])
                result += places(child).map { [key] + $0 }
            }
        } else if let list = value as? [Any] {
            for index in Set([0, list.count - 1]).sorted() where list.indices.contains(index) {
                result.append([index])
                result += places(list[index]).map { [index] + $0 }
            }
        }
        return result
    }

    /// The value with what stands at a place changed; `nil` removes it.
    private static func changing(_ value: Any, at place: ArraySlice<Any>, _ change: (Any) -> Any?) -> Any? {
        guard let first = place.first else { return change(value) }
        if var object = value as? [String: Any], let key = first as? String, let child = object[key] {
            object[key] = changing(child, at: place.dropFirst(), change)
            return object
        }
        if var list = value as? [Any], let index = first as? Int {
            if let new = changing(list[index], at: place.dropFirst(), change) {
                list[index] = new
            } else {
                list.remove(at: index)
            }
            return list
        }
        return value
    }

    @Test(arguments: ["default", "zscore", "range-w5", "quantile-range", "pca", "random"])
    func damagedModelsAreRefusedOrHarmless(_ name: String) throws {
        let samples = Self.samples(240)
        let model = try EntityModel.trained(try DetectionMethod.named(name), on: [samples], stepSeconds: 600)
        #expect(model.isConsistent)
        let object = try JSONSerialization.jsonObject(with: JSONEncoder().encode(model))
        let changes: [(Any) -> Any?] = [
            { _ in nil }, { _ in -1 }, { _ in 0 }, { _ in 1e18 }, { _ in 1e308 }, { _ in [Any]() }, { _ in "x" },
            { ($0 as? [Any]).map { Array($0.dropLast()) } ?? $0 }, { ($0 as? [Any]).map { $0 + $0 } ?? $0 },
        ]
        var (refused, harmless) = (0, 0)
        let head = Self.samples(40)
        for place in Self.places(object) {
            for change in changes {
                guard let damaged = Self.changing(object, at: place[...], change),
                    JSONSerialization.isValidJSONObject(damaged),
                    let decoded = try? JSONDecoder().decode(
                        EntityModel.self, from: JSONSerialization.data(withJSONObject: damaged)),
                    decoded.isConsistent
                else {
                    refused += 1
                    continue
                }
                harmless += 1
                _ = try? decoded.score(head)
            }
        }
        #expect(refused > 50 && harmless > 0)
    }
}
