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
        guard field.count <= 9 || field[0] == 0x5B else { return .text }
        if field[0] == 0x5B { return isBracketed(field) ? .missing : .text }
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
        // What databases, spreadsheets and statistics programs write.
        if isWord("\\n") || isWord("--") || isWord(".") || isWord("<na>") || isWord("<null>") || isWord("(null)")
            || isWord("nat") || isWord("#div/0!") || isWord("#value!") || isWord("#num!") || isWord("#null!")
            || isWord("#ref!") || isWord("1.#qnan") || isWord("-1.#ind") || isWord("1.#ind")
        {
            return .missing
        }
        if isWord("---") || isWord("----") || isWord("–") || isWord("—") || isWord("n.a.") { return .missing }
        if isWord("undefined") || isWord("no data") || isWord("nodata") { return .missing }
        if isWord("inf") || isWord("+inf") || isWord("infinity") || isWord("+infinity") { return .number(.infinity) }
        if isWord("-inf") || isWord("-infinity") { return .number(-.infinity) }
        if isWord("true") { return .number(1) }
        if isWord("false") { return .number(0) }
        return .text
    }

    /// `[N/A]`, `[Not Supported]`: what nvidia-smi writes for what a card does not tell.
    private static func isBracketed(_ field: UnsafeBufferPointer<UInt8>) -> Bool {
        let text = String(decoding: field, as: UTF8.self).lowercased()
        return ["[n/a]", "[not supported]", "[unknown error]", "[insufficient permissions]", "[gpu requires reset]"]
            .contains(text)
    }

    /// The text of a field: quotes taken off, doubled quotes joined; what is no UTF-8 is read as Latin-1.
    static func text(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        let (low, high) = trimmed(bytes, 0, bytes.count)
        guard high - low >= 2 && bytes[low] == 0x22 && bytes[high - 1] == 0x22 else {
            return decoded(bytes[low..<high])
        }
        var plain: [UInt8] = []
        var index = low + 1
        while index < high - 1 {
            plain.append(bytes[index])
            if bytes[index] == 0x22 && index + 1 < high - 1 && bytes[index + 1] == 0x22 { index += 1 }
            index += 1
        }
        return decoded(plain)
    }

    /// UTF-8, or else Latin-1, as spreadsheets write without a Unicode option.
    private static func decoded(_ bytes: some Collection<UInt8>) -> String {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        var text = ""
        for byte in bytes { text.unicodeScalars.append(Unicode.Scalar(byte)) }
        return text
    }
}
