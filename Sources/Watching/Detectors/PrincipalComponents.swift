internal import Numerics
internal import Platform

/// What the leading principal components of the normal samples cannot explain: the squared residual of each metric
/// after projection on them.
///
/// Source: Jackson, Mudholkar, "Control procedures for residuals associated with principal component analysis",
/// Technometrics 1979.
package struct PrincipalComponentDetector: MetricDetector {
    /// F names.
    package let metrics: [String]
    /// Mean of each metric.
    package let centre: [Double]
    /// Standard deviation of each metric; positive.
    package let spread: [Double]
    /// The components, one a row, `[K × F]`, in order of the variance they explain.
    package let components: [Double]
    /// Largest magnitude of a scaled sample; one metric beyond all bounds would drown the others.
    package let clip: Double

    /// A scorer; it has no memory.
    package func makeScorer() -> any MetricScorer { Scorer(detector: self) }

    private struct Scorer: MetricScorer {
        let detector: PrincipalComponentDetector
        var scaled: [Double]

        init(detector: PrincipalComponentDetector) {
            self.detector = detector
            scaled = [Double](repeating: 0, count: detector.metrics.count)
        }

        mutating func startSegment() {}

        func save(to state: inout StateWriter) {}

        mutating func restore(from state: inout StateReader) {}

        mutating func score(_ row: StreamRow, after past: AlarmPast, into output: DeviationBuffers) {
            let row = row.values
            let width = row.count
            for metric in 0..<width {
                let z = (row[metric] - detector.centre[metric]) / detector.spread[metric]
                scaled[metric] = max(-detector.clip, min(detector.clip, z))
                output.deviations[metric] = scaled[metric]
            }
            for start in stride(from: 0, to: detector.components.count, by: width) {
                var projection = 0.0
                for metric in 0..<width { projection += detector.components[start + metric] * scaled[metric] }
                for metric in 0..<width {
                    output.deviations[metric] -= projection * detector.components[start + metric]
                }
            }
            for metric in 0..<width {
                let residual = output.deviations[metric]
                output.deviations[metric] = residual * residual
                output.causes[metric] = output.deviations[metric]
                output.signs[metric] = residual > 0 ? 1 : residual < 0 ? -1 : 0
            }
        }
    }
}

/// The fit of ``PrincipalComponentDetector``: means, then covariances, which merge exactly; the server decomposes the
/// merged correlation matrix with LAPACK.
package struct PrincipalComponentFit: DetectorFit {
    private enum Pass: Codable {
        case means
        case covariances(means: [Double], minima: [Double], maxima: [Double])
    }

    private let metrics: [String]
    private let componentCount: Int
    private let clip: Double
    private var pass: Pass = .means

    /// A fit of at most `components` components.
    package init(metrics: [String], components: Int = 10, clip: Double = 1e6) {
        precondition(components > 0 && clip > 0, "components and clip are positive")
        self.metrics = metrics
        componentCount = components
        self.clip = clip
    }

    package func summary(of part: TrainingPart) throws(DetectionError) -> FitSummary {
        try part.samples.require(metrics)
        switch pass {
        case .means: return part.sums()
        case .covariances(let means, _, _): return part.covariances(around: means)
        }
    }

    package mutating func advance(with summary: FitSummary) throws(DetectionError) -> FittedDetector? {
        switch pass {
        case .means:
            pass = .covariances(means: try summary.means(), minima: summary.minima, maxima: summary.maxima)
            return nil
        case .covariances(let means, let minima, let maxima):
            let covariance = try summary.matrix(extent: metrics.count)
            let spread = metrics.indices.map { metric in
                max(
                    covariance[metric, metric].squareRoot(),
                    SpreadFloor.floor(minimum: minima[metric], maximum: maxima[metric], centre: means[metric]))
            }
            var correlation = covariance
            for row in metrics.indices {
                for column in metrics.indices { correlation[row, column] /= spread[row] * spread[column] }
            }
            let eigen: SymmetricEigen
            do { eigen = try symmetricEigen(correlation) } catch {
                throw DetectionError(.invalidData, "decomposing the correlation matrix", "\(error)")
            }
            let kept = min(componentCount, max(0, metrics.count - 1))
            return .principalComponents(
                PrincipalComponentDetector(
                    metrics: metrics, centre: means, spread: spread,
                    components: Array(eigen.vectors.elements.prefix(kept * metrics.count)), clip: clip))
        }
    }
}

extension TrainingPart {
    /// The upper triangle of Σ (x − centre)(x − centre)ᵀ over the rows that count, and last the number of rows.
    func covariances(around centres: [Double]) -> FitSummary {
        let width = samples.metricCount
        var centred: [Double] = []
        centred.reserveCapacity(count * width)
        for range in rows {
            for row in range {
                for metric in 0..<width { centred.append(samples.values[row * width + metric] - centres[metric]) }
            }
        }
        return .products(of: Tensor(centred, shape: [count, width]))
    }
}

extension FitSummary {
    /// The upper triangle of `aᵀ · a` and last the number of rows of `a` `[n, F]`.
    static func products(of a: Tensor<Double>) -> FitSummary {
        let width = a.shape[1]
        let gram = gramMatrix(a)
        var sums: [ExactSum] = []
        for row in 0..<width {
            for column in row..<width { sums.append(ExactSum([gram[row, column]])) }
        }
        sums.append(ExactSum([Double(a.shape[0])]))
        return FitSummary(sums: sums)
    }

    /// The symmetric matrix `[F, F]` of means whose upper triangle the sums hold.
    func matrix(extent: Int) throws(DetectionError) -> Tensor<Double> {
        let means = try means()
        guard means.count == extent * (extent + 1) / 2 else {
            throw DetectionError(
                .mismatch, "merging summaries", "\(means.count) products, expected those of \(extent) metrics")
        }
        var result = Tensor<Double>(shape: [extent, extent])
        var index = 0
        for row in 0..<extent {
            for column in row..<extent {
                result[row, column] = means[index]
                result[column, row] = means[index]
                index += 1
            }
        }
        return result
    }
}
