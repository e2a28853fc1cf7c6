/// The windows of a series that straddle no segment boundary.
public struct WindowIndex: Hashable, Sendable {
    /// T: rows in a window.
    public let window: Int
    /// Rows between the starts of two windows of a segment.
    public let stride: Int
    /// First row of each window, ascending.
    public let starts: [Int]

    /// Windows of `window` rows every `stride` rows from the start of each segment; a segment shorter than a window
    /// has none.
    ///
    /// - Precondition: `window` and `stride` are positive; the segments ascend and do not overlap.
    public init(segments: [Range<Int>], window: Int, stride: Int = 1) {
        precondition(window > 0 && stride > 0, "window and stride are positive")
        self.window = window
        self.stride = stride
        var starts: [Int] = []
        var end = 0
        for segment in segments {
            precondition(segment.lowerBound >= end, "segments ascend and do not overlap")
            end = segment.upperBound
            guard segment.count >= window else { continue }
            starts.append(contentsOf: Swift.stride(from: segment.lowerBound, through: end - window, by: stride))
        }
        self.starts = starts
    }

    /// Number of windows.
    public var count: Int { starts.count }
}
