/// A table that says when something was wrong, a window a row: `start,end[,entity][,kind]`.
///
/// The columns are known by their names (``WindowColumns``). In place of an end there may be a duration: a number in the unit
/// that its column's name says (seconds, if none), or a text (``ElapsedTime``). Where no name says which the end is, a column with
/// times after the beginning is (``endByContent(_:_:)``). A table with none of them gives onsets, and each window lasts
/// ``LabelWindows/assumedSeconds``.
struct WindowTable {
    /// Windows in a file; more are an error.
    private static let mostWindows = 1_000_000

    private let path: String
    private let table: TextTable
    private let columns: WindowColumns

    /// A row that is not empty.
    private struct Row {
        let line: Int
        let fields: [String]
    }

    /// Opens a file.
    ///
    /// - Throws: ``TelemetryError`` for one that is no table, or of another kind.
    init(_ path: String) throws {
        table = try TextTable(path: path, options: ReaderOptions())
        self.path = path
        let table = table
        var known: ColumnSamples?
        func isMoment(_ column: Int) -> Bool {
            let samples = known ?? table.samples
            known = samples
            return Self.isMoment(samples.columns[column])
        }
        guard let columns = WindowColumns(table.names, isMoment: isMoment),
            !columns.beginsLikeRows || !Self.areSamples(columns, table)
        else {
            throw TelemetryError(
                .missingColumn, path: path, line: 1, field: "start",
                found: "columns " + CleaningPipeline.listed(table.names), expected: "a column 'start'")
        }
        self.columns = columns
    }

    /// Whether it says how long its windows are.
    var hasEnds: Bool { !columns.ends.isEmpty || columns.duration != nil }

    /// Whether the first cells of a column are times since 1970.
    private static func isMoment(_ column: ColumnSamples.Column) -> Bool {
        if column.texts > 0 { return column.numbers.allSatisfy { $0 == 0 } && 2 * column.times.best >= column.texts }
        let numbers = column.numbers.filter { $0 != 0 }
        return !numbers.isEmpty && numbers.allSatisfy { $0 >= 1e8 }
    }

    /// Whether rows are what was measured over one while after the other: each ends where the next begins.
    private static func areSamples(_ columns: WindowColumns, _ table: TextTable) -> Bool {
        let samples = table.samples
        guard let end = columns.ends.first, samples.wholeRows > 2 else { return false }
        let shared = samples.columns[columns.start].distinct.intersection(samples.columns[end].distinct)
        return 2 * shared.count >= samples.wholeRows
    }

    /// Its windows, in the order of the rows.
    ///
    /// - Throws: ``TelemetryError`` that names line and field.
    func windows(_ order: DateOrder?) throws -> LabelWindows {
        var rows: [Row] = []
        try table.forEachRow { line, fields, bytes in
            guard rows.count < Self.mostWindows else {
                throw TelemetryError(
                    .limitExceeded, path: path, line: line, found: "more than \(Self.mostWindows) windows",
                    expected: "at most that many")
            }
            let texts = fields.map { FieldText.text(UnsafeBufferPointer(rebasing: bytes[$0])) }
            if texts.contains(where: { !$0.isEmpty }) { rows.append(Row(line: line, fields: texts)) }
        }
        var ends = columns.ends
        var notes: [String] = []
        if !hasEnds, let end = try endByContent(rows, order) {
            ends = [end]
            notes.append("\(path): the end of each window is taken from '\(table.names[end])'")
        }
        let moments = WindowMoments(
            table.names, columns: [columns.start] + ends, rows: rows.map(\.fields), order: order)
        // A date goes with its time of day.
        ends = ends.filter { end in !moments.clocks.contains { $0.value == end && ends.contains($0.key) } }
        var windows = LabelWindows(try rows.map { try window($0, moments, ends) })
        windows.notes = notes
        windows.describe(
            columns: table.names.indices.filter { ![columns.start, columns.kind].contains($0) && !ends.contains($0) }
                .map { column in
                    LabelWindows.Column(isNamed: column == columns.entity, cells: rows.map { $0.fields[column] })
                })
        return windows
    }

    /// The column that holds the end where no name says so: its cells are times, in nearly every row as late as the beginning or
    /// later. Of several the latest, but none that is the same in every row.
    ///
    /// - Throws: ``TelemetryError`` where there are times that are none: whether something ends with them nobody can tell.
    private func endByContent(_ rows: [Row], _ order: DateOrder?) throws -> Int? {
        let dates = Set(
            WindowMoments(
                table.names, columns: [columns.start], rows: rows.map(\.fields), order: order
            ).clocks.values)
        var best: (column: Int, sum: Double)?
        var strange: Int?
        for column in table.names.indices where column != columns.start && !dates.contains(column) {
            let cells = rows.filter { !$0.fields[column].isEmpty }
            guard !cells.isEmpty, 2 * cells.count >= rows.count else { continue }
            let moments = WindowMoments(
                table.names, columns: [columns.start, column], rows: rows.map(\.fields), order: order)
            var (late, after, sum) = (0, 0, 0.0)
            let isTime = cells.allSatisfy { row in
                guard let end = moments.seconds(column, row.fields) else { return false }
                guard let start = moments.seconds(columns.start, row.fields) else { return true }
                // Numbers may be anything; those of an end are near the beginning.
                if Double(row.fields[column]) != nil, end < 1e8 || abs(end - start) > Self.longest { return false }
                if end >= start { late += 1 }
                if end > start { after += 1 }
                sum += end
                return true
            }
            guard isTime else { continue }
            let isConstant = cells.count > 2 && Set(cells.map { $0.fields[column] }).count == 1
            if 20 * late >= 19 * cells.count, after > 0, !isConstant, !Self.isNoEnd(table.names[column]) {
                if best.map({ sum / Double(cells.count) > $0.sum }) ?? true {
                    best = (column, sum / Double(cells.count))
                }
            } else {
                strange = strange ?? column
            }
        }
        if best == nil, let strange {
            throw TelemetryError(
                .missingColumn, path: path, line: 1, field: table.names[strange],
                found: "a column of times that is not known as the windows' end",
                expected: "a column 'end' or 'duration', or the beginning alone")
        }
        return best?.column
    }

    /// Seconds that a window lasts at most if only numbers say so.
    private static let longest = 366 * 86_400.0

    /// Whether a name says of a time that nothing ends with it.
    private static func isNoEnd(_ name: String) -> Bool {
        let words: Set<String> = [
            "updated", "modified", "changed", "exported", "ack", "acknowledged", "acked", "detected", "detection",
            "reported", "created", "received", "notified", "logged", "assigned", "raised", "triggered",
        ]
        return WordRules.words(of: name).contains { words.contains(String(decoding: $0, as: UTF8.self)) }
    }

    /// Words in place of the end of what has not ended.
    static let open: Set<String> = ["open", "ongoing", "active", "present", "now"]

    private func window(_ row: Row, _ moments: WindowMoments, _ ends: [Int]) throws -> LabelWindows.Window {
        let fields = row.fields
        func refusal(_ column: Int, _ expected: String) -> TelemetryError {
            TelemetryError(
                .malformed, path: path, line: row.line, field: table.names[column],
                found: fields[column].isEmpty ? "nothing" : "'\(fields[column])'", expected: expected)
        }
        func moment(_ column: Int) throws -> Double {
            if let time = moments.seconds(column, fields) { return time }
            throw refusal(
                column,
                moments.isAmbiguous
                    ? "dates of which one shows whether day or month comes first, or --date-order"
                    : "seconds since 1970 or a date")
        }
        let start = try moment(columns.start)
        var end = try ends.filter { !fields[$0].isEmpty }.map { column -> Double in
            guard !Self.open.contains(fields[column].lowercased()) else { return LabelWindows.open }
            let end = try moment(column)
            // Alertmanager and others write the year 1, or 0, of what has not ended; Grafana 0 of what is a moment.
            if start >= 1e8, end < -6e10 || end == 0 {
                return end == 0 && WindowColumns.squeezed(table.names[column]) == "timeend"
                    ? start + LabelWindows.assumedSeconds : LabelWindows.open
            }
            // A day lasts to its end.
            if moments.days.contains(column) { return end + Self.daySeconds }
            // Behind midnight, where both times of day are of one date.
            let isNight = moments.clocks[column] != nil && moments.clocks[column] == moments.clocks[columns.start]
            return isNight && end < start ? end + 86_400 : end
        }.max()
        if end == nil, let duration = columns.duration, !fields[duration.index].isEmpty {
            guard let seconds = ElapsedTime.seconds(fields[duration.index], unit: duration.unit) else {
                throw refusal(duration.index, "a duration, as in 90 (seconds), 30min, 00:30:00 or PT30M")
            }
            end = start + seconds
        }
        let isOnset = ends.isEmpty && columns.duration == nil
        let assumed = moments.days.contains(columns.start) ? Self.daySeconds : LabelWindows.assumedSeconds
        guard let end = end ?? (isOnset ? start + assumed : nil) else {
            throw refusal(ends.first ?? columns.duration?.index ?? columns.start, "the end of the window")
        }
        guard start <= end else {
            throw TelemetryError(
                .malformed, path: path, line: row.line,
                found: "a window from \(SampleTime.text(start)) to \(SampleTime.text(end))",
                expected: "a start before its end")
        }
        func text(_ column: Int?) -> String? { column.map { fields[$0] }.flatMap { $0.isEmpty ? nil : $0 } }
        return LabelWindows.Window(
            start: start, end: end, entity: text(columns.entity), kind: text(columns.kind) ?? "")
    }

    /// From the beginning of a day to its last millisecond.
    private static let daySeconds = 86_399.999
}
