/// A picture of indexed colours as a PNG file (RFC 2083), without a library: packed with
/// deflate's fixed codes (RFC 1951, 3.2.6), looking for repetitions along the row and of the row above only: that suits
/// heat maps.
struct PNGImage {
    let width: Int
    let height: Int
    /// At most 256 colours; the last may be transparent.
    let palette: [Color]
    /// Whether the palette's last entry is transparent.
    let lastIsTransparent: Bool
    /// Palette indices, row by row.
    let pixels: [UInt8]

    /// The file's bytes.
    func encoded() -> [UInt8] {
        precondition(pixels.count == width * height && !palette.isEmpty && palette.count <= 256)
        var file: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
        append("IHDR", Self.bigEndian(UInt32(width)) + Self.bigEndian(UInt32(height)) + [8, 3, 0, 0, 0], to: &file)
        append("PLTE", palette.flatMap { [$0.red, $0.green, $0.blue] }, to: &file)
        if lastIsTransparent {
            append("tRNS", [UInt8](repeating: 255, count: palette.count - 1) + [0], to: &file)
        }
        var rows: [UInt8] = []
        rows.reserveCapacity((width + 1) * height)
        for row in 0..<height {
            rows.append(0)
            rows += pixels[(row * width)..<((row + 1) * width)]
        }
        append("IDAT", Deflate.zlib(rows, rowLength: width + 1), to: &file)
        append("IEND", [], to: &file)
        return file
    }

    private func append(_ kind: String, _ data: [UInt8], to file: inout [UInt8]) {
        let body = Array(kind.utf8) + data
        file += Self.bigEndian(UInt32(data.count)) + body + Self.bigEndian(Self.checksum(body))
    }

    private static func bigEndian(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    private static let table: [UInt32] = (0..<256).map { index in
        var value = UInt32(index)
        for _ in 0..<8 { value = value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
        return value
    }

    /// CRC-32 as PNG wants it.
    static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var value = UInt32.max
        for byte in bytes { value = table[Int((value ^ UInt32(byte)) & 0xFF)] ^ (value >> 8) }
        return ~value
    }
}

/// Deflate with fixed codes; matches are repetitions of the byte before or of the row above.
enum Deflate {
    /// The bytes as a zlib stream (RFC 1950).
    static func zlib(_ bytes: [UInt8], rowLength: Int) -> [UInt8] {
        var bits = BitWriter(bytes: [0x78, 0x01])
        bits.write(1, count: 1)
        bits.write(1, count: 2)
        var position = 0
        while position < bytes.count {
            func match(_ distance: Int) -> Int {
                guard distance <= position, distance <= 32_768 else { return 0 }
                var length = 0
                while length < 258, position + length < bytes.count,
                    bytes[position + length] == bytes[position + length - distance]
                {
                    length += 1
                }
                return length
            }
            let (along, above) = (match(1), match(rowLength))
            let length = max(along, above)
            if length >= 3 {
                bits.writeMatch(length: length, distance: along >= above ? 1 : rowLength)
                position += length
            } else {
                bits.writeLiteral(Int(bytes[position]))
                position += 1
            }
        }
        bits.writeLiteral(256)
        var result = bits.finished()
        var (a, b) = (UInt32(1), UInt32(0))
        for byte in bytes {
            a = (a + UInt32(byte)) % 65_521
            b = (b + a) % 65_521
        }
        for shift in [24, 16, 8, 0] { result.append(UInt8(truncatingIfNeeded: (b << 16 | a) >> UInt32(shift))) }
        return result
    }

    private struct BitWriter {
        var bytes: [UInt8]
        private var pending: UInt32 = 0
        private var pendingCount = 0

        init(bytes: [UInt8]) { self.bytes = bytes }

        /// Bits from the lowest up.
        mutating func write(_ value: UInt32, count: Int) {
            pending |= value << UInt32(pendingCount)
            pendingCount += count
            while pendingCount >= 8 {
                bytes.append(UInt8(truncatingIfNeeded: pending))
                pending >>= 8
                pendingCount -= 8
            }
        }

        /// Huffman codes go from the highest bit down.
        private mutating func writeCode(_ code: UInt32, count: Int) {
            var reversed: UInt32 = 0
            for bit in 0..<count where code >> UInt32(bit) & 1 == 1 { reversed |= 1 << UInt32(count - 1 - bit) }
            write(reversed, count: count)
        }

        mutating func writeLiteral(_ symbol: Int) {
            switch symbol {
            case 0...143: writeCode(UInt32(0x30 + symbol), count: 8)
            case 144...255: writeCode(UInt32(0x190 + symbol - 144), count: 9)
            case 256...279: writeCode(UInt32(symbol - 256), count: 7)
            default: writeCode(UInt32(0xC0 + symbol - 280), count: 8)
            }
        }

        /// Repeats 3 to 258 bytes that stand 1 to 32,768 bytes back.
        mutating func writeMatch(length: Int, distance: Int) {
            if length == 258 {
                writeLiteral(285)
            } else if length <= 10 {
                writeLiteral(254 + length)
            } else {
                var extra = 1
                while length - 3 >= 8 << extra { extra += 1 }
                let offset = length - 3 - (4 << extra)
                writeLiteral(265 + (extra - 1) * 4 + offset >> extra)
                write(UInt32(offset & ((1 << extra) - 1)), count: extra)
            }
            let offset = distance - 1
            if offset < 4 {
                writeCode(UInt32(offset), count: 5)
            } else {
                let extra = Int.bitWidth - 2 - offset.leadingZeroBitCount
                writeCode(UInt32(2 * extra + 2 + (offset >> extra & 1)), count: 5)
                write(UInt32(offset & ((1 << extra) - 1)), count: extra)
            }
        }

        mutating func finished() -> [UInt8] {
            if pendingCount > 0 { bytes.append(UInt8(truncatingIfNeeded: pending)) }
            return bytes
        }
    }
}

/// Base 64 (RFC 4648).
enum Base64 {
    /// The bytes as text.
    static func encoded(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let count = min(3, bytes.count - start)
            var word = 0
            for offset in 0..<3 { word = word << 8 | (offset < count ? Int(bytes[start + offset]) : 0) }
            for position in 0..<4 {
                text.append(position <= count ? alphabet[word >> (18 - 6 * position) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
