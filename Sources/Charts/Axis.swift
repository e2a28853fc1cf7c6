/// What an axis measures and how it is drawn.
public struct Axis: Hashable, Sendable {
    /// How values become positions.
    public enum Scale: Hashable, Sendable {
        /// Equal differences, equal lengths.
        case linear
        /// Equal ratios, equal lengths; values must be positive, others are left out.
        case logarithmic
    }

    /// How tick labels are written.
    public enum Format: Hashable, Sendable {
        /// Plain numbers, with k, M, G for large ones.
        case number
        /// Shares written in per cent: 0.25 is 25 %.
        case percent
        /// Seconds, written in the unit that suits the span (s, min, h, d).
        case elapsed
        /// Seconds since 1970-01-01, written as time of day or date (UTC).
        case clock
    }

    /// What is measured; the unit goes into ``unit``.
    public var title: String
    /// The unit, shown in brackets behind the title; `nil` for pure numbers.
    public var unit: String?
    /// How values become positions.
    public var scale: Scale
    /// How tick labels are written.
    public var format: Format
    /// The values at the ends; `nil` takes what the data needs.
    public var range: ClosedRange<Double>?
    /// Whether 0 belongs to the axis when the range is taken from the data.
    public var includesZero: Bool
    /// Names at 0, 1, 2, …; then the axis is one of categories, and ticks are these names.
    public var categories: [String]?
    /// Whether ticks stand at whole numbers only.
    public var wholeNumbers: Bool

    /// An axis from its parts.
    public init(
        _ title: String, unit: String? = nil, scale: Scale = .linear, format: Format = .number,
        range: ClosedRange<Double>? = nil, includesZero: Bool = false, wholeNumbers: Bool = false
    ) {
        self.title = title
        self.unit = unit
        self.scale = scale
        self.format = format
        self.range = range
        self.includesZero = includesZero
        self.wholeNumbers = wholeNumbers
        categories = nil
    }

    /// An axis of named places 0, 1, 2, ….
    public static func categories(_ title: String, _ names: [String]) -> Axis {
        var axis = Axis(title, range: -0.5...(Double(max(names.count, 1)) - 0.5))
        axis.categories = names
        return axis
    }
}

/// A mark on an axis.
struct Tick: Hashable, Sendable {
    var value: Double
    var label: String
}

/// An axis with its ends fixed: turns values into pixels and knows its ticks.
struct ScaledAxis {
    let axis: Axis
    let low: Double
    let high: Double
    /// Divides values before they are written, for elapsed time.
    private let divisor: Double
    private let unitOverride: String?

    /// Fixes the ends from the axis's own range or from data.
    init(_ axis: Axis, values: some Sequence<Double>, air: Double = 0.05) {
        self.axis = axis
        let logarithmic = axis.scale == .logarithmic
        var low = Double.infinity
        var high = -Double.infinity
        for value in values where value.isFinite && (!logarithmic || value > 0) {
            low = min(low, value)
            high = max(high, value)
        }
        if low > high { (low, high) = logarithmic ? (1, 10) : (0, 1) }
        if axis.includesZero, !logarithmic { (low, high) = (min(low, 0), max(high, 0)) }
        if let range = axis.range, range.lowerBound.isFinite, range.upperBound.isFinite,
            !logarithmic || range.lowerBound > 0
        {
            (low, high) = (range.lowerBound, range.upperBound)
        } else if logarithmic {
            let factor = low == high ? 2 : power(high / low, air)
            (low, high) = (low / factor, high * factor)
        } else {
            (low, high) = Self.padded(low, high, keepsZero: axis.includesZero, air: air)
        }
        if !(high > low) { high = low + max(abs(low) * 1e-6, 1e-9) }
        // Differences must not overflow.
        self.low = max(low, -1e300)
        self.high = min(high, 1e300)
        (divisor, unitOverride) =
            axis.format == .elapsed && axis.categories == nil
            ? TimeTicks.unit(forSpan: high - low) : axis.format == .percent ? (0.01, "%") : (1, nil)
    }

    /// A little air at the ends, none at a zero that is the natural end.
    private static func padded(_ low: Double, _ high: Double, keepsZero: Bool, air share: Double) -> (Double, Double) {
        let span = high - low
        guard span > 0, span.isFinite else {
            let half = low == 0 ? 1 : abs(low) * 0.1
            return keepsZero && low >= 0 ? (0, max(high * 1.1, 1e-12)) : (low - half, high + half)
        }
        let air = span * share
        return (keepsZero && low == 0 ? 0 : low - air, keepsZero && high == 0 ? 0 : high + air)
    }

    /// The title with the unit in brackets.
    var fullTitle: String {
        let unit = unitOverride ?? axis.unit
        guard let unit, !unit.isEmpty else { return axis.title }
        return axis.title.isEmpty ? unit : "\(axis.title) (\(unit))"
    }

    /// The share of the way from low to high, or `nil` where the value has no place.
    func share(of value: Double) -> Double? {
        guard value.isFinite else { return nil }
        if axis.scale == .logarithmic {
            guard value > 0 else { return nil }
            let span = decimalLogarithm(high) - decimalLogarithm(low)
            return (decimalLogarithm(value) - decimalLogarithm(low)) / span
        }
        return (value - low) / (high - low)
    }

    /// The ticks within the ends, about as many as asked for.
    func ticks(about count: Int) -> [Tick] {
        if let names = axis.categories {
            return names.enumerated().map { Tick(value: Double($0.offset), label: $0.element) }
        }
        if axis.scale == .logarithmic { return Ticks.logarithmic(low, high, about: count) }
        if axis.format == .clock { return TimeTicks.clock(low, high, about: count) }
        let scaled = Ticks.linear(
            low / divisor, high / divisor, about: count, wholeNumbers: axis.wholeNumbers,
            sexagesimal: axis.format == .elapsed && divisor < 86_400)
        return scaled.map { Tick(value: $0.value * divisor, label: $0.label) }
    }
}
