/// Splits one row of separated text into its fields; used for headers and samples, where speed does not count.
///
/// Quoting as in RFC 4180: a field that begins with a quote ends at the quote that is not doubled, and may hold
/// separators and line breaks.
struct RowSplitter {
    let separator: UInt8

    /// The fields of the row at `start`, as ranges of `bytes` (quotes included), and where the next row begins.
    ///
    /// - Returns: `nil` when the row is not complete in `bytes` and more may come (`atEnd` false), or when a quoted
    ///   field does not end.
    func split(
        _ bytes: UnsafeBufferPointer<UInt8>, from start: Int, atEnd: Bool
    ) -> (fields: [Range<Int>], next: Int, lines: Int)? {
        var fields: [Range<Int>] = []
        var lines = 1
        var cursor = start
        var fieldStart = start
        while true {
            if cursor == fieldStart && cursor < bytes.count && bytes[cursor] == 0x22 {
                guard let close = Self.closingQuote(bytes, after: cursor) else { return nil }
                for index in cursor..<close where bytes[index] == 0x0A { lines += 1 }
                cursor = close + 1
            }
            if cursor == bytes.count {
                guard atEnd else { return nil }
                fields.append(fieldStart..<Self.withoutReturn(bytes, fieldStart, cursor))
                return (fields, cursor, lines)
            }
            let byte = bytes[cursor]
            if byte == 0x0A {
                fields.append(fieldStart..<Self.withoutReturn(bytes, fieldStart, cursor))
                return (fields, cursor + 1, lines)
            }
            if byte == separator {
                fields.append(fieldStart..<cursor)
                fieldStart = cursor + 1
            }
            cursor += 1
        }
    }

    private static func withoutReturn(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int) -> Int {
        end > start && bytes[end - 1] == 0x0D ? end - 1 : end
    }

    /// The quote that ends the field whose opening quote is at `open`; `nil` when there is none.
    static func closingQuote(_ bytes: UnsafeBufferPointer<UInt8>, after open: Int) -> Int? {
        var cursor = open + 1
        while cursor < bytes.count {
            if bytes[cursor] == 0x22 {
                if cursor + 1 < bytes.count && bytes[cursor + 1] == 0x22 { cursor += 1 } else { return cursor }
            }
            cursor += 1
        }
        return nil
    }
}
