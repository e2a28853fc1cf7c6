extension EntitySource {
    /// The rows of all files. Of a plain table they are counted by its lines, without reading a number: those that are
    /// not blank, less the header; a line break inside a quoted field counts as one more row. This is about as fast as
    /// the bytes can be read. Files that hold several entities or series, and JSON, are read.
    ///
    /// - Parameter isCancelled: whether the answer is no longer wanted; it is then too small.
    /// - Throws: ``TelemetryError`` when a file cannot be read.
    public func countRows(isCancelled: () -> Bool = { false }) throws -> Int {
        if let rows = self.rows { return rows.provider.countRows() }
        var rows = 0
        for path in files where !isCancelled() {
            let opened = try OpenedFile(path, options: ReaderOptions(), firstRow: 0)
            guard case .streaming = opened else {
                var reader = opened.reader(of: entity, firstRow: 0)
                while !isCancelled(), let frame = try reader?.nextChunk(maximumRows: 1 << 16) { rows += frame.rowCount }
                continue
            }
            let (stream, _) = try TextFile.open(path, options: ReaderOptions())
            var lines = 0
            var first: UInt8?
            /// Whether the line so far holds more than blanks.
            var isBlank = true
            while !isCancelled() {
                for byte in stream.unread {
                    if byte == 0x0A {
                        lines += isBlank ? 0 : 1
                        isBlank = true
                    } else if byte > 0x20 {
                        if first == nil, byte < 0x80 { first = byte }
                        isBlank = false
                    }
                }
                stream.consume(stream.count)
                guard !stream.isAtEnd else { break }
                try stream.fill()
            }
            lines += isBlank ? 0 : 1
            let isJSON = first == 0x7B || first == 0x5B
            rows += max(0, lines - (isJSON ? 0 : 1))
        }
        return rows
    }
}

extension GroupRules {
    /// The rows behind each group: those of every source that has a column in it. A group has a type in its name where
    /// types have different columns in it, as in a model made of just these sources if all are of one scale.
    public func rowsPerGroup(
        of sources: [(type: String, columns: [String], rows: Int)]
    ) -> [MetricGroup: Int] {
        var known: [String: MetricGroup] = [:]
        var columns: [MetricGroup: [String: Set<String>]] = [:]
        var rows: [MetricGroup: [String: Int]] = [:]
        for source in sources {
            var groups: Set<MetricGroup> = []
            let unwanted = leftOut(of: source.columns)
            for column in source.columns where !unwanted.contains(column) {
                let group = known[column] ?? group(for: column)
                known[column] = group
                columns[group, default: [:]][source.type, default: []].insert(column)
                groups.insert(group)
            }
            for group in groups { rows[group, default: [:]][source.type, default: 0] += source.rows }
        }
        var result: [MetricGroup: Int] = [:]
        for (group, byType) in rows {
            let isShared = Set((columns[group] ?? [:]).values).count == 1
            for (type, count) in byType { result[isShared ? group : group.specialised(type), default: 0] += count }
        }
        return result
    }
}
