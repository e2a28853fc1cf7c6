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
    /// What is to be said of how they were read, in words.
    package var notes: [String] = []
    /// What other columns say of the windows of each table.
    private(set) var tables: [Table] = []

    /// Columns of a table that may say what its windows are about.
    struct Table: Sendable, Hashable {
        /// Its windows.
        var rows: Range<Int>
        let columns: [Column]
    }

    /// A cell for each window.
    struct Column: Sendable, Hashable {
        /// Whether its name says that it holds the entities.
        let isNamed: Bool
        let cells: [String]
    }

    /// Seconds that a window lasts where the file has no end.
    package static let assumedSeconds = 300.0

    /// The end of what has not ended: that of the year 9999.
    package static let open = 253_402_300_799.0

    /// Windows that are known.
    package init(_ windows: [Window]) { self.windows = windows }

    /// Reads windows: a table or a list of JSON objects (``WindowTable``), or an object of files with lists of `[start, end]`,
    /// as NAB's `combined_windows.json`, or of onsets, as its `combined_labels.json`.
    ///
    /// - Parameter options: of these the order of day and month, where dates leave it open.
    /// - Throws: ``TelemetryError`` that names line and field.
    package init(contentsOf path: String, options: ReaderOptions = ReaderOptions()) throws {
        if let files = Self.filesOfWindows(path) {
            windows = try Self.windows(ofFiles: files, path)
        } else {
            self = try WindowTable(path).windows(options.dateOrder)
        }
    }

    /// Takes what the columns of the only table say.
    mutating func describe(columns: [Column]) { tables = [Table(rows: windows.indices, columns: columns)] }

    /// Adds the windows of another file.
    mutating func add(_ other: LabelWindows) {
        let first = windows.count
        windows += other.windows
        notes += other.notes
        tables += other.tables.map {
            Table(rows: $0.rows.lowerBound + first..<$0.rows.upperBound + first, columns: $0.columns)
        }
    }

    /// The same windows, whatever stood beside them.
    package static func == (a: LabelWindows, b: LabelWindows) -> Bool { a.windows == b.windows }

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

    /// Whether a file has windows of time rather than labels of rows: by its columns, or as NAB's are.
    package static func isWindows(_ path: String) -> Bool {
        if filesOfWindows(path) != nil { return true }
        return (try? WindowTable(path)) != nil
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
