/// Draws one series of a chart.
struct SeriesDrawing {
    let series: Series
    let index: Int
    let color: Color
    let layout: ChartDrawing
    /// Which of the series that stand side by side this one is.
    let slot: Int
    let slots: Int

    /// The line of a series: dashes tell series apart whose colours repeat.
    static func stroke(_ series: Series, index: Int, color: Color) -> Stroke {
        let patterns: [[Double]] = [[], [7, 3], [2, 3], [9, 3, 2, 3]]
        let pattern = series.dashed ? [6, 4] : patterns[(index / Palette.categories.count) % patterns.count]
        return Stroke(color, width: 1.7, dashes: pattern)
    }

    func draw(on canvas: inout SVGCanvas) {
        switch series.mark {
        case .line: drawLine(on: &canvas, stepped: false)
        case .step: drawLine(on: &canvas, stepped: true)
        case .scatter: drawScatter(on: &canvas)
        case .bars: drawBars(on: &canvas)
        case .boxes: drawBoxes(on: &canvas)
        case .band: drawBand(on: &canvas, stepped: false)
        }
    }

    private func points(_ values: [Double], stepped: Bool) -> [Point] {
        var result: [Point] = []
        result.reserveCapacity(values.count)
        for (x, y) in zip(series.x, values) {
            let point = layout.point(x, y)
            if stepped, let last = result.last, last.y.isFinite, point.x.isFinite {
                result.append(Point(x: point.x, y: last.y))
            }
            result.append(point)
        }
        return result
    }

    private func drawLine(on canvas: inout SVGCanvas, stepped: Bool) {
        if !series.lower.isEmpty, !series.upper.isEmpty { drawBand(on: &canvas, stepped: stepped) }
        let all = points(series.y, stepped: stepped)
        let shown = PixelAggregation.outline(all, columns: Int(layout.plot.width))
        canvas.polyline(shown, stroke: Self.stroke(series, index: index, color: color))
        guard !stepped, series.x.count <= 40 else {
            drawLonelyPoints(all, on: &canvas)
            return
        }
        for point in all where point.x.isFinite && point.y.isFinite {
            Marker.draw(index, on: &canvas, at: point, radius: 3, color: color)
        }
    }

    /// A finite point between two gaps would leave no trace in a line.
    private func drawLonelyPoints(_ points: [Point], on canvas: inout SVGCanvas) {
        var lonely: [Point] = []
        for (position, point) in points.enumerated() where point.x.isFinite && point.y.isFinite {
            let before = position > 0 && points[position - 1].y.isFinite
            let after = position + 1 < points.count && points[position + 1].y.isFinite
            if !before, !after { lonely.append(point) }
        }
        for point in PixelAggregation.distinct(lonely) { canvas.circle(point, radius: 1.2, fill: color) }
    }

    private func drawBand(on canvas: inout SVGCanvas, stepped: Bool) {
        let lower = points(series.lower, stepped: stepped)
        let upper = points(series.upper, stepped: stepped)
        let columns = Int(layout.plot.width)
        // Each run without a gap is one shape.
        var start = 0
        func close(at end: Int) {
            guard end - start >= 2 else { return }
            let top = PixelAggregation.outline(Array(upper[start..<end]), columns: columns)
            let bottom = PixelAggregation.outline(Array(lower[start..<end]), columns: columns)
            canvas.polygon(top + bottom.reversed(), fill: color, opacity: series.mark == .band ? 0.3 : 0.18)
        }
        let count = min(lower.count, upper.count)
        for position in 0..<count where !lower[position].y.isFinite || !upper[position].y.isFinite {
            close(at: position)
            start = position + 1
        }
        close(at: count)
    }

    private func errorBar(_ position: Int, at x: Double, on canvas: inout SVGCanvas, color: Color) {
        guard position < series.lower.count, position < series.upper.count else { return }
        let low = layout.point(series.x[position], series.lower[position])
        let high = layout.point(series.x[position], series.upper[position])
        guard low.y.isFinite, high.y.isFinite else { return }
        let stroke = Stroke(color, width: 1.3)
        canvas.line(from: Point(x: x, y: low.y), to: Point(x: x, y: high.y), stroke: stroke)
        for end in [low, high] {
            canvas.line(from: Point(x: x - 4, y: end.y), to: Point(x: x + 4, y: end.y), stroke: stroke)
        }
    }

    private func drawScatter(on canvas: inout SVGCanvas) {
        let all = points(series.y, stepped: false)
        if !series.lower.isEmpty {
            for position in all.indices where all[position].x.isFinite {
                errorBar(position, at: all[position].x, on: &canvas, color: color)
            }
        }
        let shown = PixelAggregation.distinct(all)
        guard shown.count <= 400 else {
            // One path of dots: a hundredth of the bytes of as many shapes.
            canvas.dots(shown, radius: 1.7, color: color, opacity: 0.6)
            return
        }
        let radius = shown.count > 80 ? 2.8 : 4.0
        for point in shown where point.x.isFinite && point.y.isFinite {
            Marker.draw(index, on: &canvas, at: point, radius: radius, color: color, opacity: 0.9)
        }
    }

    /// The width of one place, and the middle of this series within it, for bars and boxes.
    private func place(at x: Double) -> (middle: Double, width: Double)? {
        let sorted = Array(Set(series.x.filter(\.isFinite))).sorted()
        var gap = Double.infinity
        for (a, b) in zip(sorted, sorted.dropFirst()) {
            if let low = layout.x.share(of: a), let high = layout.x.share(of: b) {
                gap = min(gap, (high - low) * layout.plot.width)
            }
        }
        if let count = layout.chart.xAxis.categories?.count { gap = layout.plot.width / Double(max(count, 1)) }
        guard let share = layout.x.share(of: x) else { return nil }
        let total = min(gap.isFinite ? gap * 0.76 : 60, 90 * Double(slots))
        let width = total / Double(slots)
        let middle = layout.plot.x + share * layout.plot.width - total / 2 + (Double(slot) + 0.5) * width
        return (middle, width * (slots > 1 ? 0.9 : 1))
    }

    private func drawBars(on canvas: inout SVGCanvas) {
        let logarithmic = layout.y.axis.scale == .logarithmic
        let base = logarithmic ? layout.plot.bottom : layout.point(series.x.first ?? 0, 0).y
        guard base.isFinite else { return }
        let floor = min(max(base, layout.plot.y), layout.plot.bottom)
        for position in 0..<min(series.x.count, series.y.count) {
            let top = layout.point(series.x[position], series.y[position])
            guard top.y.isFinite, let place = place(at: series.x[position]) else { continue }
            let frame = Rectangle(
                x: place.middle - place.width / 2, y: min(top.y, floor), width: max(place.width, 0.5),
                height: max(abs(top.y - floor), 0.5))
            canvas.rectangle(
                frame, fill: color, opacity: 0.88, tooltip: NumberWriter.shortest(series.y[position]))
            errorBar(position, at: place.middle, on: &canvas, color: .ink)
        }
    }

    private func drawBoxes(on canvas: inout SVGCanvas) {
        for (x, box) in zip(series.x, series.boxes) {
            guard let place = place(at: x) else { continue }
            let width = min(place.width, 46)
            func level(_ value: Double) -> Double { layout.point(x, value).y }
            let (low, q1, median) = (level(box.lowWhisker), level(box.firstQuartile), level(box.median))
            let (q3, high) = (level(box.thirdQuartile), level(box.highWhisker))
            guard [low, q1, median, q3, high].allSatisfy(\.isFinite) else { continue }
            let stem = Stroke(color, width: 1.3)
            for (from, to) in [(low, q1), (q3, high)] {
                canvas.line(from: Point(x: place.middle, y: from), to: Point(x: place.middle, y: to), stroke: stem)
            }
            for end in [low, high] {
                canvas.line(
                    from: Point(x: place.middle - width / 4, y: end), to: Point(x: place.middle + width / 4, y: end),
                    stroke: stem)
            }
            let frame = Rectangle(
                x: place.middle - width / 2, y: min(q1, q3), width: width, height: max(abs(q1 - q3), 0.5))
            canvas.rectangle(
                frame, fill: color.mixed(with: .white, share: 0.65), stroke: stem,
                tooltip: "median \(NumberWriter.shortest(box.median))")
            canvas.line(
                from: Point(x: frame.x, y: median), to: Point(x: frame.right, y: median),
                stroke: Stroke(.ink, width: 2))
            let outliers = PixelAggregation.distinct(box.outliers.map { Point(x: place.middle, y: level($0)) })
            for point in outliers where point.y.isFinite {
                canvas.circle(point, radius: 2, fill: nil, stroke: Stroke(color, width: 1))
            }
        }
    }
}
