package import Numerics
package import Telemetry

/// Carries the parameters of an autoencoder over to another scaling and another set of metrics, so that it goes on from
/// what it has learned.
///
/// Where a metric x was scaled as u = (x − c)/s and is now v = (x − c′)/s′, then u = a·v + b with a = s′/s and
/// b = (c′ − c)/s. The first layer's weights of the metric become a·W and its bias takes in b·W; the output's become
/// W/a with bias (β − b)/a. The function of the raw samples stays the same, to rounding and as far as values are scaled
/// linearly. Columns of metrics that stay are kept; a metric that came begins with its initial weights, and so does one
/// whose old and new values have no part in common in which both scalings are linear: one that was constant and moves now.
package enum ParameterCarrying {
    /// The parameters for a new shape.
    ///
    /// - Parameters:
    ///   - parameters: the flat vector of `old`.
    ///   - old: shape and scaling that it was trained with.
    ///   - new: shape and scaling that it goes on with; the same window and widths.
    ///   - initial: the flat vector that a new model of the new shape begins with.
    /// - Returns: `initial` where nothing can be carried over: other widths, no metric in common, parameters beyond
    ///   ``largest``.
    package static func carry(
        _ parameters: Tensor<Float>, from old: (shape: AutoencoderShape, scaler: MetricScaler),
        to new: (shape: AutoencoderShape, scaler: MetricScaler), initial: Tensor<Float>
    ) -> Tensor<Float> {
        precondition(initial.count == new.shape.parameterCount, "the initial parameters are those of the new shape")
        guard parameters.count == old.shape.parameterCount, old.shape.hidden == new.shape.hidden,
            old.shape.window == new.shape.window, old.scaler.metrics.count == old.shape.features,
            new.scaler.metrics.count == new.shape.features
        else { return initial }
        let places = Dictionary(
            old.scaler.metrics.enumerated().map { ($0.element.name, $0.offset) },
            uniquingKeysWith: { first, _ in first })
        let sources = new.scaler.metrics.map { metric in
            places[metric.name].flatMap { isCarried(from: old.scaler.metrics[$0], to: metric) ? $0 : nil }
        }
        guard sources.contains(where: { $0 != nil }) else { return initial }
        let from = parameters.elements
        var result = initial.elements
        let oldPlaces = Dictionary(uniqueKeysWithValues: old.shape.parameters.map { ($0.name, $0) })
        for parameter in new.shape.parameters {
            guard let source = oldPlaces[parameter.name] else { continue }
            if parameter.shape == source.shape, !isAtTheEdge(parameter.name) {
                result.replaceSubrange(
                    parameter.offset..<(parameter.offset + parameter.count),
                    with: from[source.offset..<(source.offset + source.count)])
            }
        }
        guard let weights = new.shape.parameters.first(where: { $0.name == firstWeights }),
            let oldWeights = oldPlaces[firstWeights], let oldBias = oldPlaces[firstBias],
            let bias = new.shape.parameters.first(where: { $0.name == firstBias }),
            let output = new.shape.parameters.first(where: { $0.name == lastWeights }),
            let oldOutput = oldPlaces[lastWeights], let oldOutputBias = oldPlaces[lastBias],
            let outputBias = new.shape.parameters.first(where: { $0.name == lastBias })
        else { return initial }
        let (width, oldWidth) = (new.shape.features, old.shape.features)
        let rows = weights.shape[0]
        var biases = from[oldBias.offset..<(oldBias.offset + rows)].map { Double($0) }
        for (column, source) in sources.enumerated() {
            guard let source else { continue }
            let (a, b) = change(from: old.scaler.metrics[source], to: new.scaler.metrics[column])
            for row in 0..<rows {
                let weight = Double(from[oldWeights.offset + row * oldWidth + source])
                result[weights.offset + row * width + column] = Float(a * weight)
                biases[row] += b * weight
            }
            let hidden = output.shape[1]
            for unit in 0..<hidden {
                let weight = Double(from[oldOutput.offset + source * hidden + unit])
                result[output.offset + column * hidden + unit] = Float(weight / a)
            }
            result[outputBias.offset + column] = Float((Double(from[oldOutputBias.offset + source]) - b) / a)
        }
        for row in 0..<rows { result[bias.offset + row] = Float(biases[row]) }
        guard result.allSatisfy({ $0.magnitude <= Self.largest }) else { return initial }
        return Tensor(result, shape: [result.count])
    }

    /// Parameters that grew beyond have learned nothing worth carrying on.
    static let largest: Float = 1_024

    private static let firstWeights = "encoder.0.weight_ih_l0"
    private static let firstBias = "encoder.0.bias_ih_l0"
    private static let lastWeights = "output.weight"
    private static let lastBias = "output.bias"

    private static func isAtTheEdge(_ name: String) -> Bool {
        [firstWeights, firstBias, lastWeights, lastBias].contains(name)
    }

    /// Whether one spread of each scaling, and the distance of their centres, lie within what the other maps linearly.
    private static func isCarried(from old: MetricScaler.Metric, to new: MetricScaler.Metric) -> Bool {
        let (factor, offset) = change(from: old, to: new)
        let reach = (old.upperLimit - old.centre) / old.spread
        return factor <= reach && 1 / factor <= reach && abs(offset) <= reach && abs(offset / factor) <= reach
    }

    private static func change(
        from old: MetricScaler.Metric, to new: MetricScaler.Metric
    ) -> (factor: Double, offset: Double) {
        (new.spread / old.spread, (new.centre - old.centre) / old.spread)
    }
}
