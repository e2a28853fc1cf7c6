/// UTF-16 or UTF-32 turned into UTF-8.
final class UnicodeSource: ByteSource {
    /// How wide a unit is and which of its bytes comes first.
    struct Encoding: Hashable {
        let unitBytes: Int
        let littleEndian: Bool
        let markBytes: Int

        var name: String { "UTF-\(8 * unitBytes)" }

        /// The encoding that the first bytes of a text tell: by its mark, or because every other byte is zero, as in
        /// ASCII text written wide.
        init?(_ bytes: UnsafeBufferPointer<UInt8>) {
            let first = Array(bytes.prefix(8))
            func isMark(_ mark: [UInt8]) -> Bool { first.starts(with: mark) }
            if isMark([0xFF, 0xFE, 0, 0]) {
                self.init(unitBytes: 4, littleEndian: true, markBytes: 4)
            } else if isMark([0, 0, 0xFE, 0xFF]) {
                self.init(unitBytes: 4, littleEndian: false, markBytes: 4)
            } else if isMark([0xFF, 0xFE]) {
                self.init(unitBytes: 2, littleEndian: true, markBytes: 2)
            } else if isMark([0xFE, 0xFF]) {
                self.init(unitBytes: 2, littleEndian: false, markBytes: 2)
            } else if first.count == 8, first.enumerated().allSatisfy({ ($0.offset % 2 == 1) == ($0.element == 0) }) {
                self.init(unitBytes: 2, littleEndian: true, markBytes: 0)
            } else if first.count == 8, first.enumerated().allSatisfy({ ($0.offset % 2 == 0) == ($0.element == 0) }) {
                self.init(unitBytes: 2, littleEndian: false, markBytes: 0)
            } else {
                return nil
            }
        }

        private init(unitBytes: Int, littleEndian: Bool, markBytes: Int) {
            self.unitBytes = unitBytes
            self.littleEndian = littleEndian
            self.markBytes = markBytes
        }
    }

    private let input: BufferedInput
    private let encoding: Encoding
    private var marksLeft: Int
    private var pending: [UInt8] = []
    private var high: UInt32?

    init(source: any ByteSource, encoding: Encoding) {
        input = BufferedInput(source)
        self.encoding = encoding
        marksLeft = encoding.markBytes
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        var written = 0
        while written < buffer.count {
            if let byte = pending.first {
                pending.removeFirst()
                buffer[written] = byte
                written += 1
                continue
            }
            guard let unit = try nextUnit() else { break }
            try append(unit)
            // What has been read is handed on before the source is asked again, so that a small file ends at once.
        }
        return written
    }

    private func nextUnit() throws -> UInt32? {
        while marksLeft > 0 {
            guard try input.next() != nil else { return nil }
            marksLeft -= 1
        }
        var unit: UInt32 = 0
        for place in 0..<encoding.unitBytes {
            // Half a unit at the end of the file is dropped.
            guard let byte = try input.next() else { return nil }
            if encoding.littleEndian {
                unit |= UInt32(byte) << UInt32(8 * place)
            } else {
                unit = unit << 8 | UInt32(byte)
            }
        }
        return unit
    }

    private func append(_ unit: UInt32) throws {
        var scalar = unit
        if encoding.unitBytes == 2 {
            if let first = high {
                high = nil
                if unit >> 10 == 0x37 {
                    scalar = 0x10000 + ((first & 0x3FF) << 10) + (unit & 0x3FF)
                } else {
                    encode(0xFFFD)
                }
            }
            if scalar >> 10 == 0x36 {
                high = scalar
                return
            }
        }
        encode(scalar)
    }

    private func encode(_ value: UInt32) {
        let scalar = Unicode.Scalar(value) ?? "\u{FFFD}"
        pending.append(contentsOf: Array(String(Character(scalar)).utf8))
    }
}
