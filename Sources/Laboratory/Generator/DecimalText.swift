/// Writes numbers as text, quickly, compactly and the same on every machine.
enum DecimalText {
    /// Appends a number rounded to a count of decimals, without trailing zeros: `12.5`, `-3`, `0`. A negative count
    /// rounds to tens, hundreds, …. Not a number gives nothing.
    static func append(_ value: Double, decimals: Int, to text: inout [UInt8]) {
        guard value.isFinite else { return }
        var scaled = value
        if decimals >= 0 {
            scaled *= powersOfTen[min(decimals, 9)]
        } else {
            scaled /= powersOfTen[min(-decimals, 9)]
        }
        guard abs(scaled) < 9e15 else {
            text += Array(String(value).utf8)
            return
        }
        var units = Int(scaled.rounded())
        if decimals < 0 { units *= Int(powersOfTen[min(-decimals, 9)]) }
        if units < 0 {
            text.append(UInt8(ascii: "-"))
            units = -units
        }
        guard decimals > 0 else {
            appendDigits(units, to: &text)
            return
        }
        let scale = Int(powersOfTen[min(decimals, 9)])
        appendDigits(units / scale, to: &text)
        var rest = units % scale
        guard rest > 0 else { return }
        var places = min(decimals, 9)
        while rest % 10 == 0 {
            rest /= 10
            places -= 1
        }
        text.append(UInt8(ascii: "."))
        let start = text.count
        appendDigits(rest, to: &text)
        for _ in 0..<(places - (text.count - start)) { text.insert(UInt8(ascii: "0"), at: start) }
    }

    /// Appends the shortest text that reads back as the same number.
    static func appendShortest(_ value: Double, to text: inout [UInt8]) {
        guard !value.isNaN else { return }
        if abs(value) < 9e15, let whole = Int(exactly: value) {
            if whole < 0 || (whole == 0 && value.sign == .minus) { text.append(UInt8(ascii: "-")) }
            appendDigits(abs(whole), to: &text)
        } else {
            text += Array(value.description.utf8)
        }
    }

    /// Appends a whole number that is not negative.
    static func appendDigits(_ value: Int, to text: inout [UInt8]) {
        guard value >= 10 else {
            text.append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: value))
            return
        }
        let start = text.count
        var rest = value
        while rest > 0 {
            text.append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        }
        var (low, high) = (start, text.count - 1)
        while low < high {
            text.swapAt(low, high)
            low += 1
            high -= 1
        }
    }

    private static let powersOfTen: [Double] = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]
}
