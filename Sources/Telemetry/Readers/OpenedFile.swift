/// A file that has been opened: rows that are read as they come, or a table that had to be put together.
enum OpenedFile {
    case streaming(any FrameReader)
    case assembled(AssembledTable)

    /// Opens a file and finds out what it is.
    ///
    /// - Throws: ``TelemetryError`` when it cannot be opened or understood.
    init(_ path: String, options: ReaderOptions, firstRow: Int) throws {
        if let table = AssemblyCache.shared.table(path, options) {
            self = .assembled(table)
            return
        }
        let identity = FileIdentity(path, options)
        let (stream, shape) = try TextFile.open(path, options: options)
        switch shape.kind {
        case .json: self = try JSONFile.open(stream, options: options, firstRow: firstRow, notes: shape.notes)
        case .series(let syntax):
            self = .assembled(try SeriesText.read(stream, syntax, options: options, notes: shape.notes))
        case .table:
            var reader = try DelimitedReader(
                stream: stream, separator: shape.separator, options: options, firstRow: firstRow, notes: shape.notes)
            self =
                reader.needsAssembly ? .assembled(try KeyedRows.table(&reader, options: options)) : .streaming(reader)
        }
        guard let identity else { return }
        FileOutline.keep(self, identity)
        if case .assembled(let table) = self { AssemblyCache.shared.keep(table, identity) }
    }

    /// The entities that the file names; empty when it is all of one.
    var entities: [String] {
        if case .assembled(let table) = self, table.namesEntities { table.names } else { [] }
    }

    /// The only host that the rows name, where the file names no entities.
    var onlyHost: String? {
        if case .assembled(let table) = self, !table.namesEntities { table.onlyHost } else { nil }
    }

    /// A reader of the rows of one entity; of a file that holds only one, of all rows, whatever it is called there.
    ///
    /// - Returns: `nil` when the file holds several others.
    func reader(of entity: String, firstRow: Int) -> (any FrameReader)? {
        switch self {
        case .streaming(let reader): return reader
        case .assembled(let table):
            let index = table.entities.count == 1 ? 0 : table.place(of: entity)
            return index.map { AssembledReader(table, entity: $0, firstRow: firstRow) }
        }
    }

    /// Whether this is a score file of our own, which beside the data is a result, not a source.
    var isScores: Bool {
        let (layout, schema) =
            switch self {
            case .streaming(let reader): (reader.layout, reader.schema)
            case .assembled(let table): (table.layout, table.entities.first?.schema ?? [])
            }
        return (layout.textColumns + layout.seriesColumns + layout.entityColumns).contains("group")
            && schema.contains { $0.hasPrefix("threshold") } && schema.contains { $0.hasPrefix("alarm") }
    }

    /// The kind of source.
    var format: SourceFormat {
        switch self {
        case .streaming(let reader): reader.layout.format
        case .assembled(let table): table.layout.format
        }
    }
}
