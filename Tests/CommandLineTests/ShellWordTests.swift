import CommandLine
import Testing

@Suite struct ShellWordTests {
    @Test(arguments: [
        ("edge-1", "edge-1"), ("plant/7:a@b", "plant/7:a@b"), ("two words", "'two words'"), ("", "''"),
        ("it's", "'it'\\''s'"),
        ("$HOME", "'$HOME'"), ("größe", "'größe'"),
    ])
    func aShellTakesItAsOneWord(_ word: String, _ quoted: String) {
        #expect(ShellWord.quoted(word) == quoted)
    }
}
