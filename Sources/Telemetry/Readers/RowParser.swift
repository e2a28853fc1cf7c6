import Platform

/// Parses rows straight from the buffer into the table: the one loop that reading time is spent in.
struct RowParser {
    /// What becomes of a field.
    enum Kind: UInt8 {
        case value, formattedValue, skip, numericTime, textTime, addedTime, spreadTime, label, addedLabel, key
    }

    /// Why parsing stopped.
    enum Stop {
        /// All complete rows are parsed, or enough rows are.
        case done
        /// A quoted field goes on beyond the bytes at hand.
        case incomplete
    }

    let separator: UInt8
    var kinds: [Kind]
    let textIsMissing: Bool
    /// For messages.
    let path: String
    let names: [String]
    /// How text times and numbers that are no plain decimals are written, by field.
    var timeFormats: [Int: TimeFormat] = [:]
    /// The numbers that are part of the time, by field.
    var timeParts: [Int: TimeColumn.Part] = [:]
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
}
