/// Looks at every cell of some columns of a separated text, where its first rows leave open what a column is.
struct WholeColumns {
    let path: String
    let options: ReaderOptions
    let separator: UInt8
    /// Fields of a row; others are passed over.
    let count: Int

    /// Calls `body` with the place of each column, and its cells one after the other.
    ///
    /// - Throws: ``TelemetryError`` when the file cannot be read.
    func forEach(_ columns: [Int], _ body: (Int, UnsafeBufferPointer<UInt8>) -> Void) throws {
        let (stream, _) = try TextFile.open(path, options: options)
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
                    for (column, field) in found { body(column, UnsafeBufferPointer(rebasing: bytes[field])) }
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

    private struct Place: Hashable {
        let file: FileIdentity
        let columns: [Int]
    }

    private static let known = FileMemo<Place, [Int: LabelCells]>(most: 256)
}
