import Platform

/// Reads JSON lines: one object a line, taken apart by ``FlatRecord``. The columns are those that occur in the first
/// ``sampleRows`` lines; a name that a line lacks is missing there, one that first occurs later is left out.
struct JSONLinesReader: FrameReader {
    /// Lines looked at to decide on the columns.
    static let sampleRows = 200

    let schema: [String]
    let layout: SourceLayout
    private let columns: [String: Int]
    private let time: RecordTable.Time?
    private let labelColumn: String?
    private let marks: LabelColumn
    private let rowSeconds: Double
    private let firstRow: Int
    private var lines: JSONLines
    private var sample: ArraySlice<JSONLines.Record>
    private var row = 0
    private var pendingError: (any Error)?
    private let skipsBadRows: Bool
    private var skipped: SkippedRows?
    private var finished = false

    init(stream: ByteStream, options: ReaderOptions, firstRow: Int = 0) throws {
        var lines = JSONLines(stream: stream, options: options)
        skipsBadRows = options.skipsBadRows
        var sample: [JSONLines.Record] = []
        var skipped: SkippedRows?
        while sample.count < Self.sampleRows {
            do {
                guard let record = try lines.next() else { break }
                sample.append(record)
            } catch let error as TelemetryError where options.skipsBadRows && error.code != .limitExceeded {
                let row = SkippedRows(count: 1, first: error)
                if skipped?.add(row) == nil { skipped = row }
            } catch {
                // The rows before a bad line are delivered before the error.
                guard !sample.isEmpty else { throw error }
                pendingError = error
                break
            }
        }
        guard !sample.isEmpty else {
            throw TelemetryError(
                .empty, path: stream.path, found: "no line with an object", expected: "one JSON object a line")
        }
        let choice = try JSONColumnChoice(sample: sample, options: options, path: stream.path)
        schema = choice.schema
        layout = choice.layout
        time = choice.time
        labelColumn = choice.layout.labelColumn
        marks = choice.marks
        rowSeconds = options.rowSeconds ?? 1
        columns = Dictionary(uniqueKeysWithValues: choice.schema.enumerated().map { ($0.element, $0.offset) })
        self.firstRow = firstRow
        self.lines = lines
        self.sample = sample[...]
        self.skipped = skipped
    }

    mutating func nextChunk(maximumRows: Int) throws -> MetricFrame? {
        precondition(maximumRows > 0, "a chunk has at least one row")
        guard !finished else { return nil }
        let most = max(1, min(maximumRows, (1 << 22) / schema.count))
        var times: [Double] = []
        var values: [Double] = []
        var labels: [UInt8] = []
        while times.count < most {
            do {
                guard let record = try nextRecord() else { break }
                var cells = [Double](repeating: .nan, count: schema.count)
                var label: UInt8 = 0
                for (path, value) in record.flat.numbers {
                    if let index = columns[path] { cells[index] = value }
                    if path == labelColumn { label = marks.label(value) }
                }
                if marks.marksByText, var text = record.flat.texts.first(where: { $0.path == labelColumn })?.value {
                    label = text.withUTF8 { marks.label($0) } ?? 0
                }
                let time = try time(of: record, index: firstRow + row + times.count)
                times.append(time)
                values.append(contentsOf: cells)
                labels.append(label)
            } catch let error as TelemetryError where skipsBadRows && error.code != .limitExceeded {
                skip(error)
            } catch {
                pendingError = error
                break
            }
        }
        if times.isEmpty {
            finished = true
            if let error = pendingError { throw error }
            return nil
        }
        let first = firstRow + row
        row += times.count
        return MetricFrame(
            schema: schema, firstRow: first, times: times, values: values, labels: labelColumn == nil ? nil : labels)
    }

    mutating func goOn() -> Bool {
        guard finished, pendingError == nil, lines.goOn() else { return false }
        finished = false
        return true
    }

    private mutating func skip(_ error: TelemetryError) {
        let row = SkippedRows(count: 1, first: error)
        if skipped?.add(row) == nil { skipped = row }
    }

    mutating func takeSkippedRows() -> SkippedRows? {
        defer { skipped = nil }
        return skipped
    }

    private mutating func nextRecord() throws -> JSONLines.Record? {
        if let record = sample.popFirst() { return record }
        if let error = pendingError { throw error }
        return try lines.next()
    }

    private func time(of record: JSONLines.Record, index: Int) throws -> Double {
        guard let time else { return Double(index) * rowSeconds }
        do throws(RecordTable.Time.Flaw) {
            return try time.seconds { name in
                record.flat.numbers.first { $0.path == name }?.value
            } text: { name in
                record.flat.texts.first { $0.path == name }?.value
            }
        } catch {
            throw TelemetryError(
                .badTime, path: lines.path, line: record.line, field: time.name, found: error.found,
                expected: error.expected)
        }
    }
}

/// The objects of a JSON-lines file, one after the other.
struct JSONLines {
    struct Record {
        let line: Int
        let flat: FlatRecord
    }

    private let stream: ByteStream
    private let options: ReaderOptions
    private var line = 0
    /// As in ``DelimitedReader``.
    private var isGrowing = false
    private var passesRest = false

    init(stream: ByteStream, options: ReaderOptions) {
        self.stream = stream
        self.options = options
    }

    var path: String { stream.path }

    /// Looks whether the file has grown.
    mutating func goOn() -> Bool {
        isGrowing = true
        return stream.goOn()
    }

    /// The next line that is not blank, taken apart; `nil` at the end.
    mutating func next() throws -> Record? {
        try nextMembers().map { Record(line: $0.line, flat: FlatRecord(JSONDocument.unwrapped($0.members))) }
    }

    /// The object of the next line that is not blank; `nil` at the end.
    mutating func nextMembers() throws -> (line: Int, members: [ParsedJSON.Member])? {
        var searched = 0
        while true {
            if let feed = stream.unread[searched...].firstIndex(of: 0x0A) {
                if passesRest {
                    stream.consume(feed + 1)
                    (passesRest, searched) = (false, 0)
                    continue
                }
                if let record = try take(feed, separatorBytes: 1) { return record }
                searched = 0
                continue
            }
            searched = stream.count
            if stream.isAtEnd {
                guard stream.count > 0, !isGrowing else { return nil }
                passesRest = true
                if let record = try take(stream.count, separatorBytes: 0) { return record }
                return nil
            }
            guard stream.count <= options.maximumLineBytes else {
                throw TelemetryError(
                    .limitExceeded, path: path, line: line + 1,
                    found: "a line of more than \(options.maximumLineBytes) bytes",
                    expected: "lines up to that length (the limit can be set)")
            }
            try stream.fill()
        }
    }

    private mutating func take(
        _ count: Int, separatorBytes: Int
    ) throws -> (line: Int, members: [ParsedJSON.Member])? {
        line += 1
        defer { stream.consume(count + separatorBytes) }
        var bytes = UnsafeBufferPointer(UnsafeMutableBufferPointer(rebasing: stream.unread[..<count]))
        if line == 1 && bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = UnsafeBufferPointer(rebasing: bytes[3...]) }
        if bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { return nil }
        let value: ParsedJSON
        do {
            value = try ParsedJSON(parsing: bytes)
        } catch {
            throw TelemetryError(
                .malformed, path: path, line: line, found: "no valid JSON at byte \(error.offset + 1) of the line",
                expected: "\(error.expected) (one JSON object a line)")
        }
        guard case .object(let members) = value else {
            throw TelemetryError(
                .malformed, path: path, line: line, found: "JSON that is not an object",
                expected: "one JSON object a line")
        }
        return (line, members)
    }
}

/// Decides on the columns of a JSON-lines file.
struct JSONColumnChoice {
    let schema: [String]
    let layout: SourceLayout
    let time: RecordTable.Time?
    let marks: LabelColumn

    init(sample: [JSONLines.Record], options: ReaderOptions, path: String) throws {
        var order: [String] = []
        var finite: Set<String> = []
        var seen: Set<String> = []
        var texts: [String] = []
        for record in sample {
            for (name, value) in record.flat.numbers {
                if seen.insert(name).inserted { order.append(name) }
                if value.isFinite { finite.insert(name) }
            }
            for (name, _) in record.flat.texts where !texts.contains(name) { texts.append(name) }
        }
        func given(_ name: String?) throws -> String? {
            guard let name, !seen.contains(name), !texts.contains(name) else { return name }
            throw TelemetryError(
                .missingColumn, path: path, line: 1, field: name, found: "no such member",
                expected: "one of " + CleaningPipeline.listed(order + texts))
        }
        let all = order + texts.filter { !seen.contains($0) }
        func cells(_ records: some Sequence<JSONLines.Record>, _ places: some Sequence<Int>) -> [Int: LabelCells] {
            var cells = Dictionary(uniqueKeysWithValues: places.map { ($0, LabelCells()) })
            let names = Dictionary(uniqueKeysWithValues: cells.keys.map { (all[$0], $0) })
            for record in records {
                for (name, number) in record.flat.numbers { if let place = names[name] { cells[place]?.add(number) } }
                for (name, text) in record.flat.texts {
                    if let place = names[name] { cells[place]?.add(text: Array(text.utf8)) }
                }
            }
            return cells
        }
        let labels = try LabelChoice(all, given: given(options.labelColumn).flatMap { all.firstIndex(of: $0) }) {
            cells(sample, [$0])[$0] ?? LabelCells()
        } whole: { places in
            let (stream, _) = try TextFile.open(path, options: options)
            var lines = JSONLines(stream: stream, options: options)
            // What cannot be read is for whoever reads the rows to complain about.
            return cells(AnyIterator { (try? lines.next()) ?? nil }, places)
        } compared: { comparison in
            var comparison = comparison
            let places = Dictionary(uniqueKeysWithValues: comparison.columns.map { (all[$0], $0) })
            let (stream, _) = try TextFile.open(path, options: options)
            var lines = JSONLines(stream: stream, options: options)
            while !comparison.isDecided, let record = (try? lines.next()) ?? nil {
                comparison.add(
                    record.flat.numbers.compactMap { number in
                        places[number.path].map { ($0, number.value.isNaN ? .missing : .number(number.value)) }
                    }
                        + record.flat.texts.compactMap { text in
                            places[text.path].map { ($0, .text(Array(text.value.utf8))) }
                        })
            }
            return comparison
        }
        let label = labels.index.map { all[$0] }
        let tellingLabels = Set(labels.others.map { all[$0] })
        marks = labels.column.decided(options.anomalousSign)
        var table = RecordTable(path: path)
        for record in sample { try table.add(record.flat, line: record.line) }
        time =
            options.rowSeconds == nil || options.timeColumn != nil
            ? try table.timeColumn(given: given(options.timeColumn), options: options) : nil
        let times = [time?.name, time?.timeOfDay]
        // A name that is a text in most lines is no number, even where a few spell one.
        let textual = Set(
            texts.filter { name in
                let spelled = sample.count { $0.flat.texts.contains { $0.path == name } }
                return spelled * 2 > sample.count
            })
        schema = order.filter {
            !times.contains($0) && $0 != label && !textual.contains($0) && !tellingLabels.contains($0)
        }
        guard !schema.isEmpty, !finite.isDisjoint(with: schema) else {
            throw TelemetryError(
                .noNumericColumn, path: path,
                found: "objects without numbers (\(CleaningPipeline.listed(order + texts)))",
                expected: "at least one number in each object")
        }
        guard schema.count <= options.maximumColumns else {
            throw TelemetryError(
                .limitExceeded, path: path, found: "\(schema.count) columns",
                expected: "at most \(options.maximumColumns)")
        }
        let isNodeB = order.contains { $0.hasPrefix("ue_list.") } && order.contains { $0.hasPrefix("cell_metrics.") }
        var layout = SourceLayout(
            format: isNodeB ? .fiveGNodeB : .jsonLines, separator: nil,
            clock: time?.rule ?? .rows(seconds: options.rowSeconds ?? 1),
            labelColumn: label,
            textColumns: texts.filter { !times.contains($0) && $0 != label && !tellingLabels.contains($0) },
            ignoredColumns: [])
        labels.describe(all, in: &layout)
        layout.take(marks)
        self.layout = layout
    }
}
