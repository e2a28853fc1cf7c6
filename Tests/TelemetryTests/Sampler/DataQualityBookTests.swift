import Telemetry
import Testing

@Suite struct DataQualityBookTests {
    private func names(_ range: Range<Int>) -> [String] { range.map { "m\($0)" } }

    /// Of a few each change is told; of many how many they are.
    @Test func manyAtOnceAreOneFinding() {
        var book = DataQualityBook()
        func raise(_ subjects: [String]) -> DataQualityFinding? {
            book.raise(.metricsVanished, entity: "e", source: "s", at: 1, subjects: subjects, detail: "gone")
            return book.take().first
        }
        for last in 1...10 { #expect(raise(names(0..<last))?.count == last) }
        #expect(raise(names(1..<11))?.subjects.first == "m1")
        // Labels change on the fly: 329 metrics go one after the other, always other names first.
        let told = (11...329).compactMap { raise(names(500 - $0..<500)) }
        #expect(told.map(\.count) == [11, 22, 44, 88, 176])
        #expect(told.allSatisfy { $0.subjects.count <= 12 && $0.since == 1 })
        // Most of them come back.
        let back = (1...328).compactMap { raise(names($0..<329)) }
        #expect(back.prefix(5).map(\.count) == [88, 44, 22, 11, 10])
        book.clear(.metricsVanished, entity: "e", source: "s", at: 9)
        #expect(book.take().map(\.isRaised) == [false] && book.open.isEmpty)
    }
}
