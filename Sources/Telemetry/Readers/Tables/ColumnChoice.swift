/// Decides what becomes of each column of a separated text.
struct ColumnChoice {
    private(set) var kinds: [RowParser.Kind]
    let schema: [String]
    private(set) var layout: SourceLayout
    /// How the text times are written, by field.
    private(set) var timeFormats: [Int: TimeFormat] = [:]
    /// The numbers that are part of the time, by field.
    private(set) var timeParts: [Int: TimeColumn.Part] = [:]
    /// How the numbers are written that are no plain decimals, by field.
    private(set) var numberFormats: [Int: NumberFormat] = [:]
    /// The unit of a numeric time.
    private(set) var timeUnit: TimeUnit?
    /// What numbers a numeric time may be.
    private(set) var timeRange = -Double.infinity...Double.infinity
    /// Columns that may tell entities and series apart, by field.
    private(set) var keys: [Int: KeyedRows.Key.Kind] = [:]
    /// Columns of numbers that tell rows of the same time apart, if nothing else does; metrics otherwise.
    private(set) var parts: [String: KeyedRows.Key.Kind] = [:]
    /// Most columns of numbers of any name that may be such.
    private static let mostParts = 8
    /// What marks anomalies.
    private(set) var label: LabelColumn?
    /// Columns in which nothing stands in the sample, by field.
    private(set) var openFields: Set<Int> = []
    /// How numbers in groups are written in columns that seemed plain.
    let fallback: NumberFormat
    /// Whether the rows in the sample are out of order.
    private(set) var isDisordered = false

    /// - Parameters:
    ///   - whole: looks at all cells of columns that the sample leaves open.
    ///   - repeated: columns that are there twice.
    init(names: [String], samples: ColumnSamples, whole: WholeColumns, repeated: RepeatedColumns) throws {
        let (separator, options, path) = (whole.separator, whole.options, whole.path)
        let dates = DateEvidence(whole)
        let lower = names.map { $0.lowercased() }
        func position(_ name: String) -> Int? { lower.firstIndex(of: name) }
        func given(_ name: String?) throws -> Int? {
            guard let name else { return nil }
            if let index = names.firstIndex(of: name) { return index }
            throw TelemetryError(
                .missingColumn, path: path, line: 1, field: name, found: "no such column",
                expected: "one of " + CleaningPipeline.listed(names))
        }
        let entity = try given(options.entityColumn)
        let format = Self.format(lower)
        var ignored = repeated.same
        var rowSeconds: Double?
        var time: TimeColumn?
        switch format {
        case .fiveGENodeB where options.timeColumn == nil && Self.countsSamples(position("time"), samples):
            // The clock is a sample counter rounded to tens; rows are 80 ms apart.
            rowSeconds = options.rowSeconds ?? 0.08
            if let counter = position("time") { ignored.insert(counter) }
        case .fiveGUserEquipment where options.timeColumn == nil && options.rowSeconds == nil:
            let unit = options.timeUnit ?? .milliseconds
            time = position("time").map { TimeColumn(index: $0, reading: .number(unit)) }
        case .indexed where options.timeColumn == nil && options.rowSeconds == nil:
            ignored.insert(0)
            time = try TimeColumn.find(
                names: Array(names.dropFirst()), samples: samples.droppingFirst(), options: options, path: path,
                dates: dates.moved(by: 1)
            ).map { $0.moved(by: 1) }
        default:
            time = try TimeColumn.find(
                names: names, samples: samples, options: options, path: path, dates: dates)
            if format == .indexed { ignored.insert(0) }
            if let first = Self.rowNumberColumn(lower, samples), first != time?.index { ignored.insert(first) }
            // pandas writes such a column more each time that it reads and writes a table.
            ignored.formUnion(
                names.indices.filter {
                    lower[$0].hasPrefix("unnamed: ") && $0 != time?.index && Self.countsRows(samples.columns[$0])
                })
        }
        if let seconds = options.rowSeconds, options.timeColumn == nil {
            for index in names.indices where ColumnNames.mustBeTime(ColumnNames.plain(names[index])) {
                ignored.insert(index)
            }
            (rowSeconds, time) = (seconds, nil)
        }
        time = time.map { $0.withZone(names, samples) }
        let labels = try LabelChoice(names, given: given(options.labelColumn)) {
            LabelCells(samples.columns[$0])
        } whole: {
            try whole.labelCells($0)
        } candidates: { label, marks in
            let taken = ignored.union(time?.indices ?? []).union([entity].compactMap(\.self))
            return names.indices.filter {
                $0 != label && !taken.contains($0)
                    && samples.columns[$0].mayMirror(samples.columns[label], marks: marks)
            }
        } compared: {
            try whole.compared($0)
        }
        let label = labels.index
        let marks = labels.column.decided(options.anomalousSign)
        if label != nil { self.label = marks }
        let tellingLabels = Set(labels.others)
        var clock = ClockRule.rows(seconds: rowSeconds ?? 1)
        let timeKinds = time?.kinds ?? [:]
        switch time?.reading {
        case .number(let unit):
            guard let time else { break }
            clock = .number(column: names[time.index], unit: unit)
            timeUnit = unit
            let isAbsolute = samples.columns[time.index].numbers.first.map { $0 >= 1e8 } ?? false
            if isAbsolute && options.timeUnit == nil && format != .fiveGUserEquipment { timeRange = unit.epochRange }
        case .text, .calendar:
            guard let time else { break }
            clock = .text(column: names[time.index])
            timeFormats = time.formats
            for part in time.parts { timeParts[part.index] = part }
        case nil: break
        }
        let decimalComma = Self.usesDecimalComma(samples, separator: separator)
        fallback = NumberFormat(decimalComma: decimalComma)
        let grouped = try Self.columnsInGroups(
            names.indices.filter { $0 != label && timeKinds[$0] == nil && !ignored.contains($0) }, samples, whole)
        let timeFields = time?.indices ?? []
        let endsOfIntervals = Self.timesOfDay(samples, beside: time)
        let timesRepeat =
            !timeFields.isEmpty
            && timeFields.allSatisfy {
                4 * samples.columns[$0].repeats >= samples.wholeRows
            }
        let isGeneric = format == .generic
        let zabbix = isGeneric && (time?.index).map { ColumnNames.plain(names[$0]) == "clock" } == true
        var textColumns: [String] = []
        var units: [String: String] = [:]
        var notes = repeated.notes + [time?.note].compactMap(\.self)
        var kinds: [RowParser.Kind] = []
        for index in names.indices {
            let column = samples.columns[index]
            let plain = ColumnNames.plain(names[index])
            if index == label {
                kinds.append(.label)
            } else if labels.joined.contains(index) {
                kinds.append(.addedLabel)
            } else if let kind = timeKinds[index] {
                kinds.append(kind)
            } else if ignored.contains(index) || tellingLabels.contains(index) {
                kinds.append(.skip)
            } else if endsOfIntervals.contains(index), index != entity {
                ignored.insert(index)
                kinds.append(.skip)
            } else if zabbix && plain == "ns"
                || isGeneric && ["_start", "_stop", "result", "table"].contains(plain) && lower.contains("_time")
            {
                ignored.insert(index)
                kinds.append(.skip)
            } else if time != nil, ColumnNames.isMoment(plain),
                TimeUnit.areDays(column.hasDecimalCommas ? column.commaNumbers : column.numbers, in: 20_000..<80_000)
            {
                // The days of spreadsheets beside the same times as texts.
                ignored.insert(index)
                kinds.append(.skip)
            } else if index == entity {
                keys[index] = .text
                kinds.append(.key)
            } else if column.texts > 0, column.written.isNumeric, !Self.areGenerations(column),
                let written = try Self.written(column.written, decimalComma, names[index], path)
            {
                if column.written.plain == column.written.fields && !written.decimalComma {
                    kinds.append(.value)
                } else {
                    numberFormats[index] = written
                    kinds.append(.formattedValue)
                }
                units[names[index]] = column.written.unit
                if let note = column.written.bareNote(names[index]) { notes.append(note) }
            } else if column.texts > column.numbers.count
                || (time != nil && timesRepeat && Self.namesAndNumbers(plain, column, samples.wholeRows))
            {
                textColumns.append(names[index])
                // What is longer than any name tells nothing apart: messages, say.
                if keys.count < 64, (column.firstText?.utf8.count ?? 0) <= 256 {
                    keys[index] = .text
                    kinds.append(.key)
                } else {
                    kinds.append(.skip)
                }
            } else if time != nil, column.numbers.count > 0, column.numbers.allSatisfy({ $0 >= 1e8 && $0 < 1e20 }),
                ColumnNames.isMoment(plain)
            {
                ignored.insert(index)
                kinds.append(.skip)
            } else if isGeneric, column.isWhole, ColumnNames.identifiers.contains(plain) {
                ignored.insert(index)
                keys[index] = .identifier
                kinds.append(.key)
            } else if names[index].isEmpty && index > 0 {
                kinds.append(.skip)
            } else {
                if isGeneric, column.isWhole || ColumnNames.fractions.contains(plain), time != nil {
                    if Self.mayNamePart(names[index], plain, column, timesRepeat, hasTime: true) {
                        parts[names[index]] = .part
                    } else if Self.mayComeInBlocks(plain, column), let time,
                        try whole.timesComeAgain(time.index, otherwise: index, above: samples.wholeRows)
                    {
                        parts[names[index]] = ColumnNames.parts.contains(plain) ? .part : .number
                    } else if timesRepeat, Self.mayNumberRows(column),
                        ColumnNames.looseParts.contains(plain) || parts.count < Self.mostParts
                    {
                        parts[names[index]] = .number
                    }
                }
                if column.numbers.isEmpty, column.texts == 0, samples.wholeRows > 0 { openFields.insert(index) }
                if grouped.contains(index)
                    || (decimalComma && column.written.withComma > 0 && column.written.provesPoint == 0
                        && column.written.plain > 0 && column.texts == 0
                        && column.numbers.contains { $0 != $0.rounded() })
                {
                    // `1.234` in a file of decimal commas is one thousand, two hundred and thirty-four.
                    numberFormats[index] = NumberFormat(decimalComma: true)
                    kinds.append(.formattedValue)
                } else {
                    kinds.append(.value)
                }
                if let unit = Self.headerUnit(names[index]) { units[names[index]] = unit }
            }
        }
        if case .number = time?.reading, let time {
            isDisordered = RowOrder(samples.columns[time.index].numbers) != .ascending
        } else if let time, time.reading == .calendar {
            isDisordered = RowOrder(time.moments(samples) ?? []) != .ascending
        } else if let time {
            isDisordered = samples.columns[time.index].times.order != .ascending
        }
        // Where texts may tell rows apart, numbers of any name are what is measured.
        if keys.contains(where: { samples.columns[$0.key].distinct.count > 1 }) {
            parts = parts.filter { $0.value != .number || ColumnNames.looseParts.contains(ColumnNames.plain($0.key)) }
        }
        self.kinds = kinds
        let isValue = { (kind: RowParser.Kind) in kind == .value || kind == .formattedValue }
        schema = names.indices.filter { isValue(kinds[$0]) }.map { names[$0] }
        layout = SourceLayout(
            format: format, separator: String(Character(Unicode.Scalar(separator))), clock: clock,
            labelColumn: nil, textColumns: textColumns,
            ignoredColumns: ignored.subtracting(repeated.same).sorted().map { names[$0] }, units: units)
        labels.describe(names, in: &layout)
        layout.notes += notes
        if let first = grouped.min() {
            let others = grouped.count > 1 ? " and \(grouped.count - 1) other columns" : ""
            layout.notes.append("points stand between groups of digits in the column '\(names[first])'\(others)")
        }
        layout.take(marks)
        if let time, case .text(let written) = time.reading {
            layout.timeFormat = written.shape.rawValue + (time.indices.count == 1 ? "" : ", time of day beside it")
        } else if let time, time.reading == .calendar {
            layout.timeFormat = "a date over " + CleaningPipeline.listed(time.indices.map { names[$0] })
        }
        // Rows that are all ragged have no sample of any column; the reader will name the first of them.
        let sampled = samples.rows == 0 || samples.wholeRows == 0
        guard !schema.isEmpty,
            sampled || zip(kinds, samples.columns).contains(where: { isValue($0) && $1.numbers.count + $1.texts > 0 })
        else {
            let found =
                textColumns.isEmpty
                ? "columns \(CleaningPipeline.listed(names)) and no metric among them"
                : "text in every metric column (\(CleaningPipeline.listed(textColumns)))"
            throw TelemetryError(
                .noNumericColumn, path: path, found: found, expected: "at least one column of numbers")
        }
    }
}

extension ColumnSamples {
    fileprivate func droppingFirst() -> ColumnSamples {
        var rest = self
        rest.columns.removeFirst()
        return rest
    }
}

extension TimeColumn {
    fileprivate func moved(by places: Int) -> TimeColumn {
        var time = self
        time.index += places
        time.timeOfDay? += places
        for part in time.parts.indices { time.parts[part].index += places }
        return time
    }
}
