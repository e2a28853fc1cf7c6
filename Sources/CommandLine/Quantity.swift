import Glibc

/// Numbers as people read them.
package enum Quantity {
    /// A number with so many significant digits, without an exponent where it is short.
    package static func number(_ value: Double, digits: Int = 3) -> String {
        guard value.isFinite else { return value.isNaN ? "-" : value < 0 ? "-∞" : "∞" }
        var buffer = [CChar](repeating: 0, count: 64)
        let length = withVaList([Int32(digits), value]) { vsnprintf(&buffer, buffer.count, "%.*g", $0) }
        return String(decoding: buffer.prefix(Int(max(0, length))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// A number with a fixed number of digits after the point.
    package static func fixed(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite else { return number(value) }
        var buffer = [CChar](repeating: 0, count: 400)
        let length = withVaList([Int32(digits), value]) { vsnprintf(&buffer, buffer.count, "%.*f", $0) }
        return String(decoding: buffer.prefix(Int(max(0, length))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// A duration in the unit that suits it: `80 ms`, `5 min`, `16.5 days`; `-` when there is none.
    package static func seconds(_ value: Double?) -> String {
        guard let value else { return "-" }
        let units: [(limit: Double, scale: Double, name: String)] = [
            (0.000_999_5, 1e6, "µs"), (0.9995, 1e3, "ms"), (119.5, 1, "s"), (7170, 1 / 60, "min"),
            (172_000, 1 / 3600, "h"),
        ]
        if value == 0 { return "0 s" }
        for unit in units where abs(value) < unit.limit { return "\(number(value * unit.scale)) \(unit.name)" }
        return "\(number(value / 86_400)) days"
    }

    /// Bytes in the unit that suits them: `3.2 MB`.
    package static func bytes(_ value: Int) -> String {
        let units = ["B", "kB", "MB", "GB", "TB"]
        var scaled = Double(value)
        var unit = 0
        while scaled >= 999.5, unit < units.count - 1 {
            scaled /= 1000
            unit += 1
        }
        return "\(number(scaled)) \(units[unit])"
    }

    /// `1 alarm`, `2 alarms`.
    package static func count(_ value: Int, _ singular: String, _ plural: String? = nil) -> String {
        "\(value) \(value == 1 ? singular : plural ?? singular + "s")"
    }
}
