import Platform
import Testing
import Watching

@Suite struct RetryAfterTests {
    @Test func secondsAndDatesAreRead() {
        func wait(_ text: String) -> Duration? { RetryAfter.wait(text, now: 784_111_777) }
        #expect(wait("120") == .seconds(120) && wait("0") == .zero && wait(" 7") == .seconds(7))
        #expect(wait("Sun, 06 Nov 1994 08:50:07 GMT") == .seconds(30))
        #expect(wait("Sun, 06 Nov 1994 08:00:00 GMT") == .zero)
        #expect((wait("99999999999999999999999") ?? .zero) > .seconds(1_000_000))
        for text in ["", "-1", "1.5", "soon", "１２"] { #expect(wait(text) == nil, "\(text)") }
        #expect(RetryAfter.wait("Sun, 06 Nov 1994 08:50:07 GMT", now: .nan) == nil)
    }
}
