/// A place in a trace that goes through several systems, as the header `traceparent` says it.
///
/// Source: W3C Trace Context (Recommendation of 2021-11-23), section 3.2.
package struct TraceContext: Hashable, Sendable {
    /// The trace: 32 lower-case hexadecimal digits, not all of them 0.
    package let traceID: String
    /// The step of it that sends: 16 lower-case hexadecimal digits, not all of them 0.
    package let spanID: String
    /// Whether whoever sends may have recorded its step.
    package let isSampled: Bool

    /// A header's value; `nil` for one that is to be ignored. Of a later version what version 00 has is read.
    package init?(parsing text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count >= Self.length, bytes.count <= Self.longest else { return nil }
        let parts = [(0, 2), (3, 32), (36, 16), (53, 2)].map { Array(bytes[$0.0..<$0.0 + $0.1]) }
        guard [2, 35, 52].allSatisfy({ bytes[$0] == UInt8(ascii: "-") }),
            parts.allSatisfy({ $0.allSatisfy(Self.isDigit) }), parts[0] != Array("ff".utf8),
            bytes.count == Self.length || (parts[0] != Array("00".utf8) && bytes[Self.length] == UInt8(ascii: "-")),
            parts[1...2].allSatisfy({ $0.contains { $0 != UInt8(ascii: "0") } }),
            let flags = UInt8(String(decoding: parts[3], as: UTF8.self), radix: 16)
        else { return nil }
        (traceID, spanID) = (String(decoding: parts[1], as: UTF8.self), String(decoding: parts[2], as: UTF8.self))
        isSampled = flags & 1 == 1
    }

    /// The trace of something that has a name: the same whenever it is asked for.
    package init(naming name: String) {
        var digest = SHA256.digest(Array(name.utf8))
        // None of the two may be 0.
        digest[0] |= 1
        digest[16] |= 1
        traceID = SHA256.hexadecimalDigits(Array(digest[..<16]))
        spanID = SHA256.hexadecimalDigits(Array(digest[16..<24]))
        isSampled = false
    }

    private init(traceID: String, spanID: String, isSampled: Bool) {
        (self.traceID, self.spanID, self.isSampled) = (traceID, spanID, isSampled)
    }

    /// The beginning of a trace of its own.
    package static func begin(using generator: inout some RandomNumberGenerator) -> TraceContext {
        let high = digits(.random(in: 1 ... .max, using: &generator))
        let low = digits(.random(in: 0 ... .max, using: &generator))
        return TraceContext(traceID: high + low, spanID: span(using: &generator), isSampled: false)
    }

    /// Another step of the same trace.
    package func next(using generator: inout some RandomNumberGenerator) -> TraceContext {
        TraceContext(traceID: traceID, spanID: Self.span(using: &generator), isSampled: isSampled)
    }

    /// The header's value.
    package var header: String { "00-\(traceID)-\(spanID)-\(isSampled ? "01" : "00")" }

    /// The header's name.
    package static let name = "traceparent"

    private static let length = 55
    private static let longest = 512

    private static func span(using generator: inout some RandomNumberGenerator) -> String {
        digits(.random(in: 1 ... .max, using: &generator))
    }

    private static func digits(_ number: UInt64) -> String {
        SHA256.hexadecimalDigits((0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) })
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}
