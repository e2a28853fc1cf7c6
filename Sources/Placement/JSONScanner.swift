import Platform

/// Reads JSON front to back, without building a tree: the caller says what it expects next. One pass over the bytes,
/// no recursion of its own, nothing allocated but strings.
struct JSONScanner {
    private let start: UnsafePointer<UInt8>
    private let end: UnsafePointer<UInt8>
    private var cursor: UnsafePointer<UInt8>

    /// Scans bytes that outlive the scanner.
    init(_ bytes: UnsafeBufferPointer<UInt8>, base: UnsafePointer<UInt8>) {
        start = base
        end = base + bytes.count
        cursor = base
        // A byte-order mark says nothing in UTF-8.
        if bytes.count >= 3, base[0] == 0xEF, base[1] == 0xBB, base[2] == 0xBF { cursor += 3 }
    }

    /// How many bytes are left; no value takes less than one.
    var remaining: Int { end - cursor }

    /// A fault at the present place, with its line and column.
    func fault(_ field: String, _ reason: String) -> PlacementError {
        var line = 1
        var column = 1
        var place = start
        while place < cursor {
            if place.pointee == 0x0A {
                line += 1
                column = 1
            } else {
                column += 1
            }
            place += 1
        }
        return PlacementError(.malformedInput, field: field, reason: "\(reason) (line \(line), column \(column))")
    }

    /// What stands at the present place, for messages.
    var found: String {
        guard cursor < end else { return "the end of the file" }
        switch cursor.pointee {
        case UInt8(ascii: "{"): return "an object"
        case UInt8(ascii: "["): return "a list"
        case UInt8(ascii: "\""): return "a text"
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return "true or false"
        case UInt8(ascii: "n"): return "null"
        case UInt8(ascii: "N"): return "NaN"
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): return "a number"
        case 0x21...0x7E: return "'\(Character(UnicodeScalar(cursor.pointee)))'"
        default: return "the byte \(cursor.pointee)"
        }
    }

    @inline(__always) mutating func skipBlanks() {
        while cursor < end {
            let byte = cursor.pointee
            if byte > 0x20 || (byte != 0x20 && byte != 0x0A && byte != 0x0D && byte != 0x09) { return }
            cursor += 1
        }
    }

    /// Whether the next byte, after blanks, is this one; takes it if so.
    @inline(__always) mutating func take(_ byte: UInt8) -> Bool {
        skipBlanks()
        guard cursor < end, cursor.pointee == byte else { return false }
        cursor += 1
        return true
    }

    /// The next byte after blanks, left in place.
    mutating func peek() -> UInt8? {
        skipBlanks()
        return cursor < end ? cursor.pointee : nil
    }

    /// Takes a word such as `true`.
    mutating func takeWord(_ word: StaticString) -> Bool {
        skipBlanks()
        let count = word.utf8CodeUnitCount
        guard end - cursor >= count else { return false }
        for index in 0..<count where cursor[index] != word.utf8Start[index] { return false }
        cursor += count
        return true
    }

    /// Nothing but blanks may follow.
    mutating func expectEnd() throws(PlacementError) {
        skipBlanks()
        if cursor < end { throw fault("", "found \(found) after the end of the instance; expected nothing more") }
    }

    /// Walks an object: `member` is called for each key and must take its value. Keys may come once.
    mutating func object(
        _ field: String, _ member: (inout JSONScanner, String) throws(PlacementError) -> Void
    ) throws(PlacementError) {
        guard take(UInt8(ascii: "{")) else {
            throw fault(field, "found \(found); expected an object")
        }
        var seen: Set<String> = []
        if take(UInt8(ascii: "}")) { return }
        while true {
            skipBlanks()
            guard cursor < end, cursor.pointee == UInt8(ascii: "\"") else {
                throw fault(field, "found \(found); expected a key in double quotes")
            }
            let key = try string(field)
            if !seen.insert(key).inserted {
                throw fault(path(field, key), "the key is there twice")
            }
            guard take(UInt8(ascii: ":")) else {
                throw fault(path(field, key), "found \(found); expected ':' after the key")
            }
            try member(&self, key)
            if take(UInt8(ascii: ",")) { continue }
            if take(UInt8(ascii: "}")) { return }
            throw fault(path(field, key), "found \(found) after the value; expected ',' or '}'")
        }
    }

    /// Walks a list: `element` is called with each index and must take its value.
    mutating func list(
        _ field: String, _ element: (inout JSONScanner, Int) throws(PlacementError) -> Void
    ) throws(PlacementError) {
        guard take(UInt8(ascii: "[")) else { throw fault(field, "found \(found); expected a list") }
        if take(UInt8(ascii: "]")) { return }
        var index = 0
        while true {
            try element(&self, index)
            index += 1
            if take(UInt8(ascii: ",")) { continue }
            if take(UInt8(ascii: "]")) { return }
            throw fault("\(field)[\(index - 1)]", "found \(found) after the value; expected ',' or ']'")
        }
    }

    /// A text.
    mutating func string(_ field: String) throws(PlacementError) -> String {
        skipBlanks()
        guard cursor < end, cursor.pointee == UInt8(ascii: "\"") else {
            throw fault(field, "found \(found); expected a text")
        }
        cursor += 1
        let first = cursor
        while cursor < end, cursor.pointee != UInt8(ascii: "\""), cursor.pointee != UInt8(ascii: "\\"),
            cursor.pointee >= 0x20
        {
            cursor += 1
        }
        guard cursor < end else { throw fault(field, "the file ends within a text") }
        if cursor.pointee == UInt8(ascii: "\"") {
            let bytes = UnsafeBufferPointer(start: first, count: cursor - first)
            cursor += 1
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw fault(field, "a text is not UTF-8")
            }
            return text
        }
        return try escapedString(field, from: first)
    }

    private mutating func escapedString(
        _ field: String, from first: UnsafePointer<UInt8>
    ) throws(PlacementError) -> String {
        var bytes = Array(UnsafeBufferPointer(start: first, count: cursor - first))
        while true {
            guard cursor < end else { throw fault(field, "the file ends within a text") }
            let byte = cursor.pointee
            if byte < 0x20 { throw fault(field, "a text holds the control character \(byte)") }
            cursor += 1
            if byte == UInt8(ascii: "\"") { break }
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                continue
            }
            guard cursor < end else { throw fault(field, "the file ends within a text") }
            let escape = cursor.pointee
            cursor += 1
            switch escape {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(escape)
            case UInt8(ascii: "b"): bytes.append(0x08)
            case UInt8(ascii: "f"): bytes.append(0x0C)
            case UInt8(ascii: "n"): bytes.append(0x0A)
            case UInt8(ascii: "r"): bytes.append(0x0D)
            case UInt8(ascii: "t"): bytes.append(0x09)
            case UInt8(ascii: "u"):
                let high = try hexadecimal(field)
                var scalar = UInt32(high)
                if high & 0xFC00 == 0xD800, end - cursor >= 2, cursor[0] == UInt8(ascii: "\\"),
                    cursor[1] == UInt8(ascii: "u")
                {
                    cursor += 2
                    let low = try hexadecimal(field)
                    guard low & 0xFC00 == 0xDC00 else { throw fault(field, "a text holds half a character") }
                    scalar = 0x10000 + (UInt32(high & 0x3FF) << 10 | UInt32(low & 0x3FF))
                }
                guard let character = UnicodeScalar(scalar) else {
                    throw fault(field, "a text holds half a character")
                }
                bytes.append(contentsOf: String(Character(character)).utf8)
            default: throw fault(field, "a text holds the unknown escape '\\\(Character(UnicodeScalar(escape)))'")
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw fault(field, "a text is not UTF-8") }
        return text
    }

    private mutating func hexadecimal(_ field: String) throws(PlacementError) -> UInt16 {
        guard end - cursor >= 4 else { throw fault(field, "the file ends within a text") }
        var value: UInt16 = 0
        for _ in 0..<4 {
            guard let digit = Character(UnicodeScalar(cursor.pointee)).hexDigitValue else {
                throw fault(field, "an escape '\\u' needs four hexadecimal digits")
            }
            value = value << 4 | UInt16(digit)
            cursor += 1
        }
        return value
    }

    /// A number where one stands; nil, with nothing taken, where something else does.
    @inline(__always) mutating func numberIfPresent() -> Double? {
        skipBlanks()
        guard cursor < end else { return nil }
        // JSON wants a digit first, after a minus sign at most, and no idle zeros.
        let digits = cursor.pointee == UInt8(ascii: "-") ? cursor + 1 : cursor
        guard digits < end, digits.pointee &- 0x30 <= 9 else { return nil }
        if digits.pointee == 0x30, digits + 1 < end, digits[1] &- 0x30 <= 9 { return nil }
        var value = 0.0
        let after = DecimalParser.scan(cursor, end, &value)
        guard after > cursor, after[-1] &- 0x30 <= 9, after == end || after.pointee | 0x20 != UInt8(ascii: "e") else {
            return nil
        }
        cursor = after
        return value
    }

    /// A finite number.
    mutating func number(_ field: String, _ expected: String = "a number") throws(PlacementError) -> Double {
        let place = self
        guard let value = numberIfPresent() else { throw fault(field, "found \(found); expected \(expected)") }
        guard value.isFinite else { throw place.fault(field, "the number is too large for any quantity") }
        return value
    }

    /// A whole number.
    mutating func integer(_ field: String) throws(PlacementError) -> Int {
        let place = self
        let value = try number(field, "a whole number")
        guard let whole = Int(exactly: value), abs(value) <= 0x1p53 else {
            throw place.fault(field, "found \(value); expected a whole number")
        }
        return whole
    }

    /// true or false.
    mutating func boolean(_ field: String) throws(PlacementError) -> Bool {
        if takeWord("true") { return true }
        if takeWord("false") { return false }
        throw fault(field, "found \(found); expected true or false")
    }

    private func path(_ field: String, _ key: String) -> String { field.isEmpty ? key : "\(field).\(key)" }
}
