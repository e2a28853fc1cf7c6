import Platform

/// Rows of named numbers and texts, each row with names of its own: the columns are all names that ever occur.
struct RecordTable {
    let path: String
    var columns: [String: Int32] = [:]
    var names: [String] = []
    var texts: [String: Int32] = [:]
    var textNames: [String] = []
    /// Numbers and texts of all rows, and where each row's begin.
    var numbers: [(column: Int32, value: Double)] = []
    var words: [(column: Int32, text: String)] = []
    var starts: [(number: Int, word: Int, line: Int)] = []
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

    /// Makes numbers of texts that are numbers with their units (`12 ms`), where all of a name are, and tells the units.
    private mutating func readUnits() -> (units: [String: String], notes: [String]) {
        var guesses = textNames.map { _ in NumberGuess() }
        for word in words {
            var text = word.text
            text.withUTF8 { guesses[Int(word.column)].add($0, isPlain: false) }
        }
        var formats: [Int32: NumberFormat] = [:]
        var units: [String: String] = [:]
        var notes: [String] = []
        for number in numbers {
            if let place = texts[names[Int(number.column)]] { guesses[Int(place)].add(bareNumber: number.value) }
        }
        for (place, guess) in guesses.enumerated() where guess.isNumeric {
            let comma = guess.provesComma > guess.provesPoint
            guard (comma ? guess.withComma : guess.withPoint) == guess.fields else { continue }
            formats[Int32(place)] = NumberFormat(decimalComma: comma, suffix: guess.unknownSuffix)
            units[textNames[place]] = guess.unit
            if let note = guess.bareNote(textNames[place]) { notes.append(note) }
        }
        guard !formats.isEmpty else { return ([:], []) }
        let (oldNumbers, oldWords, oldStarts) = (numbers, words, starts)
        (numbers, words) = ([], [])
        for (row, start) in oldStarts.enumerated() {
            let isLast = row + 1 == oldStarts.count
            starts[row] = (numbers.count, words.count, start.line)
            numbers += oldNumbers[start.number..<(isLast ? oldNumbers.count : oldStarts[row + 1].number)]
            for word in oldWords[start.word..<(isLast ? oldWords.count : oldStarts[row + 1].word)] {
                var text = word.text
                if let value = formats[word.column].flatMap({ format in text.withUTF8 { format.number($0) } }) {
                    numbers.append((Self.place(textNames[Int(word.column)], &columns, &names), value))
                } else {
                    words.append(word)
                }
            }
        }
        return (units, notes)
    }

    func numberRange(_ row: Int) -> Range<Int> {
        starts[row].number..<(row + 1 < starts.count ? starts[row + 1].number : numbers.count)
    }

    func wordRange(_ row: Int) -> Range<Int> {
        starts[row].word..<(row + 1 < starts.count ? starts[row + 1].word : words.count)
    }

    /// The table of all rows.
    ///
    /// - Parameter failure: what ended the reading early.
    /// - Throws: ``TelemetryError`` when a time cannot be read, or nothing is a number.
    mutating func table(
        options: ReaderOptions, failure: TelemetryError?, skipped: SkippedRows? = nil, notes: [String]
    ) throws -> AssembledTable {
        let (units, unitNotes) = readUnits()
        func given(_ name: String?) throws -> String? {
            guard let name, columns[name] == nil, texts[name] == nil else { return name }
            throw TelemetryError(
                .missingColumn, path: path, line: 1, field: name, found: "no such member",
                expected: "one of " + CleaningPipeline.listed(names + textNames))
        }
        let all = names + textNames.filter { columns[$0] == nil }
        let labels = try labels(all, given: given(options.labelColumn))
        let marks = labels.column.decided(options.anomalousSign)
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
        try refuseStrange(kept, hasTime: time != nil)
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
        let labelPlaces = Set([labelPlace].compactMap(\.self) + labels.joined.compactMap { columns[all[$0]] })
        if label != nil { rows.labels = [UInt8](repeating: 0, count: rows.times.count) }
        for row in rows.times.indices {
            for (column, value) in numbers[numberRange(row)] {
                if placeOf[Int(column)] >= 0 { rows.values[row * width + placeOf[Int(column)]] = value }
                if labelPlaces.contains(column) { rows.labels?[row] |= marks.label(value) }
            }
            for (column, text) in words[wordRange(row)] where column == labelText {
                var text = text
                rows.labels?[row] = text.withUTF8 { marks.label($0) } ?? 0
            }
        }
        rows.keys = keys(
            rows.times.count, excluding: [time?.name, time?.timeOfDay, label] + tellingLabels, identifiers: identifiers,
            entity: entity)
        if time != nil, 4 * Set(rows.times).count <= 3 * rows.times.count { rows.addParts(parts(among: kept)) }
        let isNodeB = names.contains { $0.hasPrefix("ue_list.") } && names.contains { $0.hasPrefix("cell_metrics.") }
        var layout = SourceLayout(
            format: isNodeB ? .fiveGNodeB : .jsonLines, separator: nil,
            clock: time?.rule ?? .rows(seconds: options.rowSeconds ?? 1), labelColumn: label,
            textColumns: textNames.filter {
                units[$0] == nil && $0 != time?.name && $0 != time?.timeOfDay && $0 != label
                    && !tellingLabels.contains($0)
            },
            ignoredColumns: identifiers.sorted(), timeFormat: time?.format?.shape.rawValue, notes: notes)
        labels.describe(all, in: &layout)
        layout.units = units
        layout.notes += unitNotes
        layout.take(marks)
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
        } candidates: { label, _ in
            all.indices.filter { $0 != label && columns[all[$0]] != nil && texts[all[$0]] == nil }
        } compared: {
            compared($0, all)
        }
    }

    /// How columns go with a label.
    private func compared(_ comparison: LabelComparison, _ all: [String]) -> LabelComparison {
        var comparison = comparison
        let wanted = comparison.columns
        var (numberPlaces, textPlaces): ([Int32: Int], [Int32: Int]) = ([:], [:])
        for place in wanted {
            if let column = columns[all[place]] { numberPlaces[column] = place }
            if let column = texts[all[place]] { textPlaces[column] = place }
        }
        for row in 0..<rowCount where !comparison.isDecided {
            var cells: [(place: Int, cell: LabelCell)] = []
            for (column, value) in numbers[numberRange(row)] {
                if let place = numberPlaces[column] { cells.append((place, value.isNaN ? .missing : .number(value))) }
            }
            for (column, text) in words[wordRange(row)] {
                if let place = textPlaces[column] { cells.append((place, .text(Array(text.utf8)))) }
            }
            let there = Set(cells.map(\.place))
            for place in numberPlaces.values where !there.contains(place) { cells.append((place, .missing)) }
            comparison.add(cells)
        }
        return comparison
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

    /// Refuses what was taken apart into names that are times or places in lists: a document of a kind that is not known.
    private func refuseStrange(_ kept: [Int], hasTime: Bool) throws {
        func parts(_ name: String) -> [Substring] { name.split(separator: ".") }
        func refusal(_ name: String) -> TelemetryError {
            TelemetryError(
                .malformed, path: path, found: "a JSON document of a kind that is not known (its member '\(name)')",
                expected: "an array of objects with times, one object a line, or a known tool's export (docs/data.md)")
        }
        let timed = kept.filter { parts(names[$0]).contains { JSONDocument.isTime(String($0)) } }
        if timed.count > 2, 2 * timed.count >= kept.count { throw refusal(names[timed[0]]) }
        // Buckets of a histogram have a time, and more than one row.
        guard !hasTime || rowCount == 1 else { return }
        let places = kept.filter { parts(names[$0]).contains { $0.utf8.allSatisfy { (0x30...0x39).contains($0) } } }
        if places.count > max(32, 2 * rowCount), 2 * places.count >= kept.count { throw refusal(names[places[0]]) }
    }

    /// Whether all numbers of each name are whole.
    private var wholeColumns: [Bool] {
        var whole = [Bool](repeating: true, count: names.count)
        for (column, value) in numbers where !value.isNaN && value != value.rounded() { whole[Int(column)] = false }
        return whole
    }

    /// Numbers that may tell rows of the same time apart by their names: cores, disks, whatever ends in `id`.
    private func parts(among kept: [Int]) -> Set<String> {
        let whole = wholeColumns
        return Set(
            kept.filter { index in
                let plain = KeyedRows.Key.plain(names[index])
                return whole[index]
                    && (ColumnNames.parts.contains(plain) || ColumnNames.mayIdentify(names[index], plain)
                        || ColumnNames.isHost(plain))
            }.map { names[$0] })
    }

    private func identifierColumns(excluding time: String?) -> Set<String> {
        let whole = wholeColumns
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
}
