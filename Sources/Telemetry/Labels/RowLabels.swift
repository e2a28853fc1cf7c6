import Foundation

/// Labels of one entity's rows: 1 where a row is anomalous.
public struct RowLabels: Hashable, Sendable, Codable {
    /// The label of each row, `[rows]`, by its index.
    public var values: [UInt8]

    /// Labels for the rows `0 ..< values.count`.
    public init(values: [UInt8]) { self.values = values }

    /// Labels that are 1 in the rows of some segments; parts of segments beyond `rowCount` are left out.
    public init(segments: [AnomalySegment], rowCount: Int) {
        precondition(rowCount >= 0, "the number of rows is not negative")
        values = [UInt8](repeating: 0, count: rowCount)
        for segment in segments {
            for row in segment.rows.clamped(to: 0..<rowCount) { values[row] = 1 }
        }
    }

    /// Runs of rows labelled 1.
    public var runs: [Range<Int>] {
        var runs: [Range<Int>] = []
        var start: Int?
        for (row, label) in values.enumerated() {
            if label != 0 {
                start = start ?? row
            } else if let first = start {
                runs.append(first..<row)
                start = nil
            }
        }
        if let start { runs.append(start..<values.count) }
        return runs
    }

    /// Rows accepted in a label file; an index beyond is an error, not a request for memory.
    public static let maximumRows = 1 << 30

    /// Reads labels: an `index,label` file (indices in any order, rows not named are 0), or any file that a reader
    /// knows and that has a label column, such as the test files of SMD and ASD.
    ///
    /// - Throws: ``TelemetryError`` for a file that cannot be read, has no label column or names a row twice.
    public init(contentsOf path: String, options: ReaderOptions = ReaderOptions()) throws {
        let table = try TextTable(path: path, options: options)
        let lower = table.names.map { $0.lowercased() }
        let samples = table.samples
        let given = options.labelColumn.flatMap { table.names.firstIndex(of: $0) }
        let choice = try LabelChoice(table.names, given: given) {
            LabelCells(samples.columns[$0])
        } whole: {
            try table.labelCells($0)
        }
        guard let labelColumn = choice.index ?? lower.firstIndex(of: "label") else {
            throw TelemetryError(
                .missingColumn, path: path, line: 1, field: options.labelColumn ?? "label", found: "no such column",
                expected: "index,label or a data file with a label column")
        }
        let label = choice.column
        let indexColumn = lower.firstIndex(of: "index")
        var values: [UInt8] = []
        var named: [Bool] = []
        try table.forEachRow { line, fields, bytes in
            func number(_ column: Int) throws -> Double {
                let field = UnsafeBufferPointer(rebasing: bytes[fields[column]])
                if case .number(let value) = FieldText.content(field), value.isFinite { return value }
                throw TelemetryError(
                    .notANumber, path: path, line: line, field: table.names[column],
                    found: "'\(FieldText.text(field))'", expected: "a number")
            }
            var index = values.count
            if let indexColumn {
                let value = try number(indexColumn)
                guard value >= 0, value < Double(Self.maximumRows), value == value.rounded() else {
                    throw TelemetryError(
                        .malformed, path: path, line: line, field: table.names[indexColumn], found: "\(value)",
                        expected: "a row index from 0 to \(Self.maximumRows - 1)")
                }
                index = Int(value)
            }
            // Growing step by step keeps a wild index from claiming memory for rows that are not there.
            guard index < max(values.count * 2, 1 << 24) else {
                throw TelemetryError(
                    .limitExceeded, path: path, line: line, found: "row index \(index) after \(values.count) rows",
                    expected: "indices without such leaps")
            }
            if index >= values.count {
                values.append(contentsOf: repeatElement(0, count: index + 1 - values.count))
                named.append(contentsOf: repeatElement(false, count: index + 1 - named.count))
            }
            guard !named[index] else {
                throw TelemetryError(
                    .malformed, path: path, line: line, found: "row index \(index) a second time",
                    expected: "each row once")
            }
            named[index] = true
            let cell = UnsafeBufferPointer(rebasing: bytes[fields[labelColumn]])
            guard FieldText.content(cell) != .missing, let mark = label.label(cell) else {
                throw TelemetryError(
                    .notANumber, path: path, line: line, field: table.names[labelColumn],
                    found: "'\(FieldText.text(cell))'", expected: "a label, 0 or 1")
            }
            values[index] = mark
        }
        self.values = values
    }

    /// Whether a file says which row each of its labels belongs to.
    package static func isIndexed(_ path: String, options: ReaderOptions = ReaderOptions()) -> Bool {
        (try? TextTable(path: path, options: options))?.names.contains { $0.lowercased() == "index" } ?? false
    }

    /// Writes an `index,label` file.
    ///
    /// - Throws: ``TelemetryError`` when it cannot be written.
    public func write(to path: String) throws {
        var text = "index,label\n"
        for (index, label) in values.enumerated() { text += "\(index),\(label)\n" }
        try Self.write(text, to: path)
    }

    static func write(_ text: String, to path: String) throws {
        do {
            try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw TelemetryError(
                .unreadable, path: path, found: "a place that cannot be written", expected: "a writable folder")
        }
    }
}
