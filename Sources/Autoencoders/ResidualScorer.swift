public import Numerics

/// Scores scaled samples with one group's model: per sample and metric the residual, reconstruction minus sample, at
/// the last position of the window that ends with the sample. A residual therefore depends on that sample and the
/// T − 1 before it only.
///
/// Warm-up: the first T − 1 samples of a segment have no full window behind them; theirs is filled up at its old end
/// with copies of the segment's first sample, as if the entity had stood still before. Every sample gets a finite
/// residual that way.
///
/// Not shared between threads; see `AutoencoderEngine`.
public final class ResidualScorer {
    /// The model's sizes.
    public let shape: AutoencoderShape
    private let engine: any AutoencoderEngine

    /// Rows that are laid out at a time, so that scoring a long series needs little memory.
    private static let piece = 4096

    /// A scorer with the given weights on an engine of its own.
    ///
    /// - Throws: what the backend throws.
    /// - Precondition: `parameters` has the shape's size.
    public init(shape: AutoencoderShape, parameters: Tensor<Float>, backend: any AcceleratorBackend) throws {
        precondition(parameters.count == shape.parameterCount, "parameters and shape differ in size")
        self.shape = shape
        engine = try backend.makeEngine(shape: shape, maximumBatch: LocalTraining.scoringBatch)
        try engine.setParameters(parameters)
    }

    /// The residual of every sample and metric, `[N, F] → [N, F]`.
    ///
    /// - Parameter segments: runs of rows without a gap; rows outside all of them get the residual 0.
    /// - Precondition: `rows` has F columns, and the segments lie within it.
    public func residuals(of rows: Tensor<Float>, segments: [Range<Int>]) throws -> Tensor<Float> {
        let (features, history) = (shape.features, shape.window - 1)
        precondition(rows.shape.count == 2 && rows.shape[1] == features, "rows are [N, \(features)]")
        var result = Tensor<Float>(shape: rows.shape)
        for segment in segments {
            precondition(segment.lowerBound >= 0 && segment.upperBound <= rows.shape[0], "a segment is outside")
            for first in stride(from: segment.lowerBound, to: segment.upperBound, by: Self.piece) {
                let end = min(first + Self.piece, segment.upperBound)
                var padded = Tensor<Float>(shape: [history + end - first, features])
                unsafe rows.withUnsafeBufferPointer { source in
                    unsafe padded.withUnsafeMutableBufferPointer { target in
                        for row in 0..<history + end - first {
                            let origin = max(segment.lowerBound, first - history + row) * features
                            for k in 0..<features { unsafe target[row * features + k] = source[origin + k] }
                        }
                    }
                }
                let values = try lastResiduals(of: padded, count: end - first)
                unsafe result.withUnsafeMutableBufferPointer { target in
                    for index in values.indices { unsafe target[first * features + index] = values[index] }
                }
            }
        }
        return result
    }

    /// The residuals of the first `count` windows of a table, row-major `[count, F]`.
    private func lastResiduals(of samples: Tensor<Float>, count: Int) throws -> [Float] {
        let starts = Array(0..<count)
        return try residuals(WindowBatch(samples: samples, starts: starts[...]))
    }

    /// The residuals at the last position of some windows, row-major `[B, F]`.
    package func residuals(_ windows: WindowBatch) throws -> [Float] {
        var values: [Float] = []
        values.reserveCapacity(windows.count * shape.features)
        let (lower, upper) = (windows.starts.startIndex, windows.starts.endIndex)
        for first in stride(from: lower, to: upper, by: LocalTraining.scoringBatch) {
            let slice = windows.starts[first..<min(first + LocalTraining.scoringBatch, upper)]
            let residuals = try engine.lastResiduals(WindowBatch(samples: windows.samples, starts: slice))
            unsafe residuals.withUnsafeBufferPointer { unsafe values.append(contentsOf: $0) }
        }
        return values
    }

    /// The mean squared error of each window, `[B]`; whole windows only.
    public func windowErrors(_ windows: WindowBatch) throws -> [Float] {
        var errors: [Float] = []
        let (lower, upper) = (windows.starts.startIndex, windows.starts.endIndex)
        for first in stride(from: lower, to: upper, by: LocalTraining.scoringBatch) {
            let slice = windows.starts[first..<min(first + LocalTraining.scoringBatch, upper)]
            errors += try engine.windowErrors(WindowBatch(samples: windows.samples, starts: slice)).elements
        }
        return errors
    }

    /// The residual of the newest sample of a stream, `[F]`.
    ///
    /// - Parameter stream: what the stream's earlier samples left behind; one for each entity.
    /// - Precondition: `row` has F values.
    public func residual(of row: [Float], beginsSegment: Bool, in stream: inout SampleHistory) throws -> [Float] {
        precondition(row.count == shape.features, "a row has \(shape.features) values")
        stream.push(row, beginsSegment: beginsSegment, window: shape.window)
        return try lastResiduals(of: stream.window, count: 1)
    }
}

/// The last T samples of one entity's stream, filled up as ``ResidualScorer`` describes.
public struct SampleHistory: Sendable {
    /// The window that ends with the newest sample, `[T, F]`.
    fileprivate var window = Tensor<Float>(shape: [0, 0])

    /// The history of a stream that has not begun.
    public init() {}

    fileprivate mutating func push(_ row: [Float], beginsSegment: Bool, window steps: Int) {
        if beginsSegment || window.count == 0 {
            window = Tensor((0..<steps).flatMap { _ in row }, shape: [steps, row.count])
            return
        }
        unsafe window.withUnsafeMutableBufferPointer { values in
            let kept = values.count - row.count
            for index in 0..<kept { unsafe values[index] = values[index + row.count] }
            for index in row.indices { unsafe values[kept + index] = row[index] }
        }
    }
}
