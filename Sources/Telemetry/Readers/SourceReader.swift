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
    /// Whether any of the files has labels: then rows of the others are normal.
    private let hasLabels: Bool

    init(source: EntitySource, options: ReaderOptions) throws {
        guard let first = source.files.first else {
            throw TelemetryError(.noData, found: "a source without files", expected: "at least one file")
        }
        var options = options
        file = 0
        var opened = try OpenedFile(first, options: options, firstRow: 0)
        while opened.reader(of: source.entity, firstRow: 0) == nil, file + 1 < source.files.count {
            file += 1
            opened = try OpenedFile(source.files[file], options: options, firstRow: 0)
        }
        guard var reader = opened.reader(of: source.entity, firstRow: 0) else {
            throw TelemetryError(
                .noData, path: first, found: "no row of '\(source.entity)'",
                expected: "one of " + CleaningPipeline.listed(opened.entities))
        }
        var columns = SourceColumns(FileOutline(schema: reader.schema, layout: reader.layout))
        for path in source.files[(file + 1)...] {
            // What cannot be opened ends the reading when it is its turn.
            if let other = FileOutline.of(source.entity, in: path, options: options) { columns.add(other) }
        }
        // One file is told by itself; of several, each as all of them together.
        if source.files.count > file + 1 { options.anomalousSign = columns.anomalousSign }
        if options.anomalousSign != nil, reader.layout.hasOnlyOnes || reader.layout.hasSignedLabels {
            opened = try OpenedFile(source.files[file], options: options, firstRow: 0)
            reader = opened.reader(of: source.entity, firstRow: 0) ?? reader
        }
        self.source = source
        self.options = options
        current = reader
        schema = columns.names
        hasLabels = columns.hasLabels
        var layout = reader.layout
        layout.hasOnlyOnes = columns.haveOnlyOnes
        layout.labelColumn = columns.labelColumn
        layout.hasSignedLabels = layout.hasSignedLabels || columns.anomalousSign != nil
        layout.labelSigns = columns.labelSigns
        layout.notes += columns.notes
        self.layout = layout
        if reader.schema != schema { places = try places(in: reader, path: source.files[file]) }
    }

    mutating func nextChunk(maximumRows: Int) throws -> MetricFrame? {
        guard !failed else { return nil }
        failed = true
        while true {
            if var frame = try current.nextChunk(maximumRows: maximumRows) {
                if let places { frame = Self.rearranged(frame, schema: schema, places: places) }
                if hasLabels, frame.labels == nil { frame.labels = [UInt8](repeating: 0, count: frame.rowCount) }
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

    /// Columns of a further file are matched by name; those that it lacks are missing there.
    private func places(in reader: any FrameReader, path: String) throws -> [Int?]? {
        if reader.schema == schema { return nil }
        let index = Dictionary(
            reader.schema.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { a, _ in a })
        let places = schema.map { index[$0] }
        guard places.contains(where: { $0 != nil }) else {
            throw TelemetryError(
                .mismatch, path: path,
                found: "no column of \(source.files[0]) (\(CleaningPipeline.listed(reader.schema)))",
                expected:
                    "files of one entity with columns in common (\(CleaningPipeline.listed(schema))): name files of "
                    + "other metrics after an entity of their own, or join them by their times")
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
