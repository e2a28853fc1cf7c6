package import Federation

/// A value of the embedded database.
package enum SQLValue: Equatable, Sendable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob([UInt8])
    /// A blob that is written from where it is; what is read is never one.
    case bytes(Bytes)

    /// The integer, if it is one.
    package var integer: Int64? { if case .integer(let value) = self { value } else { nil } }
    /// The number, if it is one.
    package var real: Double? {
        switch self {
        case .real(let value): value
        case .integer(let value): Double(value)
        default: nil
        }
    }
    /// The text, if it is one.
    package var text: String? { if case .text(let value) = self { value } else { nil } }
    /// The bytes, if they are some.
    package var blob: [UInt8]? { if case .blob(let value) = self { value } else { nil } }
}
