/// A colour of the sRGB space, eight bits a channel.
public struct Color: Hashable, Sendable {
    /// The red channel.
    public let red: UInt8
    /// The green channel.
    public let green: UInt8
    /// The blue channel.
    public let blue: UInt8

    /// A colour from its channels.
    public init(red: UInt8, green: UInt8, blue: UInt8) {
        (self.red, self.green, self.blue) = (red, green, blue)
    }

    /// A colour from `0xRRGGBB`.
    public init(_ hex: UInt32) {
        self.init(
            red: UInt8(truncatingIfNeeded: hex >> 16), green: UInt8(truncatingIfNeeded: hex >> 8),
            blue: UInt8(truncatingIfNeeded: hex))
    }

    /// The colour as SVG writes it, such as `#0072b2`.
    public var hex: String {
        let digits = Array("0123456789abcdef")
        var text = "#"
        for channel in [red, green, blue] {
            text.append(digits[Int(channel >> 4)])
            text.append(digits[Int(channel & 15)])
        }
        return text
    }

    /// The colour a share of the way from this one to another, channel by channel; the share is held to 0…1.
    public func mixed(with other: Color, share: Double) -> Color {
        let share = share.isFinite ? min(max(share, 0), 1) : 0
        func mix(_ a: UInt8, _ b: UInt8) -> UInt8 {
            UInt8((Double(a) + (Double(b) - Double(a)) * share).rounded())
        }
        return Color(
            red: mix(red, other.red), green: mix(green, other.green), blue: mix(blue, other.blue))
    }

    /// Relative luminance of the colour by WCAG 2.1: 0 is black, 1 is white.
    public var luminance: Double {
        func linear(_ channel: UInt8) -> Double {
            // The gamma of sRGB, taken as 2.2: enough to decide between black and white text.
            let value = Double(channel) / 255
            return power(value, 2.2)
        }
        return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }

    /// Ink that can be read on this colour: near black or white.
    public var readableInk: Color { luminance > 0.3 ? .ink : .white }

    /// White.
    public static let white = Color(0xFFFFFF)
    /// The near-black of titles and axes.
    public static let ink = Color(0x222222)
    /// The grey of secondary text.
    public static let muted = Color(0x5F6368)
    /// The light grey of grid lines.
    public static let grid = Color(0xE4E6E9)
}
