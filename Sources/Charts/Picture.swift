/// Something that can be drawn: a chart, a heat map, a graph, or several of them on one page.
public protocol Picture: Sendable {
    /// What the picture shows, in one line.
    var title: String { get }

    /// The size at which it reads best, in pixels.
    var preferredSize: Size { get }

    /// Draws the picture into a rectangle of a page.
    func draw(on canvas: inout SVGCanvas, in frame: Rectangle)
}

extension Picture {
    /// The picture as an SVG document.
    ///
    /// - Parameter size: the page in pixels; `nil` takes the preferred size. At least 40 × 40.
    public func svg(size: Size? = nil) -> String {
        let wanted = size ?? preferredSize
        let page = Size(width: max(40, wanted.width), height: max(40, wanted.height))
        var canvas = SVGCanvas()
        draw(on: &canvas, in: Rectangle(x: 0, y: 0, width: page.width, height: page.height))
        return canvas.document(size: page, title: title)
    }
}
