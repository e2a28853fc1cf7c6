import Foundation

/// Numbers in a document that nobody reads one by one: base64 of little-endian IEEE 754 doubles, the same bits again, and
/// read a hundred times as fast as digits. A list of numbers is read as well.
package struct PackedNumbers: Codable, Sendable, Hashable {
    /// The numbers.
    package var values: [Double]

    /// Numbers to be packed.
    package init(_ values: [Double]) { self.values = values }

    /// Reads numbers in either form.
    ///
    /// - Throws: `DecodingError` for text that is no base64 of whole doubles.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let text = try? container.decode(String.self) else {
            values = try container.decode([Double].self)
            return
        }
        guard let bytes = Data(base64Encoded: text), bytes.count % 8 == 0 else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "expected numbers, or base64 of 8 bytes each")
        }
        var values: [Double] = []
        values.reserveCapacity(bytes.count / 8)
        var word: UInt64 = 0
        for (index, byte) in bytes.enumerated() {
            word |= UInt64(byte) << UInt64(8 * (index % 8))
            guard index % 8 == 7 else { continue }
            values.append(Double(bitPattern: word))
            word = 0
        }
        self.values = values
    }

    /// Writes them packed.
    package func encode(to encoder: any Encoder) throws {
        var bytes = Data(capacity: 8 * values.count)
        for value in values {
            let word = value.bitPattern
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        var container = encoder.singleValueContainer()
        try container.encode(bytes.base64EncodedString())
    }
}
