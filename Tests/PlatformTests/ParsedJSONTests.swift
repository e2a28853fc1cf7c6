import Platform
import Testing

struct ParsedJSONTests {
    private func parse(_ text: String) throws -> ParsedJSON {
        let bytes = Array(text.utf8)
        return try bytes.withUnsafeBufferPointer { try ParsedJSON(parsing: $0) }
    }

    @Test("Values of every kind")
    func values() throws {
        let value = try parse(
            #" {"a": [1, -2.5e3, true, false, null], "b\u0041\n": {"c": "x\"\\\/é😀\ud83d\ude00"}, "d": []} "#)
        guard case .object(let members) = value else {
            Issue.record("not an object")
            return
        }
        #expect(members.map(\.key) == ["a", "bA\n", "d"])
        #expect(members[0].value == .array([.number(1), .number(-2500), .bool(true), .bool(false), .null]))
        guard case .object(let inner) = members[1].value else {
            Issue.record("not an object")
            return
        }
        #expect(inner[0].value == .string("x\"\\/é😀😀"))
        #expect(try parse(#""\ud83d x""#) == .string("\u{FFFD} x"))
    }

    @Test(
        "What is no JSON is refused, and where",
        arguments: [
            ("", 0), ("{", 1), ("[1,", 3), ("[1 2]", 3), ("{\"a\"}", 4), ("{\"a\":1,}", 7), ("nul", 0), ("\"a", 2),
            ("1 2", 2),
            ("\"\\x\"", 3), ("\"\\u12g4\"", 5), ("{a:1}", 1), ("\"a\nb\"", 2), ("inf", 0),
        ])
    func errors(_ text: String, _ offset: Int) {
        let error = #expect(throws: ParsedJSON.SyntaxError.self) { try parse(text) }
        #expect(error?.offset == offset)
    }

    @Test("Nesting is bounded")
    func depth() throws {
        #expect(throws: ParsedJSON.SyntaxError.self) { try parse(String(repeating: "[", count: 1_000_000)) }
        _ = try parse(String(repeating: "[", count: 60) + String(repeating: "]", count: 60))
    }
}
