/// A JSON value, parsed from bytes without a detour over strings for its numbers.
///
/// Strict RFC 8259 syntax, but for what harms nobody: a number may have leading zeros or a leading plus, and
/// malformed UTF-8 in a string is repaired, and `NaN`, `Infinity` and `-Infinity`, which Python writes, are numbers.
/// Duplicate keys are kept in order.
public enum ParsedJSON: Hashable, Sendable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number, correctly rounded.
    case number(Double)
    /// A string, unescaped.
    case string(String)
    /// An array.
    case array([ParsedJSON])
    /// An object's members in their order.
    case object([Member])

    /// One member of an object.
    public struct Member: Hashable, Sendable {
        /// Its name.
        public let key: String
        /// Its value.
        public let value: ParsedJSON

        /// A member with its name and value given.
        public init(key: String, value: ParsedJSON) {
            self.key = key
            self.value = value
        }
    }

    /// Where and why a text is no JSON.
    public struct SyntaxError: Error, Hashable, Sendable {
        /// Byte at which reading stopped, counted from 0.
        public let offset: Int
        /// What was expected there.
        public let expected: String
    }

    /// Deepest nesting accepted.
    public static let maximumDepth = 64

    /// Parses one value that takes all of `bytes`, blanks around it aside.
    public init(parsing bytes: UnsafeBufferPointer<UInt8>) throws(SyntaxError) {
        var parser = unsafe JSONParser(bytes: bytes)
        self = try parser.value(depth: 0)
        parser.skipBlanks()
        if parser.cursor < bytes.count {
            throw SyntaxError(offset: parser.cursor, expected: "nothing after the value")
        }
    }
}

/// A recursive-descent parser over bytes.
@safe struct JSONParser {
    let bytes: UnsafeBufferPointer<UInt8>
    /// Whether only what RFC 8259 allows is taken, and only numbers that are finite.
    private let isStrict: Bool
    private(set) var cursor = 0

    init(bytes: UnsafeBufferPointer<UInt8>, isStrict: Bool = false) {
        unsafe self.bytes = bytes
        self.isStrict = isStrict
    }

    private func failure(_ expected: String) -> ParsedJSON.SyntaxError {
        ParsedJSON.SyntaxError(offset: cursor, expected: expected)
    }

    mutating func skipBlanks() {
        while unsafe cursor < bytes.count {
            switch unsafe bytes[cursor] {
            case 0x20, 0x09, 0x0A, 0x0D: cursor += 1
            default: return
            }
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard unsafe cursor < bytes.count, unsafe bytes[cursor] == byte else { return false }
        cursor += 1
        return true
    }

    private mutating func take(_ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard unsafe bytes.count - cursor >= count else { return false }
        let matches = word.withUTF8Buffer { unsafe bytes[cursor..<(cursor + count)].elementsEqual($0) }
        if matches { cursor += count }
        return matches
    }

    mutating func value(depth: Int) throws(ParsedJSON.SyntaxError) -> ParsedJSON {
        skipBlanks()
        guard depth < ParsedJSON.maximumDepth else { throw failure("less than \(ParsedJSON.maximumDepth) levels") }
        guard unsafe cursor < bytes.count else { throw failure("a value") }
        switch unsafe bytes[cursor] {
        case 0x7B: return try object(depth: depth)
        case 0x5B: return try array(depth: depth)
        case 0x22: return .string(try string())
        case 0x6E where take("null"): return .null
        case 0x74 where take("true"): return .bool(true)
        case 0x66 where take("false"): return .bool(false)
        case 0x4E where !isStrict && take("NaN"): return .number(.nan)
        case 0x49 where !isStrict && take("Infinity"): return .number(.infinity)
        case 0x2D where !isStrict && take("-Infinity"): return .number(-.infinity)
        default:
            let rest = unsafe UnsafeBufferPointer(rebasing: bytes[cursor...])
            guard let (number, count) = unsafe DecimalParser.parse(rest) else { throw failure("a value") }
            if isStrict {
                guard unsafe Self.isStrictNumber(rest.prefix(count)) else {
                    throw failure("a number without a plus, idle zeros or a bare point")
                }
                guard number.isFinite else { throw failure("a number within ±1.8e308") }
            }
            cursor += count
            return .number(number)
        }
    }

    /// Whether a number that reads as one is written as RFC 8259 has it.
    private static func isStrictNumber(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        let digits = unsafe text.first == 0x2D ? text.dropFirst() : text
        guard let first = unsafe digits.first, (0x30...0x39).contains(first) else { return false }
        let second = unsafe digits.dropFirst().first ?? 0
        if first == 0x30, (0x30...0x39).contains(second) { return false }
        guard let point = unsafe digits.firstIndex(of: 0x2E) else { return true }
        let next = unsafe digits.index(after: point)
        return unsafe next < digits.endIndex && (0x30...0x39).contains(digits[next])
    }

    private mutating func object(depth: Int) throws(ParsedJSON.SyntaxError) -> ParsedJSON {
        cursor += 1
        var members: [ParsedJSON.Member] = []
        skipBlanks()
        if take(0x7D) { return .object(members) }
        while true {
            skipBlanks()
            guard unsafe cursor < bytes.count, unsafe bytes[cursor] == 0x22 else {
                throw failure("a member's name in quotes")
            }
            let key = try string()
            skipBlanks()
            guard take(0x3A) else { throw failure("':'") }
            members.append(ParsedJSON.Member(key: key, value: try value(depth: depth + 1)))
            skipBlanks()
            if take(0x2C) { continue }
            guard take(0x7D) else { throw failure("',' or '}'") }
            return .object(members)
        }
    }

    private mutating func array(depth: Int) throws(ParsedJSON.SyntaxError) -> ParsedJSON {
        cursor += 1
        var elements: [ParsedJSON] = []
        skipBlanks()
        if take(0x5D) { return .array(elements) }
        while true {
            elements.append(try value(depth: depth + 1))
            skipBlanks()
            if take(0x2C) { continue }
            guard take(0x5D) else { throw failure("',' or ']'") }
            return .array(elements)
        }
    }

    private mutating func string() throws(ParsedJSON.SyntaxError) -> String {
        cursor += 1
        let first = cursor
        while unsafe cursor < bytes.count && bytes[cursor] != 0x22 && bytes[cursor] != 0x5C && bytes[cursor] >= 0x20 {
            cursor += 1
        }
        if unsafe cursor < bytes.count && bytes[cursor] == 0x22 {
            cursor += 1
            return unsafe String(decoding: bytes[first..<(cursor - 1)], as: UTF8.self)
        }
        var text = unsafe Array(bytes[first..<cursor])
        while unsafe cursor < bytes.count {
            let byte = unsafe bytes[cursor]
            if byte == 0x22 {
                cursor += 1
                return String(decoding: text, as: UTF8.self)
            }
            guard byte >= 0x20 else { throw failure("no control character in a string") }
            cursor += 1
            if byte == 0x5C { text.append(contentsOf: try escape()) } else { text.append(byte) }
        }
        throw failure("the end of the string")
    }

    /// The UTF-8 of what follows a backslash; an unpaired surrogate becomes U+FFFD.
    private mutating func escape() throws(ParsedJSON.SyntaxError) -> [UInt8] {
        guard unsafe cursor < bytes.count else { throw failure("an escaped character") }
        let byte = unsafe bytes[cursor]
        cursor += 1
        switch byte {
        case 0x22, 0x5C, 0x2F: return [byte]
        case 0x62: return [0x08]
        case 0x66: return [0x0C]
        case 0x6E: return [0x0A]
        case 0x72: return [0x0D]
        case 0x74: return [0x09]
        case 0x75:
            var unit = try hexadecimal()
            if unsafe unit >> 10 == 0x36 && bytes.count - cursor >= 6 && bytes[cursor] == 0x5C
                && bytes[cursor + 1] == 0x75
            {
                let mark = cursor
                cursor += 2
                let low = try hexadecimal()
                if low >> 10 == 0x37 {
                    unit = 0x10000 + ((unit & 0x3ff) << 10) + (low & 0x3ff)
                } else {
                    cursor = mark
                }
            }
            return Array(String(Character(Unicode.Scalar(unit) ?? "\u{FFFD}")).utf8)
        default: throw failure("one of the escapes \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u")
        }
    }

    private mutating func hexadecimal() throws(ParsedJSON.SyntaxError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard unsafe cursor < bytes.count, let digit = unsafe Character(Unicode.Scalar(bytes[cursor])).hexDigitValue
            else {
                throw failure("four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            cursor += 1
        }
        return value
    }
}
