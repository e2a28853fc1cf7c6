import Platform
import Testing

@Suite struct NameRuleTests {
    @Test func anythingThatShowsIsAName() {
        for name in ["enb", "é", "edge server", "antenne-süd", "@@@", ".", "a.b@c", "基地局", "💡👩‍💻", "a/b", "%2F"] {
            #expect(NameRule.flaw(in: name, limit: NameRule.longestPart) == nil, "\(name)")
        }
        for name in ["", "a\nb", "a\u{0}b", "a\u{202E}b", "\u{200B}", "a\u{2028}b", String(repeating: "x", count: 256)]
        {
            #expect(NameRule.flaw(in: name, limit: NameRule.longestPart) != nil, "\(name.debugDescription)")
        }
    }

    @Test func fileNamesAreFilesAndDiffer() {
        #expect(NameRule.fileName(for: "physical.cpu@enb+1_2-3") == "physical.cpu@enb+1_2-3")
        #expect(NameRule.fileName(for: "cpu@é") == "cpu@%C3%A9")
        let names = [
            "é", "e", "%C3%A9", "a b", "a%20b", "a/b", "../../etc/passwd", ".", "..", ".hidden", "a\u{0}", "~", "a~b",
            String(repeating: "x", count: 200), String(repeating: "x", count: 201), String(repeating: "x", count: 202),
            String(repeating: "é", count: 160), String(repeating: "é", count: 159) + "e",
        ]
        var seen: [String: String] = [:]
        for name in names {
            let file = NameRule.fileName(for: name)
            #expect(seen.updateValue(name, forKey: file) == nil, "\(name) and another are both \(file)")
            #expect((1...200).contains(file.utf8.count) && !file.hasPrefix(".") && !file.contains("/"), "\(file)")
            #expect(file.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
        }
    }

    @Test func whatDoesNotShowIsWritten() {
        #expect(PrintableText.line("plain") == "plain")
        #expect(PrintableText.line("site\u{202E}gpj.exe\u{1B}[2J\n") == "site\\u{202E}gpj.exe\\u{1B}[2J\\u{A}")
        #expect(PrintableText.line("süd 👩‍💻") == "süd 👩‍💻")
        #expect(PrintableText.line("abcdef", limit: 3) == "abc…")
    }
}
