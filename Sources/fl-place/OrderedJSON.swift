import Platform

/// JSON whose keys keep their order, for results that people read too.
enum OrderedJSON {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([OrderedJSON])
    case object([(key: String, value: OrderedJSON)])

    /// A time in seconds, to the nanosecond: what lies below is rounding noise.
    static func seconds(_ value: Double) -> OrderedJSON {
        let nanoseconds = value * 1e9
        return .number(nanoseconds.isFinite ? nanoseconds.rounded() / 1e9 : value)
    }

    /// A time in seconds, or null.
    static func seconds(_ value: Double?) -> OrderedJSON { value.map { .seconds($0) } ?? .null }

    /// A whole number, or null.
    static func integer(_ value: Int?) -> OrderedJSON { value.map { .integer($0) } ?? .null }

    /// A list of texts.
    static func strings(_ values: [String]) -> OrderedJSON { .array(values.map { .string($0) }) }

    /// The value on one line.
    var compact: String {
        var text = ""
        write(to: &text)
        return text
    }

    private func write(to text: inout String) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += "\(value)"
        case .number(let value):
            // Whole numbers without a fraction; JSON has no infinities.
            if let whole = Int(exactly: value) {
                text += "\(whole)"
            } else {
                text += value.isFinite ? "\(value)" : "null"
            }
        case .string(let value): text += JSONText.quoted(value)
        case .array(let values):
            text += "["
            for (index, value) in values.enumerated() {
                if index > 0 { text += ", " }
                value.write(to: &text)
            }
            text += "]"
        case .object(let members):
            text += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { text += ", " }
                text += JSONText.quoted(member.key)
                text += ": "
                member.value.write(to: &text)
            }
            text += "}"
        }
    }
}
