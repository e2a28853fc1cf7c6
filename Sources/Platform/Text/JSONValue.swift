import FoundationEssentials

/// Any JSON value, for what carries values whose types it does not know: manifests, configuration files, reports.
///
/// Integers beyond ±2⁵³ keep all their digits.
public enum JSONValue: Hashable, Sendable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number that a double holds.
    case number(Double)
    /// A negative integer beyond a double's precision.
    case signed(Int64)
    /// A positive integer beyond a double's precision.
    case unsigned(UInt64)
    /// A string.
    case string(String)
    /// A list.
    case array([JSONValue])
    /// An object; its keys have no order.
    case object([String: JSONValue])

    /// A whole number, with all its digits.
    public init(_ value: some BinaryInteger) {
        if value.magnitude < 1 << 53 {
            self = .number(Double(value))
        } else if let unsigned = UInt64(exactly: value) {
            self = .unsigned(unsigned)
        } else {
            self = .signed(Int64(clamping: value))
        }
    }

    /// The JSON form of any value that can be encoded.
    public init(encoding value: some Encodable) throws {
        self = try DeterministicJSON.decode(JSONValue.self, from: DeterministicJSON.encode(value, pretty: false))
    }

    /// The value of a type that can be decoded.
    public func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try DeterministicJSON.decode(type, from: DeterministicJSON.encode(self, pretty: false))
    }
}

extension JSONValue: Codable {
    /// Reads whatever value comes.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode(Double.self) {
            if abs(value) < 0x1p53 {
                self = .number(value)
            } else if let integer = try? container.decode(UInt64.self) {
                self = .unsigned(integer)
            } else if let integer = try? container.decode(Int64.self) {
                self = .signed(integer)
            } else {
                self = .number(value)
            }
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    /// Writes the value.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .signed(let value): try container.encode(value)
        case .unsigned(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}

extension JSONValue: CustomStringConvertible {
    /// Compact JSON with sorted keys.
    public var description: String { text([.sortedKeys, .withoutEscapingSlashes]) }

    /// JSON over several lines with sorted keys.
    public var prettyPrinted: String { text([.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]) }

    private func text(_ formatting: JSONEncoder.OutputFormatting) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = formatting
        // An infinity has no notation in JSON.
        guard let data = try? encoder.encode(self) else { return "null" }
        return String(decoding: data, as: UTF8.self)
    }
}
