/// Looks at every cell of some columns of a separated text, where its first rows leave open what a column is.
struct WholeColumns {
    let path: String
    let options: ReaderOptions
    let separator: UInt8
    /// Fields of a row; others are passed over.
    let count: Int
    /// Whether the rows are objects of a JSON text (``JSONRows``).
    var isJSON = false

    /// Calls `body` with the place of each column, and its cells one after the other.
    ///
    /// - Throws: ``TelemetryError`` when the file cannot be read.
    func forEach(_ columns: [Int], _ body: (Int, UnsafeBufferPointer<UInt8>) -> Void) throws {
        try forRows(columns) { row in
            for (column, field) in row.fields { body(column, row.cell(field)) }
            return true
        }
    }

    /// The wanted fields of a row, in the order of the columns.
    struct Row {
        fileprivate let bytes: UnsafeBufferPointer<UInt8>
        let fields: [(column: Int, field: Range<Int>)]

        /// The bytes of a field.
        func cell(_ field: Range<Int>) -> UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(rebasing: bytes[field]) }
    }

    /// Calls `body` with each row, as long as it wants to go on.
    ///
    /// - Throws: ``TelemetryError`` when the file cannot be read.
    private func forRows(_ columns: [Int], _ body: (Row) -> Bool) throws {
        var (stream, _) = try TextFile.open(path, options: options)
        if isJSON { stream = try JSONRows.table(stream) }
        var wanted = [Bool](repeating: false, count: count)
        for column in columns { wanted[column] = true }
        var isHeader = true
        var found: [(column: Int, field: Range<Int>)] = []
        while true {
            let bytes = UnsafeBufferPointer(stream.unread)
            var cursor = 0
            while cursor < bytes.count {
                found.removeAll(keepingCapacity: true)
                guard let row = row(bytes, from: cursor, atEnd: stream.isAtEnd, wanted, &found) else { break }
                let isBlank = row.next - cursor <= 1 || (row.fields == 1 && bytes[cursor] == 0x0D)
                cursor = row.next
                if isBlank { continue }
                if !isHeader && row.fields == count {
                    guard body(Row(bytes: bytes, fields: found)) else { return }
                }
                isHeader = false
            }
            stream.consume(cursor)
            guard !stream.isAtEnd, stream.count <= options.maximumLineBytes else { return }
            try stream.fill()
        }
    }

    /// The wanted fields of the row at `start`, how many it has and where the next one begins; `nil` where it is not all
    /// there.
    private func row(
        _ bytes: UnsafeBufferPointer<UInt8>, from start: Int, atEnd: Bool, _ wanted: [Bool],
        _ found: inout [(column: Int, field: Range<Int>)]
    ) -> (next: Int, fields: Int)? {
        var (cursor, fieldStart, field) = (start, start, 0)
        while true {
            if cursor == fieldStart, cursor < bytes.count, bytes[cursor] == 0x22 {
                guard let close = RowSplitter.closingQuote(bytes, after: cursor) else { return nil }
                cursor = close + 1
            }
            while cursor < bytes.count, bytes[cursor] != separator, bytes[cursor] != 0x0A { cursor += 1 }
            guard cursor < bytes.count || atEnd else { return nil }
            if field < count, wanted[field] {
                let end = cursor > fieldStart && bytes[cursor - 1] == 0x0D ? cursor - 1 : cursor
                found.append((field, fieldStart..<end))
            }
            field += 1
            if cursor == bytes.count || bytes[cursor] == 0x0A { return (min(cursor + 1, bytes.count), field) }
            cursor += 1
            fieldStart = cursor
        }
    }

    /// How the numbers of a column are written, told by all its cells; `nil` where they are no numbers of one format, or where
    /// what reads as a plain decimal is another number in it.
    ///
    /// - Throws: as ``forEach(_:_:)``.
    func format(of column: Int, usesComma: Bool) throws -> NumberFormat? {
        var guess = NumberGuess()
        try forEach([column]) { _, field in
            switch FieldText.content(field) {
            case .number: guess.add(field, isPlain: true)
            case .text: guess.add(field, isPlain: false)
            case .missing: break
            }
        }
        guard guess.isNumeric, guess.bareNote("") == nil,
            let format = try ColumnChoice.written(guess, usesComma, "", path)
        else { return nil }
        var isSame = true
        try forEach([column]) { _, field in
            guard isSame, case .number(let number) = FieldText.content(field), number.isFinite else { return }
            isSame = format.number(field) == number
        }
        return isSame ? format : nil
    }

    /// The different cells of columns that may mark anomalies.
    ///
    /// - Throws: as ``forEach(_:_:)``.
    func labelCells(_ columns: [Int]) throws -> [Int: LabelCells] {
        let place = FileIdentity(path, options).map { Place(file: $0, columns: columns) }
        if let place, let cells = Self.known.value(for: place) { return cells }
        var cells = Dictionary(uniqueKeysWithValues: columns.map { ($0, LabelCells()) })
        // Rows lie in runs of the same mark: what is the cell of the row before is not looked at again.
        var runs: [Int: (cell: [UInt8], length: Int)] = [:]
        func end(_ column: Int) {
            guard let run = runs[column] else { return }
            run.cell.withUnsafeBufferPointer { cells[column]?.add($0, times: run.length) }
        }
        try forEach(columns) { column, field in
            if let run = runs[column], run.cell.elementsEqual(field) {
                runs[column]?.length += 1
            } else {
                end(column)
                runs[column] = (Array(field), 1)
            }
        }
        for column in columns { end(column) }
        if let place { Self.known.keep(cells, for: place) }
        return cells
    }

    /// Whether times of the first rows come again below with another cell in a column: rows of several things lie one block
    /// behind the other.
    ///
    /// - Throws: as ``forEach(_:_:)``.
    func timesComeAgain(_ time: Int, otherwise column: Int, above rows: Int) throws -> Bool {
        var known: [[UInt8]: [UInt8]] = [:]
        var (row, comesAgain) = (0, false)
        try forRows([time, column]) { cells in
            guard let moment = cells.fields.first(where: { $0.column == time }),
                let thing = cells.fields.first(where: { $0.column == column })
            else { return true }
            let name = Array(cells.cell(moment.field))
            if let other = known[name] {
                comesAgain = !other.elementsEqual(cells.cell(thing.field))
            } else if row < rows {
                known[name] = Array(cells.cell(thing.field))
            }
            row += 1
            return !comesAgain
        }
        return comesAgain
    }

    /// How columns go with a label.
    ///
    /// - Throws: as ``forEach(_:_:)``.
    func compared(_ comparison: LabelComparison) throws -> LabelComparison {
        let columns = comparison.columns
        let place = FileIdentity(path, options).map { Place(file: $0, columns: columns) }
        if let place, let known = Self.compared.value(for: place) { return known }
        var comparison = comparison
        try forRows(columns) { row in
            guard let label = row.fields.first(where: { $0.column == columns[0] }) else { return true }
            comparison.begin(LabelCell(row.cell(label.field)))
            for (column, field) in row.fields where column != columns[0] {
                comparison.add(LabelCell(row.cell(field)), of: column)
            }
            return !comparison.isDecided
        }
        if let place { Self.compared.keep(comparison, for: place) }
        return comparison
    }

    /// The second columns of those pairs whose cells are the same in every row.
    ///
    /// - Throws: as ``forEach(_:_:)``.
    func repeats(_ pairs: [(first: Int, again: Int)]) throws -> Set<Int> {
        let columns = Set(pairs.flatMap { [$0.first, $0.again] }).sorted()
        let place = FileIdentity(path, options).map { Place(file: $0, columns: columns) }
        if let place, let known = Self.repeated.value(for: place) { return known }
        let positions = Dictionary(uniqueKeysWithValues: columns.enumerated().map { ($0.element, $0.offset) })
        var left = pairs
        try forRows(columns) { row in
            left.removeAll { pair in
                guard let first = positions[pair.first], let again = positions[pair.again] else { return true }
                return !row.cell(row.fields[first].field).elementsEqual(row.cell(row.fields[again].field))
            }
            return !left.isEmpty
        }
        let same = Set(left.map(\.again))
        if let place { Self.repeated.keep(same, for: place) }
        return same
    }

    /// What the dates of a column show of their order, as far as it is needed; `nil` where the file has another header.
    ///
    /// - Throws: as ``forEach(_:_:)``.
    func times(_ column: Int, below header: [UInt8]) throws -> TimeFormatGuess? {
        guard try self.header() == header else { return nil }
        return try times(column)
    }

    /// What the dates of a column show of their order, as far as it is needed.
    ///
    /// - Throws: as ``forEach(_:_:)``.
    func times(_ column: Int) throws -> TimeFormatGuess {
        var guess = TimeFormatGuess()
        try forRows([column]) { row in
            for (_, field) in row.fields { guess.add(row.cell(field)) }
            return guess.best == 0 || guess.shown == nil
        }
        return guess
    }

    /// The first line that is not blank, without its end.
    ///
    /// - Throws: as ``forEach(_:_:)``.
    func header() throws -> [UInt8] {
        let (stream, _) = try TextFile.open(path, options: options)
        _ = DelimitedHeader.skipBlankLines(stream)
        try stream.fill(atLeast: DelimitedHeader.sampleBytes)
        return Array(stream.unread.prefix { $0 != 0x0A && $0 != 0x0D })
    }

    private struct Place: Hashable {
        let file: FileIdentity
        let columns: [Int]
    }

    private static let known = FileMemo<Place, [Int: LabelCells]>(most: 256)
    private static let repeated = FileMemo<Place, Set<Int>>(most: 256)
    private static let compared = FileMemo<Place, LabelComparison>(most: 256)
}
