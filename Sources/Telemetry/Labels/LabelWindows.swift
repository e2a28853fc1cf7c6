import Foundation
import Platform

/// Labels as windows of time, whatever the step of the samples: `start,end[,entity][,kind]`.
package struct LabelWindows: Sendable, Equatable {
    /// A stretch of time in which something was wrong.
    package struct Window: Sendable, Hashable {
        /// Its first second.
        package var start: Double
        /// Its last second.
        package var end: Double
        /// Which entity it is about; `nil`: all of them.
        package var entity: String?
        /// What was wrong; empty where nobody says.
        package var kind: String

        /// A window with every field given.
        package init(start: Double, end: Double, entity: String? = nil, kind: String = "") {
            self.start = start
            self.end = end
            self.entity = entity
            self.kind = kind
        }
    }

    /// The windows, in the order of the file.
    package var windows: [Window]

    /// Seconds that a window lasts where the file has no end.
    package static let assumedSeconds = 300.0
    /// Windows in a file; more are an error.
    private static let mostWindows = 1_000_000

    /// Windows that are known.
    package init(_ windows: [Window]) { self.windows = windows }

    /// Names of the columns, the surest first.
    static let columns: [[String]] = [
        ["start", "start_time", "starttime", "start time", "start_timestamp", "from"],
        ["end", "stop", "end_time", "endtime", "end time", "end_timestamp", "to"],
        ["entity", "pod", "host", "machine", "instance", "service", "file", "filename", "node"],
        ["kind", "type", "fault", "anomaly_type", "attack"],
    ]

    /// Reads windows: a table with the columns `start` and `end` (seconds since 1970 or dates), and optionally `entity`
    /// and `kind`; or JSON: an object of files with lists of `[start, end]`, as NAB's `combined_windows.json`, or of
    /// onsets, as its `combined_labels.json`. A table without `end` gives onsets, and each window lasts
    /// ``assumedSeconds``. Other names of the columns are known: `start_time`, `from`; `stop`, `end_time`, `to`; `pod`,
    /// `host`, `machine`, `instance`, `service`, `file`, `node`; `type`, `fault`, `anomaly_type`, `attack`.
    ///
    /// - Parameter options: of these the order of day and month, where dates leave it open.
    /// - Throws: ``TelemetryError`` that names line and field.
    package init(contentsOf path: String, options: ReaderOptions = ReaderOptions()) throws {
        guard path.lowercased().hasSuffix(".json") else {
            windows = try Self.table(path, options.dateOrder)
            return
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw TelemetryError(.unreadable, path: path, found: "no readable file", expected: "windows of time")
        }
        let expected = "a JSON object of files with lists of [start, end], or of onsets"
        let parsed = Array(data).withUnsafeBufferPointer { try? ParsedJSON(parsing: $0) }
        guard case .object(let files)? = parsed else {
            throw TelemetryError(.malformed, path: path, found: "something else", expected: expected)
        }
        windows = try files.sorted { $0.key < $1.key }.flatMap { file in
            func moment(_ value: ParsedJSON) throws -> Double {
                let time = JSONDocument.text(value).flatMap(Self.time)
                if let time { return time }
                throw TelemetryError(
                    .malformed, path: path, field: file.key,
                    found: JSONDocument.text(value).map { "'\($0)'" } ?? "no time",
                    expected: expected)
            }
            guard case .array(let list) = file.value else {
                throw TelemetryError(.malformed, path: path, field: file.key, found: "no list", expected: expected)
            }
            return try list.map { element -> Window in
                guard case .array(let pair) = element else {
                    let start = try moment(element)
                    return Window(start: start, end: start + Self.assumedSeconds, entity: file.key)
                }
                guard pair.count == 2 else {
                    throw TelemetryError(
                        .malformed, path: path, field: file.key, found: "\(pair.count) times", expected: expected)
                }
                let (start, end) = (try moment(pair[0]), try moment(pair[1]))
                guard start <= end else {
                    throw TelemetryError(
                        .malformed, path: path, field: file.key, found: "an end before its start",
                        expected: "[start, end], in order")
                }
                return Window(start: start, end: end, entity: file.key)
            }
        }
    }

    private static func table(_ path: String, _ order: DateOrder?) throws -> [Window] {
        let rows = try TextRows(path: path, columns: columns, required: 1)
        var cells: [(line: Int, fields: [String?])] = []
        // Which of two numbers is the day is told by all dates of the file.
        var guess = TimeFormatGuess()
        try rows.forEach { line, fields in
            guard cells.count < mostWindows else {
                throw TelemetryError(
                    .limitExceeded, path: path, line: line, found: "more than \(mostWindows) windows",
                    expected: "at most that many")
            }
            cells.append((line, fields))
            for case var text? in fields.prefix(2) where time(text) == nil { text.withUTF8 { guess.add($0) } }
        }
        var shape = guess.best == guess.texts ? guess.shape : nil
        if guess.isAmbiguous, let order { shape = order == .dayMonth ? .dayFirst : .monthFirst }
        return try cells.map { line, fields in
            func moment(_ field: Int) throws -> Double? {
                guard var text = fields[field] else { return nil }
                if let time = time(text) { return time }
                if let shape, shape != .timeOfDay, let time = text.withUTF8({ TimeFormat(shape).seconds($0) }) {
                    return time
                }
                throw TelemetryError(
                    .malformed, path: path, line: line, field: columns[field][0], found: "'\(text)'",
                    expected: guess.isAmbiguous
                        ? "dates of which one shows whether day or month comes first, or --date-order"
                        : "seconds since 1970 or a date")
            }
            guard let start = try moment(0) else {
                throw TelemetryError(
                    .malformed, path: path, line: line, field: "start", found: "nothing", expected: "a time")
            }
            let end = try moment(1) ?? start + assumedSeconds
            guard start <= end else {
                throw TelemetryError(
                    .malformed, path: path, line: line, found: "a window from \(start) to \(end)",
                    expected: "a start before its end")
            }
            return Window(start: start, end: end, entity: fields[2], kind: fields[3] ?? "")
        }
    }

    /// Seconds since 1970 of a number (in the unit that its size tells) or a date that begins with the year; `nil` for
    /// anything else.
    package static func time(_ text: String) -> Double? {
        var text = text
        return text.withUTF8 { bytes in
            if case .number(let value) = FieldText.content(bytes) {
                return value.isFinite ? TimeUnit.ofEpoch(value).seconds(value) : nil
            }
            return TimeFormat(.yearFirst).seconds(bytes)
        }
    }

    /// Whether a file has windows of time rather than labels of rows: by its name or its columns.
    package static func isWindows(_ path: String) -> Bool {
        if path.lowercased().hasSuffix(".json") {
            // Other documents hold samples.
            let parsed = FileManager.default.contents(atPath: path).flatMap { data in
                Array(data).withUnsafeBufferPointer { try? ParsedJSON(parsing: $0) }
            }
            guard case .object(let files)? = parsed, !files.isEmpty else { return false }
            return files.allSatisfy { file in if case .array = file.value { true } else { false } }
        }
        guard let table = try? TextTable(path: path, options: ReaderOptions()) else { return false }
        let names = Set(table.names.map { $0.lowercased() })
        return !names.isDisjoint(with: columns[0]) && !names.contains("end_exclusive") && !names.contains("label")
    }

    /// The rows of a stream that windows cover, one anomaly for each window that covers any.
    package static func anomalies(_ windows: [Window], at times: [Double]) -> [AnomalySegment] {
        windows.compactMap { window in
            guard let first = times.firstIndex(where: { $0 >= window.start && $0 <= window.end }) else { return nil }
            let last = times.lastIndex { $0 >= window.start && $0 <= window.end } ?? first
            return AnomalySegment(rows: first..<last + 1, dimensions: [], metrics: [], type: window.kind)
        }.sorted { ($0.rows.lowerBound, $0.rows.upperBound) < ($1.rows.lowerBound, $1.rows.upperBound) }
    }
}
