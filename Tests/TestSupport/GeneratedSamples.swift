import Numerics
package import Watching

/// Detector samples made from a seed.
package enum GeneratedSamples {
    /// Metrics that share a load, with noise and a few gaps between rows.
    package static func entity(_ index: Int, count: Int = 400, metrics: Int = 6) -> DetectorSamples {
        var generator = CounterBasedGenerator(seed: 11, purpose: "entity", index)
        var values: [Double] = []
        for row in 0..<count {
            let load = 0.5 + 0.3 * Double((row * 7 + index) % 50) / 50 + 0.05 * generator.normal()
            for metric in 0..<metrics { values.append(load * Double(metric + 1) + 0.1 * generator.normal()) }
        }
        return DetectorSamples(
            metrics: (0..<metrics).map { "m\($0)" },
            groups: (0..<metrics).map { $0 < 3 ? "physical.cpu" : "access.radio" },
            times: (0..<count).map { Double($0) * 60 }, values: values, segments: [0..<150, 150..<count])
    }
}
