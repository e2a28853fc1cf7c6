import Platform

/// Parses rows straight from the buffer into the table: the one loop that reading time is spent in.
struct RowParser {
    /// What becomes of a field.
    enum Kind: UInt8 {
        case value, formattedValue, skip, numericTime, textTime, addedTime, label, addedLabel, key
    }

    /// Why parsing stopped.
    enum Stop {
        /// All complete rows are parsed, or enough rows are.
        case done
        /// A quoted field goes on beyond the bytes at hand.
        case incomplete
    }

    let separator: UInt8
    let kinds: [Kind]
    let textIsMissing: Bool
    /// For messages.
    let path: String
    let names: [String]
    /// How text times and numbers that are no plain decimals are written, by field.
    var timeFormats: [Int: TimeFormat] = [:]
    /// How many seconds the numbers are that are part of the time, by field.
    var timeScales: [Int: Double] = [:]
    var numberFormats: [Int: NumberFormat] = [:]
    /// What a numeric time may be.
    var timeRange = -Double.infinity...Double.infinity
    /// Columns in which nothing stood in the first rows: a text there is no error of the file.
    var openFields: Set<Int> = []
    /// How numbers in groups of digits are written in a column that seemed plain.
    var fallback = NumberFormat()
    /// Who gives the texts of key columns their codes, and which of them stands where in a row's codes.
    var keyWords: [KeyWords] = []
    var keyPlaces: [Int: Int] = [:]
    /// What the label column's cells say.
    var label = LabelColumn()
    /// Whether a row of separators alone, as spreadsheets write below a table, is none: where rows have times.
    var passesEmptyRows = false

    /// Where parsed rows go.
    struct Destination {
        var values: UnsafeMutablePointer<Double>
        var times: UnsafeMutablePointer<Double>
        var labels: UnsafeMutablePointer<UInt8>
        /// `[rows × keys]`; not written to without key columns.
        var keys: UnsafeMutablePointer<Int32>
    }

    /// Parses complete rows from `start` up to `limit`, at most `maximumRows`.
    ///
    /// - Precondition: at `limit` or just before it stands a line feed, and `limit` can be read.
    /// - Returns: number of rows and where the next one begins.
    /// - Throws: ``TelemetryError`` for a row that cannot be read; `rows` tells how many were before it, `next` where it
    ///   begins.
    func parse(
        from start: UnsafePointer<UInt8>, to limit: UnsafePointer<UInt8>, maximumRows: Int,
        into destination: Destination, rows: inout Int, line: inout Int, next begin: inout UnsafePointer<UInt8>
    ) throws -> (next: UnsafePointer<UInt8>, stop: Stop) {
        try kinds.withUnsafeBufferPointer { kinds in
            try DecimalParser.withPowersOfTen { powers in
                let separator = self.separator
                let lastField = kinds.count - 1
                var out = destination.values
                var cursor = start
                rows = 0
                while rows < maximumRows && cursor < limit {
                    let first = cursor.pointee
                    if first == 0x0A || (first == 0x0D && cursor[1] == 0x0A) {
                        cursor += first == 0x0A ? 1 : 2
                        line += 1
                        continue
                    }
                    if passesEmptyRows, first == separator, let end = emptyRowEnd(cursor, limit) {
                        cursor = end
                        line += 1
                        continue
                    }
                    let rowStart = cursor
                    begin = rowStart
                    let rowLine = line
                    var field = 0
                    while true {
                        var next = cursor
                        let kind = kinds[field]
                        if kind == .value {
                            var byte = next.pointee
                            let negative = byte == 0x2D
                            if negative {
                                next += 1
                                byte = next.pointee
                            }
                            let firstDigit = next
                            var mantissa: UInt64 = 0
                            var digit = byte &- 0x30
                            while digit <= 9 {
                                mantissa = mantissa &* 10 &+ UInt64(digit)
                                next += 1
                                digit = next.pointee &- 0x30
                            }
                            var digits = next - firstDigit
                            var decimals = 0
                            byte = next.pointee
                            if byte == 0x2E {
                                next += 1
                                let point = next
                                digit = next.pointee &- 0x30
                                while digit <= 9 {
                                    mantissa = mantissa &* 10 &+ UInt64(digit)
                                    next += 1
                                    digit = next.pointee &- 0x30
                                }
                                decimals = next - point
                                digits += decimals
                                byte = next.pointee
                            }
                            if (byte == separator || byte == 0x0A) && digits > 0 && digits <= 19
                                && mantissa <= 1 << 53
                            {
                                let magnitude = Double(mantissa) / powers[decimals]
                                out.pointee = negative ? -magnitude : magnitude
                            } else if byte == separator && next == cursor {
                                out.pointee = .nan
                            } else {
                                guard
                                    let end = try slowValue(
                                        cursor, limit, field: field, line: &line, row: rowLine, into: out)
                                else {
                                    line = rowLine
                                    return (rowStart, .incomplete)
                                }
                                next = end
                            }
                            out += 1
                        } else {
                            guard
                                let end = try special(
                                    kind, cursor, limit, field: field, line: &line, row: rowLine, index: rows,
                                    destination, &out)
                            else {
                                line = rowLine
                                return (rowStart, .incomplete)
                            }
                            next = end
                        }
                        let terminator = next.pointee
                        if terminator == separator && next < limit {
                            if field == lastField { throw ragged(rowStart, limit, line: rowLine) }
                            field += 1
                            cursor = next + 1
                            continue
                        }
                        // A line feed, a carriage return before one, or the end of the text.
                        if field != lastField { throw ragged(rowStart, limit, line: rowLine) }
                        cursor = next + (terminator == 0x0D ? 2 : 1)
                        break
                    }
                    rows += 1
                    line += 1
                }
                return (min(cursor, limit), .done)
            }
        }
    }

    /// Behind the line end of a row that is nothing but separators and blanks; `nil` for any other.
    @inline(never)
    private func emptyRowEnd(
        _ start: UnsafePointer<UInt8>, _ limit: UnsafePointer<UInt8>
    ) -> UnsafePointer<UInt8>? {
        var cursor = start
        while cursor < limit, cursor.pointee == separator || cursor.pointee == 0x20 || cursor.pointee == 0x0D {
            cursor += 1
        }
        return cursor == limit ? limit : cursor.pointee == 0x0A ? cursor + 1 : nil
    }

    /// Where the field at `start` ends (at a separator, a line feed, the carriage return before it, or `limit`);
    /// `nil` when it is quoted and its end is not at hand.
    private func fieldEnd(
        _ start: UnsafePointer<UInt8>, _ limit: UnsafePointer<UInt8>, line: inout Int
    ) -> UnsafePointer<UInt8>? {
        var cursor = start
        if cursor < limit && cursor.pointee == 0x22 {
            let bytes = UnsafeBufferPointer(start: start, count: limit - start)
            guard let close = RowSplitter.closingQuote(bytes, after: 0) else { return nil }
            for index in 0..<close where bytes[index] == 0x0A { line += 1 }
            cursor += close + 1
        }
        while cursor < limit {
            let byte = cursor.pointee
            if byte == separator || byte == 0x0A || (byte == 0x0D && cursor[1] == 0x0A) { break }
            cursor += 1
        }
        return cursor
    }

    /// A value that the fast loop did not take: an exponent, many digits, a word, blanks, quotes, a carriage return.
    @inline(never)
    private func slowValue(
        _ start: UnsafePointer<UInt8>, _ limit: UnsafePointer<UInt8>, field: Int, line: inout Int, row: Int,
        into out: UnsafeMutablePointer<Double>
    ) throws -> UnsafePointer<UInt8>? {
        var value = 0.0
        let quick = DecimalParser.scan(start, limit, &value)
        if quick > start
            && (quick == limit || quick.pointee == separator || quick.pointee == 0x0A
                || (quick.pointee == 0x0D && quick[1] == 0x0A))
        {
            out.pointee = value
            return quick
        }
        guard let end = fieldEnd(start, limit, line: &line) else { return nil }
        let bytes = UnsafeBufferPointer(start: start, count: end - start)
        switch FieldText.content(bytes) {
        case .number(let number): out.pointee = number
        case .missing: out.pointee = .nan
        case .text:
            // Digits in groups, in a column whose first rows had none.
            if let value = fallback.parse(bytes), value.suffix.isEmpty {
                out.pointee = value.number
                break
            }
            guard textIsMissing || openFields.contains(field) else {
                throw TelemetryError(
                    .notANumber, path: path, line: row, field: names[field], found: quoted(bytes),
                    expected: "a number, as in the rows before, or a word for a missing value (empty, n/a, nan, null)")
            }
            out.pointee = .nan
        }
        return end
    }

    /// A field that is not a value.
    @inline(never)
    private func special(
        _ kind: Kind, _ start: UnsafePointer<UInt8>, _ limit: UnsafePointer<UInt8>, field: Int, line: inout Int,
        row: Int, index: Int, _ destination: Destination, _ out: inout UnsafeMutablePointer<Double>
    ) throws -> UnsafePointer<UInt8>? {
        guard let end = fieldEnd(start, limit, line: &line) else { return nil }
        let bytes = UnsafeBufferPointer(start: start, count: end - start)
        func failure(_ expected: String) -> TelemetryError {
            TelemetryError(
                .badTime, path: path, line: row, field: names[field], found: quoted(bytes), expected: expected)
        }
        switch kind {
        case .skip, .value: break
        case .key:
            guard let place = keyPlaces[field] else { break }
            destination.keys[index * keyWords.count + place] = keyWords[place].code(bytes)
        case .formattedValue:
            out.pointee = try formatted(bytes, field: field, row: row)
            out += 1
        case .numericTime:
            guard case .number(let time) = FieldText.content(bytes), time.isFinite else {
                throw failure("a finite number")
            }
            guard timeRange.contains(time) else {
                throw failure("the unit of the rows before: one unit in a column, or --time-unit")
            }
            destination.times[index] = time
        case .textTime, .addedTime:
            guard let time = partOfTime(bytes, field: field) else {
                throw failure("\(timeFormats[field]?.shape.rawValue ?? "a number"), as in the rows before")
            }
            if kind == .textTime { destination.times[index] = time } else { destination.times[index] += time }
        case .label, .addedLabel:
            guard let mark = label.label(bytes) else {
                throw TelemetryError(
                    .notANumber, path: path, line: row, field: names[field], found: quoted(bytes),
                    expected: "a label, 0 or 1")
            }
            if kind == .label { destination.labels[index] = mark } else { destination.labels[index] |= mark }
        }
        return end
    }

    /// The seconds that a cell says: since 1970, or within the day.
    private func partOfTime(_ bytes: UnsafeBufferPointer<UInt8>, field: Int) -> Double? {
        guard let scale = timeScales[field] else { return timeFormats[field]?.seconds(bytes) }
        guard case .number(let number) = FieldText.content(bytes), number.isFinite else { return nil }
        return number * scale
    }

    /// A number that is no plain decimal.
    private func formatted(_ bytes: UnsafeBufferPointer<UInt8>, field: Int, row: Int) throws -> Double {
        if let value = numberFormats[field]?.number(bytes) { return value }
        switch FieldText.content(bytes) {
        case .number(let number) where !number.isFinite: return number
        case .missing: return .nan
        case .number, .text:
            guard textIsMissing else {
                throw TelemetryError(
                    .notANumber, path: path, line: row, field: names[field], found: quoted(bytes),
                    expected: "a number as in the rows before, with their unit, or a word for a missing value")
            }
            return .nan
        }
    }

    private func quoted(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        "'" + String(decoding: bytes.prefix(60), as: UTF8.self) + (bytes.count > 60 ? "…'" : "'")
    }

    private func ragged(
        _ start: UnsafePointer<UInt8>, _ limit: UnsafePointer<UInt8>, line: Int
    ) -> TelemetryError {
        let bytes = UnsafeBufferPointer(start: start, count: limit - start)
        let found = RowSplitter(separator: separator).split(bytes, from: 0, atEnd: true)?.fields.count
        return TelemetryError(
            .raggedRow, path: path, line: line,
            found: found.map { $0 == 1 ? "1 field" : "\($0) fields" } ?? "a quoted field without end",
            expected: "\(kinds.count), as in the header")
    }
}
