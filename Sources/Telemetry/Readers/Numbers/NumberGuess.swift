import Platform

/// What the first texts of a column tell about how its numbers are written.
struct NumberGuess: Sendable {
    /// Fields with something in them that is no word for a missing value.
    private(set) var fields = 0
    /// Fields that are plain decimals.
    private(set) var plain = 0
    /// Fields that read with a decimal point or a decimal comma.
    private(set) var withPoint = 0
    private(set) var withComma = 0
    /// Fields that say by themselves that the comma (the point) is the decimal mark: it stands once, not before three
    /// digits, or behind the other one.
    private(set) var provesComma = 0
    private(set) var provesPoint = 0
    /// Fields that hold a comma at all.
    private(set) var commas = 0
    /// Whole numbers without any mark, up to 999 and above; and those such as `1.004`, which may be one thousand and four.
    private(set) var small = 0
    private(set) var large = 0
    private(set) var pointGroups = 0
    /// Numbers without a unit, other than 0.
    private var bare = 0
    /// The units behind the numbers.
    private(set) var suffixes: Set<String> = []

    init() {}

    mutating func add(_ bytes: UnsafeBufferPointer<UInt8>, isPlain: Bool) {
        fields += 1
        if isPlain { plain += 1 }
        if addSimple(bytes) { return }
        let point = NumberFormat(decimalComma: false).parse(bytes)
        let comma = NumberFormat(decimalComma: true).parse(bytes)
        if point != nil { withPoint += 1 }
        if comma != nil { withComma += 1 }
        if let value = point ?? comma {
            if suffixes.count < 16 { suffixes.insert(value.suffix) }
            if value.suffix.isEmpty, value.number != 0 { bare += 1 }
        }
        let field = NumberFormat.trimmed(bytes)
        let marks = field.filter { $0 == 0x2C || $0 == 0x2E }
        if marks.contains(0x2C) { commas += 1 }
        guard let last = marks.last, let place = field.lastIndex(of: last) else { return }
        let behind = field[(place + 1)...].prefix { $0 &- 0x30 <= 9 }.count
        let ahead = field[..<place].drop { $0 == 0x2D || $0 == 0x2B }
        let isDecimal: Bool
        switch marks.filter({ $0 == last }).count {
        case 1:
            // Nobody writes 0,123 or 1234,567 for a number without a fraction.
            isDecimal = marks.count > 1 || behind != 3 || ahead.first == 0x30 || ahead.isEmpty || ahead.count > 3
            if !isDecimal, last == 0x2E { pointGroups += 1 }
        // Twice the same mark groups digits; the other one would be the decimal mark.
        default:
            if last == 0x2C { provesPoint += 1 } else { provesComma += 1 }
            return
        }
        guard isDecimal else { return }
        if last == 0x2C { provesComma += 1 } else { provesPoint += 1 }
    }

    /// Takes in what almost every field is and only one thing can be: digits, or digits with one point that is not before
    /// three of them. The same as the long way, which tries both decimal marks; whether it was such a field.
    private mutating func addSimple(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        let digits = bytes.first == 0x2D ? bytes.dropFirst() : bytes[...]
        guard let first = digits.first, first &- 0x30 <= 9, digits.count <= 15 else { return false }
        var point: Int?
        for index in digits.indices where digits[index] &- 0x30 > 9 {
            guard digits[index] == 0x2E, point == nil else { return false }
            point = index
        }
        let behind = point.map { digits.endIndex - $0 - 1 }
        guard behind != 0, behind != 3 else { return false }
        suffixes.insert("")
        withPoint += 1
        if first != 0x30 || digits.count > 1 { bare += 1 }
        if behind == nil { withComma += 1 } else { provesPoint += 1 }
        if behind == nil { if digits.count > 3 { large += 1 } else { small += 1 } }
        return true
    }

    /// Whether points can only stand between groups of digits: numbers of up to three digits have none, all others have one
    /// before three digits. Where fractions were written like that, some would have fewer digits.
    var groupsByPoints: Bool { pointGroups > 0 && small > 0 && large == 0 && provesPoint == 0 && plain == fields }

    /// Whether most fields are numbers in one format or another.
    var isNumeric: Bool { fields > 0 && 2 * max(withPoint, withComma) >= fields && hasOneUnit }

    /// Whether the units can be turned into one another, or are one and the same text.
    private var hasOneUnit: Bool {
        let named = suffixes.filter { !$0.isEmpty }
        if named.isEmpty { return true }
        let bases = Set(named.map { UnitSuffix.unit($0)?.base })
        if bases.count == 1, bases.first != .some(nil) { return true }
        return named.count == 1 && !suffixes.contains("")
    }

    /// What is to be said where numbers without a unit stand beside such as `12 ms`, which are turned into their base unit;
    /// `nil` where there are none.
    func bareNote(_ name: String) -> String? {
        let isScaled = suffixes.contains { suffix in
            UnitSuffix.unit(suffix).map { !$0.base.isEmpty && $0.factor != 1 } ?? false
        }
        guard bare > 0, isScaled, let unit else { return nil }
        return "numbers without a unit in the column '\(name)' are taken to be \(unit), as those with one become"
    }

    /// Takes in a number of a column whose texts have units.
    mutating func add(bareNumber number: Double) { if number.isFinite, number != 0 { bare += 1 } }

    /// The base unit; `nil` for numbers without.
    var unit: String? {
        guard let suffix = suffixes.filter({ !$0.isEmpty }).min() else { return nil }
        return UnitSuffix.unit(suffix).map { $0.base.isEmpty ? nil : $0.base } ?? suffix
    }

    /// The text that is only taken off, if no list knows it.
    var unknownSuffix: String? {
        guard let suffix = suffixes.filter({ !$0.isEmpty }).min(), UnitSuffix.unit(suffix) == nil else { return nil }
        return suffix
    }
}
