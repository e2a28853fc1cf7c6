import Foundation

extension AlarmEvent {
    /// The event as JSON on one line, keys sorted.
    package func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return Array(try encoder.encode(self))
    }

    /// Reads an event.
    ///
    /// - Throws: `DecodingError` when the bytes are not one.
    package init(decoding bytes: [UInt8]) throws { self = try Self.decode(AlarmEvent.self, from: bytes) }

    /// Reads a value that holds events, such as a page of them.
    ///
    /// - Throws: `DecodingError` when the bytes are not one.
    package static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return try decoder.decode(type, from: Data(bytes))
    }
}
