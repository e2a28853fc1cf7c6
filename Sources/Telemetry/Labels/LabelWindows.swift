import Foundation

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

    /// Reads windows: a table with the columns `start` and `end` (seconds since 1970 or dates), and optionally `entity`
    /// and `kind`; or a JSON object of files with lists of `[start, end]`, as NAB's `combined_windows.json`. A table
    /// without `end` gives onsets, and each window lasts ``assumedSeconds``. Other names of the columns are known: `stop`;
    /// `pod`, `host`, `machine`, `instance`, `service`; `type`, `fault`, `anomaly_type`.
    ///
    /// - Throws: ``TelemetryError`` that names line and field.
    package init(contentsOf path: String) throws {
        guard path.lowercased().hasSuffix(".json") else {
            windows = try Self.table(path)
            return
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw TelemetryError(.unreadable, path: path, found: "no readable file", expected: "windows of time")
        }
        let expected = "a JSON object of files with lists of [start, end]"
        guard let object = try? JSONDecoder().decode([String: [[String]]].self, from: data) else {
            throw TelemetryError(.malformed, path: path, found: "something else", expected: expected)
        }
        windows = try object.sorted { $0.key < $1.key }.flatMap { file, list in
            try list.map { pair in
                guard pair.count == 2, let start = Self.time(pair[0]), let end = Self.time(pair[1]), start <= end else {
                    throw TelemetryError(
                        .malformed, path: path, field: file, found: "\(pair)", expected: "[start, end], in order")
                }
                return Window(start: start, end: end, entity: file)
            }
        }
    }

    private static func table(_ path: String) throws -> [Window] {
        let rows = try TextRows(
            path: path,
            columns: [
                ["start"], ["end", "stop"], ["entity", "pod", "host", "machine", "instance", "service"],
                ["kind", "type", "fault", "anomaly_type"],
            ], required: 1)
        var windows: [Window] = []
        try rows.forEach { line, fields in
            func moment(_ field: Int, _ name: String) throws -> Double? {
                guard let text = fields[field] else { return nil }
                if let time = time(text) { return time }
                throw TelemetryError(
                    .malformed, path: path, line: line, field: name, found: "'\(text)'",
                    expected: "seconds since 1970 or a date")
            }
            guard let start = try moment(0, "start") else {
                throw TelemetryError(
                    .malformed, path: path, line: line, field: "start", found: "nothing", expected: "a time")
            }
            let end = try moment(1, "end") ?? start + assumedSeconds
            guard start <= end else {
                throw TelemetryError(
                    .malformed, path: path, line: line, found: "a window from \(start) to \(end)",
                    expected: "a start before its end")
            }
            guard windows.count < mostWindows else {
                throw TelemetryError(
                    .limitExceeded, path: path, line: line, found: "more than \(mostWindows) windows",
                    expected: "at most that many")
            }
            windows.append(Window(start: start, end: end, entity: fields[2], kind: fields[3] ?? ""))
        }
        return windows
    }

    /// Seconds since 1970 of a number or a date; `nil` for anything else.
    package static func time(_ text: String) -> Double? {
        var text = text
        return text.withUTF8 { bytes in
            if case .number(let value) = FieldText.content(bytes) { return value.isFinite ? value : nil }
            return TimeFormat(.yearFirst).seconds(bytes)
        }
    }

    /// The windows that are about an entity with the key `site/entity`: named by the key, by the entity, its workload or
    /// its file, or by nobody.
    package func about(_ key: String) -> [Window] {
        let entity = key.split(separator: "/").last.map(String.init) ?? key
        return windows.filter { window in
            guard var name = window.entity else { return true }
            if name.hasSuffix(".csv") { name = String(name.dropLast(4)) }
            return name == key || name == entity || WorkloadName.of(name) == WorkloadName.of(entity)
        }
    }

    /// Whether a file has windows of time rather than labels of rows: by its name or its columns.
    package static func isWindows(_ path: String) -> Bool {
        if path.lowercased().hasSuffix(".json") { return true }
        guard let table = try? TextTable(path: path, options: ReaderOptions()) else { return false }
        let names = Set(table.names.map { $0.lowercased() })
        return names.contains("start") && !names.contains("end_exclusive") && !names.contains("label")
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
