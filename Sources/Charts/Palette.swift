/// Colours for categories that people with colour-vision deficiencies can tell apart.
///
/// Source: Okabe and Ito, "Color universal design", 2008. The yellow of the original is left to last: it is hard to
/// see on white.
public enum Palette {
    /// Black's place is taken by text; these are the colours for data, in the order in which to use them.
    public static let categories: [Color] = [
        Color(0x0072B2), Color(0xE69F00), Color(0x009E73), Color(0xCC79A7), Color(0x56B4E9), Color(0xD55E00),
        Color(0x6B6B6B), Color(0xC7B800),
    ]

    /// Blue.
    public static let blue = Color(0x0072B2)
    /// Orange.
    public static let orange = Color(0xE69F00)
    /// Bluish green.
    public static let green = Color(0x009E73)
    /// Sky blue.
    public static let sky = Color(0x56B4E9)
    /// Vermilion, the colour of alarms and thresholds.
    public static let vermilion = Color(0xD55E00)

    /// The colour of category `index`; past the eighth the colours repeat.
    public static func category(_ index: Int) -> Color {
        categories[((index % categories.count) + categories.count) % categories.count]
    }
}

/// A mapping from 0…1 to colours, interpolated between anchors in sRGB.
public struct ColorScale: Hashable, Sendable {
    /// Evenly spaced colours, the first for 0, the last for 1; at least two.
    public let anchors: [Color]

    /// A scale through evenly spaced anchors.
    ///
    /// - Precondition: there are at least two.
    public init(anchors: [Color]) {
        precondition(anchors.count >= 2, "a colour scale needs at least two anchors")
        self.anchors = anchors
    }

    /// The colour for a value, which is held to 0…1.
    public func color(at value: Double) -> Color {
        guard value.isFinite else { return anchors[0] }
        let position = min(max(value, 0), 1) * Double(anchors.count - 1)
        let index = min(Int(position), anchors.count - 2)
        return anchors[index].mixed(with: anchors[index + 1], share: position - Double(index))
    }

    /// Deviations on a white page: from near white over the orange and red part of inferno to near black
    /// (lightness falls evenly), so that what is normal stays quiet and what deviates stands out.
    public static let deviation = ColorScale(anchors: [
        Color(0xF7F7F5), Color(0xFCE9C9), Color(0xFBD08F), Color(0xF7AE55), Color(0xEC8430), Color(0xD6582A),
        Color(0xB0342F), Color(0x7F1D3B), Color(0x4B1040), Color(0x1F0A2C),
    ])

    /// For signed values, the middle being zero: blue to white to vermilion (after ColorBrewer's RdBu; safe for
    /// red-green deficiency).
    public static let signed = ColorScale(anchors: [
        Color(0x2166AC), Color(0x4393C3), Color(0x92C5DE), Color(0xD1E5F0), Color(0xF7F7F7), Color(0xFDDBC7),
        Color(0xF4A582), Color(0xD6604D), Color(0xB2182B),
    ])
}
