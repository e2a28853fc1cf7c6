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

    /// Rows below a description of their columns, as databases answer: `columns`, `fields` or `meta` with a name each, and the cells
    /// in lists, or BigQuery's `{"f":[{"v":…}]}`; `nil` for any other document.
    func typedRows(_ members: [ParsedJSON.Member]) throws -> AssembledTable? {
        let schema = Self.object(Self.member("schema", members)).flatMap { Self.member("fields", $0) }
        let heads = [schema] + ["columns", "fields", "meta"].map { Self.member($0, members) }
        guard let heads = heads.lazy.compactMap({ Self.objects($0) }).first, !heads.isEmpty else { return nil }
        let names = heads.compactMap { head in
            ["name", "ColumnName", "text", "title"].lazy.compactMap { Self.member($0, head).flatMap(Self.text) }.first
        }
        guard names.count == heads.count,
            let rows = ["rows", "data", "values"].lazy.compactMap({ name -> [ParsedJSON]? in
                if case .array(let rows)? = Self.member(name, members) { rows } else { nil }
            }).first
        else { return nil }
        var cells: [ParsedJSON] = []
        for row in rows {
            switch row {
            case .array: cells.append(row)
            case .object(let members):
                guard case .array(let wrapped)? = Self.member("f", members) else { return nil }
                cells.append(.array(wrapped.map { $0["v"] }))
            default: return nil
            }
        }
        return cells.isEmpty ? nil : try table(names: names.map { .string($0) }, rows: cells, index: nil)
    }

    /// The rows of objects that each hold a list of them (`[{"name":"h0","samples":[{"time":…}]}]`), each with what stands beside
    /// the list; `nil` where that is not what they are.
    static func spread(_ elements: [ParsedJSON]) -> [ParsedJSON]? {
        var rows: [ParsedJSON] = []
        for element in elements {
            guard case .object(let members) = element, !hasTime(members) else { return nil }
            let lists = members.compactMap { member in
                objects(member.value).flatMap { list in
                    list.isEmpty || !list.allSatisfy(hasTime) ? nil : (key: member.key, list: list)
                }
            }
            guard lists.count == 1 else { return nil }
            let beside = members.filter { member in
                switch member.value {
                case .string, .number, .bool: true
                default: false
                }
            }
            for row in lists[0].list {
                let own = Set(row.map(\.key))
                rows.append(.object(row + beside.filter { !own.contains($0.key) }))
            }
        }
        return rows.isEmpty ? nil : rows
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
