import Platform
import Testing

@Suite struct JSONFlawTests {
    @Test func whereATextIsNoJSON() {
        for (text, line) in [
            ("{\n  \"name\": \"a\",\n  \"data\" [\"x\"]\n}\n", "line 3, column 10: found '[', expected ':'"),
            ("{\n  \"name\": \"a\",\n", "line 3, column 1: found the end, expected a member's name in quotes"),
            ("", "line 1, column 1: found the end, expected a value"),
            ("{} x", "line 1, column 4: found 'x', expected nothing after the value"),
            (#"{"a": 1e400}"#, "line 1, column 7: found '1e400', expected a number within ±1.8e308"),
            ("[-1e999]", "line 1, column 2: found '-1e999', expected a number within ±1.8e308"),
            ("[tru]", "line 1, column 2: found 'tru', expected a value"),
            ("[\"\u{202E}\" \u{202E}]", #"line 1, column 8: found '\u{202E}', expected ',' or ']'"#),
        ] {
            #expect(JSONFlaw(in: Array(text.utf8))?.description == line, "\(text)")
        }
    }

    @Test(arguments: ["01", "+1", "1.", "NaN", "Infinity", "-Infinity", "1.e5", "[1,]", "{\"a\":1,}"])
    func whatOthersTakeIsNoJSON(_ text: String) { #expect(JSONFlaw(in: Array(text.utf8)) != nil) }

    @Test(arguments: ["0", "-0", "1.5e-3", "1e308", "0.25", "[]", " {\"a\": [1, true, null]} \n", "1E+2", "1e-400"])
    func whatIsJSON(_ text: String) { #expect(JSONFlaw(in: Array(text.utf8)) == nil) }
}
