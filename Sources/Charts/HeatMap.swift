/// Rows against time (or against places), the value shown as colour: the radiography.
public struct HeatMap: Picture {
    /// One row.
    public struct Row: Hashable, Sendable {
        /// The row's own name, such as a metric.
        public var label: String
        /// The names of the groups it belongs to, outermost first, such as layer and resource group. Rows of a group
        /// stand together; at most two levels are drawn.
        public var groups: [String]
        /// The value above which the row's cells are marked; `nil` for none.
        public var threshold: Double?

        /// A row from its parts.
        public init(_ label: String, groups: [String] = [], threshold: Double? = nil) {
            self.label = label
            self.groups = groups
            self.threshold = threshold
        }
    }

    /// The title above the map.
    public var title: String
    /// A second line in grey.
    public var subtitle: String
    /// The rows from top to bottom.
    public var rows: [Row]
    /// Values `[rows × columns]`, row by row; NaN is a gap.
    public var values: [Float]
    /// The number of columns.
    public var columns: Int
    /// The horizontal axis: its range is what the columns cover, from the first's left edge to the last's right edge;
    /// with categories, one name for each column.
    public var xAxis: Axis
    /// What the colour says, with its unit.
    public var valueTitle: String
    /// The values at the ends of the colour scale; `nil` takes the smallest and the largest value.
    public var valueRange: ClosedRange<Double>?
    /// The colours.
    public var colorScale: ColorScale
    /// A value marked on the colour legend, and what it is called.
    public var threshold: (value: Double, label: String)?
    /// Events, drawn as brackets above the map and as fine lines through it.
    public var intervals: [ShadedInterval]
    /// Whether each cell shows its value, for small matrices.
    public var showsValues: Bool
    /// The width at which it reads best; the height follows from the rows.
    public var preferredWidth: Double

    /// A heat map from its parts.
    ///
    /// - Precondition: there are rows × columns values.
    public init(
        _ title: String, subtitle: String = "", rows: [Row], columns: Int, values: [Float], xAxis: Axis,
        valueTitle: String, valueRange: ClosedRange<Double>? = nil, colorScale: ColorScale = .deviation,
        threshold: (value: Double, label: String)? = nil, intervals: [ShadedInterval] = [],
        showsValues: Bool = false, preferredWidth: Double = 1_040
    ) {
        precondition(columns >= 0 && values.count == rows.count * columns, "a heat map needs rows × columns values")
        self.title = title
        self.subtitle = subtitle
        self.rows = rows
        self.values = values
        self.columns = columns
        self.xAxis = xAxis
        self.valueTitle = valueTitle
        self.valueRange = valueRange
        self.colorScale = colorScale
        self.threshold = threshold
        self.intervals = intervals
        self.showsValues = showsValues
        self.preferredWidth = preferredWidth
    }

    /// The size at which every row can be read, for up to about 200 rows.
    public var preferredSize: Size {
        let margins = HeatMapDrawing(self, in: Rectangle(x: 0, y: 0, width: preferredWidth, height: 4_000)).margins
        return Size(width: preferredWidth, height: margins + max(rowHeight * Double(rows.count), 64))
    }

    private var rowHeight: Double {
        switch rows.count {
        case ...8: 30
        case ...16: 22
        case ...40: 16
        case ...80: 12
        default: 9
        }
    }

    /// Draws the map into a rectangle of a page.
    public func draw(on canvas: inout SVGCanvas, in frame: Rectangle) {
        HeatMapDrawing(self, in: frame).draw(on: &canvas)
    }

    /// The ends of the colour scale.
    var ends: (low: Double, high: Double) {
        if let range = valueRange { return (range.lowerBound, max(range.upperBound, range.lowerBound + 1e-12)) }
        var low = Float.infinity
        var high = -Float.infinity
        for value in values where value.isFinite {
            low = min(low, value)
            high = max(high, value)
        }
        guard low <= high else { return (0, 1) }
        return low == high ? (Double(low), Double(low) + 1) : (Double(low), Double(high))
    }

    /// The map's cells alone, one pixel each, as a PNG file: for programs that want the picture without its frame.
    ///
    /// - Parameter maximumColumns: more columns than this are joined, the largest value winning.
    public func png(maximumColumns: Int = 4_096) -> [UInt8] {
        let width = max(1, min(columns, max(1, maximumColumns)))
        return HeatMapCells(self, columns: width).image().encoded()
    }
}

/// The cells of a heat map after joining columns, as indices into a palette of 254 colours; 255 means a gap.
struct HeatMapCells {
    static let levels = 254
    static let gap = UInt8(255)

    let rows: Int
    let columns: Int
    let indices: [UInt8]
    let palette: [Color]

    init(_ map: HeatMap, columns wanted: Int) {
        let (low, high) = map.ends
        var indices: [UInt8] = []
        columns = max(1, min(map.columns, wanted))
        rows = max(1, map.rows.count)
        indices.reserveCapacity(rows * columns)
        for row in map.rows.indices where map.columns > 0 {
            let slice = map.values[(row * map.columns)..<((row + 1) * map.columns)]
            for value in PixelAggregation.maxima(slice, columns: columns) {
                if value.isNaN {
                    indices.append(Self.gap)
                } else {
                    let share = min(max((Double(value) - low) / (high - low), 0), 1)
                    indices.append(UInt8((share * Double(Self.levels - 1)).rounded()))
                }
            }
        }
        if indices.isEmpty { indices = [UInt8](repeating: Self.gap, count: rows * columns) }
        self.indices = indices
        let scale = map.colorScale
        palette =
            (0..<Self.levels).map { scale.color(at: Double($0) / Double(Self.levels - 1)) } + [.white, .white]
    }

    /// The cells as a picture, each row of them as high as some rows of pixels: renderers that smooth an enlarged
    /// picture then smooth within a row only.
    func image(pixelsPerRow: Int = 1) -> PNGImage {
        var pixels: [UInt8] = []
        pixels.reserveCapacity(indices.count * pixelsPerRow)
        for row in 0..<rows {
            for _ in 0..<pixelsPerRow { pixels += indices[(row * columns)..<((row + 1) * columns)] }
        }
        return PNGImage(
            width: columns, height: rows * pixelsPerRow, palette: palette, lastIsTransparent: true, pixels: pixels)
    }
}
