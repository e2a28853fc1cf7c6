/// The layout of one heat map in one rectangle.
struct HeatMapDrawing {
    let map: HeatMap
    let frame: Rectangle
    private let plot: Rectangle
    private let x: ScaledAxis
    private let lanes: [(ShadedInterval, Int)]
    private let labelWidth: Double
    private let innerWidth: Double
    private let innerGroups: [(name: String, rows: Range<Int>)]
    private let outerGroups: [(name: String, rows: Range<Int>)]

    private static let tickStyle = TextStyle(size: 11, color: .muted)
    private static let laneHeight = 15.0

    init(_ map: HeatMap, in frame: Rectangle) {
        self.map = map
        self.frame = frame
        var axis = map.xAxis
        if axis.categories == nil, axis.range == nil { axis.range = 0...Double(max(map.columns, 1)) }
        x = ScaledAxis(axis, values: [])
        let depth = map.rows.map(\.groups.count).max() ?? 0
        outerGroups = depth >= 2 ? Self.runs(map.rows) { $0.groups.first ?? "" } : []
        innerGroups = depth >= 1 ? Self.runs(map.rows) { $0.groups.prefix(2).joined(separator: "\u{1F}") } : []

        let inner = frame.inset(left: 16, top: 10, right: 18, bottom: 10)
        let widest = map.rows.map { TextMetrics.width(of: $0.label, size: 11) }.max() ?? 0
        labelWidth = min(widest, inner.width * 0.24)
        let names = innerGroups.map { TextMetrics.width(of: Self.innerName($0.name), size: 11) }
        innerWidth = innerGroups.isEmpty ? 0 : min(names.max() ?? 0, inner.width * 0.13) + 18
        let outerWidth = outerGroups.isEmpty ? 0 : 24.0
        let left = inner.x + outerWidth + innerWidth + labelWidth + 10
        let width = max(1, inner.right - left - 92)
        let scaled = x
        lanes = Self.lanes(map.intervals) { left + min(max(scaled.share(of: $0) ?? 0, 0), 1) * width }
        let laneCount = Double((lanes.map(\.1).max() ?? -1) + 1)
        let top = inner.y + Heading.height(title: map.title, subtitle: map.subtitle) + 8 + laneCount * Self.laneHeight
        var bottom = inner.bottom - 18 - (x.fullTitle.isEmpty ? 0 : 20)
        if let names = map.xAxis.categories {
            let longest = names.map { TextMetrics.width(of: $0, size: 11) }.max() ?? 0
            if longest + 4 > width / Double(max(names.count, 1)) { bottom -= min(longest, 120) * 0.62 }
        }
        plot = Rectangle(x: left, y: top, width: width, height: max(1, bottom - top))
    }

    /// What the frame takes beside the cells, from top to bottom.
    var margins: Double { frame.height - plot.height }

    private var rowHeight: Double { plot.height / Double(max(map.rows.count, 1)) }

    private static func runs(_ rows: [HeatMap.Row], by key: (HeatMap.Row) -> String) -> [(String, Range<Int>)] {
        var result: [(String, Range<Int>)] = []
        for (index, row) in rows.enumerated() {
            let name = key(row)
            if let last = result.last, last.0 == name {
                result[result.count - 1].1 = last.1.lowerBound..<(index + 1)
            } else {
                result.append((name, index..<(index + 1)))
            }
        }
        return result
    }

    private static func lanes(_ intervals: [ShadedInterval], position: (Double) -> Double) -> [(ShadedInterval, Int)] {
        var ends: [Double] = []
        var result: [(ShadedInterval, Int)] = []
        for interval in intervals.sorted(by: { $0.start < $1.start }) {
            guard interval.start.isFinite, interval.end.isFinite else { continue }
            let begin = position(interval.start)
            let end = max(begin + TextMetrics.width(of: interval.label, size: 10) + 10, position(interval.end) + 2)
            if let lane = ends.firstIndex(where: { $0 <= begin }) {
                ends[lane] = end
                result.append((interval, lane))
            } else if ends.count < 3 {
                result.append((interval, ends.count))
                ends.append(end)
            }
        }
        return result
    }

    func draw(on canvas: inout SVGCanvas) {
        let inner = frame.inset(left: 16, top: 10, right: 18, bottom: 10)
        Heading.draw(map.title, map.subtitle, on: &canvas, at: Point(x: inner.x, y: inner.y), width: inner.width)
        guard !map.rows.isEmpty, map.columns > 0 else {
            canvas.rectangle(plot, fill: Color(0xF4F5F6))
            canvas.text(
                "no data", at: Point(x: plot.middleX, y: plot.middleY), style: TextStyle(size: 13, color: .muted),
                anchor: .middle)
            return
        }
        drawCells(on: &canvas)
        drawThresholdMarks(on: &canvas)
        drawGroups(on: &canvas)
        drawRowLabels(on: &canvas)
        drawAxis(on: &canvas)
        drawIntervals(on: &canvas)
        drawColorLegend(on: &canvas)
    }

    private func drawCells(on canvas: inout SVGCanvas) {
        // Gaps show this pattern.
        let name = canvas.nextIdentifier("gap")
        canvas.raw(
            "<pattern id=\"\(name)\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">"
                + "<rect width=\"6\" height=\"6\" fill=\"#ffffff\"/>"
                + "<path d=\"M0 6L6 0\" stroke=\"#c3c8ce\" stroke-width=\"1\"/></pattern>")
        canvas.raw(
            "<rect x=\"\(SVGCanvas.number(plot.x))\" y=\"\(SVGCanvas.number(plot.y))\""
                + " width=\"\(SVGCanvas.number(plot.width))\" height=\"\(SVGCanvas.number(plot.height))\""
                + " fill=\"url(#\(name))\"/>")
        let cells = HeatMapCells(map, columns: Int(plot.width))
        if cells.rows * cells.columns <= 6_000 {
            drawRectangles(cells, on: &canvas)
        } else {
            let data = Base64.encoded(cells.image(pixelsPerRow: min(max(Int(rowHeight.rounded(.up)), 1), 40)).encoded())
            canvas.raw(
                "<image x=\"\(SVGCanvas.number(plot.x))\" y=\"\(SVGCanvas.number(plot.y))\""
                    + " width=\"\(SVGCanvas.number(plot.width))\" height=\"\(SVGCanvas.number(plot.height))\""
                    + " preserveAspectRatio=\"none\" image-rendering=\"optimizeSpeed\" style=\"image-rendering:pixelated\""
                    + " xlink:href=\"data:image/png;base64,\(data)\"/>")
        }
    }

    private func drawRectangles(_ cells: HeatMapCells, on canvas: inout SVGCanvas) {
        let width = plot.width / Double(cells.columns)
        let height = rowHeight
        for row in 0..<cells.rows {
            var column = 0
            while column < cells.columns {
                let index = cells.indices[row * cells.columns + column]
                var end = column + 1
                while !map.showsValues, end < cells.columns, cells.indices[row * cells.columns + end] == index {
                    end += 1
                }
                defer { column = end }
                guard index != HeatMapCells.gap else { continue }
                let color = cells.palette[Int(index)]
                // A hair of overlap keeps seams from showing; wide cells get a white joint instead.
                let joint = map.showsValues ? -1.0 : 0.3
                let cell = Rectangle(
                    x: plot.x + Double(column) * width, y: plot.y + Double(row) * height,
                    width: Double(end - column) * width + joint, height: height + joint)
                canvas.rectangle(cell, fill: color)
                guard map.showsValues, cells.columns == map.columns else { continue }
                let text = NumberWriter.shortest(Double(map.values[row * map.columns + column]))
                if TextMetrics.width(of: text, size: 11) + 4 <= width, height >= 13 {
                    canvas.text(
                        text, at: Point(x: cell.middleX, y: cell.middleY + 4),
                        style: TextStyle(size: 11, color: color.readableInk), anchor: .middle)
                }
            }
        }
    }

    /// A line under the cells of a row that lie above the row's threshold.
    private func drawThresholdMarks(on canvas: inout SVGCanvas) {
        let columns = max(1, min(map.columns, Int(plot.width)))
        let thickness = min(2.0, rowHeight * 0.25)
        var path = ""
        for (row, description) in map.rows.enumerated() {
            guard let threshold = description.threshold else { continue }
            let slice = map.values[(row * map.columns)..<((row + 1) * map.columns)]
            let maxima = PixelAggregation.maxima(slice, columns: columns)
            let y = SVGCanvas.number(plot.y + Double(row + 1) * rowHeight - thickness)
            var start: Int?
            for column in 0...maxima.count {
                let above = column < maxima.count && Double(maxima[column]) > threshold
                if above, start == nil { start = column }
                if !above, let begin = start {
                    let from = SVGCanvas.number(plot.x + Double(begin) * plot.width / Double(columns))
                    let length = SVGCanvas.number(Double(column - begin) * plot.width / Double(columns))
                    path += "M\(from) \(y)h\(length)v\(SVGCanvas.number(thickness))h-\(length)Z"
                    start = nil
                }
            }
        }
        if !path.isEmpty { canvas.shape(path, fill: Palette.blue) }
    }

    private func drawRowLabels(on canvas: inout SVGCanvas) {
        let size = min(11, rowHeight * 0.84)
        // Below seven pixels nobody reads a name: name every second, third, … row.
        let every = size >= 7 ? 1 : Int((7 / size).rounded(.up))
        let style = TextStyle(size: max(size, 7), color: .ink)
        for (row, description) in map.rows.enumerated() where row % every == 0 {
            let middle = plot.y + (Double(row) + 0.5) * rowHeight
            let text = TextMetrics.shortened(description.label, toWidth: labelWidth, size: style.size)
            canvas.text(text, at: Point(x: plot.x - 6, y: middle + style.size * 0.36), style: style, anchor: .end)
        }
    }

    private func drawGroups(on canvas: inout SVGCanvas) {
        let right = plot.x - labelWidth - 12
        for (index, group) in innerGroups.enumerated() {
            let top = plot.y + Double(group.rows.lowerBound) * rowHeight
            let bottom = plot.y + Double(group.rows.upperBound) * rowHeight
            if index > 0 {
                canvas.line(
                    from: Point(x: right - innerWidth + 14, y: top), to: Point(x: plot.right, y: top),
                    stroke: Stroke(Color(0xB6BCC3), width: 0.8))
            }
            let name = Self.innerName(group.name)
            canvas.rectangle(
                Rectangle(x: right - 4, y: top + 1.5, width: 3, height: max(bottom - top - 3, 1)), fill: .muted,
                corner: 1, tooltip: name)
            let size = min(11, max(bottom - top, 1) * 0.95)
            guard size >= 7 else { continue }
            canvas.text(
                TextMetrics.shortened(name, toWidth: innerWidth - 18, size: size),
                at: Point(x: right - 9, y: (top + bottom) / 2 + size * 0.36),
                style: TextStyle(size: size, color: .muted), anchor: .end)
        }
        let outer = right - innerWidth
        for (index, group) in outerGroups.enumerated() {
            let top = plot.y + Double(group.rows.lowerBound) * rowHeight
            let bottom = plot.y + Double(group.rows.upperBound) * rowHeight
            if index > 0 {
                canvas.line(
                    from: Point(x: outer - 18, y: top), to: Point(x: plot.right, y: top),
                    stroke: Stroke(.ink, width: 1.2))
            }
            bracket(group.name, from: top, to: bottom, at: outer - 2, color: Palette.category(index), on: &canvas)
        }
    }

    private static func innerName(_ joined: String) -> String {
        String(joined.split(separator: "\u{1F}", omittingEmptySubsequences: false).last ?? "")
    }

    /// A bar beside rows, and the rows' common name along it, in smaller type before it is shortened.
    private func bracket(
        _ name: String, from top: Double, to bottom: Double, at x: Double, color: Color, on canvas: inout SVGCanvas
    ) {
        canvas.rectangle(
            Rectangle(x: x, y: top + 1.5, width: 3, height: max(bottom - top - 3, 1)), fill: color, corner: 1,
            tooltip: name)
        let room = bottom - top - 4
        guard room >= 16 else { return }
        let size = min(12, max(8.5, 12 * room / max(TextMetrics.width(of: name, size: 12, bold: true), 1)))
        let style = TextStyle(size: size, color: .ink, bold: true)
        let text = TextMetrics.shortened(name, toWidth: room / 1.09, size: size)
        // A single letter and an ellipsis say less than nothing; the bar's tooltip has the whole name.
        guard text == name || text.count >= 3 else { return }
        canvas.text(
            text, at: Point(x: x - 5, y: (top + bottom) / 2), style: style, anchor: .middle, angle: -90)
    }

    private func drawAxis(on canvas: inout SVGCanvas) {
        canvas.rectangle(plot, fill: nil, stroke: Stroke(Color(0x8A8F96), width: 1))
        let names = map.xAxis.categories
        let slot = plot.width / Double(max(map.columns, 1))
        let slanted = (names?.map { TextMetrics.width(of: $0, size: 11) }.max() ?? 0) + 4 > slot
        var used = -Double.infinity
        for tick in x.ticks(about: max(2, Int(plot.width / 90))) {
            guard let share = x.share(of: tick.value), share >= -1e-6, share <= 1 + 1e-6 else { continue }
            let position = plot.x + share * plot.width
            if names != nil, slanted {
                guard position >= used + 13 else { continue }
                used = position
                let text = TextMetrics.shortened(tick.label, toWidth: 120, size: 11)
                canvas.text(
                    text, at: Point(x: position + 4, y: plot.bottom + 14), style: Self.tickStyle, anchor: .end,
                    angle: -38)
                continue
            }
            let half = TextMetrics.width(of: tick.label, size: 11) / 2
            guard position - half >= used + 6 else { continue }
            used = position + half
            if names == nil {
                canvas.line(
                    from: Point(x: position, y: plot.bottom), to: Point(x: position, y: plot.bottom + 4),
                    stroke: Stroke(Color(0x8A8F96)))
            }
            canvas.text(
                tick.label, at: Point(x: position, y: plot.bottom + 16), style: Self.tickStyle, anchor: .middle)
        }
        if !x.fullTitle.isEmpty {
            let title = TextMetrics.shortened(x.fullTitle, toWidth: plot.width, size: 12)
            canvas.text(title, at: Point(x: plot.middleX, y: frame.bottom - 11), anchor: .middle)
        }
    }

    private func drawIntervals(on canvas: inout SVGCanvas) {
        for (interval, lane) in lanes {
            guard let start = x.share(of: interval.start), let end = x.share(of: interval.end) else { continue }
            let left = plot.x + min(max(start, 0), 1) * plot.width
            let right = max(plot.x + min(max(end, 0), 1) * plot.width, left + 2)
            let base = plot.y - 3 - Double(lane) * Self.laneHeight
            canvas.line(
                from: Point(x: left, y: base), to: Point(x: right, y: base), stroke: Stroke(interval.color, width: 2.5))
            for edge in [left, right] {
                canvas.line(
                    from: Point(x: edge, y: base), to: Point(x: edge, y: plot.bottom),
                    stroke: Stroke(interval.color, width: 0.9, dashes: [2, 3], opacity: 0.9))
            }
            let width = TextMetrics.width(of: interval.label, size: 10)
            let textX = min(left, max(plot.x, frame.right - 6 - width))
            canvas.text(
                interval.label, at: Point(x: textX, y: base - 4), style: TextStyle(size: 10, color: .ink), halo: true)
        }
    }

    private func drawColorLegend(on canvas: inout SVGCanvas) {
        let height = min(max(plot.height, 40), 260)
        let bar = Rectangle(x: plot.right + 34, y: plot.y, width: 14, height: height)
        let (low, high) = map.ends
        let name = canvas.nextIdentifier("scale")
        let anchors = map.colorScale.anchors
        let stops = anchors.enumerated().map { index, color in
            let offset = SVGCanvas.number(100 * Double(index) / Double(anchors.count - 1))
            return "<stop offset=\"\(offset)%\" stop-color=\"\(color.hex)\"/>"
        }
        canvas.raw(
            "<linearGradient id=\"\(name)\" x1=\"0\" y1=\"1\" x2=\"0\" y2=\"0\">\(stops.joined())</linearGradient>")
        canvas.raw(
            "<rect x=\"\(SVGCanvas.number(bar.x))\" y=\"\(SVGCanvas.number(bar.y))\""
                + " width=\"\(SVGCanvas.number(bar.width))\" height=\"\(SVGCanvas.number(bar.height))\""
                + " fill=\"url(#\(name))\"/>")
        canvas.rectangle(bar, fill: nil, stroke: Stroke(Color(0x8A8F96), width: 0.8))
        let axis = ScaledAxis(Axis("", range: low...high), values: [])
        var thresholdY: Double?
        if let threshold = map.threshold, let share = axis.share(of: threshold.value), (0...1).contains(share) {
            thresholdY = bar.bottom - share * height
        }
        for tick in axis.ticks(about: max(2, Int(height / 34))) {
            guard let share = axis.share(of: tick.value), (-1e-6...(1 + 1e-6)).contains(share) else { continue }
            let y = bar.bottom - share * height
            if let thresholdY, abs(y - thresholdY) < 11 { continue }
            canvas.line(
                from: Point(x: bar.right, y: y), to: Point(x: bar.right + 3, y: y), stroke: Stroke(Color(0x8A8F96)))
            canvas.text(tick.label, at: Point(x: bar.right + 6, y: y + 4), style: Self.tickStyle)
        }
        if let thresholdY, let threshold = map.threshold {
            canvas.line(
                from: Point(x: bar.x - 3, y: thresholdY), to: Point(x: bar.right + 4, y: thresholdY),
                stroke: Stroke(Palette.blue, width: 2))
            let text = TextMetrics.shortened(
                NumberWriter.shortest(threshold.value), toWidth: max(frame.right - bar.right - 8, 10), size: 11)
            canvas.text(
                text, at: Point(x: bar.right + 6, y: thresholdY + 4),
                style: TextStyle(size: 11, color: Palette.blue, bold: true))
        }
        var title = map.valueTitle
        let room = max(height, 60)
        if let threshold = map.threshold {
            let explained = title + " – \(threshold.label) in blue"
            // Cut short it would say less than the plain title.
            if TextMetrics.width(of: explained, size: 11) <= room { title = explained }
        }
        canvas.text(
            TextMetrics.shortened(title, toWidth: room, size: 11),
            at: Point(x: bar.x - 7, y: bar.middleY), style: TextStyle(size: 11), anchor: .middle, angle: -90)
    }
}
