import Platform

/// Documents of rows and of columns.
extension JSONDocument {
    /// Columns as arrays of the same length, or as objects with the same keys, as pandas writes them.
    static func columns(_ members: [ParsedJSON.Member]) -> [(name: String, cells: [ParsedJSON])]? {
        guard members.count > 1 else { return nil }
        var result: [(name: String, cells: [ParsedJSON])] = []
        for member in members {
            switch member.value {
            case .array(let cells):
                let isFlat = cells.allSatisfy { cell in
                    switch cell {
                    case .object, .array: false
                    default: true
                    }
                }
                guard isFlat else { return nil }
                result.append((member.key, cells))
            case .object(let cells):
                guard cells.count > 1, cells.allSatisfy({ Double($0.key) != nil }) else { return nil }
                result.append((member.key, cells.map(\.value)))
            default: return nil
            }
        }
        let lengths = Set(result.map(\.cells.count))
        guard lengths.count == 1, let length = lengths.first, length > 1,
            result.contains(where: { ColumnNames.times.contains(ColumnNames.plain($0.name)) })
        else { return nil }
        return result
    }

    /// Rows at even steps, as `rrdtool xport --json` writes them: `{"meta":{"start":…,"step":…,"legend":[…]},"data":[[…]]}`;
    /// `nil` for any other document.
    func evenRows(_ members: [ParsedJSON.Member]) throws -> AssembledTable? {
        guard case .object(let meta)? = Self.member("meta", members),
            case .array(let rows)? = Self.member("data", members),
            case .array(let legend)? = Self.member("legend", meta),
            let start = Self.member("start", meta).map(Self.number),
            let step = Self.member("step", meta).map(Self.number), start.isFinite, step > 0
        else { return nil }
        let timed = rows.enumerated().map { index, row -> ParsedJSON in
            guard case .array(let cells) = row else { return row }
            return .array([.number(start + Double(index) * step)] + cells)
        }
        return try table(names: [.string("time")] + legend, rows: timed, index: nil)
    }

    func table(names: [ParsedJSON], rows: [ParsedJSON], index: ParsedJSON?) throws -> AssembledTable {
        var columns = names.map { (name: Self.text($0) ?? "", cells: [ParsedJSON]()) }
        for row in rows {
            guard case .array(let cells) = row, cells.count == columns.count else {
                throw TelemetryError(
                    .raggedRow, path: path, found: "a row of another kind",
                    expected: "\(columns.count) values in each row")
            }
            for (column, cell) in cells.enumerated() {
                // netdata's second format: `[value, anomaly rate, flags]`.
                if case .array(let parts) = cell, let value = parts.first {
                    columns[column].cells.append(value)
                } else {
                    columns[column].cells.append(cell)
                }
            }
        }
        if case .array(let labels)? = index, labels.count == rows.count,
            !columns.contains(where: { ColumnNames.times.contains(ColumnNames.plain($0.name)) }),
            labels.allSatisfy({ Self.number($0) >= 1e8 || (Self.text($0)?.contains(":") ?? false) })
        {
            columns.insert((name: "timestamp", cells: labels), at: 0)
        }
        return try self.rows(columns)
    }

    func rows(_ columns: [(name: String, cells: [ParsedJSON])]) throws -> AssembledTable {
        let count = columns.first?.cells.count ?? 0
        return try records(
            (0..<count).map { row in .object(columns.map { ParsedJSON.Member(key: $0.name, value: $0.cells[row]) }) })
    }

    func records(_ elements: [ParsedJSON]) throws -> AssembledTable {
        var records = RecordTable(path: path)
        for (index, element) in elements.enumerated() {
            guard case .object(let members) = element else {
                let isArray = if case .array = element { true } else { false }
                throw TelemetryError(
                    .malformed, path: path, line: 1,
                    found: isArray ? "rows without names" : "JSON that is not an object",
                    expected: isArray ? "the names as the first row, or an object a row" : "one JSON object a line")
            }
            try records.add(FlatRecord(Self.unwrapped(members)), line: index + 1)
        }
        guard records.rowCount > 0 else {
            throw TelemetryError(.empty, path: path, found: "a document without rows", expected: "an array of objects")
        }
        return try records.table(options: options, failure: nil, notes: notes + ["one JSON document"])
    }
}
