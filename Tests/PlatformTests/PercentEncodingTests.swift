import Platform
import Testing

@Suite struct PercentEncodingTests {
    @Test(arguments: ["", "edge-03", "a b/c?d=é%", "\u{202E}\n", "~._-", String(repeating: "基", count: 40)])
    func whatIsEncodedIsReadAgain(_ text: String) {
        let encoded = PercentEncoding.encoded(text)
        #expect(encoded.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") })
        #expect(PercentEncoding.decoded(encoded) == text)
    }

    @Test func knownForms() {
        #expect(PercentEncoding.encoded("a b/é") == "a%20b%2F%C3%A9")
        #expect(PercentEncoding.decoded("a%20b%2f%c3%a9") == "a b/é")
    }

    @Test(arguments: ["%", "%4", "%zz", "%+1", "%C3", "a%FFb"]) func whatIsNoneIsRefused(_ text: String) {
        #expect(PercentEncoding.decoded(text) == nil)
    }
}
