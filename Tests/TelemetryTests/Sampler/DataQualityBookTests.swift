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

    /// One broken sender beside a good one: 17,608 changes are three findings, and one when it has ended.
    @Test func whatComesAndGoesIsToldAFewTimes() {
        var book = DataQualityBook()
        var told: [DataQualityFinding] = []
        for step in 0..<17_608 {
            let time = 0.01 * Double(step)
            book.raise(.malformed, source: "s", at: time, detail: "what \(step)")
            book.clear(.malformed, source: "s", at: time + 0.005)
            book.pass(to: time + 0.006)
            told += book.take()
        }
        #expect(told.map(\.isRaised) == [true, false, true])
        #expect(!book.stands(.malformed, source: "s") && book.open.count == 1)
        book.pass(to: 176.08 + 170)
        #expect(book.take().isEmpty)
        book.pass(to: 176.08 + 180)
        let end = book.take()
        #expect(end.map(\.isRaised) == [false] && end.first?.detail.hasSuffix("17607 times)") == true)
        #expect(book.open.isEmpty)
    }

    @Test func theSameIsMentionedOnceInHalfAMinute() {
        var book = DataQualityBook()
        for time in 0..<60 { book.mention(.restarted, entity: "e", source: "s", at: Double(time), detail: "again") }
        #expect(book.take().map(\.at) == [0, 0, 30, 30])
        book.mention(.metricsNew, entity: "e", source: "s", at: 60, subjects: ["a"], detail: "new")
        book.mention(.metricsNew, entity: "e", source: "s", at: 60, subjects: ["b"], detail: "new")
        #expect(book.take().count == 4 && book.open.isEmpty)
    }
}
