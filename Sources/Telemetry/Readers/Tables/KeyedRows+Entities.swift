extension KeyedRows {
    /// The entities of the table, each with its rows in time order and its series as columns.
    ///
    /// - Throws: ``TelemetryError`` when the result would be too large.
    func entities(_ choice: KeyChoice, path: String) throws -> [AssembledTable.Entity] {
        choice.columnKeys.isEmpty ? wide(choice) : try long(choice, path: path)
    }

    private func name(_ keys: [Int], _ row: Int) -> String {
        keys.map { self.keys[$0].words[Int(self.keys[$0].codes[row])] }.filter { !$0.isEmpty }.joined(separator: ".")
    }

    private func wide(_ choice: KeyChoice) -> [AssembledTable.Entity] {
        var order: [String] = []
        var rows: [String: [Int]] = [:]
        for row in 0..<rowCount {
            let name = name(choice.entityKeys, row)
            if rows[name] == nil { order.append(name) }
            rows[name, default: []].append(row)
        }
        let schema = longName.map { [$0] } ?? schema
        return order.map { name in
            let own = rows[name] ?? []
            let ownTimes = own.map { times[$0] }
            let direction = RowOrder(ownTimes)
            let sorted = direction.permutation(ownTimes).map { $0.map { own[$0] } } ?? own
            var cells: [Double] = []
            cells.reserveCapacity(sorted.count * schema.count)
            for row in sorted { cells.append(contentsOf: values[(row * schema.count)..<((row + 1) * schema.count)]) }
            return AssembledTable.Entity(
                name: name, schema: schema, times: sorted.map { times[$0] }, values: cells,
                labels: labels.map { labels in sorted.map { labels[$0] } }, notes: direction.note.map { [$0] } ?? [])
        }
    }

    /// The name of the one series of a long table, which stands in a column beside its values.
    private var longName: String? {
        guard schema.count == 1, ColumnNames.values.contains(ColumnNames.plain(schema[0])) else { return nil }
        let key = ColumnNames.series.prefix(14).lazy.compactMap { name in keys.first { $0.plain == name && !$0.isHost }
        }.first
        guard let key, key.kind == .text, key.words.count == 1, let word = key.words.first, !word.isEmpty else {
            return nil
        }
        return word
    }

    private func long(_ choice: KeyChoice, path: String) throws -> [AssembledTable.Entity] {
        var assembly = SeriesAssembly(path: path)
        let series = choice.columnKeys.filter { ColumnNames.series.contains(keys[$0].plain) && keys[$0].kind == .text }
        let isLong = schema.count == 1 && !series.isEmpty
        // `_measurement` before `_field`, as a metric's name has them.
        let heads =
            isLong
            ? series.sorted { keys[$0].plain.hasSuffix("measurement") && !keys[$1].plain.hasSuffix("measurement") } : []
        let parts = choice.columnKeys.filter { !heads.contains($0) }
        var known: [[Int32]: [SeriesAssembly.Handle]] = [:]
        for row in 0..<rowCount {
            let identity = (choice.entityKeys + choice.columnKeys).map { keys[$0].codes[row] }
            let handles: [SeriesAssembly.Handle]
            if let found = known[identity] {
                handles = found
            } else {
                let labels = parts.map { key in
                    let word = keys[key].words[Int(keys[key].codes[row])]
                    return "\(Self.labelName(keys[key].name))=\"\(word)\""
                }
                let suffix = labels.isEmpty ? "" : "{" + labels.joined(separator: ",") + "}"
                let entity = name(choice.entityKeys, row)
                let bases =
                    isLong ? [heads.map { keys[$0].words[Int(keys[$0].codes[row])] }.joined(separator: "_")] : schema
                handles = bases.map { assembly.handle(entity: entity, column: ($0.isEmpty ? "value" : $0) + suffix) }
                known[identity] = handles
            }
            for (column, handle) in handles.enumerated() {
                try assembly.add(handle, time: times[row], value: values[row * schema.count + column])
            }
        }
        return try assembly.tables()
    }

    private static func labelName(_ name: String) -> String {
        String(name.drop { $0 == "#" || $0 == " " || $0 == "_" })
    }
}
