import Platform
import Testing

@Suite struct TimeInUseTests {
    /// Neither a machine that was off nor a clock that is set makes anything much older.
    @Test func whatWasNotInUseDoesNotCount() {
        var time = TimeInUse(from: 100)
        #expect(time.seconds == 100)
        time.pass(to: 1_000)
        #expect(time.seconds == 100, "nobody knows since when")
        time.pass(to: 1_060)
        #expect(time.seconds == 160)
        time.pass(to: 1e9)
        #expect(time.seconds == 160 + 3_600)
        time.pass(to: 5)
        time.pass(to: 6)
        #expect(time.seconds == 160 + 3_601)
    }

    @Test func whatIsDueIsDueOnce() {
        var time = TimeInUse()
        time.pass(to: 0)
        var due: [Int] = []
        for second in 0..<200 {
            time.pass(to: Double(second))
            if time.isDue(every: 60) { due.append(second) }
        }
        #expect(due == [60, 120, 180])
    }
}
