import Platform

/// One JSON object taken apart into named numbers.
///
/// Nested objects join their names with points. Arrays come in two kinds: numbers, taken one by one
/// (`latency_histogram.0`, …); and objects, such as the user equipments at a cell, whose number varies and whose order
/// says nothing: they give `count`, and mean, min and max of each of their numbers (`ue_list.cqi.mean`). An object in
/// such an array that only wraps another is looked through. Numbers in strings are numbers.
struct FlatRecord {
    /// Numbers by path, in the order of the text.
    private(set) var numbers: [(path: String, value: Double)] = []
    /// Strings that are no numbers, by path.
    private(set) var texts: [(path: String, value: String)] = []
    /// Paths of numbers that only count the elements of a list.
    private(set) var counts: [String] = []

    /// Names that tell things apart instead of measuring them; left out of aggregates.
    private static let identifiers: Set<String> = ["rnti", "pci", "id", "imsi", "supi", "ue_id", "cell_id", "tmsi"]

    init(_ members: [ParsedJSON.Member]) {
        for member in members { add(member.value, path: member.key) }
    }

    private mutating func add(_ value: ParsedJSON, path: String) {
        switch value {
        case .null: numbers.append((path, .nan))
        case .object(let members):
            // What MongoDB writes in place of a value: `{"$date": …}`, `{"$numberLong": "5"}`.
            if members.count == 1, let only = members.first, only.key.first == "$" {
                if only.key == "$oid", case .string(let text) = only.value {
                    texts.append((path, text))
                } else {
                    add(only.value, path: path)
                }
                return
            }
            for member in members { add(member.value, path: path + "." + member.key) }
        case .array(let elements): addArray(elements, path: path)
        case .number, .bool, .string:
            if let number = Self.number(value) {
                numbers.append((path, number))
            } else if case .string(let text) = value {
                // An object that was written into a text, as logs have their messages.
                if let members = JSONDocument.object(inText: text) {
                    for member in members { add(member.value, path: path + "." + member.key) }
                } else {
                    texts.append((path, text))
                }
            }
        }
    }

    private mutating func addArray(_ elements: [ParsedJSON], path: String) {
        let scalars = elements.compactMap(Self.number)
        if !elements.isEmpty && scalars.count == elements.count {
            for (index, number) in scalars.enumerated() { numbers.append(("\(path).\(index)", number)) }
            return
        }
        numbers.append((path + ".count", Double(elements.count)))
        counts.append(path + ".count")
        var order: [String] = []
        var leaves: [String: [Double]] = [:]
        for element in elements {
            guard case .object(let members) = Self.unwrapped(element) else { continue }
            let record = FlatRecord(members)
            for leaf in record.numbers + record.texts.compactMap(Self.withUnit) where leaf.value.isFinite {
                let name = leaf.path.split(separator: ".").last.map(String.init) ?? leaf.path
                guard !Self.identifiers.contains(name.lowercased()) else { continue }
                if leaves[leaf.path] == nil { order.append(leaf.path) }
                leaves[leaf.path, default: []].append(leaf.value)
            }
        }
        for leaf in order {
            guard let values = leaves[leaf], let least = values.min(), let most = values.max() else { continue }
            let mean = values.reduce(0, +) / Double(values.count)
            numbers.append(("\(path).\(leaf).mean", mean))
            numbers.append(("\(path).\(leaf).min", least))
            numbers.append(("\(path).\(leaf).max", most))
        }
    }

    /// The number of a text with a known unit behind it, in the unit's base: `123n`, `45Ki`.
    private static func withUnit(_ text: (path: String, value: String)) -> (path: String, value: Double)? {
        var value = text.value
        let number: Double? = value.withUTF8 { bytes in
            let format = NumberFormat(mayBeGrouped: false)
            guard let parsed = format.parse(bytes), !parsed.suffix.isEmpty else { return nil }
            return format.number(bytes)
        }
        return number.map { (text.path, $0) }
    }

    private static func unwrapped(_ value: ParsedJSON) -> ParsedJSON {
        var value = value
        while case .object(let members) = value, members.count == 1, case .object = members[0].value {
            value = members[0].value
        }
        return value
    }

    /// The number that a value is, or that its text spells.
    static func number(_ value: ParsedJSON) -> Double? {
        switch value {
        case .number(let number): return number
        case .bool(let bool): return bool ? 1 : 0
        case .string(let text):
            var text = text
            return text.withUTF8 { bytes in
                switch FieldText.content(bytes) {
                case .number(let number): return number
                case .missing: return .nan
                case .text: return nil
                }
            }
        default: return nil
        }
    }
}
