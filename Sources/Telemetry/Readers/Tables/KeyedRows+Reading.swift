extension KeyedRows {
    /// Reads a separated text to its end and puts its rows in order.
    ///
    /// What ends the reading early is kept for after the rows before it.
    ///
    /// - Throws: ``TelemetryError`` when there is no row before the first bad one, or more than can be held.
    static func table(_ reader: inout DelimitedReader, options: ReaderOptions) throws -> AssembledTable {
        let keys = reader.keyWords
        var rows = KeyedRows(schema: reader.schema, keys: keys.map { Key(name: $0.name, kind: $0.kind) })
        var failure: TelemetryError?
        do {
            while let frame = try reader.nextChunk(maximumRows: 1 << 16) {
                rows.times += frame.times
                rows.values += frame.values
                if let labels = frame.labels { rows.labels = (rows.labels ?? []) + labels }
                for (place, code) in reader.keyCodes.enumerated() { rows.keys[place % keys.count].codes.append(code) }
                guard rows.values.count <= SeriesAssembly.maximumPoints else {
                    throw SeriesAssembly.tooLarge(reader.path)
                }
            }
        } catch let error as TelemetryError {
            guard rows.rowCount > 0, error.code != .limitExceeded || error.line != nil else { throw error }
            failure = error
        }
        for place in keys.indices { rows.keys[place].words = keys[place].words }
        // A column with too many different texts tells nothing apart.
        rows.keys = zip(rows.keys, keys).filter { !$1.isFree }.map { $0.0 }
        rows.addParts(reader.parts)
        return try rows.table(
            layout: reader.layout, options: options, failure: failure, skipped: reader.takeSkippedRows(),
            path: reader.path)
    }

    /// Makes keys of columns of numbers that are called like a part.
    mutating func addParts(_ names: Set<String>) {
        addParts(Dictionary(uniqueKeysWithValues: names.map { ($0, Key.Kind.part) }))
    }

    /// Makes keys of columns of numbers; they stay metrics as long as they are not chosen.
    mutating func addParts(_ kinds: [String: Key.Kind]) {
        for (column, name) in schema.enumerated() {
            guard let kind = kinds[name] else { continue }
            var key = Key(name: name, kind: kind)
            var known: [UInt64: Int32] = [:]
            for row in 0..<rowCount {
                let value = values[row * schema.count + column]
                let next = Int32(known.count)
                let code = known[value.bitPattern] ?? next
                if code == next {
                    known[value.bitPattern] = code
                    key.words.append(Int(exactly: value).map(String.init) ?? (value.isNaN ? "" : "\(value)"))
                }
                key.codes.append(code)
            }
            if known.count <= KeyWords.limit { keys.append(key) }
        }
    }

    /// Takes a column out of the metrics.
    private mutating func remove(_ name: String) {
        guard let column = schema.firstIndex(of: name) else { return }
        let width = schema.count
        schema.remove(at: column)
        values = values.indices.filter { $0 % width != column }.map { values[$0] }
    }

    /// The table that the rows make: entities apart, series side by side, times ascending.
    func table(
        layout: SourceLayout, options: ReaderOptions, failure: TelemetryError?, skipped: SkippedRows? = nil,
        path: String
    ) throws -> AssembledTable {
        var layout = layout
        let host = keys.first { $0.onlyHost != nil }
        if case .rows = layout.clock, options.entityColumn == nil {
            // Without times nothing tells which rows belong together.
            return AssembledTable(
                entities: try entities(KeyChoice.none, path: path), layout: layout, onlyHost: host?.onlyHost,
                failure: failure, skipped: skipped)
        }
        var choice = KeyChoice(self, entityColumn: options.entityColumn)
        // What is all that there is to measure names nothing.
        let parts = (choice.entityKeys + choice.columnKeys).filter { keys[$0].isNumber }
        if !parts.isEmpty, Set(schema).isSubset(of: parts.map { keys[$0].name }) { choice = .none }
        if labels != nil, !choice.columnKeys.isEmpty { choice = choice.seriesAsEntities() }
        layout.entityColumns = choice.entityKeys.map { keys[$0].name }
        layout.seriesColumns = choice.columnKeys.map { keys[$0].name }
        let used = Set(layout.entityColumns + layout.seriesColumns)
        layout.textColumns.removeAll { used.contains($0) }
        layout.ignoredColumns.removeAll { used.contains($0) }
        var rows = self
        if choice.isInRounds, let round = (choice.entityKeys + choice.columnKeys).first.map({ keys[$0].words.count }) {
            for row in rows.times.indices { rows.times[row] = times[row - row % round] }
            layout.notes.append("\(round) rows a round: each round has the time of its first row")
        }
        for key in keys where key.isNumber && used.contains(key.name) { rows.remove(key.name) }
        return AssembledTable(
            entities: try rows.entities(choice, path: path), layout: layout,
            onlyHost: choice.entityKeys.isEmpty ? host?.onlyHost : nil, failure: failure, skipped: skipped)
    }
}
