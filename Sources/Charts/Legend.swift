/// An entry of a legend.
struct LegendEntry {
    var name: String
    /// Draws the symbol into a box of 22 × 12 pixels.
    var symbol: (inout SVGCanvas, Rectangle) -> Void
}

/// Entries in a row, wrapped where they do not fit.
struct Legend {
    static let rowHeight = 18.0
    private static let symbolWidth = 22.0
    private static let style = TextStyle(size: 12)

    var entries: [LegendEntry]

    private func rows(width: Double) -> [[(LegendEntry, Double)]] {
        var rows: [[(LegendEntry, Double)]] = []
        var used = Double.infinity
        for entry in entries {
            let textWidth = min(TextMetrics.width(of: entry.name, size: Self.style.size), width - Self.symbolWidth - 8)
            let entryWidth = Self.symbolWidth + 6 + textWidth + 18
            if used + entryWidth > width {
                rows.append([])
                used = 0
            }
            rows[rows.count - 1].append((entry, used))
            used += entryWidth
        }
        return rows
    }

    /// The height that the legend takes at a width.
    func height(width: Double) -> Double { Double(rows(width: width).count) * Self.rowHeight }

    /// Draws the legend from its upper left corner.
    func draw(on canvas: inout SVGCanvas, at corner: Point, width: Double) {
        for (row, members) in rows(width: width).enumerated() {
            let middle = corner.y + (Double(row) + 0.5) * Self.rowHeight
            for (entry, offset) in members {
                let box = Rectangle(x: corner.x + offset, y: middle - 6, width: Self.symbolWidth, height: 12)
                entry.symbol(&canvas, box)
                let limit = width - Self.symbolWidth - 8
                let name = TextMetrics.shortened(entry.name, toWidth: limit, size: Self.style.size)
                canvas.text(name, at: Point(x: box.right + 6, y: middle + 4), style: Self.style)
            }
        }
    }
}

/// The shapes of points, so that series differ by more than colour.
enum Marker {
    /// Draws the shape of category `index` around a point.
    static func draw(
        _ index: Int, on canvas: inout SVGCanvas, at point: Point, radius r: Double, color: Color,
        opacity: Double = 1, tooltip: String? = nil
    ) {
        let edge = Stroke(.white, width: 0.8)
        func at(_ dx: Double, _ dy: Double) -> Point { Point(x: point.x + dx * r, y: point.y + dy * r) }
        switch index % 4 {
        case 1:
            let corners = [at(-0.9, -0.9), at(0.9, -0.9), at(0.9, 0.9), at(-0.9, 0.9)]
            canvas.polygon(corners, fill: color, opacity: opacity, stroke: edge, tooltip: tooltip)
        case 2:
            let corners = [at(0, -1.25), at(1.1, 0.85), at(-1.1, 0.85)]
            canvas.polygon(corners, fill: color, opacity: opacity, stroke: edge, tooltip: tooltip)
        case 3:
            let corners = [at(0, -1.3), at(1.3, 0), at(0, 1.3), at(-1.3, 0)]
            canvas.polygon(corners, fill: color, opacity: opacity, stroke: edge, tooltip: tooltip)
        default:
            canvas.circle(point, radius: r, fill: color, opacity: opacity, stroke: edge, tooltip: tooltip)
        }
    }
}
