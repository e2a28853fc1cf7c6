import Platform
import Testing

@Suite struct XMLTokensTests {
    @Test func tagsTextAndPrefixes() throws {
        let text = """
            <?xml version="1.0"?>
            <!-- none --><g:a x='1 &amp; 2'><b/>t&#233;<![CDATA[<raw>]]></g:a>
            """
        let found = try XMLTokens(Array(text.utf8)).tokens.map(\.token)
        var joined = ""
        for case .text(let piece) in found { joined += piece }
        #expect(joined == "té<raw>")
        #expect(found.first == .start("a", ["x": "1 & 2"]))
        #expect(found.contains(.start("b", [:])) && found.contains(.end("b")) && found.last == .end("a"))
    }

    @Test(arguments: [
        ("", 1, "no element"), ("<a>\n<b></a>", 2, "mismatched tag"), ("<a x=1/>", 1, "not well-formed"),
        ("<!DOCTYPE a [\n<!ENTITY b \"bb\">]><a>&b;</a>", 2, "entity 'b'"),
    ])
    func whatIsNoDocumentIsRefusedWithItsLine(_ text: String, _ line: Int, _ reason: String) {
        let error = #expect(throws: XMLTokens.SyntaxError.self) { try XMLTokens(Array(text.utf8)) }
        #expect(error?.line == line)
        #expect(error?.reason.contains(reason) == true, "\(error?.reason ?? "")")
    }
}
