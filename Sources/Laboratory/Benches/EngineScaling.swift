public import Autoencoders
import Numerics

/// Measures how the cost of training grows with one size while the others stay: 640 windows of 20 samples and 32 metrics,
/// one epoch, unless that is the size that grows.
public struct EngineScaling: Sendable {
    /// The size that grows.
    public enum Series: String, Sendable, CaseIterable {
        /// Windows of an epoch.
        case windows
        /// T: samples of a window.
        case window
        /// Epochs.
        case epochs
        /// F: metrics.
        case features

        /// The sizes that are measured.
        public var sizes: [Int] {
            switch self {
            case .windows: [512, 1024, 2048, 4096, 8192]
            case .window: [5, 10, 20, 40, 80, 160]
            case .epochs: [1, 2, 4, 8, 16]
            case .features: [8, 16, 32, 64, 128, 256, 512, 1000]
            }
        }
    }

    /// The straight line that is nearest to measured times in the sense of least squares.
    public struct Line: Hashable, Sendable {
        /// Seconds for each unit of the size.
        public var slope: Double
        /// Seconds at size 0.
        public var intercept: Double
        /// R²: the share of the variance of the times that the line explains; 1 when all times are equal.
        public var determination: Double
        /// The largest distance of a time from the line, as a share of the longest time.
        public var largestDeviation: Double

        /// The line through points.
        ///
        /// - Precondition: there are as many times as sizes, at least two, and two sizes differ.
        public init(sizes: [Double], times: [Double]) {
            precondition(sizes.count == times.count && sizes.count >= 2, "a line needs two points")
            let count = Double(sizes.count)
            let (meanX, meanY) = (sizes.reduce(0, +) / count, times.reduce(0, +) / count)
            let variance = sizes.reduce(0) { $0 + ($1 - meanX) * ($1 - meanX) }
            precondition(variance > 0, "a line needs two sizes")
            let slope = zip(sizes, times).reduce(0) { $0 + ($1.0 - meanX) * ($1.1 - meanY) } / variance
            let intercept = meanY - slope * meanX
            let residuals = zip(sizes, times).map { $1 - slope * $0 - intercept }
            let total = times.reduce(0) { $0 + ($1 - meanY) * ($1 - meanY) }
            self.slope = slope
            self.intercept = intercept
            determination = total > 0 ? 1 - residuals.reduce(0) { $0 + $1 * $1 } / total : 1
            let longest = times.reduce(0, max)
            largestDeviation = longest > 0 ? residuals.reduce(0) { max($0, $1.magnitude) } / longest : 0
        }
    }

    /// One series.
    public struct Result: Sendable {
        /// The sizes.
        public var sizes: [Int]
        /// Median seconds at each.
        public var seconds: [Double]
        /// Floating-point operations a second that the products need, in 10⁹, at each: a cliff would show here.
        public var gigaflops: [Double]
        /// The line through them.
        public var line: Line
    }

    /// H of each layer.
    public var hidden: [Int]
    /// Windows a step.
    public var batch: Int
    /// Measured repetitions of each size, after one that is not.
    public var repetitions: Int

    /// - Precondition: everything is positive.
    public init(hidden: [Int], batch: Int, repetitions: Int) {
        precondition(
            !hidden.isEmpty && hidden.allSatisfy { $0 > 0 } && batch > 0 && repetitions > 0, "sizes are positive")
        self.hidden = hidden
        self.batch = batch
        self.repetitions = repetitions
    }

    /// Measures one series.
    ///
    /// - Throws: what the backend and its engine throw.
    public func run(_ series: Series, backend: any AcceleratorBackend) throws -> Result {
        let results = try series.sizes.map { size in
            let shape = AutoencoderShape(
                features: series == .features ? size : 32, window: series == .window ? size : 20, hidden: hidden)
            var benchmark = EngineBenchmark(
                shape: shape, windows: series == .windows ? size : 640, repetitions: repetitions)
            benchmark.epochs = series == .epochs ? size : 1
            return try benchmark.run(.train, backend: backend, batch: batch)
        }
        let seconds = results.map(\.wallMedian)
        return Result(
            sizes: series.sizes, seconds: seconds, gigaflops: results.map(\.gigaflops),
            line: Line(sizes: series.sizes.map(Double.init), times: seconds))
    }
}
