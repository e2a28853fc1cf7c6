import Telemetry
import Testing
import Watching

@Suite struct StreamIdentityTests {
    private func frame(_ values: [Double], firstRow: Int = 0) -> MetricFrame {
        MetricFrame(
            schema: ["x"], firstRow: firstRow, times: values.indices.map { Double(firstRow + $0) }, values: values)
    }

    private func marks(_ chunks: [[Double]], of rows: [Int]) -> [String] {
        var identity = StreamIdentity(clock: .rows(seconds: 1), schema: ["x"])
        var first = 0
        for chunk in chunks {
            identity.see(frame(chunk, firstRow: first))
            first += chunk.count
        }
        return rows.map { identity.mark(of: .init(index: $0, time: Double($0))) }
    }

    @Test func aRestartRepeatsAndAnotherStreamDoesNot() {
        let values = (0..<100).map { Double($0 * $0 % 17) }
        let whole = marks([values], of: [5, 40])
        #expect(marks([Array(values[..<1]), Array(values[1..<30]), Array(values[30...])], of: [5, 40]) == whole)
        #expect(Set(whole).count == 2)
        // The rotated file: what followed, from its own row 0.
        #expect(Set(marks([Array(values[50...])], of: [5, 40])).isDisjoint(with: whole))
        // An onset before there are enough rows does not depend on what follows.
        var other = values
        other[20] = 99
        #expect(marks([other], of: [5]) == [whole[0]] && marks([other], of: [40]) != [whole[1]])
    }

    @Test func aClockNamesByTime() {
        var identity = StreamIdentity(clock: .text(column: "time"), schema: ["x"])
        #expect(identity.mark(of: .init(index: 5, time: 1_767_225_600)) == "1767225600")
        #expect(identity.mark(of: .init(index: 9, time: 12.5)) == "12.5")
        // A clock that stands still or was set back.
        #expect(identity.mark(of: .init(index: 10, time: 12.5)) == "12.5#1")
        #expect(identity.mark(of: .init(index: 11, time: .nan)) == "nan")
        for row in 0..<10_000 { _ = identity.mark(of: .init(index: row, time: 1e6 + Double(row))) }
    }

    @Test func claimsAreComparedWithTheEvent() {
        func event(_ id: String, row: Int = 5, time: Double = 12.5) -> AlarmEvent {
            let point = AlarmEvent.Point(index: row, time: time)
            return AlarmEvent(
                id: id, revision: 0, state: .raised, site: "s@1", entity: "e#2", worker: "w", severity: .major,
                onset: point, at: point, score: 1, groups: [], fingerprint: [], reconstruction: nil, modelVersion: 1)
        }
        for id in ["s@1/e#2@12.5", "s@1/e#2@12.5#3", "s@1/e#2@row-5-0123456789abcdef", "s@1/e#2@5"] {
            #expect(AlarmIdentity.flaw(of: event(id)) == nil, "\(id)")
        }
        for id in [
            "", "s@1/e#2@13", "other/e@12.5", "s@1/e#2@row-6-0123456789abcdef", "s@1/e#2@12.5#x", "s@1/e#2@",
            "s@1/e#2@12.5#1#2",
            "s@1/e#2@row-5-01", "s@1/e#2@" + String(repeating: "1", count: 10_000),
        ] {
            #expect(AlarmIdentity.flaw(of: event(id)) != nil, "\(id)")
        }
    }
}
