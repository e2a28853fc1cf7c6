import Detection
import Storage
import TextParsing

/// The scores of one group, read back from a score file: one column for each entity.
package struct ScoreTable: Sendable {
    /// One entity's scores in the order of its rows.
    package struct Column: Sendable {
        /// `site/entity`, or empty where the file does not say.
        package var entity: String
        /// Index of each row among the entity's rows; ascending.
        package var indices: [Int] = []
        /// Seconds; empty where the file does not say.
        package var times: [Double] = []
        /// The scores.
        package var scores: [Double] = []
        /// Whether the row is in alarm; empty where the file says neither `alarm` nor `threshold`.
        package var alarms: [Bool] = []

        /// The median time from one row to the next, if the file has times.
        package var stepSeconds: Double? {
            let steps = zip(times, times.dropFirst()).map { $1 - $0 }.filter { $0 > 0 }.sorted()
            return steps.isEmpty ? nil : steps[steps.count / 2]
        }
    }

    /// The columns, in the order of their first rows.
    package private(set) var columns: [Column] = []

    /// Reads the rows of `group` from a score file: a header with `score` and, if it has them, `index`, `time`,
    /// `entity`, `group`, `threshold` and `alarm`, in any order.
    ///
    /// - Throws: `StorageError` when the file cannot be read, ``DetectionError`` (`invalidData`) with the line when it
    ///   is not a score file or has no row of the group.
    package init(path: String, group: String) throws {
        let bytes = try FileContents.read(path)
        var lines = LineCursor(bytes)
        guard let header = lines.next() else {
            throw DetectionError(.invalidData, "reading scores", "the file is empty; expected a header", file: path)
        }
        let names = CSVFields.split(header).map { String(decoding: $0, as: UTF8.self) }
        func position(_ name: String) -> Int? { names.firstIndex(of: name) }
        guard let scoreColumn = position("score") else {
            throw DetectionError(
                .invalidData, "reading scores",
                "found the columns \(names.prefix(8).joined(separator: ", ")); expected one named score", file: path,
                line: 1)
        }
        let (indexColumn, timeColumn, entityColumn) = (position("index"), position("time"), position("entity"))
        let (groupColumn, thresholdColumn, alarmColumn) = (position("group"), position("threshold"), position("alarm"))
        let wanted = Array(group.utf8)
        var places: [[UInt8]: Int] = [:]
        var last: (name: [UInt8], place: Int)?
        while let line = lines.next() {
            guard !line.isEmpty else { continue }
            let fields = CSVFields.split(line)
            guard fields.count == names.count else {
                throw DetectionError(
                    .invalidData, "reading scores", "found \(fields.count) fields, expected \(names.count)", file: path,
                    line: lines.number)
            }
            if let groupColumn, !fields[groupColumn].elementsEqual(wanted) { continue }
            func number(_ column: Int) throws(DetectionError) -> Double {
                guard let value = CSVFields.number(fields[column]) else {
                    throw DetectionError(
                        .invalidData, "reading scores",
                        "column '\(names[column])': found '\(String(decoding: fields[column].prefix(40), as: UTF8.self))', "
                            + "expected a number", file: path, line: lines.number)
                }
                return value
            }
            let name = entityColumn.map { Array(fields[$0]) } ?? []
            let place: Int
            if let last, last.name == name {
                place = last.place
            } else {
                place = places[name] ?? columns.count
                if place == columns.count {
                    columns.append(Column(entity: String(decoding: name, as: UTF8.self)))
                    places[name] = place
                }
                last = (name, place)
            }
            let score = try number(scoreColumn)
            let index = try indexColumn.map { try number($0) } ?? Double(columns[place].indices.count)
            guard let row = Int(exactly: index), row > columns[place].indices.last ?? -1 else {
                throw DetectionError(
                    .invalidData, "reading scores",
                    "found index \(index), expected a whole number above the entity's last one "
                        + "(\(columns[place].indices.last ?? -1))", file: path, line: lines.number)
            }
            columns[place].indices.append(row)
            columns[place].scores.append(score)
            if let timeColumn { columns[place].times.append(try number(timeColumn)) }
            if let alarmColumn {
                columns[place].alarms.append(try number(alarmColumn) != 0)
            } else if let thresholdColumn {
                columns[place].alarms.append(score > (try number(thresholdColumn)))
            }
        }
        guard !columns.isEmpty else {
            throw DetectionError(
                .invalidData, "reading scores", "found no row of group '\(group)'; expected at least one", file: path)
        }
    }
}

/// Reads per-metric score files into rankings: how much each metric looks like a cause over some rows.
package struct MetricScoreTable: Sendable {
    /// One metric's weight at one row.
    private struct Cell { var row: Int; var metric: Int; var cause: Double }

    private var cells: [String: [Cell]] = [:]
    private var metrics: [String: [String]] = [:]

    /// Reads a file as ``MetricScoreFileWriter`` writes it.
    ///
    /// - Throws: `StorageError`, or ``DetectionError`` (`invalidData`) with the line.
    package init(path: String) throws {
        let bytes = try FileContents.read(path)
        var lines = LineCursor(bytes)
        let names = lines.next().map { CSVFields.split($0).map { String(decoding: $0, as: UTF8.self) } } ?? []
        let wanted = ["index", "entity", "metric", "cause"]
        let places = wanted.compactMap { names.firstIndex(of: $0) }
        guard places.count == wanted.count else {
            throw DetectionError(
                .invalidData, "reading metric scores",
                "found the columns \(names.prefix(8).joined(separator: ", ")); expected \(wanted.joined(separator: ", "))",
                file: path, line: 1)
        }
        while let line = lines.next() {
            guard !line.isEmpty else { continue }
            let fields = CSVFields.split(line)
            guard fields.count == names.count, let index = CSVFields.number(fields[places[0]]),
                let row = Int(exactly: index), let cause = CSVFields.number(fields[places[3]])
            else {
                throw DetectionError(
                    .invalidData, "reading metric scores", "expected \(names.count) fields with numbers", file: path,
                    line: lines.number)
            }
            let entity = String(decoding: fields[places[1]], as: UTF8.self)
            let metric = String(decoding: fields[places[2]], as: UTF8.self)
            let position: Int
            if let known = metrics[entity]?.firstIndex(of: metric) {
                position = known
            } else {
                position = metrics[entity]?.count ?? 0
                metrics[entity, default: []].append(metric)
            }
            cells[entity, default: []].append(Cell(row: row, metric: position, cause: cause))
        }
    }

    /// The metrics of an entity by their weight over `rows`, most suspicious first; ties by first appearance.
    package func ranking(entity: String, rows: Range<Int>) -> [String] {
        let names = metrics[entity] ?? []
        var sums = [Double](repeating: 0, count: names.count)
        for cell in cells[entity] ?? [] where rows.contains(cell.row) { sums[cell.metric] += cell.cause }
        return names.indices.sorted { (-sums[$0], $0) < (-sums[$1], $1) }.map { names[$0] }
    }
}

/// Steps through the lines of a text.
private struct LineCursor {
    private let bytes: [UInt8]
    private var position = 0
    /// The number of the latest line, from 1.
    private(set) var number = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func next() -> ArraySlice<UInt8>? {
        guard position < bytes.count else { return nil }
        let end = bytes[position...].firstIndex(of: 0x0A) ?? bytes.count
        var line = bytes[position..<end]
        if line.last == 0x0D { line.removeLast() }
        position = end + 1
        number += 1
        return line
    }
}

/// Fields of one line.
private enum CSVFields {
    /// The fields between commas; a quoted field loses its quotes.
    static func split(_ line: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        guard line.contains(0x22) else { return line.split(separator: 0x2C, omittingEmptySubsequences: false) }
        var fields: [ArraySlice<UInt8>] = []
        var field: [UInt8] = []
        var isQuoted = false
        var previousWasQuote = false
        for byte in line {
            if byte == 0x22 {
                if !isQuoted, previousWasQuote { field.append(byte) }
                isQuoted.toggle()
                previousWasQuote = !isQuoted
                continue
            }
            previousWasQuote = false
            if byte == 0x2C, !isQuoted {
                fields.append(field[...])
                field = []
            } else {
                field.append(byte)
            }
        }
        return fields + [field[...]]
    }

    /// A number, `inf` and `-inf` among them; nil for anything else.
    static func number(_ field: ArraySlice<UInt8>) -> Double? {
        let value = field.withUnsafeBufferPointer { bytes -> Double? in
            guard let (value, count) = DecimalParser.parse(bytes), count == bytes.count else { return nil }
            return value
        }
        if let value { return value }
        switch String(decoding: field, as: UTF8.self) {
        case "inf": return .infinity
        case "-inf": return -.infinity
        default: return nil
        }
    }
}
