package import Numerics

/// What a worker says of its samples in one pass of a fit: sums, extremes and sketches, never samples. Summaries
/// merge exactly and in any order, so that a federated fit equals the central one.
package struct FitSummary: Codable, Sendable, Equatable {
    /// Sums, accumulated so that their order cannot matter.
    package var sums: [ExactSum]
    /// Smallest values.
    package var minima: [Double]
    /// Largest values.
    package var maxima: [Double]
    /// Quantile sketches.
    package var sketches: [DistributionSketch]

    /// A summary with every part given.
    package init(
        sums: [ExactSum] = [], minima: [Double] = [], maxima: [Double] = [], sketches: [DistributionSketch] = []
    ) {
        self.sums = sums
        self.minima = minima
        self.maxima = maxima
        self.sketches = sketches
    }

    /// Takes in another summary of the same pass.
    ///
    /// - Throws: ``DetectionError`` (`mismatch`) when the other has another form: a peer with other metrics.
    package mutating func merge(_ other: FitSummary) throws(DetectionError) {
        guard sums.count == other.sums.count, minima.count == other.minima.count, maxima.count == other.maxima.count,
            sketches.count == other.sketches.count,
            zip(sketches, other.sketches).allSatisfy({ $0.precision == $1.precision })
        else {
            throw DetectionError(
                .mismatch, "merging summaries",
                "\(other.sums.count) sums and \(other.sketches.count) sketches, expected \(sums.count) and "
                    + "\(sketches.count)")
        }
        for index in sums.indices { sums[index].merge(other.sums[index]) }
        for index in minima.indices { minima[index] = min(minima[index], other.minima[index]) }
        for index in maxima.indices { maxima[index] = max(maxima[index], other.maxima[index]) }
        for index in sketches.indices { sketches[index].merge(other.sketches[index]) }
    }
}

/// The samples of one entity that a fit may learn from.
package struct TrainingPart: Sendable {
    /// All samples of the entity, for what looks back in time.
    package let samples: DetectorSamples
    /// The rows whose statistics count, ascending; rows held out for calibration are not among them.
    package let rows: [Range<Int>]

    /// All rows but those of `heldOut`.
    package init(_ samples: DetectorSamples, heldOut: Range<Int>? = nil) {
        self.samples = samples
        let all = 0..<samples.count
        guard let heldOut else {
            rows = [all]
            return
        }
        rows = [all.lowerBound..<heldOut.lowerBound, heldOut.upperBound..<all.upperBound].filter { !$0.isEmpty }
    }

    /// Some rows only.
    package init(_ samples: DetectorSamples, only rows: Range<Int>) {
        self.samples = samples
        self.rows = rows.isEmpty ? [] : [rows]
    }

    /// Number of rows that count.
    package var count: Int { rows.reduce(0) { $0 + $1.count } }
}

/// The learning of a detector as passes over data that stays where it is: each pass, every worker summarises its
/// samples, the summaries are merged, and the fit advances. A value without I/O; the server holds it, workers hold
/// copies.
package protocol DetectorFit: Codable, Sendable {
    /// What this pass wants to know of one entity's samples.
    func summary(of part: TrainingPart) throws(DetectionError) -> FitSummary
    /// Takes in the merged summaries of a pass; returns the detector after the last one.
    mutating func advance(with summary: FitSummary) throws(DetectionError) -> FittedDetector?
}

extension DetectorFit {
    /// The fit carried through on parts that are all here.
    ///
    /// - Throws: ``DetectionError``, also when it is no longer wanted.
    package func fitted(
        to parts: [TrainingPart], isCancelled: () -> Bool = { false }
    ) throws(DetectionError) -> FittedDetector {
        guard let first = parts.first else {
            throw DetectionError(.insufficientData, "fitting a detector", "no entity to learn from")
        }
        var fit = self
        while true {
            if isCancelled() { throw DetectionError(cancelled: "fitting a detector") }
            var summary = try fit.summary(of: first)
            for part in parts.dropFirst() { try summary.merge(fit.summary(of: part)) }
            if let detector = try fit.advance(with: summary) { return detector }
        }
    }
}
