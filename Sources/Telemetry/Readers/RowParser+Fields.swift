import Platform

/// The fields that the one loop does not take by itself.
extension RowParser {
    /// Behind the line end of a row that is nothing but separators and blanks; `nil` for any other.
    @inline(never)
    func emptyRowEnd(
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
    func slowValue(
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
    func special(
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
        case .textTime, .addedTime, .spreadTime:
            guard let time = partOfTime(bytes, field: field) else {
                let range = timeParts[field].map {
                    "a number from \(Int($0.range.lowerBound)) to \(Int($0.range.upperBound))"
                }
                throw failure("\(timeFormats[field]?.shape.rawValue ?? range ?? "a number"), as in the rows before")
            }
            if kind == .textTime { destination.times[index] = time } else { destination.times[index] += time }
            guard kind == .spreadTime else { break }
            let sum = destination.times[index]
            guard let moment = SpreadDate.seconds(sum) else {
                throw TelemetryError(
                    .badTime, path: path, line: row, found: "the date \(SpreadDate.text(sum))",
                    expected: "a day of the calendar")
            }
            destination.times[index] = moment
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
        guard let part = timeParts[field] else { return timeFormats[field]?.seconds(bytes) }
        guard case .number(let number) = FieldText.content(bytes), part.range.contains(number) else { return nil }
        return number * part.seconds
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

    func ragged(
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
