/// A table whose columns are found by name, its fields as text: labels, dependencies, faults.
package struct TextRows {
    private let table: TextTable
    private let path: String
    /// The place of each column asked for; `nil` where the table lacks it.
    private let places: [Int?]

    /// Opens a table.
    ///
    /// - Parameters:
    ///   - columns: the columns asked for, each by the names it may have, the first one that is there counts; case is
    ///     passed over.
    ///   - required: how many of them must be there, from the first on.
    /// - Throws: ``TelemetryError`` for a file that cannot be read or lacks a column.
    package init(path: String, columns: [[String]], required: Int, options: ReaderOptions = ReaderOptions()) throws {
        table = try TextTable(path: path, options: options)
        self.path = path
        let names = table.names.map { $0.lowercased() }
        places = columns.map { $0.lazy.compactMap { names.firstIndex(of: $0) }.first }
        for (place, column) in zip(places, columns).prefix(required) where place == nil {
            throw TelemetryError(
                .missingColumn, path: path, line: 1, field: column[0],
                found: "columns " + CleaningPipeline.listed(table.names), expected: "a column '\(column[0])'")
        }
    }

    /// Calls `body` with each row: its line, and the fields of the columns asked for; `nil` for one that is not there or
    /// empty.
    ///
    /// - Throws: ``TelemetryError`` for a row of another width, and what `body` throws.
    package func forEach(_ body: (Int, [String?]) throws -> Void) throws {
        try table.forEachRow { line, fields, bytes in
            try body(
                line,
                places.map { place in
                    place.map { FieldText.text(UnsafeBufferPointer(rebasing: bytes[fields[$0]])) }.flatMap {
                        $0.isEmpty ? nil : $0
                    }
                })
        }
    }
}
