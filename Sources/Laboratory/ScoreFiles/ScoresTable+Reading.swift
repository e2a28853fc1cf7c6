import Platform
package import Watching

extension ScoresTable {
    /// Reads a score file: the series of each entity and group, in order of first appearance. Columns may stand in any
    /// order; `time`, `entity`, `group` and `alarm` may be missing (then the time is the index, the entity empty, the
    /// group the combined one, and an alarm stands where the score exceeds the threshold), and so may `threshold`.
    ///
    /// - Parameter file: its name, for messages.
    /// - Throws: ``DetectionError`` (`invalidData`) with the line that is wrong.
    package static func read(_ bytes: [UInt8], file: String) throws(DetectionError) -> [ScoredSeries] {
        let operation = "reading scores"
        var lines = LineFields(bytes)
        guard let names = lines.next()?.map(\.text) else {
            throw DetectionError(.invalidData, operation, "the file is empty, expected \(header)", file: file)
        }
        func position(_ name: String) -> Int? { names.firstIndex(of: name) }
        guard let index = position("index"), let score = position("score") else {
            throw DetectionError(
                .invalidData, operation,
                "no column \(position("index") == nil ? "index" : "score"), expected \(header)",
                file: file, line: 1)
        }
        let (time, entity, group) = (position("time"), position("entity"), position("group"))
        let (threshold, alarm) = (position("threshold"), position("alarm"))
        var result: [ScoredSeries] = []
        var places: [String: Int] = [:]
        var lastKey: (entity: String, group: String, place: Int)?
        while let fields = lines.next() {
            guard fields.count == names.count else {
                throw DetectionError(
                    .invalidData, operation, "\(fields.count) fields, expected \(names.count)", file: file,
                    line: lines.line)
            }
            func number(_ column: Int?, _ fallback: Double) throws(DetectionError) -> Double {
                guard let column else { return fallback }
                guard let value = fields[column].number else {
                    throw DetectionError(
                        .invalidData, operation,
                        "“\(fields[column].text)” in column \(names[column]), expected a number",
                        file: file, line: lines.line)
                }
                return value
            }
            let row = try number(index, 0)
            let value = try number(score, 0)
            let limit = try number(threshold, .infinity)
            guard let rowIndex = Int(exactly: row), value.isFinite, !limit.isNaN else {
                throw DetectionError(
                    .invalidData, operation,
                    "index \(row), score \(value), threshold \(limit), expected a whole "
                        + "number and finite scores", file: file, line: lines.line)
            }
            let key = (
                entity: entity.map { fields[$0].text } ?? "",
                group: group.map { fields[$0].text } ?? EntityModel.combinedGroup
            )
            let place: Int
            if let last = lastKey, last.entity == key.entity, last.group == key.group {
                place = last.place
            } else if let known = places["\(key.entity)\u{0}\(key.group)"] {
                place = known
            } else {
                place = result.count
                places["\(key.entity)\u{0}\(key.group)"] = place
                result.append(ScoredSeries(entity: key.entity, group: key.group))
            }
            lastKey = (key.entity, key.group, place)
            result[place].indices.append(rowIndex)
            result[place].times.append(try number(time, row))
            result[place].scores.append(value)
            result[place].thresholds.append(limit)
            result[place].alarms.append(
                try alarm.map { column throws(DetectionError) in try number(column, 0) != 0 } ?? (value > limit))
        }
        return result
    }
}

/// A field of a line: its bytes without the quotes around them.
struct TextField {
    let bytes: ArraySlice<UInt8>
    let isQuoted: Bool

    var text: String {
        let text = String(decoding: bytes, as: UTF8.self)
        return isQuoted ? text.split(separator: "\"\"", omittingEmptySubsequences: false).joined(separator: "\"") : text
    }

    /// The number it is, whole; `inf` and `nan` count as ones.
    var number: Double? {
        bytes.withUnsafeBufferPointer { bytes in
            if let (value, count) = DecimalParser.parse(bytes), count == bytes.count { return value }
            return Double(String(decoding: bytes, as: UTF8.self))
        }
    }
}

/// Splits text into lines and these into fields at commas; quotes protect commas and, doubled, themselves.
struct LineFields {
    private let bytes: [UInt8]
    private var position = 0
    /// The number of the line handed out last, counted from 1.
    private(set) var line = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func next() -> [TextField]? {
        while position < bytes.count {
            line += 1
            var fields: [TextField] = []
            var isAtEnd = false
            let start = position
            while !isAtEnd { isAtEnd = takeField(&fields) }
            // Blank lines say nothing.
            if fields.count == 1, fields[0].bytes.isEmpty, position - start <= 2 { continue }
            return fields
        }
        return nil
    }

    /// Takes one field; returns whether the line ends with it.
    private mutating func takeField(_ fields: inout [TextField]) -> Bool {
        let isQuoted = position < bytes.count && bytes[position] == 0x22
        if isQuoted { position += 1 }
        let start = position
        var end = start
        if isQuoted {
            while position < bytes.count {
                if bytes[position] == 0x22 {
                    guard position + 1 < bytes.count, bytes[position + 1] == 0x22 else { break }
                    position += 1
                }
                position += 1
            }
            end = position
            position = min(position + 1, bytes.count)
            while position < bytes.count, bytes[position] != 0x2C, bytes[position] != 0x0A { position += 1 }
        } else {
            while position < bytes.count, bytes[position] != 0x2C, bytes[position] != 0x0A { position += 1 }
            end = position
            if end > start, bytes[end - 1] == 0x0D, position == bytes.count || bytes[position] == 0x0A { end -= 1 }
        }
        fields.append(TextField(bytes: bytes[start..<end], isQuoted: isQuoted))
        guard position < bytes.count else { return true }
        let isAtEnd = bytes[position] == 0x0A
        position += 1
        return isAtEnd
    }
}
