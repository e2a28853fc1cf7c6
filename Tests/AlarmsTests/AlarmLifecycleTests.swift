import Alarms
import Testing

@Suite struct AlarmLifecycleTests {
    private func events(_ ratios: [Double], groups: [Int: [String]] = [:]) -> [AlarmEvent] {
        var life = AlarmLifecycle(site: "s", entity: "e", worker: "w", modelVersion: 3, quietSamples: 2)
        var events: [AlarmEvent] = []
        for (index, ratio) in ratios.enumerated() {
            let sample = AlarmLifecycle.Sample(
                point: .init(index: index, time: Double(index)), isAlarm: ratio > 1, ratio: ratio,
                groups: groups[index] ?? [], reconstruction: ratio / 2)
            events += life.step(sample) { [.init(group: "physical.cpu", metric: "m", share: 1, deviation: ratio)] }
        }
        return events + life.end(at: .init(index: ratios.count, time: 0))
    }

    /// A change outside the macro, which cannot make one.
    private static func admits(_ event: AlarmEvent, to book: inout AlarmBook) -> Bool { book.admit(event) }

    @Test func raisedChangedCleared() {
        let found = events([0.5, 1.2, 1.1, 2.5, 1.3, 0.4, 0.3, 0.2])
        #expect(found.map(\.state) == [.raised, .changed, .cleared])
        #expect(found.map(\.severity) == [.warning, .major, .major])
        #expect(found.map(\.revision) == [0, 1, 2])
        #expect(found.map(\.at.index) == [1, 3, 6])
        #expect(Set(found.map(\.id)) == ["s/e@1"])
        #expect(found[2].score == 2.5)
        #expect(found[2].reconstruction == 1.25)
    }

    @Test func aShortPauseDoesNotEndAnAlarm() {
        #expect(events([2, 0, 2, 0, 0, 2]).map(\.state) == [.raised, .cleared, .raised, .cleared])
    }

    @Test func anotherGroupIsAChange() {
        let found = events([1.2, 1.2, 1.2], groups: [1: ["physical.cpu"], 2: ["physical.cpu"]])
        #expect(found.map(\.state) == [.raised, .changed, .cleared])
        #expect(found[1].groups == ["physical.cpu"])
    }

    @Test func eventsComeBackFromJSON() throws {
        for event in events([1.2, 9, 0, 0]) {
            #expect(try AlarmEvent(decoding: event.encoded()) == event)
        }
    }

    @Test func theBookKnowsWhatCameBefore() {
        var book = AlarmBook()
        let found = events([1.2, 9, 0, 0])
        for event in found { #expect(Self.admits(event, to: &book)) }
        #expect(book.count == 1)
        for event in found { #expect(!Self.admits(event, to: &book)) }
        // A change that overtook the raising: the raising is old news then.
        var other = AlarmBook()
        #expect(Self.admits(found[1], to: &other))
        #expect(!Self.admits(found[0], to: &other))
        #expect(other.count == 1)
    }

    @Test func theBookForgetsOldAlarmsWhetherTheyStandOrNot() {
        for revision in [0, 1, 2] {
            var book = AlarmBook(memory: 10)
            for index in 0..<100 {
                var event = events([1.2, 9, 0, 0])[revision]
                event.id = "\(index)"
                #expect(Self.admits(event, to: &book))
                #expect(book.count <= 10)
            }
            var event = events([1.2, 9, 0, 0])[revision]
            event.id = "99"
            #expect(!Self.admits(event, to: &book))
        }
    }
}
