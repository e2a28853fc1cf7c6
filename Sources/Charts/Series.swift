/// The five numbers of a box plot, and what lies outside.
public struct BoxSummary: Hashable, Sendable {
    /// The lower whisker's end.
    public var lowWhisker: Double
    /// The first quartile.
    public var firstQuartile: Double
    /// The median.
    public var median: Double
    /// The third quartile.
    public var thirdQuartile: Double
    /// The upper whisker's end.
    public var highWhisker: Double
    /// Values beyond the whiskers.
    public var outliers: [Double]

    /// A summary from its numbers.
    public init(
        lowWhisker: Double, firstQuartile: Double, median: Double, thirdQuartile: Double, highWhisker: Double,
        outliers: [Double] = []
    ) {
        self.lowWhisker = lowWhisker
        self.firstQuartile = firstQuartile
        self.median = median
        self.thirdQuartile = thirdQuartile
        self.highWhisker = highWhisker
        self.outliers = outliers
    }

    /// The summary of a sample: quartiles by linear interpolation (Hyndman and Fan, type 7), whiskers to the outermost
    /// values within 1.5 interquartile ranges of the box (Tukey 1977). `nil` for a sample without a finite value.
    public init?(of sample: some Sequence<Double>) {
        let sorted = sample.filter(\.isFinite).sorted()
        guard let first = sorted.first, let last = sorted.last else { return nil }
        func quantile(_ share: Double) -> Double {
            let position = share * Double(sorted.count - 1)
            let index = min(Int(position), sorted.count - 1)
            let next = min(index + 1, sorted.count - 1)
            return sorted[index] + (sorted[next] - sorted[index]) * (position - Double(index))
        }
        let (q1, q3) = (quantile(0.25), quantile(0.75))
        let reach = 1.5 * (q3 - q1)
        self.init(
            lowWhisker: sorted.first { $0 >= q1 - reach } ?? first, firstQuartile: q1, median: quantile(0.5),
            thirdQuartile: q3, highWhisker: sorted.last { $0 <= q3 + reach } ?? last,
            outliers: sorted.filter { $0 < q1 - reach || $0 > q3 + reach })
    }

    var extremes: [Double] { [lowWhisker, firstQuartile, thirdQuartile, highWhisker] + outliers }
}

/// One set of data of a ``Chart``.
///
/// `x`, `y` and the optional bounds are parallel; where they differ in length the shortest counts. Values that are not
/// finite are gaps.
public struct Series: Sendable {
    /// How the data are drawn.
    public enum Mark: Hashable, Sendable {
        /// Points joined by straight lines; bounds become a band.
        case line
        /// Values that hold until the next one; bounds become a band.
        case step
        /// Points; bounds become error bars.
        case scatter
        /// Bars from zero; bounds become error bars. Several series stand side by side.
        case bars
        /// Box plots, one for each `x`.
        case boxes
        /// The area between the bounds.
        case band
    }

    /// The name in the legend; an empty name is left out there.
    public var name: String
    /// How the data are drawn.
    public var mark: Mark
    /// Positions.
    public var x: [Double]
    /// Values; empty for boxes and bands.
    public var y: [Double]
    /// Lower bounds of an interval around each value; empty for none.
    public var lower: [Double]
    /// Upper bounds of an interval around each value; empty for none.
    public var upper: [Double]
    /// The boxes of a box plot.
    public var boxes: [BoxSummary]
    /// The colour; `nil` takes the palette's next.
    public var color: Color?
    /// Whether a line is dashed.
    public var dashed: Bool

    private init(
        _ name: String, _ mark: Mark, x: [Double], y: [Double] = [], lower: [Double] = [], upper: [Double] = [],
        boxes: [BoxSummary] = [], color: Color?, dashed: Bool = false
    ) {
        self.name = name
        self.mark = mark
        self.x = x
        self.y = y
        self.lower = lower
        self.upper = upper
        self.boxes = boxes
        self.color = color
        self.dashed = dashed
    }

    /// A line, with an error band where bounds are given.
    public static func line(
        _ name: String, x: [Double], y: [Double], lower: [Double] = [], upper: [Double] = [], color: Color? = nil,
        dashed: Bool = false
    ) -> Series {
        Series(name, .line, x: x, y: y, lower: lower, upper: upper, color: color, dashed: dashed)
    }

    /// A step line: each value holds until the next position.
    public static func step(
        _ name: String, x: [Double], y: [Double], lower: [Double] = [], upper: [Double] = [], color: Color? = nil,
        dashed: Bool = false
    ) -> Series {
        Series(name, .step, x: x, y: y, lower: lower, upper: upper, color: color, dashed: dashed)
    }

    /// Points, with error bars where bounds are given.
    public static func scatter(
        _ name: String, x: [Double], y: [Double], lower: [Double] = [], upper: [Double] = [], color: Color? = nil
    ) -> Series {
        Series(name, .scatter, x: x, y: y, lower: lower, upper: upper, color: color)
    }

    /// Bars at places 0, 1, 2, … (or at `x`), with error bars where bounds are given.
    public static func bars(
        _ name: String, x: [Double]? = nil, y: [Double], lower: [Double] = [], upper: [Double] = [],
        color: Color? = nil
    ) -> Series {
        Series(
            name, .bars, x: x ?? y.indices.map(Double.init), y: y, lower: lower, upper: upper, color: color)
    }

    /// Box plots at places 0, 1, 2, … (or at `x`).
    public static func boxes(_ name: String, x: [Double]? = nil, _ boxes: [BoxSummary], color: Color? = nil) -> Series {
        Series(name, .boxes, x: x ?? boxes.indices.map(Double.init), boxes: boxes, color: color)
    }

    /// The area between two bounds.
    public static func band(
        _ name: String, x: [Double], lower: [Double], upper: [Double], color: Color? = nil
    ) -> Series {
        Series(name, .band, x: x, lower: lower, upper: upper, color: color)
    }
}

/// A line across a chart: a threshold, a budget, a moment.
public struct ReferenceLine: Hashable, Sendable {
    /// Which axis the value belongs to.
    public enum Direction: Hashable, Sendable {
        /// A horizontal line at a y value.
        case horizontal
        /// A vertical line at an x value.
        case vertical
    }

    /// Where the line stands.
    public var value: Double
    /// What it says.
    public var label: String
    /// Which axis the value belongs to.
    public var direction: Direction
    /// Its colour.
    public var color: Color

    /// A line from its parts.
    public init(
        _ value: Double, label: String, direction: Direction = .horizontal, color: Color = Palette.vermilion
    ) {
        self.value = value
        self.label = label
        self.direction = direction
        self.color = color
    }
}

/// A stretch of the x axis that is shaded: an anomaly, a training part, a gap.
public struct ShadedInterval: Hashable, Sendable {
    /// Where it begins.
    public var start: Double
    /// Where it ends.
    public var end: Double
    /// What it says; empty for none.
    public var label: String
    /// Its colour.
    public var color: Color

    /// An interval from its parts.
    public init(_ start: Double, _ end: Double, label: String = "", color: Color = Palette.vermilion) {
        self.start = start
        self.end = end
        self.label = label
        self.color = color
    }
}
