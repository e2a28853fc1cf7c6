internal import Numerics
internal import Platform

/// Scores without any meaning: the row of every table that shows what a measure gives for nothing.
package struct RandomDetector: MetricDetector {
    /// F names.
    package let metrics: [String]
    /// Names the stream of draws.
    package let seed: UInt64

    /// A detector that draws from one seed.
    package init(metrics: [String], seed: UInt64) {
        self.metrics = metrics
        self.seed = seed
    }

    /// A scorer that draws uniform deviations.
    package func makeScorer() -> any MetricScorer {
        Scorer(generator: CounterBasedGenerator(seed: seed, purpose: "random scores"))
    }

    private struct Scorer: MetricScorer {
        var generator: CounterBasedGenerator

        mutating func startSegment() {}

        mutating func score(_ row: StreamRow, after past: AlarmPast, into output: DeviationBuffers) {
            let row = row.values
            for metric in row.indices {
                output.deviations[metric] = generator.uniform()
                output.causes[metric] = output.deviations[metric]
                output.signs[metric] = 0
            }
        }

        func save(to state: inout StateWriter) { state.append(Int(generator.drawn)) }

        mutating func restore(from state: inout StateReader) throws(StateError) {
            generator.drawn = UInt64(try state.int(in: 0...(1 << 62)))
        }
    }
}

/// The fit of ``RandomDetector``: there is nothing to learn.
package struct RandomFit: DetectorFit {
    private let detector: RandomDetector

    /// A fit that ends in `detector`.
    package init(detector: RandomDetector) { self.detector = detector }

    package func summary(of part: TrainingPart) -> FitSummary { FitSummary() }

    package mutating func advance(with summary: FitSummary) -> FittedDetector? { .random(detector) }
}
