/// A point of a picture, in pixels from its upper left corner.
public struct Point: Hashable, Sendable {
    /// Pixels from the left.
    public var x: Double
    /// Pixels from the top.
    public var y: Double

    /// A point from its coordinates.
    public init(x: Double, y: Double) { (self.x, self.y) = (x, y) }
}

/// The size of a picture in pixels.
public struct Size: Hashable, Sendable {
    /// Pixels from left to right.
    public var width: Double
    /// Pixels from top to bottom.
    public var height: Double

    /// A size from its sides.
    public init(width: Double, height: Double) { (self.width, self.height) = (width, height) }
}

/// An upright rectangle of a picture.
public struct Rectangle: Hashable, Sendable {
    /// The left edge.
    public var x: Double
    /// The upper edge.
    public var y: Double
    /// Pixels from left to right.
    public var width: Double
    /// Pixels from top to bottom.
    public var height: Double

    /// A rectangle from its upper left corner and its size.
    public init(x: Double, y: Double, width: Double, height: Double) {
        (self.x, self.y, self.width, self.height) = (x, y, width, height)
    }

    /// The right edge.
    public var right: Double { x + width }
    /// The lower edge.
    public var bottom: Double { y + height }
    /// The horizontal middle.
    public var middleX: Double { x + width / 2 }
    /// The vertical middle.
    public var middleY: Double { y + height / 2 }

    /// What is left after taking margins away; sides never fall below one pixel.
    public func inset(left: Double = 0, top: Double = 0, right: Double = 0, bottom: Double = 0) -> Rectangle {
        Rectangle(
            x: x + left, y: y + top, width: max(1, width - left - right), height: max(1, height - top - bottom))
    }
}
