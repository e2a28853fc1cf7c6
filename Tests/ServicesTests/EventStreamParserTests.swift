import Services
import Testing

@Suite struct EventStreamParserTests {
    private static func parse(_ text: String, limit: Int = 1 << 20, by size: Int) -> (
        events: [EventStreamParser.Event], dropped: Int
    ) {
        var parser = EventStreamParser(longestEvent: limit)
        let bytes = Array(text.utf8)
        var events: [EventStreamParser.Event] = []
        for first in stride(from: 0, to: bytes.count, by: size) {
            events += parser.append(Array(bytes[first..<min(first + size, bytes.count)]))
        }
        return (events, parser.dropped)
    }

    @Test(arguments: [1, 3, 1_000]) func eventsComeInPieces(size: Int) {
        let found = Self.parse(
            ": here\n\nid: 7\nevent: alarm\ndata: one\ndata: two\r\n\r\nid: 8\ndata:three\n\n\ndata: unfinished",
            by: size)
        #expect(found.events.map(\.id) == ["7", "8"])
        #expect(found.events.map(\.data) == ["one\ntwo", "three"])
        #expect(found.dropped == 0)
    }

    @Test(arguments: [1, 7, 1_000]) func whatIsTooLongIsLeftOutWhole(size: Int) {
        let long = String(repeating: "x", count: 500)
        let lines = String(repeating: "data: 0123456789\n", count: 50)
        let found = Self.parse(
            "data: a\n\ndata: \(long)\ndata: tail\n\ndata: b\n\nid: 3\n\(lines)\ndata: c\n\n\(long)", limit: 100,
            by: size)
        #expect(found.events.map(\.data) == ["a", "b", "c"])
        #expect(found.dropped == 2)
    }
}
