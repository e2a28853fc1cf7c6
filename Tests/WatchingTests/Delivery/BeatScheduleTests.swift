import Platform
import Testing
import Watching

@Suite struct BeatScheduleTests {
    private static func at(_ seconds: Double) -> Instant { .zero + .seconds(seconds) }

    @Test func beatsComeAtTheirTimesAndNumbersGrow() {
        var schedule = BeatSchedule(Beat(.heartbeat, everySeconds: 60))
        let date = 1_767_225_600.0
        var numbers: [Int64] = []
        var times: [Int] = []
        for tenth in 0..<6_000 {
            let now = Double(tenth) / 10
            guard let number = schedule.due(at: Self.at(now), date: date + now) else { continue }
            numbers.append(number)
            times.append(tenth / 10)
        }
        #expect(times == [0, 60, 120, 180, 240, 300, 360, 420, 480, 540])
        #expect(numbers == (0..<10).map { Int64(date) / 60 + $0 })
    }

    /// What could not go is not made up for, and its numbers are left out.
    @Test func whatWasMissedStaysOut() {
        var schedule = BeatSchedule(Beat(.measurement, everySeconds: 10))
        let first = schedule.due(at: Self.at(0), date: 1_000)
        #expect(first == 100)
        #expect(schedule.due(at: Self.at(35), date: 1_035) == 103 && schedule.due(at: Self.at(36), date: 1_036) == nil)
        #expect(schedule.due(at: Self.at(45), date: 1_045) == 104)
    }

    /// A clock that is set back, or says nothing, neither silences it nor repeats a number.
    @Test func aClockThatIsSetBackRepeatsNothing() {
        var schedule = BeatSchedule(Beat(.heartbeat, everySeconds: 1))
        var last: Int64 = -1
        for (second, date) in [500.0, 501, 20, 21, .nan, .infinity, -7, 502].enumerated() {
            let number = schedule.due(at: Self.at(Double(second)), date: date)
            #expect((number ?? -1) > last, "\(date)")
            last = number ?? last
        }
    }
}
