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
        return try rows.table(layout: reader.layout, options: options, failure: failure, path: reader.path)
    }

    /// The table that the rows make: entities apart, series side by side, times ascending.
    func table(
        layout: SourceLayout, options: ReaderOptions, failure: TelemetryError?, path: String
    ) throws -> AssembledTable {
        var layout = layout
        if case .rows = layout.clock, options.entityColumn == nil {
            // Without times nothing tells which rows belong together.
            return AssembledTable(
                entities: try entities(KeyChoice.none, path: path), layout: layout, failure: failure)
        }
        let choice = KeyChoice(self, entityColumn: options.entityColumn)
        layout.entityColumns = choice.entityKeys.map { keys[$0].name }
        layout.seriesColumns = choice.columnKeys.map { keys[$0].name }
        let used = Set(layout.entityColumns + layout.seriesColumns)
        layout.textColumns.removeAll { used.contains($0) }
        layout.ignoredColumns.removeAll { used.contains($0) }
        layout.ignoredColumns += keys.filter { $0.kind == .part && !used.contains($0.name) && $0.words.count < 2 }.map(
            \.name)
        return AssembledTable(entities: try entities(choice, path: path), layout: layout, failure: failure)
    }
}
