import FoundationEssentials

extension Console {
    /// Prints a value as JSON over several lines, keys sorted; numbers that JSON lacks as `"inf"`, `"-inf"` and `"nan"`.
    package func printJSON(_ value: some Encodable) throws {
        write(try Self.json(value, pretty: true) + "\n")
    }

    /// A value as JSON with sorted keys.
    package static func json(_ value: some Encodable, pretty: Bool) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting =
            pretty ? [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes] : [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
