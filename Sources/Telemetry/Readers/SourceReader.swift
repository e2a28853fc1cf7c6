import Synchronization

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
        let identity = AssemblyCache.Identity(path, options)
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
        if case .assembled(let table) = self, let identity { AssemblyCache.shared.keep(table, identity) }
    }

    /// The entities that the file names; empty when it is all of one.
    var entities: [String] {
        if case .assembled(let table) = self, table.namesEntities { table.names } else { [] }
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

/// The last table that was put together, so that the entities of one file cost one reading.
final class AssemblyCache: Sendable {
    /// A file as it was when it was read.
    struct Identity: Hashable, Sendable {
        let path: String
        let options: ReaderOptions
        let stamp: FileStamp

        init?(_ path: String, _ options: ReaderOptions) {
            guard let stamp = FileStamp(path) else { return nil }
            self.path = path
            self.options = options
            self.stamp = stamp
        }
    }

    static let shared = AssemblyCache()

    private let last = Mutex<(identity: Identity, table: AssembledTable)?>(nil)

    func table(_ path: String, _ options: ReaderOptions) -> AssembledTable? {
        guard let identity = Identity(path, options) else { return nil }
        return last.withLock { $0.flatMap { $0.identity == identity ? $0.table : nil } }
    }

    func keep(_ table: AssembledTable, _ identity: Identity) { last.withLock { $0 = (identity, table) } }
}

/// Reads the files of a source one after the other.
struct SourceReader: FrameReader {
    private let source: EntitySource
    private let options: ReaderOptions
    private var current: any FrameReader
    private var file: Int
    private var row = 0
    private var startsFile = false
    /// Where each column of the schema stands in the current file; `nil`: the same order.
    private var places: [Int?]?
    private var failed = false
    /// Of files that were read to their end.
    private var skipped: SkippedRows?

    let schema: [String]
    let layout: SourceLayout

    init(source: EntitySource, options: ReaderOptions) throws {
        guard let first = source.files.first else {
            throw TelemetryError(.noData, found: "a source without files", expected: "at least one file")
        }
        self.source = source
        self.options = options
        file = 0
        var opened = try OpenedFile(first, options: options, firstRow: 0)
        while opened.reader(of: source.entity, firstRow: 0) == nil, file + 1 < source.files.count {
            file += 1
            opened = try OpenedFile(source.files[file], options: options, firstRow: 0)
        }
        guard let reader = opened.reader(of: source.entity, firstRow: 0) else {
            throw TelemetryError(
                .noData, path: first, found: "no row of '\(source.entity)'",
                expected: "one of " + CleaningPipeline.listed(opened.entities))
        }
        current = reader
        schema = current.schema
        layout = current.layout
    }

    mutating func nextChunk(maximumRows: Int) throws -> MetricFrame? {
        guard !failed else { return nil }
        failed = true
        while true {
            if var frame = try current.nextChunk(maximumRows: maximumRows) {
                if let places { frame = Self.rearranged(frame, schema: schema, places: places) }
                if startsFile { frame.fileStarts = [0] }
                startsFile = false
                row += frame.rowCount
                failed = false
                return frame
            }
            skipped = takeSkippedRows()
            file += 1
            guard file < source.files.count else { return nil }
            let path = source.files[file]
            // A file of several entities may lack this one for a day.
            guard
                let next = try OpenedFile(path, options: options, firstRow: row).reader(
                    of: source.entity, firstRow: row)
            else { continue }
            current = next
            startsFile = true
            places = try places(in: current, path: path)
        }
    }

    /// The last file may grow.
    mutating func goOn() -> Bool {
        guard file == source.files.count, current.goOn() else { return false }
        (file, failed) = (file - 1, false)
        return true
    }

    /// Columns of a further file are matched by name. A table must have the same columns in whatever order; of series
    /// and JSON, where a name may be absent for a day, new names are left out and lacking ones are missing.
    private func places(in reader: any FrameReader, path: String) throws -> [Int?]? {
        if reader.schema == schema { return nil }
        let index = Dictionary(
            reader.schema.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { a, _ in a })
        let places = schema.map { index[$0] }
        func isLoose(_ layout: SourceLayout) -> Bool {
            layout.separator == nil || layout.format == .series || !layout.seriesColumns.isEmpty
        }
        let isLines = isLoose(reader.layout) && isLoose(layout)
        let fits =
            isLines ? places.contains { $0 != nil } : reader.schema.count == schema.count && !places.contains(nil)
        guard fits else {
            throw TelemetryError(
                .mismatch, path: path, found: "columns \(CleaningPipeline.listed(reader.schema))",
                expected: "the columns of \(source.files[0]): \(CleaningPipeline.listed(schema))")
        }
        return places
    }

    mutating func takeSkippedRows() -> SkippedRows? {
        var all = skipped
        skipped = nil
        if let latest = current.takeSkippedRows() {
            if all?.add(latest) == nil { all = latest }
        }
        return all
    }

    private static func rearranged(_ frame: MetricFrame, schema: [String], places: [Int?]) -> MetricFrame {
        var values: [Double] = []
        values.reserveCapacity(frame.rowCount * schema.count)
        for row in 0..<frame.rowCount {
            for place in places { values.append(place.map { frame[row, $0] } ?? .nan) }
        }
        return MetricFrame(
            schema: schema, firstRow: frame.firstRow, times: frame.times, values: values, labels: frame.labels)
    }
}
