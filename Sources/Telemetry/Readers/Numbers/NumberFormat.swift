import Platform

/// How the numbers of one column are written, where a plain decimal is not all: decimal comma, digits in groups, a
/// unit behind them.
struct NumberFormat: Hashable, Sendable {
    /// The character before the fraction.
    var decimalComma = false
    /// Whether digits may stand in groups of three (with a comma or point, whichever is not the decimal mark; with a
    /// blank, an apostrophe or an underscore in any case).
    var mayBeGrouped = true
    /// What stands behind every number, when it is one and the same text that no list knows; it is only taken off.
    var suffix: String?

    /// The number and the unit behind it.
    struct Value: Hashable {
        let number: Double
        let suffix: String
    }

    /// The number that a field spells in this format, in the base of its unit; `nil` when it does not.
    func number(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
        guard let value = parse(bytes) else { return nil }
        if value.suffix.isEmpty || value.suffix == suffix { return value.number }
        guard let unit = UnitSuffix.unit(value.suffix) else { return nil }
        return value.number * unit.factor
    }

    /// The number that a field spells before its unit is looked at; `nil` when there is none.
    func parse(_ bytes: UnsafeBufferPointer<UInt8>) -> Value? {
        var field = Self.trimmed(bytes)
        // Quotes and brackets for a negative amount are left to the caller; a currency or `~` in front is no number.
        var negative = false
        if let first = field.first, first == 0x2D || first == 0x2B {
            negative = first == 0x2D
            field = field.dropFirst()
        } else if field.starts(with: [0xE2, 0x88, 0x92]) {
            // U+2212, the minus of typographers and of Excel in some languages.
            negative = true
            field = field.dropFirst(3)
        }
        var plain: [UInt8] = []
        plain.reserveCapacity(field.count + 1)
        var digitsSinceGroup = 0
        var groups = 0
        var seenDecimal = false
        var index = field.startIndex
        let decimal: UInt8 = decimalComma ? 0x2C : 0x2E
        let grouping: UInt8 = decimalComma ? 0x2E : 0x2C
        scan: while index < field.endIndex {
            let byte = field[index]
            if byte &- 0x30 <= 9 {
                plain.append(byte)
                digitsSinceGroup += 1
                index += 1
                continue
            }
            if byte == decimal && !seenDecimal {
                guard groups == 0 || digitsSinceGroup == 3 else { return nil }
                seenDecimal = true
                plain.append(0x2E)
                index += 1
                continue
            }
            // An exponent belongs to the number only when digits follow.
            if byte | 0x20 == 0x65, !plain.isEmpty, groups == 0 {
                var next = index + 1
                if next < field.endIndex, field[next] == 0x2D || field[next] == 0x2B { next += 1 }
                if next < field.endIndex, field[next] &- 0x30 <= 9 {
                    plain.append(contentsOf: field[index..<next])
                    while next < field.endIndex, field[next] &- 0x30 <= 9 {
                        plain.append(field[next])
                        next += 1
                    }
                    seenDecimal = true
                    index = next
                    break scan
                }
            }
            guard mayBeGrouped, !seenDecimal, let width = Self.groupMark(field, index, grouping), digitsSinceGroup > 0,
                groups == 0 ? digitsSinceGroup <= 3 : digitsSinceGroup == 3 || (digitsSinceGroup == 2 && byte == 0x2C)
            else { break }
            groups += 1
            digitsSinceGroup = 0
            index += width
        }
        guard plain.contains(where: { $0 &- 0x30 <= 9 }) else { return nil }
        if groups > 0 && !seenDecimal && digitsSinceGroup != 3 { return nil }
        let parsed = plain.withUnsafeBufferPointer { DecimalParser.parse($0) }
        guard let parsed, parsed.count == plain.count else { return nil }
        let rest = Self.trimmed(UnsafeBufferPointer(rebasing: field[index...]))
        guard rest.count <= 16, rest.allSatisfy({ Self.mayBeUnit($0) }) else { return nil }
        return Value(
            number: negative ? -parsed.value : parsed.value, suffix: String(decoding: rest, as: UTF8.self))
    }

    /// How many bytes the mark between two groups of digits takes; `nil` when none stands here before a digit.
    private static func groupMark(_ field: Slice<UnsafeBufferPointer<UInt8>>, _ index: Int, _ grouping: UInt8) -> Int? {
        let rest = field[index...]
        func beforeDigit(_ width: Int) -> Int? {
            index + width < field.endIndex && field[index + width] &- 0x30 <= 9 ? width : nil
        }
        switch field[index] {
        case grouping, 0x20, 0x27, 0x5F: return beforeDigit(1)
        case 0xC2 where rest.starts(with: [0xC2, 0xA0]): return beforeDigit(2)
        // A no-break blank in Latin-1.
        case 0xA0: return beforeDigit(1)
        case 0xE2
        where rest.starts(with: [0xE2, 0x80, 0xAF]) || rest.starts(with: [0xE2, 0x80, 0x89])
            || rest.starts(with: [0xE2, 0x80, 0x99]):
            return beforeDigit(3)
        default: return nil
        }
    }

    private static func mayBeUnit(_ byte: UInt8) -> Bool {
        (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || byte >= 0x80 || byte == 0x25 || byte == 0x2F || byte == 0x20
            || byte == 0x5E || byte == 0x2A
    }

    /// The bytes without blanks (no-break ones too) and one pair of quotes around them.
    static func trimmed(_ bytes: UnsafeBufferPointer<UInt8>) -> Slice<UnsafeBufferPointer<UInt8>> {
        var field = bytes[...]
        func trim() {
            while let first = field.first {
                if first == 0x20 || first == 0x09 {
                    field = field.dropFirst()
                } else if field.starts(with: [0xC2, 0xA0]) {
                    field = field.dropFirst(2)
                } else {
                    break
                }
            }
            while let last = field.last {
                if last == 0x20 || last == 0x09 || last == 0x0D {
                    field = field.dropLast()
                } else if last == 0xA0, field.count > 1, field[field.endIndex - 2] == 0xC2 {
                    field = field.dropLast(2)
                } else {
                    break
                }
            }
        }
        trim()
        if field.count >= 2 && field.first == 0x22 && field.last == 0x22 {
            field = field.dropFirst().dropLast()
            trim()
        }
        return field
    }
}
