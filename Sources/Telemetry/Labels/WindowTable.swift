/// A table that says when something was wrong, a window a row: `start,end[,entity][,kind]`.
///
/// The columns are known by their names (``WindowColumns``). In place of an end there may be a duration: a number in the unit
/// that its column's name says (seconds, if none), or a text (``ElapsedTime``). A table with neither gives onsets, and each
/// window lasts ``LabelWindows/assumedSeconds``.
struct WindowTable {
    /// Windows in a file; more are an error.
    private static let mostWindows = 1_000_000

    private let path: String
    private let table: TextTable
    private let columns: WindowColumns

    /// Opens a file.
    ///
    /// - Throws: ``TelemetryError`` for one that is no table, or of another kind.
    init(_ path: String) throws {
        table = try TextTable(path: path, options: ReaderOptions())
        self.path = path
        guard let columns = WindowColumns(table.names) else {
            throw TelemetryError(
                .missingColumn, path: path, line: 1, field: "start",
                found: "columns " + CleaningPipeline.listed(table.names), expected: "a column 'start'")
        }
        self.columns = columns
    }

    /// Whether it says how long its windows are.
    var hasEnds: Bool { !columns.ends.isEmpty || columns.duration != nil }

    /// Its windows, in the order of the rows.
    ///
    /// - Throws: ``TelemetryError`` that names line and field.
    func windows(_ order: DateOrder?) throws -> [LabelWindows.Window] {
        let moments = [columns.start] + columns.ends
        var cells: [(line: Int, fields: [String])] = []
        // Which of two numbers is the day is told by all dates of the file.
        var guess = TimeFormatGuess()
        try table.forEachRow { line, fields, bytes in
            guard cells.count < Self.mostWindows else {
                throw TelemetryError(
                    .limitExceeded, path: path, line: line, found: "more than \(Self.mostWindows) windows",
                    expected: "at most that many")
            }
            let texts = fields.map { FieldText.text(UnsafeBufferPointer(rebasing: bytes[$0])) }
            cells.append((line, texts))
            for column in moments where !texts[column].isEmpty && LabelWindows.time(texts[column]) == nil {
                var text = texts[column]
                text.withUTF8 { guess.add($0) }
            }
        }
        var shape = guess.best == guess.texts ? guess.shape : nil
        if guess.isAmbiguous, let order { shape = order == .dayMonth ? .dayFirst : .monthFirst }
        if shape == .timeOfDay { shape = nil }
        return try cells.map { try window($0.fields, $0.line, shape, guess.isAmbiguous) }
    }

    private func window(
        _ fields: [String], _ line: Int, _ shape: TimeFormat.Shape?, _ isAmbiguous: Bool
    ) throws -> LabelWindows.Window {
        func refusal(_ column: Int, _ expected: String) -> TelemetryError {
            TelemetryError(
                .malformed, path: path, line: line, field: table.names[column],
                found: fields[column].isEmpty ? "nothing" : "'\(fields[column])'", expected: expected)
        }
        func moment(_ column: Int) throws -> Double {
            var text = fields[column]
            if let time = LabelWindows.time(text) { return time }
            if let shape, let time = text.withUTF8({ TimeFormat(shape).seconds($0) }) { return time }
            throw refusal(
                column,
                isAmbiguous
                    ? "dates of which one shows whether day or month comes first, or --date-order"
                    : "seconds since 1970 or a date")
        }
        let start = try moment(columns.start)
        var end = try columns.ends.filter { !fields[$0].isEmpty }.map(moment).max()
        if end == nil, let duration = columns.duration, !fields[duration.index].isEmpty {
            guard let seconds = ElapsedTime.seconds(fields[duration.index], unit: duration.unit) else {
                throw refusal(duration.index, "a duration, as in 90 (seconds), 30min, 00:30:00 or PT30M")
            }
            end = start + seconds
        }
        guard let end = end ?? (hasEnds ? nil : start + LabelWindows.assumedSeconds) else {
            throw refusal(columns.ends.first ?? columns.duration?.index ?? columns.start, "the end of the window")
        }
        guard start <= end else {
            throw TelemetryError(
                .malformed, path: path, line: line,
                found: "a window from \(SampleTime.text(start)) to \(SampleTime.text(end))",
                expected: "a start before its end")
        }
        func text(_ column: Int?) -> String? { column.map { fields[$0] }.flatMap { $0.isEmpty ? nil : $0 } }
        return LabelWindows.Window(
            start: start, end: end, entity: text(columns.entity), kind: text(columns.kind) ?? "")
    }
}
