/// Consecutive rows of one entity as bytes: column by column, each in the shortest of a few exact forms. Made to be
/// compressed afterwards: what varies little lies together.
///
/// The same bits come back, but that a missing value comes back as the standard NaN. A column is one of: missing
/// throughout; constant; decimal numbers as whole multiples of a power of ten, as differences; any numbers, each as what
/// differs from the bits of the one before (Pelkonen et al., "Gorilla", VLDB 2015, section 4.1.2). Differences are stored
/// byte by byte: first the lowest byte of all, then the next.
package struct SampleBlock: Sendable, Equatable {
    /// Times of the rows in seconds.
    package var times: [Double]
    /// Quality of the rows.
    package var qualities: [SampledRow.Quality]
    /// Columns of each row; a row made before a column came has NaN there.
    package var columnCount: Int
    /// `[rows × columns]`, row by row. NaN: missing.
    package var values: [Double]

    /// A block without rows.
    package init(columnCount: Int) {
        times = []
        qualities = []
        self.columnCount = columnCount
        values = []
    }

    /// Rows in the block.
    package var rowCount: Int { times.count }

    /// Adds a row; a row wider than the block widens it.
    ///
    /// Complexity: of the row, unless it widens the block.
    package mutating func append(_ row: SampledRow) {
        if row.values.count > columnCount { widen(to: row.values.count) }
        times.append(row.time)
        qualities.append(row.quality)
        values += row.values
        for _ in row.values.count..<columnCount { values.append(.nan) }
    }

    /// Adds the rows of another block.
    package mutating func append(_ other: SampleBlock) {
        if other.columnCount > columnCount { widen(to: other.columnCount) }
        if other.columnCount == columnCount {
            times += other.times
            qualities += other.qualities
            values += other.values
        } else {
            for row in 0..<other.rowCount { append(other[row]) }
        }
    }

    private mutating func widen(to count: Int) {
        var wide: [Double] = []
        wide.reserveCapacity(rowCount * count)
        for row in 0..<rowCount {
            wide += values[(row * columnCount)..<((row + 1) * columnCount)]
            for _ in columnCount..<count { wide.append(.nan) }
        }
        values = wide
        columnCount = count
    }

    /// A row.
    package subscript(row: Int) -> SampledRow {
        SampledRow(
            time: times[row], values: Array(values[(row * columnCount)..<((row + 1) * columnCount)]),
            quality: qualities[row])
    }

    /// The rows of a range.
    package subscript(rows: Range<Int>) -> SampleBlock {
        var block = SampleBlock(columnCount: columnCount)
        block.times = Array(times[rows])
        block.qualities = Array(qualities[rows])
        block.values = Array(values[(rows.lowerBound * columnCount)..<(rows.upperBound * columnCount)])
        return block
    }

    // MARK: Bytes

    private static let version: UInt8 = 1
    /// Most values of a block that is read; whoever writes one has as many in memory.
    private static let mostValues: UInt64 = 1 << 25

    private enum Form: UInt8 { case missing, constant, decimal, bits }

    /// The block as bytes.
    ///
    /// Complexity: O(rows × columns).
    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = [Self.version]
        bytes.reserveCapacity(64 + rowCount + values.count * 4)
        Self.put(UInt64(rowCount), into: &bytes)
        Self.put(UInt64(columnCount), into: &bytes)
        guard rowCount > 0 else { return bytes }
        Self.encode(times, into: &bytes)
        bytes += qualities.map(\.rawValue)
        var column = [Double](repeating: 0, count: rowCount)
        for index in 0..<columnCount {
            var cursor = index
            for row in 0..<rowCount {
                column[row] = values[cursor]
                cursor += columnCount
            }
            Self.encode(column, into: &bytes)
        }
        return bytes
    }

    /// Reads a block; `nil` when the bytes are none.
    package init?(decoding bytes: [UInt8]) {
        guard bytes.first == Self.version else { return nil }
        var reader = BlockReader(bytes: bytes, cursor: 1)
        // A row and a column take a byte each at least: what is claimed is held against that before there is room for it.
        let most = UInt64(bytes.count)
        guard let rows = reader.number(), let columns = reader.number(), rows <= most,
            rows == 0 ? columns <= Self.mostValues : columns <= most && columns * rows <= Self.mostValues
        else { return nil }
        let (rowCount, columnCount) = (Int(rows), Int(columns))
        self.init(columnCount: columnCount)
        guard rowCount > 0 else { return }
        times = [Double](repeating: 0, count: rowCount)
        guard Self.decode(&reader, into: &times, stride: 1, offset: 0),
            let marks = reader.bytes(rowCount)
        else { return nil }
        qualities = marks.map { SampledRow.Quality(rawValue: $0) }
        values = [Double](repeating: .nan, count: rowCount * columnCount)
        for index in 0..<columnCount {
            guard Self.decode(&reader, rows: rowCount, into: &values, stride: columnCount, offset: index) else {
                return nil
            }
        }
        guard reader.cursor == bytes.count else { return nil }
    }

    private static func put(_ value: UInt64, into bytes: inout [UInt8]) {
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(value))
    }

    private static func put(word: UInt64, into bytes: inout [UInt8]) {
        for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift))) }
    }

    private static let powers: [Double] = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]

    /// The value as a whole multiple of 1/power, if it is exactly that.
    @inline(__always)
    private static func whole(_ value: Double, _ power: Double) -> Int64? {
        let scaled = value * power
        guard scaled > -9e15, scaled < 9e15 else { return nil }
        let integer = Int64(scaled < 0 ? scaled - 0.5 : scaled + 0.5)
        guard Double(integer) / power == value, integer != 0 || value.sign == .plus else { return nil }
        return integer
    }

    private static func encode(_ column: [Double], into bytes: inout [UInt8]) {
        let missing = column.reduce(into: 0) { if $1.isNaN { $0 += 1 } }
        guard missing < column.count else { return bytes.append(Form.missing.rawValue) }
        var filled = column
        let mask: UInt8 = missing > 0 ? 0x80 : 0
        if missing > 0 {
            // A missing value repeats the one before, so that it costs nothing.
            var last = column.first { !$0.isNaN } ?? 0
            for row in filled.indices { if filled[row].isNaN { filled[row] = last } else { last = filled[row] } }
        }
        func putMask() {
            guard missing > 0 else { return }
            for start in stride(from: 0, to: column.count, by: 8) {
                var byte: UInt8 = 0
                for row in start..<min(start + 8, column.count) where column[row].isNaN {
                    byte |= 1 << UInt8(row - start)
                }
                bytes.append(byte)
            }
        }
        let first = filled[0]
        if filled.allSatisfy({ $0.bitPattern == first.bitPattern }) {
            bytes.append(Form.constant.rawValue | mask)
            putMask()
            return put(word: first.bitPattern, into: &bytes)
        }
        if let (power, integers) = decimals(filled) {
            bytes.append(Form.decimal.rawValue | mask)
            putMask()
            bytes.append(UInt8(power))
            var words = [UInt64](repeating: 0, count: integers.count)
            var last: Int64 = 0
            for row in integers.indices {
                let difference = integers[row] &- last
                last = integers[row]
                words[row] = UInt64(bitPattern: (difference << 1) ^ (difference >> 63))
            }
            put(word: words[0], into: &bytes)
            words[0] = 0
            return putPlanes(words, into: &bytes)
        }
        bytes.append(Form.bits.rawValue | mask)
        putMask()
        var words = [UInt64](repeating: 0, count: filled.count)
        var last: UInt64 = 0
        for row in filled.indices {
            words[row] = filled[row].bitPattern ^ last
            last = filled[row].bitPattern
        }
        put(word: words[0], into: &bytes)
        words[0] = 0
        putPlanes(words, into: &bytes)
    }

    private static func decimals(_ column: [Double]) -> (power: Int, integers: [Int64])? {
        // The first values say which power it must be at least; most columns that are no decimals fail here.
        var power = 0
        for value in column.prefix(8) {
            while power < powers.count, whole(value, powers[power]) == nil { power += 1 }
            guard power < powers.count else { return nil }
        }
        attempt: while power < powers.count {
            var integers = [Int64](repeating: 0, count: column.count)
            for row in column.indices {
                guard let integer = whole(column[row], powers[power]) else {
                    power += 1
                    continue attempt
                }
                integers[row] = integer
            }
            return (power, integers)
        }
        return nil
    }

    /// The bytes of words that are not 0 throughout, the lowest of all words first.
    private static func putPlanes(_ words: [UInt64], into bytes: inout [UInt8]) {
        let all = words.reduce(0, |)
        var used: UInt8 = 0
        for plane in 0..<8 where (all >> UInt64(8 * plane)) & 0xff != 0 { used |= 1 << UInt8(plane) }
        bytes.append(used)
        for plane in 0..<8 where used & (1 << UInt8(plane)) != 0 {
            let shift = UInt64(8 * plane)
            for word in words { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
        }
    }

    private static func decode(
        _ reader: inout BlockReader, rows: Int? = nil, into values: inout [Double], stride: Int, offset: Int
    ) -> Bool {
        let count = rows ?? values.count
        guard let head = reader.byte(), let form = Form(rawValue: head & 0x7f) else { return false }
        if form == .missing { return head == Form.missing.rawValue }
        var mask: ArraySlice<UInt8>?
        if head & 0x80 != 0 {
            guard let bits = reader.bytes((count + 7) / 8) else { return false }
            mask = bits
        }
        switch form {
        case .missing: return false
        case .constant:
            guard let word = reader.word() else { return false }
            let value = Double(bitPattern: word)
            var cursor = offset
            for _ in 0..<count {
                values[cursor] = value
                cursor += stride
            }
        case .decimal:
            guard let power = reader.byte(), power < powers.count, let words = reader.planes(count) else {
                return false
            }
            let divisor = powers[Int(power)]
            var last: Int64 = 0
            var cursor = offset
            for word in words {
                last = last &+ (Int64(bitPattern: word >> 1) ^ -Int64(bitPattern: word & 1))
                values[cursor] = Double(last) / divisor
                cursor += stride
            }
        case .bits:
            guard let words = reader.planes(count) else { return false }
            var last: UInt64 = 0
            var cursor = offset
            for word in words {
                last ^= word
                values[cursor] = Double(bitPattern: last)
                cursor += stride
            }
        }
        if let mask {
            for row in 0..<count where mask[mask.startIndex + row / 8] & (1 << UInt8(row % 8)) != 0 {
                values[offset + row * stride] = .nan
            }
        }
        return true
    }

    /// Whether both hold the same bits; a missing value equals a missing value.
    package static func == (a: SampleBlock, b: SampleBlock) -> Bool {
        a.times == b.times && a.qualities == b.qualities && a.columnCount == b.columnCount
            && a.values.count == b.values.count
            && zip(a.values, b.values).allSatisfy { $0.bitPattern == $1.bitPattern || ($0.isNaN && $1.isNaN) }
    }
}

/// Reads the parts of a block; every read is within its bytes.
struct BlockReader {
    let bytes: [UInt8]
    var cursor: Int

    mutating func byte() -> UInt8? {
        guard cursor < bytes.count else { return nil }
        defer { cursor += 1 }
        return bytes[cursor]
    }

    mutating func bytes(_ count: Int) -> ArraySlice<UInt8>? {
        guard count >= 0, bytes.count - cursor >= count else { return nil }
        defer { cursor += count }
        return bytes[cursor..<(cursor + count)]
    }

    mutating func number() -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while let next = byte() {
            guard shift < 63 else { return nil }
            value |= UInt64(next & 0x7f) << shift
            if next & 0x80 == 0 { return value }
            shift += 7
        }
        return nil
    }

    mutating func word() -> UInt64? {
        guard let part = bytes(8) else { return nil }
        return part.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Words as ``SampleBlock`` writes them: the first whole, of all others the bytes that are used.
    mutating func planes(_ count: Int) -> [UInt64]? {
        guard let first = word(), let used = byte() else { return nil }
        var words = [UInt64](repeating: 0, count: count)
        for plane in 0..<8 where used & (1 << UInt8(plane)) != 0 {
            guard let part = bytes(count) else { return nil }
            let shift = UInt64(8 * plane)
            var source = part.startIndex
            for row in 0..<count {
                words[row] |= UInt64(bytes[source]) << shift
                source += 1
            }
        }
        words[0] = first
        return words
    }
}
