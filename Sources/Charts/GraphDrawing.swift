/// Draws a node-link graph.
struct GraphDrawing {
    let graph: NodeLinkGraph
    let frame: Rectangle
    private let area: Rectangle
    private let layout: GraphLayout
    private let legend: Legend
    private let radius: Double
    /// Directed links by their ends, to see which have one that leads back.
    private let directed: Set<[Int]>

    init(_ graph: NodeLinkGraph, in frame: Rectangle) {
        self.graph = graph
        self.frame = frame
        let used = Set(graph.nodes.map(\.role))
        legend = Legend(
            entries: graph.roles.indices.filter(used.contains).map { index in
                let role = graph.roles[index]
                return LegendEntry(name: role.name) { canvas, box in
                    Self.draw(
                        role, on: &canvas, at: Point(x: box.middleX, y: box.middleY), radius: 6.5, tooltip: nil)
                }
            })
        let inner = frame.inset(left: 16, top: 10, right: 18, bottom: 10)
        let top = Heading.height(title: graph.title, subtitle: graph.subtitle) + legend.height(width: inner.width) + 16
        let left = graph.tierNames.isEmpty ? 24.0 : 84.0
        area = inner.inset(left: left, top: top, right: 24, bottom: 26)
        layout = GraphLayout(graph, in: area)
        directed = Set(graph.links.filter(\.directed).map { [$0.from, $0.to] })
        radius = graph.nodes.count > 150 ? 5 : graph.nodes.count > 60 ? 7 : 10
    }

    func draw(on canvas: inout SVGCanvas) {
        let inner = frame.inset(left: 16, top: 10, right: 18, bottom: 10)
        Heading.draw(graph.title, graph.subtitle, on: &canvas, at: Point(x: inner.x, y: inner.y), width: inner.width)
        let heading = Heading.height(title: graph.title, subtitle: graph.subtitle)
        legend.draw(on: &canvas, at: Point(x: inner.x, y: inner.y + heading + 2), width: inner.width)
        guard !graph.nodes.isEmpty else {
            canvas.text(
                "no nodes", at: Point(x: area.middleX, y: area.middleY), style: TextStyle(size: 13, color: .muted),
                anchor: .middle)
            return
        }
        drawTiers(on: &canvas)
        drawLinks(on: &canvas)
        drawNodes(on: &canvas)
    }

    private func drawTiers(on canvas: inout SVGCanvas) {
        for (index, band) in layout.tiers.enumerated() {
            let strip = Rectangle(
                x: frame.x + 10, y: band.top + 3, width: frame.width - 20, height: band.bottom - band.top - 6)
            if index % 2 == 0 { canvas.rectangle(strip, fill: Color(0xF6F7F8), corner: 6) }
            guard graph.tierNames.indices.contains(band.tier) else { continue }
            canvas.text(
                TextMetrics.shortened(graph.tierNames[band.tier], toWidth: 84, size: 12),
                at: Point(x: frame.x + 20, y: band.top + 20), style: TextStyle(size: 12, color: .muted, bold: true))
        }
    }

    private func ends(_ link: NodeLinkGraph.Link) -> (Point, Point)? {
        guard graph.nodes.indices.contains(link.from), graph.nodes.indices.contains(link.to), link.from != link.to
        else { return nil }
        return (layout.positions[link.from], layout.positions[link.to])
    }

    private func drawLinks(on canvas: inout SVGCanvas) {
        let many = graph.links.count > 300
        let plain = Stroke(Color(0xAEB4BB), width: many ? 0.6 : 1.1, opacity: many ? 0.5 : 0.9)
        let strong = Stroke(Color(0x30363D), width: 2)
        for highlighted in [false, true] {
            for link in graph.links where link.highlighted == highlighted {
                guard let (a, b) = ends(link) else { continue }
                drawLink(a, b, link: link, stroke: highlighted ? strong : plain, on: &canvas)
            }
        }
        drawLinkLabels(on: &canvas)
    }

    /// The control point of a link that is bent: within a row it would run through the nodes between, beside one that
    /// leads back it would hide that.
    private func bend(_ link: NodeLinkGraph.Link, _ a: Point, _ b: Point) -> Point? {
        let (dx, dy) = (b.x - a.x, b.y - a.y)
        if link.directed, directed.contains([link.to, link.from]) {
            let length = max((dx * dx + dy * dy).squareRoot(), 1)
            let side = min(length * 0.22, 46)
            return Point(x: (a.x + b.x) / 2 - dy / length * side, y: (a.y + b.y) / 2 + dx / length * side)
        }
        guard abs(dy) < 1 else { return nil }
        return Point(x: (a.x + b.x) / 2, y: a.y - min(abs(dx) * 0.22, 60))
    }

    /// The middle of a link, on the arc where the link is bent.
    private func middle(_ link: NodeLinkGraph.Link, _ a: Point, _ b: Point) -> Point {
        let straight = Point(x: (a.x + b.x) / 2, y: (a.y + b.y) / 2)
        guard let control = bend(link, a, b) else { return straight }
        return Point(x: (straight.x + control.x) / 2, y: (straight.y + control.y) / 2)
    }

    private func drawLink(
        _ a: Point, _ b: Point, link: NodeLinkGraph.Link, stroke: Stroke, on canvas: inout SVGCanvas
    ) {
        let reach = radius(of: link.to)
        if let control = bend(link, a, b) {
            let path =
                "M\(SVGCanvas.number(a.x)) \(SVGCanvas.number(a.y))Q\(SVGCanvas.number(control.x)) "
                + "\(SVGCanvas.number(control.y)) \(SVGCanvas.number(b.x)) \(SVGCanvas.number(b.y))"
            canvas.shape(path, fill: nil, stroke: stroke)
            if link.directed { arrow(from: control, to: b, reach: reach, color: stroke.color, on: &canvas) }
        } else {
            canvas.line(from: a, to: b, stroke: stroke)
            if link.directed { arrow(from: a, to: b, reach: reach, color: stroke.color, on: &canvas) }
        }
    }

    private func radius(of node: Int) -> Double {
        let role = graph.nodes[node].role
        let isProminent = graph.roles.indices.contains(role) && graph.roles[role].prominent
        return radius * (isProminent ? 1.5 : 1) * graph.nodes[node].scale
    }

    private func arrow(from a: Point, to b: Point, reach: Double, color: Color, on canvas: inout SVGCanvas) {
        let (dx, dy) = (b.x - a.x, b.y - a.y)
        let length = (dx * dx + dy * dy).squareRoot()
        guard length > 1 else { return }
        let (ux, uy) = (dx / length, dy / length)
        let tip = Point(x: b.x - ux * (reach + 3), y: b.y - uy * (reach + 3))
        func corner(_ side: Double) -> Point {
            Point(x: tip.x - ux * 8 - uy * side * 3.5, y: tip.y - uy * 8 + ux * side * 3.5)
        }
        canvas.polygon([tip, corner(1), corner(-1)], fill: color)
    }

    /// Labels stand at the middle of their links; one that would cover an earlier one or a node is left out, the
    /// highlighted links choosing first.
    private func drawLinkLabels(on canvas: inout SVGCanvas) {
        var taken: [Rectangle] = layout.positions.enumerated().map { index, point in
            let radius = graph.nodes[index].scale > 1 ? self.radius(of: index) : self.radius
            return Rectangle(x: point.x - radius, y: point.y - radius, width: 2 * radius, height: 2 * radius)
        }
        var shown = 0
        for link in graph.links.filter(\.highlighted) + graph.links.filter({ !$0.highlighted }) {
            guard !link.label.isEmpty, shown < 400, let (a, b) = ends(link) else { continue }
            let centre = middle(link, a, b)
            let width = TextMetrics.width(of: link.label, size: 10) + 4
            let box = Rectangle(x: centre.x - width / 2, y: centre.y - 7, width: width, height: 13)
            guard !taken.contains(where: { Self.overlap($0, box) }) else { continue }
            taken.append(box)
            shown += 1
            canvas.rectangle(box, fill: .white, opacity: 0.9, corner: 3)
            canvas.text(
                link.label, at: Point(x: centre.x, y: centre.y + 3.5), style: TextStyle(size: 10, color: .muted),
                anchor: .middle)
        }
    }

    private static func overlap(_ a: Rectangle, _ b: Rectangle) -> Bool {
        a.x < b.right && b.x < a.right && a.y < b.bottom && b.y < a.bottom
    }

    private func drawNodes(on canvas: inout SVGCanvas) {
        var taken: [Rectangle] = []
        for (index, node) in graph.nodes.enumerated() {
            let role =
                graph.roles.indices.contains(node.role)
                ? graph.roles[node.role] : NodeLinkGraph.Role("", color: Color(0x9AA0A6))
            let point = layout.positions[index]
            let size = radius(of: index)
            Self.draw(role, on: &canvas, at: point, radius: size, tooltip: node.label)
            if let badge = node.badge {
                canvas.text(
                    badge, at: Point(x: point.x + size * 0.9, y: point.y - size * 0.7),
                    style: TextStyle(size: 10, color: Palette.vermilion, bold: true), halo: true)
            }
            // Labels of neighbours that lie too close go below one another, then out.
            let textSize = graph.nodes.count > 60 ? 9.0 : 11
            let width = TextMetrics.width(of: node.label, size: textSize)
            for step in 0..<3 {
                let y = point.y + size + textSize + 2 + Double(step) * (textSize + 1)
                let box = Rectangle(x: point.x - width / 2, y: y - textSize, width: width, height: textSize)
                if taken.contains(where: { Self.overlap($0, box) }) { continue }
                taken.append(box)
                canvas.text(
                    node.label, at: Point(x: point.x, y: y), style: TextStyle(size: textSize), anchor: .middle,
                    halo: true)
                break
            }
        }
    }

    private static func draw(
        _ role: NodeLinkGraph.Role, on canvas: inout SVGCanvas, at point: Point, radius r: Double, tooltip: String?
    ) {
        let edge = Stroke(.white, width: 1.5)
        func at(_ dx: Double, _ dy: Double) -> Point { Point(x: point.x + dx * r, y: point.y + dy * r) }
        let corners: [Point]
        switch role.shape {
        case .circle:
            canvas.circle(point, radius: r, fill: role.color, stroke: edge, tooltip: tooltip)
            return
        case .square: corners = [at(-0.9, -0.9), at(0.9, -0.9), at(0.9, 0.9), at(-0.9, 0.9)]
        case .triangle: corners = [at(0, -1.2), at(1.1, 0.8), at(-1.1, 0.8)]
        case .diamond: corners = [at(0, -1.25), at(1.25, 0), at(0, 1.25), at(-1.25, 0)]
        case .hexagon:
            corners = [at(-0.55, -0.95), at(0.55, -0.95), at(1.1, 0), at(0.55, 0.95), at(-0.55, 0.95), at(-1.1, 0)]
        }
        canvas.polygon(corners, fill: role.color, stroke: edge, tooltip: tooltip)
    }
}
