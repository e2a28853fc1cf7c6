import Testing
import Watching

@Suite struct ConsumerReachTests {
    @Test func aWeekOfTryingInVainIsTheEnd() {
        var reach = ConsumerReach()
        var now = 1_767_225_600.0
        for _ in 0..<(7 * 24 * 60) {
            reach.tried(reached: false, at: now)
            #expect(!reach.isGone)
            now += 60
        }
        reach.tried(reached: false, at: now)
        #expect(reach.isGone)
        reach.tried(reached: true, at: now)
        #expect(!reach.isGone && reach.failingSeconds == 0)
    }

    /// What the server was off for, and a clock that jumps, count for an hour at most; one that is set back for nothing.
    @Test func onlyTryingCounts() {
        var reach = ConsumerReach()
        for now in [0.0, 60, 1e9, 1e9 + 60, 5, 65] { reach.tried(reached: false, at: now) }
        #expect(reach.failingSeconds == 60 + 3_600 + 60 + 0 + 60)
        // A restart goes on from what was kept.
        var later = ConsumerReach(failingSeconds: ConsumerReach.longestSeconds - 1)
        later.tried(reached: false, at: 1e9)
        #expect(!later.isGone)
        later.tried(reached: false, at: 1e9 + 2)
        #expect(later.isGone && ConsumerReach(failingSeconds: .nan).failingSeconds == 0)
    }
}
