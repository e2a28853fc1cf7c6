import Telemetry
import Testing

@Suite struct SteadinessTests {
    @Test func whatHasNotComeBackIsOverAtOnce() {
        var calm = Steadiness()
        #expect(calm.begins(at: 100) == true)
        #expect(calm.begins(at: 101) == false)
        #expect(calm.ends(at: 500) == true)
        #expect(!calm.stands)
        // An hour later it is told like the first time.
        #expect(calm.begins(at: 5_000) == true)
        #expect(calm.ends(at: 5_001) == true)
    }

    @Test func whatComesAndGoesIsToldThreeTimes() {
        var calm = Steadiness()
        var told: [Double] = []
        for second in stride(from: 0.0, to: 7_200, by: 2) {
            if calm.begins(at: second) { told.append(second) }
            if calm.ends(at: second + 1) { told.append(second + 1) }
        }
        #expect(told == [0, 1, 2])
        #expect(calm.stands && calm.isEnding && calm.returns > 3_000)
        // It is over when it has been well for an hour: as long as it was wrong, and no longer than that.
        #expect(calm.passes(to: 7_199 + 3_500) == false)
        #expect(calm.passes(to: 7_199 + 3_600) == true)
    }

    @Test func whatIsWrongForAMomentAgainIsOverAfterHalfAMinute() {
        var calm = Steadiness()
        _ = calm.begins(at: 0)
        _ = calm.ends(at: 1)
        #expect(calm.begins(at: 2) == true)
        #expect(calm.ends(at: 3) == false)
        #expect(calm.ends(at: 32) == false)
        #expect(calm.ends(at: 33) == true)
    }

    @Test func aClockThatIsSetBackOrNoneEndsIt() {
        var calm = Steadiness()
        _ = calm.begins(at: 0)
        _ = calm.ends(at: 1)
        _ = calm.begins(at: 2)
        #expect(calm.ends(at: 3) == false)
        #expect(calm.passes(to: -1_000) == false)
        #expect(calm.passes(to: -970) == true)
        #expect(calm.begins(at: -960) == true)
        #expect(calm.ends(at: .nan) == true)
    }
}
