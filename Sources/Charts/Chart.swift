/// A chart with two axes.
///
/// The model holds data and meaning only; sizes, margins and the number of ticks follow from the space at hand.
public struct Chart: Picture {
    /// The title above the chart.
    public var title: String
    /// A second line in grey: conditions, sample sizes, how to read it.
    public var subtitle: String
    /// The horizontal axis.
    public var xAxis: Axis
    /// The vertical axis.
    public var yAxis: Axis
    /// What is drawn, first to last.
    public var series: [Series]
    /// Lines across the chart.
    public var referenceLines: [ReferenceLine]
    /// Shaded stretches of the x axis.
    public var intervals: [ShadedInterval]
    /// The size at which it reads best.
    public var preferredSize: Size

    /// A chart from its parts.
    public init(
        _ title: String, subtitle: String = "", xAxis: Axis, yAxis: Axis, series: [Series],
        referenceLines: [ReferenceLine] = [], intervals: [ShadedInterval] = [],
        preferredSize: Size = Size(width: 860, height: 460)
    ) {
        self.title = title
        self.subtitle = subtitle
        self.xAxis = xAxis
        self.yAxis = yAxis
        self.series = series
        self.referenceLines = referenceLines
        self.intervals = intervals
        self.preferredSize = preferredSize
    }

    /// The colour of series `index`: its own, or the palette's next.
    func color(ofSeries index: Int) -> Color { series[index].color ?? Palette.category(index) }

    /// Draws the chart into a rectangle of a page.
    public func draw(on canvas: inout SVGCanvas, in frame: Rectangle) {
        ChartDrawing(self, in: frame).draw(on: &canvas)
    }
}

/// The title and the grey second line that every picture begins with.
enum Heading {
    /// The height that the heading takes.
    static func height(title: String, subtitle: String) -> Double {
        (title.isEmpty ? 0 : 24) + (subtitle.isEmpty ? 0 : 18)
    }

    /// Draws the heading; lines wider than the space are shortened.
    static func draw(_ title: String, _ subtitle: String, on canvas: inout SVGCanvas, at corner: Point, width: Double) {
        var y = corner.y
        if !title.isEmpty {
            y += 17
            let text = TextMetrics.shortened(title, toWidth: width / 1.09, size: 15)
            canvas.text(text, at: Point(x: corner.x, y: y), style: TextStyle(size: 15, bold: true))
            y += 7
        }
        if !subtitle.isEmpty {
            let text = TextMetrics.shortened(subtitle, toWidth: width, size: 12)
            canvas.text(text, at: Point(x: corner.x, y: y + 11), style: TextStyle(size: 12, color: .muted))
        }
    }
}
