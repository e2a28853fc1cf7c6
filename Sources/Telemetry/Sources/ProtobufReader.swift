/// Reads the fields of one protocol-buffers message, in the order in which they lie (protobuf.dev, "Encoding").
///
/// Bounded by the message's own bytes: nothing is copied, and no length is believed that reaches beyond them.
package struct ProtobufReader {
    /// A field's value.
    package enum Value {
        /// Wire type 0.
        case number(UInt64)
        /// Wire type 1.
        case fixed64(UInt64)
        /// Wire type 2: text, bytes, a message, packed numbers.
        case bytes(ArraySlice<UInt8>)
        /// Wire type 5.
        case fixed32(UInt32)

        /// The value as a double, of the wire type that doubles have.
        var double: Double? { if case .fixed64(let bits) = self { Double(bitPattern: bits) } else { nil } }
        /// The value as a whole number.
        var integer: Int64? {
            switch self {
            case .number(let bits), .fixed64(let bits): Int64(bitPattern: bits)
            default: nil
            }
        }
        /// The bytes of a text, a message or packed numbers.
        var bytes: ArraySlice<UInt8>? { if case .bytes(let bytes) = self { bytes } else { nil } }
        /// The text; malformed UTF-8 is repaired.
        var text: String? { bytes.map { String(decoding: $0, as: UTF8.self) } }
    }

    /// What cannot be read.
    package struct Malformed: Error {}

    private let bytes: ArraySlice<UInt8>
    private var cursor: Int

    /// A reader at the first field.
    package init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        cursor = bytes.startIndex
    }

    /// The next field; `nil` at the end.
    ///
    /// - Throws: ``Malformed`` where the bytes are no field.
    package mutating func next() throws(Malformed) -> (field: Int, value: Value)? {
        guard cursor < bytes.endIndex else { return nil }
        let tag = try varint()
        guard tag >> 3 > 0, tag >> 3 < 1 << 29 else { throw Malformed() }
        let field = Int(tag >> 3)
        switch tag & 7 {
        case 0: return (field, .number(try varint()))
        case 1: return (field, .fixed64(try fixed(8)))
        case 2:
            guard let count = Int(exactly: try varint()), count <= bytes.endIndex - cursor else { throw Malformed() }
            defer { cursor += count }
            return (field, .bytes(bytes[cursor..<(cursor + count)]))
        case 5: return (field, .fixed32(UInt32(truncatingIfNeeded: try fixed(4))))
        default: throw Malformed()
        }
    }

    private mutating func varint() throws(Malformed) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard cursor < bytes.endIndex else { break }
            let byte = bytes[cursor]
            cursor += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return value }
        }
        throw Malformed()
    }

    private mutating func fixed(_ count: Int) throws(Malformed) -> UInt64 {
        guard bytes.endIndex - cursor >= count else { throw Malformed() }
        defer { cursor += count }
        return bytes[cursor..<(cursor + count)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Packed numbers of as many bytes as each needs.
    ///
    /// - Throws: ``Malformed`` where one does not end.
    static func varints(_ bytes: ArraySlice<UInt8>) throws(Malformed) -> [UInt64] {
        var reader = ProtobufReader(bytes)
        var numbers: [UInt64] = []
        while reader.cursor < bytes.endIndex { numbers.append(try reader.varint()) }
        return numbers
    }

    /// Packed numbers of eight bytes each.
    static func packed(_ bytes: ArraySlice<UInt8>) -> [UInt64] {
        stride(from: bytes.startIndex, to: bytes.endIndex - 7, by: 8).map { start in
            bytes[start..<(start + 8)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
    }
}
