import Platform
import Telemetry
import Testing

/// Where rows stand by their times, rule by rule.
struct RowClockTests {
    private func places(_ times: [Double], step: Double = 60) -> [RowClock.Place] {
        var clock = RowClock(step: step, gapFactor: 5)
        return times.map { clock.place($0) }
    }

    @Test("One late row, and two, do not set time back; a repeated time goes on")
    func late() {
        #expect(places([0, 60, 120, 60, 180, 180, 240]) == [.restart, .next, .next, .late, .next, .next, .next])
        #expect(places([0, 60, 120, 180, 0, 60, 240]) == [.restart, .next, .next, .next, .late, .late, .next])
    }

    @Test("A clock that is set back starts anew at its third row, and is said once")
    func setBack() {
        var clock = RowClock(step: 60, gapFactor: 5)
        var changes: [RowClock.Change] = []
        var restarts = 0
        for time in (0..<100).map({ Double($0) * 60 }) + (0..<100).map({ 2400 + Double($0) * 60 }) {
            if clock.place(time) == .restart { restarts += 1 }
            if let change = clock.takeChange() { changes.append(change) }
        }
        #expect(restarts == 2 && clock.lateCount == 2)
        #expect(changes.map(\.kind) == [.setBack] && changes.map(\.time) == [2520] && changes.map(\.seconds) == [3420])
    }

    @Test("Another interval is learned after five rows; single gaps of any length are not one")
    func interval() {
        let slow = (0..<10).map { Double($0) * 60 } + (1..<10).map { 540 + Double($0) * 600 }
        #expect(places(slow).suffix(9) == [.gap, .gap, .gap, .gap, .next, .next, .next, .next, .next])
        #expect(places([0, 60, 120, 720, 780, 840, 4440, 4500]).filter { $0 == .gap }.count == 2)
        #expect(places([0, 400, 1000, 2000, 4000, 9000, 20000]).dropFirst().allSatisfy { $0 == .gap })
    }

    @Test("A count that could not go on is no state")
    func damagedState() {
        let clock = RowClock(step: 60, gapFactor: 5)
        var state = StateWriter()
        clock.save(to: &state)
        var last = StateWriter()
        last.append(Int.max)
        var damaged = StateReader(state.bytes.dropLast(last.bytes.count) + last.bytes)
        #expect(throws: StateError.self) {
            var other = clock
            try other.restore(from: &damaged)
        }
    }
}
