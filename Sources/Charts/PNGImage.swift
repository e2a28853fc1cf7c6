import Platform

/// A picture of indexed colours as a PNG file (RFC 2083).
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
        append("IDAT", ZlibStream.packed(rows), to: &file)
        append("IEND", [], to: &file)
        return file
    }

    private func append(_ kind: String, _ data: [UInt8], to file: inout [UInt8]) {
        let body = Array(kind.utf8) + data
        var checksum = CyclicRedundancyCheck()
        checksum.update(body)
        file += Self.bigEndian(UInt32(data.count)) + body + Self.bigEndian(checksum.value)
    }

    private static func bigEndian(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
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
