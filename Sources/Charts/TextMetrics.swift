/// Estimated widths of text, so that labels can be placed without a font at hand.
///
/// The widths are those of DejaVu Sans rounded up, one of the wider common fonts: with Arial or Helvetica a label only
/// becomes narrower, never wider than reckoned.
public enum TextMetrics {
    /// The width of a text in pixels at a font size in pixels.
    public static func width(of text: String, size: Double, bold: Bool = false) -> Double {
        var units = 0.0
        for scalar in text.unicodeScalars { units += relativeWidth(scalar) }
        return units * size * (bold ? 1.09 : 1)
    }

    /// The text, cut in its middle with an ellipsis where it is wider than allowed.
    public static func shortened(_ text: String, toWidth limit: Double, size: Double) -> String {
        guard width(of: text, size: size) > limit else { return text }
        let characters = Array(text)
        var low = 0
        var high = characters.count
        func candidate(_ kept: Int) -> String {
            let head = (kept + 1) / 2
            return String(characters[..<head]) + "…" + String(characters[(characters.count - (kept - head))...])
        }
        while low < high {
            let middle = (low + high + 1) / 2
            if width(of: candidate(middle), size: size) <= limit { low = middle } else { high = middle - 1 }
        }
        return candidate(low)
    }

    private static func relativeWidth(_ scalar: Unicode.Scalar) -> Double {
        switch scalar {
        case "i", "j", "l", "'", "|", "I", ".", ",", ":", ";", " ", "!": 0.34
        case "f", "t", "r", "(", ")", "[", "]", "/", "\\", "J": 0.42
        case "m", "M", "w", "W", "@", "%": 0.95
        case "a"..."z", "0"..."9", "?", "_", "-", "*": 0.63
        case "A"..."Z", "&", "+", "=", "<", ">", "#", "~": 0.74
        case "…", "—": 1.0
        default: scalar.value < 0x2E80 ? 0.66 : 1.05
        }
    }
}
