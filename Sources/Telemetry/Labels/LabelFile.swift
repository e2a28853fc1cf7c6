/// A file of labels that lies beside the data. Which row a label belongs to is told by its time where both sides have
/// times, else by its index, and only then by the order of the rows.
package struct LabelFile: Sendable {
    /// A label as a line has it.
    struct Mark: Sendable {
        let line: Int
        /// 1 anomalous, 0 not.
        let label: UInt8
        /// The row that it names; `nil` without a column `index`.
        let index: Int?
        /// Seconds, as the data's own times are read; `nil` without a column of times.
        let time: Double?
        /// What a column with hosts says; `nil` without one.
        let owner: String?
    }

    /// The file.
    package let path: String
    /// What is to be said of what the labels mean, in words.
    let note: String?
    private(set) var marks: [Mark]
    /// The hosts that a column names, as entities are called.
    package private(set) var owners: Set<String> = []
    let hasTimes: Bool
    let hasIndices: Bool

    /// Rows that an index may name; one beyond is an error of the file.
    package static let maximumRows = 1 << 30

    /// Reads labels: a column that marks anomalies, and beside it `index`, a time, both or nothing.
    ///
    /// - Parameter options: how the data are read; columns that they name may be missing here.
    /// - Throws: ``TelemetryError`` for a file that cannot be read, has no label column or names a row twice.
    package init(_ path: String, options: ReaderOptions = ReaderOptions()) throws {
        var options = options
        let table = try TextTable(path: path, options: options)
        let (names, lower) = (table.names, table.names.map { $0.lowercased() })
        if let name = options.timeColumn, !names.contains(name) { options.timeColumn = nil }
        let given = options.labelColumn.flatMap { names.firstIndex(of: $0) }
        let samples = table.samples
        let choice = try LabelChoice(names, given: given) {
            LabelCells(samples.columns[$0])
        } whole: {
            try table.labelCells($0)
        }
        guard let labelColumn = choice.index ?? lower.firstIndex(of: "label") else {
            throw Self.unlabelled(path, columns: names, options: options)
        }
        let label = choice.column
        let indexColumn = lower.firstIndex(of: "index")
        var time = try TimeColumn.find(
            names: names, samples: samples, options: options, path: path, dates: DateEvidence(table.whole)
        )?.withZone(names, samples)
        if let found = time, found.indices.contains(labelColumn) { time = nil }
        var marks: [Mark] = []
        let taken = [labelColumn, indexColumn].compactMap(\.self) + (time?.indices ?? [])
        let ownerColumn = names.indices.first { column in
            ColumnNames.isHost(names[column])
                && !taken.contains(column) && samples.columns[column].texts > samples.columns[column].numbers.count
        }
        var named: [String?: Set<Int>] = [:]
        try table.forEachRow { line, fields, bytes in
            func cell(_ column: Int) -> UnsafeBufferPointer<UInt8> {
                UnsafeBufferPointer(rebasing: bytes[fields[column]])
            }
            let mark = cell(labelColumn)
            guard let value = label.label(mark) else {
                throw TelemetryError(
                    .notANumber, path: path, line: line, field: names[labelColumn], found: "'\(FieldText.text(mark))'",
                    expected: "a label, 0 or 1")
            }
            let owner = ownerColumn.map { FieldText.text(cell($0)) }
            var index: Int?
            if let indexColumn, indexColumn != time?.index {
                index = try Self.index(cell(indexColumn), names[indexColumn], path, line)
                if let index, !named[owner, default: []].insert(index).inserted {
                    throw TelemetryError(
                        .malformed, path: path, line: line, found: "row index \(index) a second time",
                        expected: "each row once")
                }
            }
            let seconds = try time.map { time in
                guard let seconds = time.seconds(cell) else {
                    throw TelemetryError(
                        .badTime, path: path, line: line, field: names[time.index],
                        found: "'\(FieldText.text(cell(time.index)))'", expected: "a time, as in the rows before")
                }
                return seconds
            }
            marks.append(Mark(line: line, label: value, index: index, time: seconds, owner: owner))
        }
        self.path = path
        note = label.isSigned ? label.signs.note.map { "the column '\(names[labelColumn])': \($0)" } : nil
        self.marks = marks
        owners = Set(marks.compactMap(\.owner))
        hasTimes = time != nil
        hasIndices = indexColumn != nil && indexColumn != time?.index
    }

    private static func index(
        _ cell: UnsafeBufferPointer<UInt8>, _ name: String, _ path: String, _ line: Int
    ) throws -> Int {
        guard case .number(let value) = FieldText.content(cell), value.isFinite else {
            throw TelemetryError(
                .notANumber, path: path, line: line, field: name, found: "'\(FieldText.text(cell))'",
                expected: "a number")
        }
        guard value >= 0, value < Double(maximumRows), value == value.rounded() else {
            throw TelemetryError(
                .malformed, path: path, line: line, field: name, found: "\(value)",
                expected: "a row index from 0 to \(maximumRows - 1)")
        }
        return Int(value)
    }

    /// The labels of one of several hosts; `nil` where none is called so.
    package func of(_ entity: String) -> LabelFile? {
        guard owners.contains(entity) else { return nil }
        var file = self
        file.marks = marks.filter { $0.owner == entity }
        file.owners = [entity]
        return file
    }

    /// What is to be said of a file without a column that marks anomalies.
    package static func unlabelled(_ path: String, columns: [String], options: ReaderOptions) -> TelemetryError {
        TelemetryError(
            .missingColumn, path: path, line: 1, field: options.labelColumn ?? "label",
            found: "columns \(CleaningPipeline.listed(columns)), none of which marks anomalies",
            expected: "index,label, or a data file with a label column; --label-column NAME for one of another name")
    }

    /// Whether a file holds labels and no metrics.
    ///
    /// - Throws: ``TelemetryError`` for a file that cannot be opened or understood for another reason.
    package static func isAlone(_ path: String, options: ReaderOptions) throws -> Bool {
        do {
            _ = try OpenedFile(path, options: options, firstRow: 0)
            return false
        } catch let error as TelemetryError where error.code == .noNumericColumn {
            return true
        } catch let error as TelemetryError where error.code == .missingColumn && options.timeColumn != nil {
            return (try? LabelFile(path, options: options)) != nil
        }
    }
}
