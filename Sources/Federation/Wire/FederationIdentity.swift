/// Names a federation among all: random, made once, in every envelope and every stored state. A server whose folder was
/// lost begins another federation, and its workers notice.
package struct FederationIdentity: Hashable, Sendable, CustomStringConvertible {
    /// The first eight bytes on the wire, as a little-endian number.
    package let first: UInt64
    /// The other eight.
    package let second: UInt64

    /// An identity; random bits that nobody else has.
    package init(_ first: UInt64, _ second: UInt64) {
        self.first = first
        self.second = second
    }

    /// A worker's that has not met its server yet.
    package static let none = FederationIdentity(0, 0)

    /// 32 hexadecimal digits, the bytes in their order on the wire: as they are stored and shown.
    package var description: String {
        [first, second].map { number in
            let digits = String(number.byteSwapped, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    /// Reads the 32 digits; `nil` where there are none.
    package init?(_ digits: String) {
        guard digits.utf8.count == 32, let first = UInt64(digits.prefix(16), radix: 16),
            let second = UInt64(digits.suffix(16), radix: 16)
        else { return nil }
        self.init(first.byteSwapped, second.byteSwapped)
    }
}
