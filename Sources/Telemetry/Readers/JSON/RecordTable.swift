import Platform

/// Rows of named numbers and texts, each row with names of its own: the columns are all names that ever occur.
struct RecordTable {
    private let path: String
    private var columns: [String: Int32] = [:]
    private var names: [String] = []
    private var texts: [String: Int32] = [:]
    private var textNames: [String] = []
    /// Numbers and texts of all rows, and where each row's begin.
    private var numbers: [(column: Int32, value: Double)] = []
    private var words: [(column: Int32, text: String)] = []
    private var starts: [(number: Int, word: Int, line: Int)] = []
    /// Names that only count the elements of lists.
    private var counts: Set<String> = []

    init(path: String) { self.path = path }

    var rowCount: Int { starts.count }

    mutating func add(_ record: FlatRecord, line: Int) throws {
        starts.append((numbers.count, words.count, line))
        for (name, value) in record.numbers { numbers.append((Self.place(name, &columns, &names), value)) }
        for (name, text) in record.texts { words.append((Self.place(name, &texts, &textNames), text)) }
        counts.formUnion(record.counts)
        guard numbers.count + words.count <= SeriesAssembly.maximumPoints else { throw SeriesAssembly.tooLarge(path) }
    }

    private static func place(_ name: String, _ known: inout [String: Int32], _ names: inout [String]) -> Int32 {
        if let place = known[name] { return place }
        let place = Int32(names.count)
        known[name] = place
        names.append(name)
        return place
    }

    private func numberRange(_ row: Int) -> Range<Int> {
        starts[row].number..<(row + 1 < starts.count ? starts[row + 1].number : numbers.count)
    }

    private func wordRange(_ row: Int) -> Range<Int> {
        starts[row].word..<(row + 1 < starts.count ? starts[row + 1].word : words.count)
    }

    /// The table of all rows.
    ///
    /// - Parameter failure: what ended the reading early.
    /// - Throws: ``TelemetryError`` when a time cannot be read, or nothing is a number.
    func table(options: ReaderOptions, failure: TelemetryError?, skipped: SkippedRows? = nil, notes: [String]) throws
        -> AssembledTable
    {
        func given(_ name: String?) throws -> String? {
            guard let name, columns[name] == nil, texts[name] == nil else { return name }
            throw TelemetryError(
                .missingColumn, path: path, line: 1, field: name, found: "no such member",
                expected: "one of " + CleaningPipeline.listed(names + textNames))
        }
        let all = names + textNames.filter { columns[$0] == nil }
        let labels = try labels(all, given: given(options.labelColumn))
        let marks = labels.column.decided(onlyOnesAreNormal: options.onlyOnesAreNormal)
        let label = labels.index.map { all[$0] }
        let tellingLabels = labels.others.map { all[$0] }
        let entity = try given(options.entityColumn)
        let time =
            try options.rowSeconds == nil || options.timeColumn != nil
            ? timeColumn(given: given(options.timeColumn), options: options) : nil
        var failure = failure
        var rows = KeyedRows(schema: [], keys: [])
        let timed = times(time, options: options)
        rows.times = timed.times
        if let error = timed.failure { failure = error }
        guard rows.times.count > 0 else {
            throw failure ?? TelemetryError(.empty, path: path, found: "no row", expected: "rows with a time")
        }
        // A name that is a text in most rows is no number, even where a few spell one.
        var textRows = [Int](repeating: 0, count: textNames.count)
        for word in words { textRows[Int(word.column)] += 1 }
        let textual = Set(textNames.filter { name in texts[name].map { 2 * textRows[Int($0)] > rowCount } ?? false })
        let identifiers = identifierColumns(excluding: time?.name)
        let nanoseconds = time?.name == "clock" ? "ns" : nil
        let kept = names.indices.filter { index in
            let name = names[index]
            return name != time?.name && name != label && name != entity && name != nanoseconds
                && !textual.contains(name) && !identifiers.contains(name) && !tellingLabels.contains(name)
        }
        try check(kept, options: options)
        var placeOf = [Int](repeating: -1, count: names.count)
        for (place, index) in kept.enumerated() { placeOf[index] = place }
        let width = kept.count
        guard rows.times.count.multipliedReportingOverflow(by: width).partialValue <= SeriesAssembly.maximumPoints
        else {
            throw SeriesAssembly.tooLarge(path)
        }
        rows.schema = kept.map { names[$0] }
        rows.values = [Double](repeating: .nan, count: rows.times.count * width)
        let (labelPlace, labelText) = (label.flatMap { columns[$0] }, label.flatMap { texts[$0] })
        if label != nil { rows.labels = [UInt8](repeating: 0, count: rows.times.count) }
        for row in rows.times.indices {
            for (column, value) in numbers[numberRange(row)] {
                if placeOf[Int(column)] >= 0 { rows.values[row * width + placeOf[Int(column)]] = value }
                if column == labelPlace { rows.labels?[row] = marks.label(value) }
            }
            for (column, text) in words[wordRange(row)] where column == labelText {
                var text = text
                rows.labels?[row] = text.withUTF8 { marks.label($0) } ?? 0
            }
        }
        rows.keys = keys(
            rows.times.count, excluding: [time?.name, label] + tellingLabels, identifiers: identifiers, entity: entity)
        let isNodeB = names.contains { $0.hasPrefix("ue_list.") } && names.contains { $0.hasPrefix("cell_metrics.") }
        var layout = SourceLayout(
            format: isNodeB ? .fiveGNodeB : .jsonLines, separator: nil,
            clock: time?.rule ?? .rows(seconds: options.rowSeconds ?? 1), labelColumn: label,
            textColumns: textNames.filter { $0 != time?.name && $0 != label && !tellingLabels.contains($0) },
            ignoredColumns: identifiers.sorted(), timeFormat: time?.format?.shape.rawValue, notes: notes)
        layout.tellingLabels = tellingLabels
        (layout.hasOnlyOnes, layout.hasSignedLabels) = (marks.isUndecided, marks.isSigned)
        return try rows.table(layout: layout, options: options, failure: failure, skipped: skipped, path: path)
    }

    /// Which name marks anomalies, among all: those of numbers and of texts alone.
    private func labels(_ all: [String], given: String?) -> LabelChoice {
        var cells: [Int: LabelCells] = [:]
        for (index, name) in all.enumerated() where name == given || LabelName(name) != nil {
            var own = LabelCells()
            if let place = columns[name] {
                for number in numbers where number.column == place { own.add(number.value) }
            }
            if let place = texts[name] {
                for word in words where word.column == place { own.add(text: Array(word.text.utf8)) }
            }
            cells[index] = own
        }
        return LabelChoice(all, given: given.flatMap { all.firstIndex(of: $0) }) {
            cells[$0] ?? LabelCells()
        } whole: { _ in
            cells
        }
    }

    private func check(_ kept: [Int], options: ReaderOptions) throws {
        let isKept = Set(kept.map { Int32($0) })
        let isFinite = numbers.contains { $0.value.isFinite && isKept.contains($0.column) }
        let onlyCounts = kept.allSatisfy { counts.contains(names[$0]) } && rowCount == 1
        guard !kept.isEmpty, isFinite, !onlyCounts else {
            throw TelemetryError(
                .noNumericColumn, path: path,
                found: "objects without numbers (\(CleaningPipeline.listed(names + textNames)))",
                expected: "at least one number in each object")
        }
        guard kept.count <= options.maximumColumns else {
            throw TelemetryError(
                .limitExceeded, path: path, found: "\(kept.count) columns",
                expected: "at most \(options.maximumColumns)")
        }
    }

    private func identifierColumns(excluding time: String?) -> Set<String> {
        var whole = [Bool](repeating: true, count: names.count)
        for (column, value) in numbers where value != value.rounded() { whole[Int(column)] = false }
        return Set(
            names.indices.filter { index in
                names[index] != time && whole[index]
                    && ColumnNames.identifiers.contains(KeyedRows.Key.plain(names[index]))
            }.map { names[$0] })
    }

    private func keys(
        _ rows: Int, excluding others: [String?], identifiers: Set<String>, entity: String?
    ) -> [KeyedRows.Key] {
        var keys: [KeyedRows.Key] = []
        var places: [String: Int] = [:]
        func open(_ name: String, _ kind: KeyedRows.Key.Kind) {
            places[name] = keys.count
            // A row without the text has the empty one.
            keys.append(KeyedRows.Key(name: name, kind: kind, codes: [Int32](repeating: 0, count: rows), words: [""]))
        }
        for name in textNames where !others.contains(name) && keys.count < 64 { open(name, .text) }
        for name in names where identifiers.contains(name) || name == entity {
            open(name, name == entity ? .text : .identifier)
        }
        var codes = keys.map { _ in [String: Int32]() }
        func set(_ row: Int, _ name: String, _ text: String) {
            guard let place = places[name] else { return }
            let next = Int32(keys[place].words.count)
            let code = codes[place][text] ?? next
            if code == next {
                guard keys[place].words.count < KeyWords.limit else { return }
                codes[place][text] = code
                keys[place].words.append(text)
            }
            keys[place].codes[row] = code
        }
        for row in 0..<rows {
            for (column, text) in words[wordRange(row)] { set(row, textNames[Int(column)], text) }
            for (column, value) in numbers[numberRange(row)] where places[names[Int(column)]] != nil {
                set(row, names[Int(column)], Int(exactly: value).map(String.init) ?? "\(value)")
            }
        }
        // Where every row has a text, the empty one is not among them.
        for place in keys.indices where !keys[place].codes.contains(0) {
            keys[place].words.removeFirst()
            for row in keys[place].codes.indices { keys[place].codes[row] -= 1 }
        }
        return keys
    }

    // MARK: Times

    private struct Time {
        var name: String
        var unit = TimeUnit.seconds
        var range = -Double.infinity...Double.infinity
        var format: TimeFormat?
        var rule: ClockRule { format == nil ? .number(column: name, unit: unit) : .text(column: name) }
    }

    private func timeColumn(given: String?, options: ReaderOptions) throws -> Time? {
        if let given { return try timeColumn(given, must: true, options: options) }
        var found: [(rank: Int, name: String)] = []
        for name in names + textNames.filter({ columns[$0] == nil }) {
            if let rank = ColumnNames.times.firstIndex(of: KeyedRows.Key.plain(name)) { found.append((rank, name)) }
        }
        var failure: (any Error)?
        for (rank, name) in found.sorted(by: { $0.rank < $1.rank }) {
            let must = ColumnNames.mustBeTime(ColumnNames.times[rank])
            do {
                if let time = try timeColumn(name, must: must, options: options) { return time }
            } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
        return nil
    }

    private func timeColumn(_ name: String, must: Bool, options: ReaderOptions) throws -> Time? {
        var time = Time(name: name)
        let own =
            columns[name].map { column in numbers.filter { $0.column == column && $0.value.isFinite }.map(\.value) }
            ?? []
        if let first = own.first {
            guard must || own.allSatisfy({ $0 >= 1e8 && $0 < 1e20 }) else { return nil }
            time.unit =
                options.timeUnit ?? TimeUnit.detected(name: name, values: Array(own.prefix(200)))
            if first >= 1e8 && options.timeUnit == nil { time.range = time.unit.epochRange }
            return time
        }
        var guess = TimeFormatGuess()
        var sample: String?
        if let column = texts[name] {
            for word in words where word.column == column {
                var text = word.text
                sample = sample ?? text
                text.withUTF8 { guess.add($0) }
            }
        }
        let order: TimeFormat.Shape? = options.dateOrder.map { $0 == .dayMonth ? .dayFirst : .monthFirst }
        guard let shape = guess.isAmbiguous ? guess.shape ?? order : guess.shape, shape != .timeOfDay,
            2 * guess.best >= guess.texts
        else {
            guard must, guess.texts > 0 else { return nil }
            throw TelemetryError(
                .badTime, path: path, field: name, found: "'\(sample ?? "")'",
                expected: guess.isAmbiguous ? "--date-order day-month or month-day" : TimeFormat.accepted)
        }
        time.format = TimeFormat(shape)
        return time
    }

    /// The times of the rows up to the first that has none.
    private func times(_ time: Time?, options: ReaderOptions) -> (times: [Double], failure: TelemetryError?) {
        guard let time else { return ((0..<rowCount).map { Double($0) * (options.rowSeconds ?? 1) }, nil) }
        let (column, textColumn) = (columns[time.name], texts[time.name])
        var result: [Double] = []
        for row in 0..<rowCount {
            func failure(_ found: String?, _ expected: String) -> TelemetryError {
                TelemetryError(
                    .badTime, path: path, line: starts[row].line, field: time.name, found: found ?? "no time",
                    expected: expected)
            }
            let number = numbers[numberRange(row)].first { $0.column == column }?.value
            if let number, number.isFinite {
                guard time.range.contains(number) else {
                    return (result, failure("\(number)", "the unit of the rows before: one unit in a file"))
                }
                result.append(time.unit.seconds(number))
                continue
            }
            var text = words[wordRange(row)].first { $0.column == textColumn }?.text
            let format = time.format ?? TimeFormat(.yearFirst)
            guard let seconds = text?.withUTF8({ format.seconds($0) }) else {
                return (result, failure(text.map { "'\($0)'" }, "a number or a date and time"))
            }
            result.append(seconds)
        }
        return (result, nil)
    }
}
