import FoundationEssentials

/// JSON whose bytes depend on the value alone: keys sorted, numbers as the shortest text that reads back the same.
/// Infinities and not-a-number, for which JSON has no notation, are the strings `inf`, `-inf` and `nan`.
package enum DeterministicJSON {
    /// The bytes of a value; ends in a line feed when `pretty`.
    package static func encode(_ value: some Encodable, pretty: Bool = true) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = pretty ? [.sortedKeys, .prettyPrinted] : [.sortedKeys]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return Array(try encoder.encode(value)) + (pretty ? [UInt8(ascii: "\n")] : [])
    }

    /// The value that the bytes describe.
    package static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return try decoder.decode(type, from: Data(bytes))
    }
}
