import Platform

/// What a field of a separated text holds.
enum FieldContent: Equatable {
    case number(Double)
    case missing
    case text
}

/// Reading of single fields: numbers, words for missing values, quoted text.
enum FieldText {
    /// The content of a field's bytes, blanks around it and one pair of quotes left out.
    ///
    /// Missing: nothing, `n/a`, `na`, `nan`, `null`, `none`, `nil`, `-`, `?`, in any case. Numbers: decimals,
    /// `inf`, `infinity` with a sign, `true` (1) and `false` (0).
    static func content(_ bytes: UnsafeBufferPointer<UInt8>) -> FieldContent {
        var (low, high) = trimmed(bytes, 0, bytes.count)
        if high - low >= 2 && bytes[low] == 0x22 && bytes[high - 1] == 0x22 {
            (low, high) = trimmed(bytes, low + 1, high - 1)
        }
        if low == high { return .missing }
        let field = UnsafeBufferPointer(rebasing: bytes[low..<high])
        if let (value, count) = DecimalParser.parse(field), count == field.count { return .number(value) }
        return word(field)
    }

    private static func trimmed(_ bytes: UnsafeBufferPointer<UInt8>, _ from: Int, _ to: Int) -> (Int, Int) {
        var (low, high) = (from, to)
        while low < high && (bytes[low] == 0x20 || bytes[low] == 0x09) { low += 1 }
        while high > low && (bytes[high - 1] == 0x20 || bytes[high - 1] == 0x09 || bytes[high - 1] == 0x0D) {
            high -= 1
        }
        return (low, high)
    }

    private static func word(_ field: UnsafeBufferPointer<UInt8>) -> FieldContent {
        guard field.count <= 9 else { return .text }
        // Nine bytes at most: the word in lower case fits two registers; a string would be allocated.
        var packed: (UInt64, UInt8) = (0, 0)
        for (index, byte) in field.enumerated() {
            let lower = byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
            if index < 8 { packed.0 |= UInt64(lower) << UInt64(8 * index) } else { packed.1 = lower }
        }
        func isWord(_ text: StaticString) -> Bool {
            guard text.utf8CodeUnitCount == field.count else { return false }
            return text.withUTF8Buffer { expected in
                for (index, byte) in expected.enumerated() {
                    let own = index < 8 ? UInt8(truncatingIfNeeded: packed.0 >> UInt64(8 * index)) : packed.1
                    if own != byte { return false }
                }
                return true
            }
        }
        if isWord("n/a") || isWord("nan") || isWord("na") || isWord("null") || isWord("none") || isWord("nil")
            || isWord("-") || isWord("?") || isWord("-nan") || isWord("#n/a")
        {
            return .missing
        }
        if isWord("inf") || isWord("+inf") || isWord("infinity") || isWord("+infinity") { return .number(.infinity) }
        if isWord("-inf") || isWord("-infinity") { return .number(-.infinity) }
        if isWord("true") { return .number(1) }
        if isWord("false") { return .number(0) }
        return .text
    }

    /// The text of a field: quotes taken off, doubled quotes joined, malformed UTF-8 repaired.
    static func text(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        let (low, high) = trimmed(bytes, 0, bytes.count)
        guard high - low >= 2 && bytes[low] == 0x22 && bytes[high - 1] == 0x22 else {
            return String(decoding: bytes[low..<high], as: UTF8.self)
        }
        var plain: [UInt8] = []
        var index = low + 1
        while index < high - 1 {
            plain.append(bytes[index])
            if bytes[index] == 0x22 && index + 1 < high - 1 && bytes[index + 1] == 0x22 { index += 1 }
            index += 1
        }
        return String(decoding: plain, as: UTF8.self)
    }
}
