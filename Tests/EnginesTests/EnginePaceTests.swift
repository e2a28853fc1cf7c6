import Engines
import Testing

@Suite struct EnginePaceTests {
    @Test func newsAreHeardSoonAndNotAtOnce() {
        let pace = EnginePace(every: .seconds(2))
        #expect(!pace.isDue(after: .milliseconds(1_999), hasNews: false))
        #expect(pace.isDue(after: .seconds(2), hasNews: false))
        #expect(!pace.isDue(after: .zero, hasNews: true))
        #expect(!pace.isDue(after: .milliseconds(199), hasNews: true))
        #expect(pace.isDue(after: .milliseconds(200), hasNews: true))
    }
}
