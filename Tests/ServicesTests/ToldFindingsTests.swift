import Services
import Telemetry
import Testing

@Suite struct ToldFindingsTests {
    private func finding(_ kind: DataQualityFinding.Kind, _ isRaised: Bool) -> DataQualityFinding {
        var book = DataQualityBook()
        book.raise(kind, entity: "e", source: "s", at: 1, detail: "")
        if !isRaised { book.clear(kind, entity: "e", source: "s", at: 2) }
        return book.take()[isRaised ? 0 : 1]
    }

    /// Whatever sources say meanwhile, a stream's finding is told from beginning to end, or not at all.
    @Test func whatWasToldWhenItBeganIsToldWhenItIsOver() {
        var told = ToldFindings()
        var answers: [Bool] = []
        func hear(_ kind: DataQualityFinding.Kind, _ isRaised: Bool, _ entity: String = "a/e") {
            answers.append(told.tells(finding(kind, isRaised), ofStream: entity))
        }
        hear(.metricsVanished, true)
        told.take(finding(.halfEmpty, true), ofSource: "a/e")
        // It concerns others now, and is over.
        hear(.metricsVanished, true)
        hear(.metricsVanished, false)
        #expect(answers == [true, true, true])
        // The source says what is wrong; something of its own that is over does not change that.
        answers = []
        hear(.metricsVanished, true)
        hear(.metricsVanished, true, "a/other")
        told.take(finding(.metricsNew, true), ofSource: "a/e")
        told.take(finding(.metricsNew, false), ofSource: "a/e")
        hear(.metricsVanished, false)
        hear(.malformed, true)
        told.take(finding(.halfEmpty, false), ofSource: "a/e")
        hear(.malformed, false)
        #expect(answers == [false, true, false, false, false])
        // What a process before this one told.
        hear(.metricsVanished, false)
        #expect(answers.last == true)
    }
}
