import Autoencoders
import Numerics
import Telemetry
import Testing

@Suite struct ParameterCarryingTests {
    private let shape = AutoencoderShape(features: 3, window: 4, hidden: [5, 2])

    private func scaler(_ metrics: [(String, Double, Double)]) -> MetricScaler {
        MetricScaler(
            metrics: metrics.map {
                .init(
                    name: $0.0, centre: $0.1, spread: $0.2, lowerLimit: $0.1 - 8 * $0.2, upperLimit: $0.1 + 8 * $0.2)
            })
    }

    /// What the model makes of raw samples, in raw units.
    private func reconstruction(
        _ parameters: Tensor<Float>, _ shape: AutoencoderShape, _ scaler: MetricScaler, of raw: [[Double]]
    ) throws -> [[Double]] {
        let engine = try AcceleratorCatalog.backend(named: "reference", threads: 1)
            .makeEngine(shape: shape, maximumBatch: 1)
        try engine.setParameters(parameters)
        let scaled = raw.flatMap { row in
            row.enumerated().map { Float(scaler.scale($0.element, metric: $0.offset)) }
        }
        let batch = WindowBatch(samples: Tensor(scaled, shape: [shape.window, shape.features]), starts: [0][...])
        let out = try engine.reconstruct(batch).elements
        return (0..<shape.window).map { step in
            (0..<shape.features).map { column in
                Double(out[step * shape.features + column]) * scaler.metrics[column].spread
                    + scaler.metrics[column].centre
            }
        }
    }

    @Test func anotherScalingLeavesTheFunctionAsItIs() throws {
        let old = scaler([("a", 1, 2), ("b", -3, 0.5), ("c", 100, 40)])
        let new = scaler([("a", 2, 1), ("b", -2.5, 1.5), ("c", 80, 60)])
        let trained = shape.initialParameters(seed: 7, group: "g")
        let carried = ParameterCarrying.carry(
            trained, from: (shape, old), to: (shape, new), initial: shape.initialParameters(seed: 1, group: "g"))
        #expect(carried != trained)
        let raw = [[1.5, -3.2, 130], [0, -2.9, 90], [3, -3.5, 60], [2, -3, 100]]
        let before = try reconstruction(trained, shape, old, of: raw)
        let after = try reconstruction(carried, shape, new, of: raw)
        for (one, other) in zip(before.joined(), after.joined()) {
            // Single precision through two layers, in units of the larger spread.
            #expect(abs(one - other) < 2e-3, "\(one) and \(other)")
        }
        #expect(
            ParameterCarrying.carry(trained, from: (shape, old), to: (shape, old), initial: carried) == trained,
            "the same scaling leaves the same bits")
    }

    @Test func metricsThatStayKeepTheirColumns() throws {
        let old = scaler([("a", 0, 1), ("b", 0, 1), ("c", 0, 1)])
        let wider = AutoencoderShape(features: 4, window: 4, hidden: [5, 2])
        let new = scaler([("c", 0, 1), ("x", 0, 1), ("a", 0, 1), ("b", 0, 1)])
        let trained = shape.initialParameters(seed: 7, group: "g")
        let initial = wider.initialParameters(seed: 1, group: "g")
        let carried = ParameterCarrying.carry(trained, from: (shape, old), to: (wider, new), initial: initial)
        let (from, to) = (trained.elements, carried.elements)
        for row in 0..<20 {
            #expect(to[row * 4] == from[row * 3 + 2] && to[row * 4 + 2] == from[row * 3])
            #expect(to[row * 4 + 1] == initial.elements[row * 4 + 1])
        }
    }

    /// What was constant is scaled by next to nothing: carried over, its weights would be beyond any bound.
    @Test func aMetricThatBeginsToMoveBeginsAnew() {
        let initial = shape.initialParameters(seed: 1, group: "g")
        let trained = shape.initialParameters(seed: 7, group: "g")
        let old = scaler([("a", 0, 1), ("b", 5, 1e-6), ("c", 0, 1)])
        for moved in [("b", 5.0, 1.0), ("b", 5 + 1e-4, 1e-6), ("b", 5, 1e-12)] {
            let new = scaler([("a", 0, 1), moved, ("c", 0, 1)])
            let carried = ParameterCarrying.carry(trained, from: (shape, old), to: (shape, new), initial: initial)
            #expect(carried.elements.allSatisfy { abs($0) < 4 })
            for row in 0..<20 {
                #expect(carried.elements[row * 3 + 1] == initial.elements[row * 3 + 1])
                #expect(carried.elements[row * 3] == trained.elements[row * 3])
            }
        }
    }

    @Test func parametersBeyondAnyBoundBeginAnew() {
        let initial = shape.initialParameters(seed: 1, group: "g")
        let same = scaler([("a", 0, 1), ("b", 0, 1), ("c", 0, 1)])
        var wild = shape.initialParameters(seed: 7, group: "g").elements
        wild[5] = 4_000
        let carried = ParameterCarrying.carry(
            Tensor(wild, shape: [wild.count]), from: (shape, same), to: (shape, same), initial: initial)
        #expect(carried == initial)
    }

    @Test func otherWidthsBeginAnew() {
        let other = AutoencoderShape(features: 3, window: 4, hidden: [6, 2])
        let same = scaler([("a", 0, 1), ("b", 0, 1), ("c", 0, 1)])
        let initial = other.initialParameters(seed: 1, group: "g")
        #expect(
            ParameterCarrying.carry(
                shape.initialParameters(seed: 7, group: "g"), from: (shape, same), to: (other, same),
                initial: initial)
                == initial)
        let strangers = scaler([("d", 0, 1), ("e", 0, 1), ("f", 0, 1)])
        let fresh = shape.initialParameters(seed: 1, group: "g")
        #expect(
            ParameterCarrying.carry(
                shape.initialParameters(seed: 7, group: "g"), from: (shape, same), to: (shape, strangers),
                initial: fresh) == fresh)
    }
}
