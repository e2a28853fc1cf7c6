/// The layout of one chart in one rectangle: where the plot lies, what its axes span, which ticks fit.
struct ChartDrawing {
    let chart: Chart
    let frame: Rectangle
    let x: ScaledAxis
    let y: ScaledAxis
    let plot: Rectangle
    private let legend: Legend
    private let yTicks: [Tick]
    private let intervalLanes: [(ShadedInterval, Int)]
    private let slantedCategories: Bool

    private static let tickStyle = TextStyle(size: 11, color: .muted)
    private static let axisStyle = TextStyle(size: 12, color: .ink)
    private static let laneHeight = 15.0

    init(_ chart: Chart, in frame: Rectangle) {
        self.chart = chart
        self.frame = frame
        // Lines run from edge to edge; points and bars need air beside them.
        let linesOnly = chart.series.allSatisfy { [.line, .step, .band].contains($0.mark) }
        x = ScaledAxis(chart.xAxis, values: Self.xValues(chart), air: linesOnly ? 0 : 0.05)
        y = ScaledAxis(Self.yAxis(chart), values: Self.yValues(chart))
        legend = Legend(entries: Self.legendEntries(chart))

        let inner = frame.inset(left: 16, top: 10, right: 18, bottom: 12)
        var top = inner.y + Heading.height(title: chart.title, subtitle: chart.subtitle)
        top += legend.entries.isEmpty ? 6 : legend.height(width: inner.width) + 8
        yTicks = y.ticks(about: max(2, Int((inner.bottom - top - 40) / 36)))
        let widest = yTicks.map { TextMetrics.width(of: $0.label, size: Self.tickStyle.size) }.max() ?? 0
        let left = inner.x + min(widest, inner.width * 0.35) + 8 + (y.fullTitle.isEmpty ? 0 : 20)
        let rightLabels = chart.referenceLines.filter { $0.direction == .horizontal }.map {
            TextMetrics.width(of: $0.label, size: 11) + 8
        }
        let right = inner.right - min(rightLabels.max() ?? 0, inner.width * 0.3)
        let width = max(1, right - left)

        var slanted = false
        var bottom = inner.bottom - 18 - (x.fullTitle.isEmpty ? 0 : 20)
        if let names = chart.xAxis.categories, !names.isEmpty {
            let longest = names.map { TextMetrics.width(of: $0, size: Self.tickStyle.size) }.max() ?? 0
            if longest + 6 > width / Double(names.count) {
                slanted = true
                bottom -= min(longest, 180) * 0.6
            }
        }
        slantedCategories = slanted
        let lowX = x
        intervalLanes = Self.lanes(chart.intervals) { value in
            left + min(max(lowX.share(of: value) ?? 0, 0), 1) * width
        }
        let lanes = (intervalLanes.map(\.1).max() ?? -1) + 1
        top += Double(lanes) * Self.laneHeight
        plot = Rectangle(x: left, y: top, width: width, height: max(1, bottom - top))
    }

    /// Bars start at zero, so zero belongs to their axis.
    private static func yAxis(_ chart: Chart) -> Axis {
        var axis = chart.yAxis
        if chart.series.contains(where: { $0.mark == .bars }) { axis.includesZero = true }
        return axis
    }

    private static func xValues(_ chart: Chart) -> [Double] {
        var values: [Double] = []
        for series in chart.series { values += series.x }
        for interval in chart.intervals { values += [interval.start, interval.end] }
        for line in chart.referenceLines where line.direction == .vertical { values.append(line.value) }
        return values
    }

    private static func yValues(_ chart: Chart) -> [Double] {
        var values: [Double] = []
        for series in chart.series {
            values += series.y
            values += series.lower
            values += series.upper
            for box in series.boxes { values += box.extremes }
        }
        for line in chart.referenceLines where line.direction == .horizontal { values.append(line.value) }
        return values
    }

    private static func legendEntries(_ chart: Chart) -> [LegendEntry] {
        let named = chart.series.indices.filter { !chart.series[$0].name.isEmpty }
        guard named.count > 1 || chart.series.count > 1 else { return [] }
        return named.map { index in
            let series = chart.series[index]
            let color = chart.color(ofSeries: index)
            return LegendEntry(name: series.name) { canvas, box in
                let middle = Point(x: box.middleX, y: box.middleY)
                switch series.mark {
                case .line, .step:
                    let stroke = SeriesDrawing.stroke(series, index: index, color: color)
                    canvas.line(
                        from: Point(x: box.x, y: middle.y), to: Point(x: box.right, y: middle.y), stroke: stroke)
                case .scatter:
                    Marker.draw(index, on: &canvas, at: middle, radius: 4, color: color)
                case .bars, .boxes:
                    canvas.rectangle(box.inset(left: 5, right: 5), fill: color, opacity: 0.85, corner: 2)
                case .band:
                    canvas.rectangle(box.inset(left: 2, right: 2), fill: color, opacity: 0.3, corner: 2)
                }
            }
        }
    }

    /// Puts labelled intervals into lanes so that no label runs into another; a fourth lane is not opened.
    private static func lanes(_ intervals: [ShadedInterval], position: (Double) -> Double) -> [(ShadedInterval, Int)] {
        var ends: [Double] = []
        var result: [(ShadedInterval, Int)] = []
        for interval in intervals.sorted(by: { $0.start < $1.start }) where !interval.label.isEmpty {
            guard interval.start.isFinite, interval.end.isFinite else { continue }
            let begin = position(interval.start)
            let end = begin + TextMetrics.width(of: interval.label, size: 10) + 10
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

    /// The pixel of a pair of values, or a point that is not finite where there is none.
    func point(_ xValue: Double, _ yValue: Double) -> Point {
        guard let shareX = x.share(of: xValue), let shareY = y.share(of: yValue) else {
            return Point(x: .nan, y: .nan)
        }
        return Point(x: plot.x + shareX * plot.width, y: plot.bottom - shareY * plot.height)
    }

    func draw(on canvas: inout SVGCanvas) {
        let inner = frame.inset(left: 16, top: 10, right: 18, bottom: 12)
        Heading.draw(
            chart.title, chart.subtitle, on: &canvas, at: Point(x: inner.x, y: inner.y), width: inner.width)
        let headingHeight = Heading.height(title: chart.title, subtitle: chart.subtitle)
        legend.draw(on: &canvas, at: Point(x: inner.x, y: inner.y + headingHeight + 2), width: inner.width)
        drawIntervals(on: &canvas)
        drawAxes(on: &canvas)
        canvas.clipped(to: plot.inset(left: -4, top: -4, right: -4, bottom: -4)) { canvas in
            let barCount = chart.series.count { $0.mark == .bars || $0.mark == .boxes }
            var bar = 0
            for index in chart.series.indices {
                let painter = SeriesDrawing(
                    series: chart.series[index], index: index, color: chart.color(ofSeries: index), layout: self,
                    slot: bar, slots: max(barCount, 1))
                painter.draw(on: &canvas)
                if [.bars, .boxes].contains(chart.series[index].mark) { bar += 1 }
            }
        }
        drawReferenceLines(on: &canvas)
        if !chart.series.contains(where: { !$0.x.isEmpty }) {
            canvas.text(
                "no data", at: Point(x: plot.middleX, y: plot.middleY), style: TextStyle(size: 13, color: .muted),
                anchor: .middle)
        }
    }

    private func drawIntervals(on canvas: inout SVGCanvas) {
        for interval in chart.intervals {
            guard let start = x.share(of: interval.start), let end = x.share(of: interval.end) else { continue }
            let left = plot.x + min(max(min(start, end), 0), 1) * plot.width
            let right = plot.x + min(max(max(start, end), 0), 1) * plot.width
            let area = Rectangle(x: left, y: plot.y, width: max(right - left, 1.5), height: plot.height)
            canvas.rectangle(
                area, fill: interval.color, opacity: 0.16, tooltip: interval.label.isEmpty ? nil : interval.label)
        }
        for (interval, lane) in intervalLanes {
            guard let start = x.share(of: interval.start), let end = x.share(of: interval.end) else { continue }
            let left = plot.x + min(max(start, 0), 1) * plot.width
            let right = plot.x + min(max(end, 0), 1) * plot.width
            let base = plot.y - 3 - Double(lane) * Self.laneHeight
            canvas.line(
                from: Point(x: left, y: base), to: Point(x: max(right, left + 2), y: base),
                stroke: Stroke(interval.color, width: 2))
            let width = TextMetrics.width(of: interval.label, size: 10)
            let textX = min(left, frame.right - 6 - width)
            canvas.text(
                interval.label, at: Point(x: textX, y: base - 4), style: TextStyle(size: 10, color: .muted), halo: true)
        }
    }

    private func drawAxes(on canvas: inout SVGCanvas) {
        let gridLine = Stroke(.grid)
        for tick in yTicks {
            guard let share = y.share(of: tick.value), share >= -1e-6, share <= 1 + 1e-6 else { continue }
            let position = plot.bottom - share * plot.height
            canvas.line(
                from: Point(x: plot.x, y: position), to: Point(x: plot.right, y: position), stroke: gridLine)
            let room = plot.x - frame.x - 16 - 8 - (y.fullTitle.isEmpty ? 0 : 20)
            let label = TextMetrics.shortened(tick.label, toWidth: room + 0.5, size: Self.tickStyle.size)
            canvas.text(label, at: Point(x: plot.x - 6, y: position + 4), style: Self.tickStyle, anchor: .end)
        }
        drawXTicks(on: &canvas)
        let edge = Stroke(Color(0x8A8F96))
        canvas.line(from: Point(x: plot.x, y: plot.bottom), to: Point(x: plot.right, y: plot.bottom), stroke: edge)
        canvas.line(from: Point(x: plot.x, y: plot.y), to: Point(x: plot.x, y: plot.bottom), stroke: edge)
        if !x.fullTitle.isEmpty {
            let title = TextMetrics.shortened(x.fullTitle, toWidth: plot.width, size: 12)
            canvas.text(
                title, at: Point(x: plot.middleX, y: frame.bottom - 12), style: Self.axisStyle, anchor: .middle)
        }
        if !y.fullTitle.isEmpty {
            let title = TextMetrics.shortened(y.fullTitle, toWidth: plot.height, size: 12)
            canvas.text(
                title, at: Point(x: frame.x + 24, y: plot.middleY), style: Self.axisStyle, anchor: .middle, angle: -90)
        }
    }

    private func drawXTicks(on canvas: inout SVGCanvas) {
        var ticks = x.ticks(about: max(2, Int(plot.width / 90)))
        if slantedCategories, ticks.count > Int(plot.width / 13) {
            let every = (ticks.count * 13 + Int(plot.width) - 1) / max(Int(plot.width), 1)
            ticks = ticks.enumerated().filter { $0.offset % every == 0 }.map(\.element)
        }
        var used = -Double.infinity
        for tick in ticks {
            guard let share = x.share(of: tick.value), share >= -1e-6, share <= 1 + 1e-6 else { continue }
            let position = plot.x + share * plot.width
            if chart.xAxis.categories == nil {
                canvas.line(
                    from: Point(x: position, y: plot.y), to: Point(x: position, y: plot.bottom), stroke: Stroke(.grid))
            }
            if slantedCategories {
                let label = TextMetrics.shortened(tick.label, toWidth: 180, size: Self.tickStyle.size)
                canvas.text(
                    label, at: Point(x: position + 4, y: plot.bottom + 14), style: Self.tickStyle, anchor: .end,
                    angle: -36)
                continue
            }
            let half = TextMetrics.width(of: tick.label, size: Self.tickStyle.size) / 2
            guard position - half >= used + 6 else { continue }
            used = position + half
            canvas.text(
                tick.label, at: Point(x: position, y: plot.bottom + 16), style: Self.tickStyle, anchor: .middle)
        }
    }

    private func drawReferenceLines(on canvas: inout SVGCanvas) {
        var labels: [(y: Double, line: ReferenceLine)] = []
        for line in chart.referenceLines {
            let stroke = Stroke(line.color, width: 1.4, dashes: [6, 4])
            switch line.direction {
            case .horizontal:
                guard let share = y.share(of: line.value), (0...1).contains(share) else { continue }
                let position = plot.bottom - share * plot.height
                canvas.line(
                    from: Point(x: plot.x, y: position), to: Point(x: plot.right, y: position), stroke: stroke)
                labels.append((position, line))
            case .vertical:
                guard let share = x.share(of: line.value), (0...1).contains(share) else { continue }
                let position = plot.x + share * plot.width
                canvas.line(
                    from: Point(x: position, y: plot.y), to: Point(x: position, y: plot.bottom), stroke: stroke)
                let fits = position + 5 + TextMetrics.width(of: line.label, size: 11) < plot.right
                canvas.text(
                    line.label, at: Point(x: position + (fits ? 5 : -5), y: plot.y + 13),
                    style: TextStyle(size: 11, color: line.color), anchor: fits ? .start : .end, halo: true)
            }
        }
        // Labels in the right margin, moved apart where lines lie close together.
        var last = -Double.infinity
        for label in labels.sorted(by: { $0.y < $1.y }) {
            let position = max(label.y, last + 13)
            last = position
            let limit = max(frame.right - plot.right - 8, 20)
            let text = TextMetrics.shortened(label.line.label, toWidth: limit, size: 11)
            canvas.text(
                text, at: Point(x: plot.right + 5, y: position + 4), style: TextStyle(size: 11, color: label.line.color)
            )
        }
    }
}
