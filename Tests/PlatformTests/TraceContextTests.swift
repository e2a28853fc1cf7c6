import Numerics
import Platform
import Testing

@Suite struct TraceContextTests {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let span = "00f067aa0ba902b7"

    @Test func aHeaderIsReadAndWritten() throws {
        let header = "00-\(Self.trace)-\(Self.span)-01"
        let context = try #require(TraceContext(parsing: header))
        #expect(context.traceID == Self.trace && context.spanID == Self.span && context.isSampled)
        #expect(context.header == header)
        // Flags that this version does not know are not passed on.
        #expect(TraceContext(parsing: "00-\(Self.trace)-\(Self.span)-fe")?.header == "00-\(Self.trace)-\(Self.span)-00")
    }

    /// Of a later version what this one has is read (section 3.2.4).
    @Test func laterVersionsAreRead() {
        for header in ["cc-\(Self.trace)-\(Self.span)-01", "cc-\(Self.trace)-\(Self.span)-01-what-comes-then"] {
            #expect(TraceContext(parsing: header)?.traceID == Self.trace, "\(header)")
        }
        #expect(TraceContext(parsing: "cc-\(Self.trace)-\(Self.span)-01.more") == nil)
    }

    @Test func whatIsNoneIsIgnored() {
        let zeros = String(repeating: "0", count: 32)
        for header in [
            "", "00", "00-\(Self.trace)-\(Self.span)", "00-\(Self.trace)-\(Self.span)-01-more",
            "ff-\(Self.trace)-\(Self.span)-01", "00-\(zeros)-\(Self.span)-01",
            "00-\(Self.trace)-\(zeros.prefix(16))-01",
            "00-\(Self.trace.uppercased())-\(Self.span)-01", "00-\(Self.trace)-\(Self.span)-0g",
            "00_\(Self.trace)-\(Self.span)-01", "00-\(Self.trace)\u{e9}-\(Self.span.dropFirst(2))-01",
            "cc-\(Self.trace)-\(Self.span)-01-" + String(repeating: "x", count: 600),
        ] { #expect(TraceContext(parsing: header) == nil, "\(header)") }
    }

    @Test(arguments: 1...200 as ClosedRange<UInt64>) func whatBeginsCanBeRead(_ seed: UInt64) throws {
        var generator = CounterBasedGenerator(seed: seed, purpose: "traces")
        let begun = TraceContext.begin(using: &generator)
        #expect(TraceContext(parsing: begun.header) == begun, "seed \(seed)")
        let next = begun.next(using: &generator)
        #expect(next.traceID == begun.traceID && next.spanID != begun.spanID, "seed \(seed)")
        let named = TraceContext(naming: "event \(seed)")
        #expect(TraceContext(parsing: named.header) == named && named == TraceContext(naming: "event \(seed)"))
        #expect(named.traceID != TraceContext(naming: "event \(seed + 1)").traceID)
    }
}
