/// What the first rows of a file hold, column by column.
struct ColumnSamples {
    /// What was seen in one column.
    struct Column {
        var numbers: [Double] = []
        var missing = 0
        var texts = 0
        var timestamps = 0
        var firstText: String?
    }

    var columns: [Column]
    /// Rows seen, and those with as many fields as the header.
    var rows = 0
    var wholeRows = 0

    /// Looks at up to ``DelimitedHeader/sampleRows`` complete rows; rows with another number of fields are left to the
    /// reader to complain about.
    init(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int, atEnd: Bool, splitter: RowSplitter, columns count: Int) {
        columns = Array(repeating: Column(), count: count)
        var cursor = start
        while rows < DelimitedHeader.sampleRows, cursor < bytes.count,
            let row = splitter.split(bytes, from: cursor, atEnd: atEnd)
        {
            cursor = row.next
            if row.fields.count == 1 && row.fields[0].isEmpty { continue }
            rows += 1
            guard row.fields.count == count else { continue }
            wholeRows += 1
            for (index, range) in row.fields.enumerated() {
                let field = UnsafeBufferPointer(rebasing: bytes[range])
                switch FieldText.content(field) {
                case .number(let value): columns[index].numbers.append(value)
                case .missing: columns[index].missing += 1
                case .text:
                    columns[index].texts += 1
                    if FieldText.timestamp(field) != nil { columns[index].timestamps += 1 }
                    if columns[index].firstText == nil { columns[index].firstText = FieldText.text(field) }
                }
            }
        }
    }
}

/// Decides what becomes of each column of a separated text.
struct ColumnChoice {
    let kinds: [RowParser.Kind]
    let schema: [String]
    let layout: SourceLayout

    init(
        names: [String], samples: ColumnSamples, separator: UInt8, options: ReaderOptions, path: String
    ) throws {
        let lower = names.map { $0.lowercased() }
        func position(_ name: String) -> Int? { lower.firstIndex(of: name) }
        func given(_ name: String?) throws -> Int? {
            guard let name else { return nil }
            if let index = names.firstIndex(of: name) { return index }
            throw TelemetryError(
                .missingColumn, path: path, line: 1, field: name, found: "no such column",
                expected: "one of " + CleaningPipeline.listed(names))
        }
        let label = try given(options.labelColumn) ?? position("label") ?? position("is_anomaly")
        let format = Self.format(lower)
        var time = try given(options.timeColumn)
        var ignored: Set<Int> = []
        var rowSeconds: Double?
        switch format {
        case .fiveGENodeB where time == nil:
            // The clock is a sample counter rounded to tens; rows are 80 ms apart.
            rowSeconds = options.rowSeconds ?? 0.08
            if let counter = position("time") { ignored.insert(counter) }
        case .indexed:
            ignored.insert(0)
            time = time ?? 1
        default:
            time = time ?? Self.timeColumn(lower, samples)
            if let first = Self.rowNumberColumn(lower, samples), first != time { ignored.insert(first) }
        }
        if let seconds = options.rowSeconds, options.timeColumn == nil {
            if let time { ignored.insert(time) }
            (rowSeconds, time) = (seconds, nil)
        }
        var clock = ClockRule.rows(seconds: rowSeconds ?? 1)
        var timeKind = RowParser.Kind.numericTime
        if let time {
            let column = samples.columns[time]
            if column.texts > column.numbers.count {
                clock = .text(column: names[time])
                timeKind = .textTime
            } else {
                let unit = options.timeUnit ?? Self.unit(lower[time], column.numbers, format)
                clock = .number(column: names[time], unit: unit)
            }
        }
        var textColumns: [String] = []
        let kinds: [RowParser.Kind] = names.indices.map { index in
            if index == label { return .label }
            if index == time { return timeKind }
            if ignored.contains(index) { return .skip }
            let column = samples.columns[index]
            if column.texts > column.numbers.count {
                textColumns.append(names[index])
                return .skip
            }
            return .value
        }
        self.kinds = kinds
        schema = names.indices.filter { kinds[$0] == .value }.map { names[$0] }
        layout = SourceLayout(
            format: format, separator: String(Character(Unicode.Scalar(separator))), clock: clock,
            labelColumn: label.map { names[$0] }, textColumns: textColumns,
            ignoredColumns: ignored.sorted().map { names[$0] })
        // Rows that are all ragged have no sample of any column; the reader will name the first of them.
        let sampled = samples.rows == 0 || samples.wholeRows == 0
        guard !schema.isEmpty,
            sampled || zip(kinds, samples.columns).contains(where: { $0 == .value && !$1.numbers.isEmpty })
        else {
            let found =
                textColumns.isEmpty
                ? "columns \(CleaningPipeline.listed(names)) and no metric among them"
                : "text in every metric column (\(CleaningPipeline.listed(textColumns)))"
            throw TelemetryError(
                .noNumericColumn, path: path, found: found, expected: "at least one column of numbers")
        }
    }

    private static func format(_ lower: [String]) -> SourceFormat {
        let set = Set(lower)
        if set.isSuperset(of: ["time", "nof_ue", "proc_rmem"]) { return .fiveGENodeB }
        if set.isSuperset(of: ["time", "earfcn", "rsrp", "pci"]) { return .fiveGUserEquipment }
        if set.contains("timestamp"),
            lower.contains(where: { $0.hasPrefix("fivegs_") }) || set.contains("process_cpu_seconds_total")
        {
            return .fiveGCoreFunction
        }
        if lower.count > 2 && lower[0] == "index" && lower[1] == "timestamp" { return .indexed }
        return .generic
    }

    private static let timeNames: [String] = [
        "timestamp", "time", "datetime", "date_time", "@timestamp", "ts", "time_s", "time_ms", "time_us", "time_ns",
        "timestamp_s", "timestamp_ms", "timestamp_us", "timestamp_ns", "epoch", "epoch_ms", "unix_time", "date",
    ]

    private static func timeColumn(_ lower: [String], _ samples: ColumnSamples) -> Int? {
        for name in timeNames {
            guard let index = lower.firstIndex(of: name) else { continue }
            let column = samples.columns[index]
            // A few cells that are no time are errors of the file, not a reason to do without its clock.
            let times = column.numbers.count + column.timestamps
            if column.texts == 0 || (times > 0 && 2 * times >= column.numbers.count + column.texts) { return index }
        }
        return samples.columns.firstIndex { $0.texts > 0 && $0.timestamps == $0.texts && $0.numbers.isEmpty }
    }

    private static func rowNumberColumn(_ lower: [String], _ samples: ColumnSamples) -> Int? {
        guard ["", "index", "unnamed: 0", "row", "row_id"].contains(lower[0]) else { return nil }
        let numbers = samples.columns[0].numbers
        guard lower[0] != "" else { return 0 }
        return zip(numbers, numbers.dropFirst()).allSatisfy { $1 - $0 == 1 } ? 0 : nil
    }

    static func unit(_ name: String, _ values: [Double], _ format: SourceFormat) -> TimeUnit {
        if format == .fiveGUserEquipment { return .milliseconds }
        if name.hasSuffix("_ms") { return .milliseconds }
        if name.hasSuffix("_us") { return .microseconds }
        if name.hasSuffix("_ns") { return .nanoseconds }
        // An epoch in seconds has 10 digits between 2001 and 2286; each further unit adds three.
        switch values.first?.magnitude ?? 0 {
        case 1e17...: return .nanoseconds
        case 1e14...: return .microseconds
        case 1e11...: return .milliseconds
        default: return .seconds
        }
    }
}
