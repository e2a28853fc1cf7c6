import Numerics
import Platform
import Testing

struct JSONTextTests {
    @Test("Usual text stays as it is")
    func usualText() {
        #expect(JSONText.quoted("") == "\"\"")
        #expect(JSONText.quoted("cpu é 𝛼 /") == "\"cpu é 𝛼 /\"")
    }

    @Test("Quotes, backslashes and control characters are escaped")
    func escapes() {
        #expect(JSONText.quoted("a\"b\\c\n\r\t\u{1}\u{1f}") == #""a\"b\\c\n\r\t\u0001\u001f""#)
    }

    @Test("Whatever is written is read back")
    func anyTextSurvives() throws {
        var generator = CounterBasedGenerator(seed: 5, purpose: "json-text")
        for _ in 0..<200 {
            var text = ""
            for _ in 0..<12 {
                let scalar =
                    UInt32(truncatingIfNeeded: generator.next()) % (generator.uniform() < 0.5 ? 0x80 : 0x11_0000)
                if let scalar = Unicode.Scalar(scalar) { text.unicodeScalars.append(scalar) }
            }
            let bytes = Array(JSONText.quoted(text).utf8)
            guard case .string(let read) = try bytes.withUnsafeBufferPointer({ try ParsedJSON(parsing: $0) }) else {
                Issue.record("not a string: \(text.debugDescription)")
                return
            }
            #expect(Array(read.unicodeScalars) == Array(text.unicodeScalars))
        }
    }
}
