extension EntitySource {
    /// Rows of a table that are of other entities than the one it is followed for.
    package struct ForeignRows: Sendable, Equatable {
        /// Their lines, counted from 1.
        package var lines: [Int] = []
        /// The rows that were looked at: all, or those before the first line that cannot be read.
        package var rows = 0
        /// Whether the table names the entity itself; otherwise the one of most of the first rows was taken for it.
        package var isNamed = false
    }

    /// Rows by which the entity is judged that a table does not name.
    private static let judgedRows = 200

    /// The rows of other entities in the first file; `nil` where it is no separated text, or a column with texts does not
    /// tell them apart.
    ///
    /// - Throws: ``TelemetryError`` when the file cannot be opened or understood.
    /// - Complexity: the file is read twice.
    package func foreignRows(options: ReaderOptions) throws -> ForeignRows? {
        guard let path = files.first,
            case .assembled(let table) = try OpenedFile(path, options: options, firstRow: 0)
        else { return nil }
        let columns = table.layout.entityColumns
        let (stream, shape) = try TextFile.open(path, options: options)
        guard !columns.isEmpty, case .table = shape.kind else { return nil }
        var reader = try DelimitedReader(
            stream: stream, separator: shape.separator, options: options, notes: shape.notes)
        let places = reader.keyWords.indices.filter { columns.contains(reader.keyWords[$0].name) }
        guard places.count == columns.count else { return nil }
        var rows: [(entity: [Int32], line: Int)] = []
        do {
            while try reader.nextChunk(maximumRows: 1) != nil {
                rows.append((places.map { reader.keyCodes[$0] }, reader.nextLine - 1))
            }
        } catch is TelemetryError {
            // What stands below that line is looked at when it was passed over.
        }
        func name(_ codes: [Int32]) -> String {
            zip(places, codes).map { reader.keyWords[$0].words[Int($1)] }.filter { !$0.isEmpty }
                .joined(separator: ".")
        }
        let own = rows.first { name($0.entity) == entity }?.entity
        guard let known = own ?? Self.mostFrequent(rows.prefix(Self.judgedRows).map(\.entity)) else { return nil }
        return ForeignRows(
            lines: rows.filter { $0.entity != known }.map(\.line), rows: rows.count, isNamed: own != nil)
    }

    /// What occurs most often; of several the first.
    private static func mostFrequent(_ entities: [[Int32]]) -> [Int32]? {
        var counts: [[Int32]: Int] = [:]
        for entity in entities { counts[entity, default: 0] += 1 }
        return entities.max { counts[$0, default: 0] < counts[$1, default: 0] }
    }
}
