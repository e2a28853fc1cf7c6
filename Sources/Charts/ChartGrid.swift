/// Small multiples: several pictures on one page, in rows of equal panels.
public struct ChartGrid: Picture {
    /// The title above all panels.
    public var title: String
    /// A second line in grey.
    public var subtitle: String
    /// The panels, row by row.
    public var panels: [any Picture]
    /// How many panels stand side by side, at least one.
    public var columns: Int
    /// The size of one panel; `nil` takes the largest preferred size among them.
    public var panelSize: Size?

    /// A page from its parts.
    public init(
        _ title: String, subtitle: String = "", panels: [any Picture], columns: Int = 2, panelSize: Size? = nil
    ) {
        self.title = title
        self.subtitle = subtitle
        self.panels = panels
        self.columns = max(1, columns)
        self.panelSize = panelSize
    }

    private var usedColumns: Int { max(1, min(columns, panels.count)) }
    private var rows: Int { max(1, (panels.count + usedColumns - 1) / usedColumns) }
    private var headingHeight: Double {
        let height = Heading.height(title: title, subtitle: subtitle)
        return height > 0 ? height + 14 : 0
    }

    /// Room for every panel at its preferred size.
    public var preferredSize: Size {
        let width = panelSize?.width ?? panels.map(\.preferredSize.width).max() ?? 320
        let height = panelSize?.height ?? panels.map(\.preferredSize.height).max() ?? 160
        return Size(width: width * Double(usedColumns), height: height * Double(rows) + headingHeight)
    }

    /// Draws the panels into a rectangle of a page.
    public func draw(on canvas: inout SVGCanvas, in frame: Rectangle) {
        Heading.draw(
            title, subtitle, on: &canvas, at: Point(x: frame.x + 16, y: frame.y + 10), width: frame.width - 34)
        let width = frame.width / Double(usedColumns)
        let height = max(1, frame.height - headingHeight) / Double(rows)
        for (index, panel) in panels.enumerated() {
            let cell = Rectangle(
                x: frame.x + Double(index % usedColumns) * width,
                y: frame.y + headingHeight + Double(index / usedColumns) * height, width: width, height: height)
            panel.draw(on: &canvas, in: cell)
        }
    }
}
