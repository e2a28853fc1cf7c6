/// Where a text stands relative to its point.
public enum TextAnchor: String, Sendable {
    /// The text starts at the point.
    case start
    /// The text is centred on the point.
    case middle
    /// The text ends at the point.
    case end
}

/// How a text looks.
public struct TextStyle: Hashable, Sendable {
    /// The font size in pixels.
    public var size: Double
    /// The colour.
    public var color: Color
    /// Whether the text is bold.
    public var bold: Bool

    /// A style from its parts.
    public init(size: Double = 12, color: Color = .ink, bold: Bool = false) {
        (self.size, self.color, self.bold) = (size, color, bold)
    }
}

/// How a line looks.
public struct Stroke: Hashable, Sendable {
    /// The colour.
    public var color: Color
    /// The width in pixels.
    public var width: Double
    /// Lengths of dashes and gaps in pixels; empty for a solid line.
    public var dashes: [Double]
    /// 0 is invisible, 1 opaque.
    public var opacity: Double

    /// A stroke from its parts.
    public init(_ color: Color, width: Double = 1, dashes: [Double] = [], opacity: Double = 1) {
        (self.color, self.width, self.dashes, self.opacity) = (color, width, dashes, opacity)
    }
}

/// Collects SVG elements as text. The same calls give the same bytes; every text is escaped, every number is finite.
public struct SVGCanvas: Sendable {
    private(set) var body = ""
    private var identifiers = 0

    /// An empty canvas.
    public init() {}

    /// A name for an element that other elements refer to; each call gives another one.
    public mutating func nextIdentifier(_ purpose: String) -> String {
        identifiers += 1
        return "\(purpose)\(identifiers)"
    }

    /// The text with XML's special characters replaced, and the characters that XML 1.0 forbids left out.
    public static func escaped(_ text: String) -> String {
        var result = ""
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case "\t", "\n", "\r": result += " "
            default:
                let value = scalar.value
                if value >= 0x20, value != 0xFFFE, value != 0xFFFF, !(0x7F...0x9F).contains(value) {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result
    }

    /// A number with at most two decimals, as SVG wants it. What is not finite becomes 0, so that no picture breaks;
    /// drawing code leaves such points out before it comes to this.
    public static func number(_ value: Double) -> String {
        guard value.isFinite else { return "0" }
        let hundredths = Int((min(max(value, -1e9), 1e9) * 100).rounded())
        let magnitude = hundredths.magnitude
        var text = hundredths < 0 ? "-" : ""
        text += String(magnitude / 100)
        let rest = magnitude % 100
        if rest > 0 {
            text += rest < 10 ? ".0" : "."
            text += String(rest % 10 == 0 ? rest / 10 : rest)
        }
        return text
    }

    /// Adds an element as it stands. The caller answers for its being well-formed.
    mutating func raw(_ element: String) {
        body += element
        body += "\n"
    }

    private func attributes(_ stroke: Stroke) -> String {
        var text = " stroke=\"\(stroke.color.hex)\" stroke-width=\"\(Self.number(stroke.width))\""
        if !stroke.dashes.isEmpty {
            text += " stroke-dasharray=\"\(stroke.dashes.map(Self.number).joined(separator: " "))\""
        }
        if stroke.opacity < 1 { text += " stroke-opacity=\"\(Self.number(stroke.opacity))\"" }
        return text
    }

    private func tooltip(_ text: String?) -> String {
        text.map { "<title>\(Self.escaped($0))</title>" } ?? ""
    }

    /// A straight line.
    public mutating func line(from a: Point, to b: Point, stroke: Stroke) {
        raw(
            "<line x1=\"\(Self.number(a.x))\" y1=\"\(Self.number(a.y))\" x2=\"\(Self.number(b.x))\""
                + " y2=\"\(Self.number(b.y))\"\(attributes(stroke))/>")
    }

    /// A rectangle, filled, framed or both.
    public mutating func rectangle(
        _ frame: Rectangle, fill: Color?, opacity: Double = 1, stroke: Stroke? = nil, corner: Double = 0,
        tooltip text: String? = nil
    ) {
        var element =
            "<rect x=\"\(Self.number(frame.x))\" y=\"\(Self.number(frame.y))\""
            + " width=\"\(Self.number(frame.width))\" height=\"\(Self.number(frame.height))\""
            + " fill=\"\(fill?.hex ?? "none")\""
        if corner > 0 { element += " rx=\"\(Self.number(corner))\"" }
        if opacity < 1 { element += " fill-opacity=\"\(Self.number(opacity))\"" }
        if let stroke { element += attributes(stroke) }
        raw(text == nil ? element + "/>" : element + ">\(tooltip(text))</rect>")
    }

    /// A circle.
    public mutating func circle(
        _ centre: Point, radius: Double, fill: Color?, opacity: Double = 1, stroke: Stroke? = nil,
        tooltip text: String? = nil
    ) {
        var element =
            "<circle cx=\"\(Self.number(centre.x))\" cy=\"\(Self.number(centre.y))\" r=\"\(Self.number(radius))\""
            + " fill=\"\(fill?.hex ?? "none")\""
        if opacity < 1 { element += " fill-opacity=\"\(Self.number(opacity))\"" }
        if let stroke { element += attributes(stroke) }
        raw(text == nil ? element + "/>" : element + ">\(tooltip(text))</circle>")
    }

    /// A line through points; runs of finite points are drawn, a point that is not finite interrupts.
    public mutating func polyline(_ points: some Sequence<Point>, stroke: Stroke) {
        let path = Self.path(points, closed: false)
        guard !path.isEmpty else { return }
        raw(
            "<path d=\"\(path)\" fill=\"none\" stroke-linejoin=\"round\" stroke-linecap=\"round\"\(attributes(stroke))/>"
        )
    }

    /// Round dots, as one element.
    mutating func dots(_ points: [Point], radius: Double, color: Color, opacity: Double) {
        var path = ""
        for point in points where point.x.isFinite && point.y.isFinite {
            path += "M\(Self.number(point.x)) \(Self.number(point.y))h0"
        }
        guard !path.isEmpty else { return }
        let stroke = Stroke(color, width: 2 * radius, opacity: opacity)
        raw("<path d=\"\(path)\" fill=\"none\" stroke-linecap=\"round\"\(attributes(stroke))/>")
    }

    /// A filled shape through points.
    public mutating func polygon(
        _ points: some Sequence<Point>, fill: Color?, opacity: Double = 1, stroke: Stroke? = nil,
        tooltip text: String? = nil
    ) {
        let path = Self.path(points, closed: true)
        guard !path.isEmpty else { return }
        shape(path, fill: fill, opacity: opacity, stroke: stroke, tooltip: text)
    }

    /// A shape given as SVG path data.
    mutating func shape(
        _ path: String, fill: Color?, opacity: Double = 1, stroke: Stroke? = nil, tooltip text: String? = nil
    ) {
        var element = "<path d=\"\(path)\" fill=\"\(fill?.hex ?? "none")\""
        if opacity < 1 { element += " fill-opacity=\"\(Self.number(opacity))\"" }
        if let stroke { element += attributes(stroke) }
        raw(text == nil ? element + "/>" : element + ">\(tooltip(text))</path>")
    }

    private static func path(_ points: some Sequence<Point>, closed: Bool) -> String {
        var text = ""
        var pen = false
        for point in points {
            guard point.x.isFinite, point.y.isFinite else {
                pen = false
                continue
            }
            text += pen ? "L" : "M"
            text += number(point.x)
            text += " "
            text += number(point.y)
            pen = true
        }
        if closed, !text.isEmpty { text += "Z" }
        return text
    }

    /// A text on one line, turned clockwise by `angle` degrees around its point. `halo` paints the page's white behind
    /// it, so that it can be read over lines.
    public mutating func text(
        _ text: String, at point: Point, style: TextStyle = TextStyle(), anchor: TextAnchor = .start,
        angle: Double = 0, halo: Bool = false
    ) {
        guard !text.isEmpty else { return }
        var element =
            "<text x=\"\(Self.number(point.x))\" y=\"\(Self.number(point.y))\""
            + " font-size=\"\(Self.number(style.size))\" fill=\"\(style.color.hex)\""
        if style.bold { element += " font-weight=\"600\"" }
        if anchor != .start { element += " text-anchor=\"\(anchor.rawValue)\"" }
        if angle != 0 {
            element +=
                " transform=\"rotate(\(Self.number(angle)) \(Self.number(point.x)) \(Self.number(point.y)))\""
        }
        if halo {
            element +=
                " stroke=\"#ffffff\" stroke-width=\"3\" stroke-linejoin=\"round\" paint-order=\"stroke\""
        }
        raw(element + ">\(Self.escaped(text))</text>")
    }

    /// Draws inside a rectangle: what reaches beyond it is cut off.
    public mutating func clipped(to frame: Rectangle, _ draw: (inout SVGCanvas) -> Void) {
        let name = nextIdentifier("clip")
        raw(
            "<clipPath id=\"\(name)\"><rect x=\"\(Self.number(frame.x))\" y=\"\(Self.number(frame.y))\""
                + " width=\"\(Self.number(frame.width))\" height=\"\(Self.number(frame.height))\"/></clipPath>")
        raw("<g clip-path=\"url(#\(name))\">")
        draw(&self)
        raw("</g>")
    }

    /// The finished document.
    ///
    /// - Parameters:
    ///   - size: the size of the page in pixels.
    ///   - title: what a screen reader says.
    public func document(size: Size, title: String) -> String {
        let width = Self.number(size.width)
        let height = Self.number(size.height)
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="\(width)" \
            height="\(height)" viewBox="0 0 \(width) \(height)" role="img" \
            font-family="'Helvetica Neue', Helvetica, Arial, 'DejaVu Sans', sans-serif">
            <title>\(Self.escaped(title))</title>
            <rect width="\(width)" height="\(height)" fill="#ffffff"/>
            \(body)</svg>

            """
    }
}
