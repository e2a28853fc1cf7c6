public import Numerics
import Platform

/// Some of a series' windows with our error for each, so that another implementation can be held against ours.
public struct WindowExport: Sendable {
    /// Scaled windows, `[N, T, F]`.
    public let windows: Tensor<Float>
    /// The mean squared error of each window.
    public let errors: [Float]

    /// `count` windows of a series, evenly spread over all it has, or all if there are fewer.
    ///
    /// - Parameters:
    ///   - rows: scaled samples `[N, F]`.
    ///   - segments: runs of rows without a gap; windows stay inside one.
    /// - Throws: ``ModelError`` with the code `notEnoughData` when there is no whole window.
    public init(of rows: Tensor<Float>, segments: [Range<Int>], count: Int, scorer: ResidualScorer) throws {
        let (steps, features) = (scorer.shape.window, scorer.shape.features)
        let all = segments.flatMap { segment in
            segment.count < steps ? [] : Array(segment.lowerBound...segment.upperBound - steps)
        }
        guard !all.isEmpty, count > 0 else {
            throw ModelError(
                .notEnoughData, subject: "export", found: "no whole window in \(rows.shape[0]) samples",
                expected: "a gap-free run of at least \(steps) samples")
        }
        let taken = min(count, all.count)
        let starts = (0..<taken).map { all[$0 * all.count / taken] }
        let values = unsafe rows.withUnsafeBufferPointer { source in
            unsafe starts.flatMap { start in unsafe source[start * features..<(start + steps) * features] }
        }
        windows = Tensor(values, shape: [taken, steps, features])
        errors = try scorer.windowErrors(WindowBatch(samples: rows, starts: starts[...]))
    }

    /// The windows as little-endian float32, row-major.
    public var windowBytes: [UInt8] {
        windows.elements.flatMap { value in
            let bits = value.bitPattern
            return [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: bits >> UInt32($0)) }
        }
    }

    /// The errors as `{"errors": […]}`.
    public func errorsJSON() throws -> [UInt8] {
        try DeterministicJSON.encode(["errors": errors], pretty: false) + [UInt8(ascii: "\n")]
    }
}
