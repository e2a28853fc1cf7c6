import Autoencoders
import Numerics
import Telemetry

/// What the autoencoders of all groups say of one entity's stream: reconstruction minus sample, scaled, for each
/// metric. To a detector that is a stream of samples like any other, in which normal is near zero.
struct ResidualStream {
    private let bundle: ModelBundle
    private let scorers: [String: ResidualScorer]
    /// The latest T − 1 scaled rows of each group's current segment, row-major.
    private var histories: [String: [Float]] = [:]

    /// A stream at its start.
    ///
    /// - Parameter scorers: by the name of their group; may be shared by all streams of a thread.
    init(bundle: ModelBundle, scorers: [String: ResidualScorer]) {
        self.bundle = bundle
        self.scorers = scorers
    }

    /// A scorer for each group of a model.
    ///
    /// - Throws: what the backend throws.
    static func makeScorers(_ bundle: ModelBundle, backend: any AcceleratorBackend) throws -> [String: ResidualScorer] {
        var scorers: [String: ResidualScorer] = [:]
        for group in bundle.manifest.groups {
            scorers[group.name] = try bundle.scorer(for: group.name, backend: backend)
        }
        return scorers
    }

    /// The residuals of the next chunk; groups without a model are left out.
    ///
    /// - Throws: `TelemetryError` when a series has other metrics than the model, or what the backend throws.
    mutating func append(_ series: [CleanSeries]) throws -> DetectorSamples {
        let parts = series.filter { scorers[$0.group.name] != nil }
        guard let first = parts.first else { return DetectorSamples(metrics: [], times: [], values: []) }
        let width = parts.reduce(0) { $0 + $1.metrics.count }
        var values = [Double](repeating: 0, count: width * first.rowCount)
        var start = 0
        for part in parts {
            let residuals = try residuals(of: part)
            let columns = part.metrics.count
            residuals.withUnsafeBufferPointer { source in
                for row in 0..<part.rowCount {
                    for column in 0..<columns {
                        values[row * width + start + column] = Double(source[row * columns + column])
                    }
                }
            }
            start += columns
        }
        return DetectorSamples(
            metrics: parts.flatMap(\.metrics),
            groups: parts.flatMap { [String](repeating: $0.group.name, count: $0.metrics.count) }, times: first.times,
            values: values, segments: first.segments)
    }

    private mutating func residuals(of series: CleanSeries) throws -> Tensor<Float> {
        let name = series.group.name
        guard let scorer = scorers[name], series.rowCount > 0 else { return Tensor(shape: series.values.shape) }
        let columns = series.metrics.count
        let scaled = try bundle.scaler(of: name).scale(series)
        // Rows of the same segment that came before this chunk stand before it, and go again afterwards.
        let history = series.continuesPrevious ? histories[name] ?? [] : []
        let earlier = history.count / columns
        let rows = Tensor(history + scaled.elements, shape: [earlier + series.rowCount, columns])
        let segments = series.segments.enumerated().map { index, segment in
            let lower = index == 0 && series.continuesPrevious ? 0 : segment.lowerBound + earlier
            return lower..<segment.upperBound + earlier
        }
        let residuals = try scorer.residuals(of: rows, segments: segments).elements
        let lastStart = segments.last?.lowerBound ?? 0
        let kept = max(lastStart, rows.shape[0] - (scorer.shape.window - 1))
        histories[name] = Array(rows.elements[(kept * columns)...])
        return Tensor(residuals[(earlier * columns)...], shape: [series.rowCount, columns])
    }
}
