import Platform

/// Round values for axes, and how they are written.
enum Ticks {
    /// Multiples of 1, 2, 5 × 10ⁿ (or of parts of an hour) within [low, high].
    static func linear(
        _ low: Double, _ high: Double, about count: Int, wholeNumbers: Bool = false, sexagesimal: Bool = false
    ) -> [Tick] {
        let span = high - low
        guard span > 0, span.isFinite else { return [] }
        var step = roundStep(span / Double(max(count, 1)), sexagesimal: sexagesimal)
        if wholeNumbers { step = max(1, step.rounded(.up)) }
        let first = (low / step - 1e-9).rounded(.up)
        let last = (high / step + 1e-9).rounded(.down)
        guard last >= first, last - first < 1_000 else { return [] }
        let writer = NumberWriter(step: step, largest: max(abs(low), abs(high)))
        return (0...Int(last - first)).map { index in
            let value = (first + Double(index)) * step
            return Tick(value: value, label: writer.write(value))
        }
    }

    /// Powers of ten within [low, high], with 2 and 5 between them where there is room.
    static func logarithmic(_ low: Double, _ high: Double, about count: Int) -> [Tick] {
        guard low > 0, high > low, high.isFinite else { return [] }
        let first = Int(decimalLogarithm(low).rounded(.down))
        let last = Int(decimalLogarithm(high).rounded(.up))
        let decades = decimalLogarithm(high) - decimalLogarithm(low)
        if decades < 1 {
            return linear(low, high, about: count).filter { $0.value > 0 }
        }
        let every = max(1, Int((decades / Double(max(count, 1))).rounded(.up)))
        let factors: [Double] = decades * 3 <= Double(count) ? [1, 2, 5] : decades <= 1.5 ? [1, 3] : [1]
        var ticks: [Tick] = []
        for exponent in first...last where exponent % every == 0 {
            for factor in factors {
                let value = factor * powerOfTen(exponent)
                guard value >= low * (1 - 1e-9), value <= high * (1 + 1e-9) else { continue }
                ticks.append(Tick(value: value, label: NumberWriter.shortest(value)))
            }
        }
        return ticks
    }

    private static func roundStep(_ raw: Double, sexagesimal: Bool) -> Double {
        guard raw > 0, raw.isFinite else { return 1 }
        if sexagesimal, raw > 1 {
            for step in [1.0, 2, 5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 600] where step >= raw { return step }
        }
        let magnitude = powerOfTen(Int(decimalLogarithm(raw).rounded(.down)))
        for factor in [1.0, 2, 2.5, 5, 10] where factor * magnitude >= raw * 0.8 {
            // 2.5 would need one more decimal than the others.
            if factor == 2.5, magnitude <= 1 { continue }
            return factor * magnitude
        }
        return 10 * magnitude
    }
}

/// Writes the labels of one axis alike: the same number of decimals, the same thousands suffix.
struct NumberWriter {
    private let divisor: Double
    private let suffix: String
    private let decimals: Int
    private let exponent: Int?

    /// A writer for multiples of a step up to a largest magnitude.
    init(step: Double, largest: Double) {
        let suffixes: [(Double, String)] = [(1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k")]
        if largest >= 1e15 || largest < 1e-3 {
            let power = largest > 0 ? Int(decimalLogarithm(largest).rounded(.down)) : 0
            (divisor, suffix, exponent) = (powerOfTen(power), "", power == 0 ? nil : power)
        } else if largest >= 10_000, let found = suffixes.first(where: { largest >= $0.0 }) {
            (divisor, suffix, exponent) = (found.0, found.1, nil)
        } else {
            (divisor, suffix, exponent) = (1, "", nil)
        }
        var places = 0
        var scaled = step / divisor
        while places < 6, abs(scaled - scaled.rounded()) > 1e-6 * max(1, abs(scaled)) {
            scaled *= 10
            places += 1
        }
        decimals = places
    }

    /// The label of one value.
    func write(_ value: Double) -> String {
        let scaled = value / divisor
        let text = Self.fixed(scaled, decimals: decimals)
        if text == "0" || Double(text) == 0 { return "0" }
        if let exponent { return "\(text)×10\(Self.superscript(exponent))" }
        return text + suffix
    }

    /// A number with a fixed count of decimals (at most 9), a true minus sign before negative ones.
    static func fixed(_ value: Double, decimals: Int) -> String {
        let places = min(max(decimals, 0), 9)
        guard value.isFinite, abs(value) < 1e9 else {
            return value.isNaN ? "–" : value.isFinite ? shortest(value) : value < 0 ? "−∞" : "∞"
        }
        let scale = powerOfTen(places)
        let units = Int((abs(value) * scale).rounded())
        let whole = units / Int(scale)
        var text = (value < 0 && units > 0 ? "−" : "") + String(whole)
        if places > 0 {
            let rest = String(units % Int(scale))
            text += "." + String(repeating: "0", count: places - rest.count) + rest
        }
        return text
    }

    /// A number with about three significant digits, with k, M, G or a power of ten where it helps.
    static func shortest(_ value: Double) -> String {
        guard value.isFinite else { return fixed(value, decimals: 0) }
        let magnitude = abs(value)
        if magnitude == 0 { return "0" }
        if magnitude >= 1e15 || magnitude < 1e-3 {
            var exponent = Int(decimalLogarithm(magnitude).rounded(.down))
            var mantissa = value / powerOfTen(exponent)
            if abs(mantissa) > 9.995 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
            let text = trimmed(fixed(mantissa, decimals: 2))
            return text == "1" ? "10\(superscript(exponent))" : "\(text)×10\(superscript(exponent))"
        }
        for (unit, suffix) in [(1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k")] where magnitude >= unit {
            let scaled = value / unit
            return trimmed(fixed(scaled, decimals: abs(scaled) < 10 ? 2 : abs(scaled) < 100 ? 1 : 0)) + suffix
        }
        return trimmed(fixed(value, decimals: magnitude < 1 ? 3 : magnitude < 10 ? 2 : magnitude < 100 ? 1 : 0))
    }

    private static func trimmed(_ text: String) -> String {
        guard text.contains(".") else { return text }
        var characters = Substring(text)
        while characters.last == "0" { characters.removeLast() }
        if characters.last == "." { characters.removeLast() }
        return String(characters)
    }

    private static func superscript(_ exponent: Int) -> String {
        let digits = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
        let text = String(exponent.magnitude).compactMap { $0.wholeNumberValue.map { digits[$0] } }
        return (exponent < 0 ? "⁻" : "") + String(text)
    }
}

/// Ticks of time axes.
enum TimeTicks {
    /// The unit in which a span of seconds reads best, as divisor and name.
    static func unit(forSpan seconds: Double) -> (Double, String) {
        switch seconds {
        case ..<0.5: (0.001, "ms")
        case ..<300: (1, "s")
        case ..<14_400: (60, "min")
        case ..<345_600: (3_600, "h")
        default: (86_400, "d")
        }
    }

    /// Ticks at round times of day or at midnights (UTC).
    static func clock(_ low: Double, _ high: Double, about count: Int) -> [Tick] {
        let raw = (high - low) / Double(max(count, 1))
        let steps: [Double] = [
            1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800,
            604_800, 2_592_000, 31_536_000,
        ]
        guard low > -6e10, high < 2e11 else { return Ticks.linear(low, high, about: count) }
        let step = steps.first { $0 >= raw } ?? 315_360_000
        let first = (low / step - 1e-9).rounded(.up)
        let last = (high / step + 1e-9).rounded(.down)
        guard last >= first, last - first < 1_000 else { return [] }
        return (0...Int(last - first)).map { index in
            let value = (first + Double(index)) * step
            return Tick(value: value, label: label(value, step: step))
        }
    }

    private static func label(_ time: Double, step: Double) -> String {
        let seconds = Int(time.rounded(.down))
        let day = Int((time / 86_400).rounded(.down))
        let rest = seconds - day * 86_400
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        if step >= 86_400 || rest == 0 {
            let (year, month, dayOfMonth) = CivilTime.date(daysSince1970: day)
            return step >= 86_400 ? "\(year)-\(two(month))-\(two(dayOfMonth))" : "\(two(month))-\(two(dayOfMonth))"
        }
        let text = "\(two(rest / 3_600)):\(two(rest % 3_600 / 60))"
        return step < 60 ? "\(text):\(two(rest % 60))" : text
    }
}
