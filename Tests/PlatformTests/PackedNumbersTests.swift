import Platform
import Testing

@Suite struct PackedNumbersTests {
    private func read(_ text: String) throws -> [Double] {
        try DeterministicJSON.decode([PackedNumbers].self, from: Array("[\(text)]".utf8))[0].values
    }

    @Test func theSameBitsComeBack() throws {
        let values = [0, -0.0, 1, -1.5, .pi, .infinity, .leastNonzeroMagnitude, 1e300, 0.1 + 0.2]
        for some in [values, [], [7]] {
            let bytes = try DeterministicJSON.encode([PackedNumbers(some)], pretty: false)
            let back = try DeterministicJSON.decode([PackedNumbers].self, from: bytes)[0].values
            #expect(back.map(\.bitPattern) == some.map(\.bitPattern))
        }
        let text = try DeterministicJSON.encode([PackedNumbers([1, 2])], pretty: false)
        // 1 is 3FF0000000000000, 2 is 4000000000000000; the lowest byte first.
        #expect(String(decoding: text, as: UTF8.self) == #"["AAAAAAAA8D8AAAAAAAAAQA=="]"#)
        #expect(
            try DeterministicJSON.decode([PackedNumbers].self, from: Array(#"["AAAAAAAA+H8="]"#.utf8))[0].values[0]
                .isNaN)
    }

    @Test func listsAreReadAsWell() throws {
        #expect(try read("[1, 2.5, -3e2]") == [1, 2.5, -300])
        #expect(try read("[]") == [])
    }

    @Test func whatIsNeitherIsRefused() {
        for bad in [#""AAAA""#, #""no base64!""#, "7", "null", #"["a"]"#, "{}", #""AAAAAAAA8D8""#] {
            #expect(throws: DecodingError.self, "\(bad)") { _ = try read(bad) }
        }
    }
}
