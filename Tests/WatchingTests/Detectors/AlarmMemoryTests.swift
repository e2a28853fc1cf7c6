import Platform
import Testing
import Watching

/// What is remembered of alarms, so that the end of what they were about is told from something new.
@Suite struct AlarmMemoryTests {
    private func pasts(_ alarms: Set<Int>, rows: Int) -> [AlarmPast] {
        var memory = AlarmMemory(gap: 10)
        return (0..<rows).map { row in
            let past = memory.past
            memory.update(isAlarm: alarms.contains(row))
            return past
        }
    }

    @Test("An alarm begins, stands, is over, and is forgotten")
    func phases() {
        let found = pasts([5, 6], rows: 300)
        #expect(found[...5].allSatisfy { $0 == .none })
        #expect(found[6] == .began && found[7...16].allSatisfy { $0 == .standing })
        #expect(found[17...246].allSatisfy { $0 == .over } && found[247...].allSatisfy { $0 == .none })
    }

    @Test("Alarms soon after one another are about the same, those after long about something new")
    func newThings() {
        let often = pasts(Set(stride(from: 0, to: 1_000, by: 100)), rows: 1_000)
        // Beyond 480 rows the next one is.
        #expect(often.indices.filter { often[$0] == .began } == [1, 501])
        let ongoing = pasts(Set(0..<1_000), rows: 1_001)
        #expect(ongoing.indices.filter { ongoing[$0] == .began } == [1])
    }

    @Test(arguments: [0, 3, 40, 400])
    func itIsTakenUpWhereItWas(_ rows: Int) throws {
        var memory = AlarmMemory(gap: 10)
        for row in 0..<rows + 30 { memory.update(isAlarm: row == 29) }
        var state = StateWriter()
        memory.save(to: &state)
        var other = AlarmMemory(gap: 10)
        var reader = StateReader(state.bytes)
        try other.restore(from: &reader)
        #expect(reader.isAtEnd)
        for row in 0..<600 {
            #expect(other.past == memory.past)
            memory.update(isAlarm: row % 150 == 7)
            other.update(isAlarm: row % 150 == 7)
        }
    }
}
