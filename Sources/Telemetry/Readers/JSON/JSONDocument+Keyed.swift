import Platform

/// Documents whose rows or cells are members of an object, named by their times, as pandas writes a frame that has times for an
/// index.
extension JSONDocument {
    /// The rows of such a document: columns with a member for each time (`{"cpu":{"1740988800000":50}}`), a member for each time
    /// with the columns in it (`{"2025-03-03T08:00:00Z":{"cpu":50}}`), one column by itself, or numbered rows that hold their
    /// times; `nil` for any other.
    static func keyed(_ members: [ParsedJSON.Member], depth: Int = 0) -> [ParsedJSON]? {
        if let rows = columnsByTime(members) ?? rowsByTime(members) ?? numberedRows(members) { return rows }
        guard depth < 4, !hasTime(members) else { return nil }
        // What wraps a single document of that kind.
        let inner = members.compactMap { member -> [ParsedJSON]? in
            guard case .object(let inner) = member.value else { return nil }
            return keyed(inner, depth: depth + 1)
        }
        return inner.count == 1 ? inner[0] : nil
    }

    /// Whether a member's name can only be that of a time.
    static func hasTime(_ members: [ParsedJSON.Member]) -> Bool {
        members.contains { ColumnNames.mustBeTime(ColumnNames.plain($0.key)) }
    }

    private static func isScalar(_ value: ParsedJSON) -> Bool {
        switch value {
        case .object, .array: false
        default: true
        }
    }

    private static func columnsByTime(_ members: [ParsedJSON.Member]) -> [ParsedJSON]? {
        guard case .object(let first)? = members.first?.value, let key = first.first?.key, isTime(key) else {
            return nil
        }
        var times: [String] = []
        var places: [String: Int] = [:]
        var rows: [[ParsedJSON.Member]] = []
        for member in members {
            guard case .object(let cells) = member.value, cells.allSatisfy({ isScalar($0.value) }) else { return nil }
            for cell in cells {
                let place = places[cell.key] ?? times.count
                if place == times.count {
                    places[cell.key] = place
                    times.append(cell.key)
                    rows.append([ParsedJSON.Member(key: "timestamp", value: .string(cell.key))])
                }
                rows[place].append(ParsedJSON.Member(key: member.key, value: cell.value))
            }
        }
        return areTimes(times) ? rows.map { .object($0) } : nil
    }

    private static func rowsByTime(_ members: [ParsedJSON.Member]) -> [ParsedJSON]? {
        guard let key = members.first?.key, isTime(key), areTimes(members.map(\.key)) else { return nil }
        let areScalars = members.allSatisfy { isScalar($0.value) }
        var rows: [ParsedJSON] = []
        for member in members {
            let time = ParsedJSON.Member(key: "timestamp", value: .string(member.key))
            if case .object(let cells) = member.value {
                rows.append(.object([time] + cells.filter { $0.key != "timestamp" }))
            } else if areScalars {
                rows.append(.object([time, ParsedJSON.Member(key: "value", value: member.value)]))
            } else {
                return nil
            }
        }
        return rows
    }

    private static func numberedRows(_ members: [ParsedJSON.Member]) -> [ParsedJSON]? {
        guard members.count > 1 else { return nil }
        var rows: [ParsedJSON] = []
        for member in members {
            guard Int(member.key) != nil, case .object(let cells) = member.value, hasTime(cells) else { return nil }
            rows.append(member.value)
        }
        return rows
    }

    /// Whether names are times, each another one.
    static func areTimes(_ names: [String]) -> Bool {
        guard names.count > 1 else { return false }
        if names.allSatisfy(isEpoch) { return true }
        let guess = TimeFormatGuess(names)
        return guess.best == names.count && guess.shape != .timeOfDay
    }

    /// Whether a name is a time by itself.
    static func isTime(_ name: String) -> Bool {
        if isEpoch(name) { return true }
        guard name.utf8.count >= 8, name.contains(where: { "-/.:".contains($0) }) else { return false }
        let guess = TimeFormatGuess([name])
        return guess.best > 0 && guess.shape != .timeOfDay
    }

    /// Whether a name is a number of seconds to nanoseconds since 1970, of this century.
    static func isEpoch(_ name: String) -> Bool {
        let digits = name.utf8.prefix { (0x30...0x39).contains($0) }.count
        guard [10, 13, 16, 19].contains(digits), let number = Double(name) else { return false }
        return (9e8..<5e9).contains(TimeUnit.ofEpoch(number).seconds(number))
    }
}
