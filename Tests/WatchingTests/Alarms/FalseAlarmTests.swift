import Testing
import Watching

@Suite struct FalseAlarmTests {
    private func event(
        groups: [String: Double] = ["physical.cpu": 3], score: Double = 4, lead: String = "physical.cpu"
    ) -> AlarmEvent {
        var event = AlarmEvent(
            id: "s/e@100", revision: 2, state: .cleared, site: "s", entity: "e", worker: "w", severity: .major,
            onset: .init(index: 10, time: 100), at: .init(index: 30, time: 300), lastAlarm: .init(index: 20, time: 200),
            score: score, groups: groups.keys.sorted(),
            fingerprint: [.init(group: lead, metric: "m", share: 1, deviation: 3)], reconstruction: nil, modelVersion: 1
        )
        event.groupScores = groups.isEmpty ? nil : groups
        return event
    }

    private static let scored = ["access.radio", "physical.cpu", "site"]

    private func isTolerated(
        _ alarms: [FalseAlarm], _ combined: Double, radio: Double = 0, cpu: Double = 0, at time: Double = 1_000,
        deviations: [(Double, Int8)] = [(3, 1), (1, -1)]
    ) -> Bool {
        var recent = FalseAlarmTolerance.Recent(metrics: 2)
        for (metric, one) in deviations.enumerated() { recent.add(one.0, sign: one.1, of: metric) }
        return FalseAlarmTolerance(alarms, groups: Self.scored, metrics: ["m", "n"]).reach(
            at: time, ratios: [radio, cpu, combined], alarms: [radio > 1, cpu > 1, combined > 1], recent: recent) != nil
    }

    @Test func theSameMetricsHaveToMakeUpMostOfIt() throws {
        let known = [try #require(FalseAlarm(event()))]
        #expect(known[0].metrics == ["m": 1])
        #expect(isTolerated(known, 2, cpu: 2, deviations: [(1, 1), (1, 1)]))
        #expect(!isTolerated(known, 2, cpu: 2, deviations: [(1, 1), (1.1, 1)]), "another metric of the group")
        #expect(!isTolerated(known, 2, cpu: 2, deviations: [(4, -1), (0, 0)]), "on the other side")
        #expect(!isTolerated(known, 2, cpu: 2, deviations: [(0, 0), (0, 0)]), "of none")
    }

    @Test func whatItReachedIsReadAsItWasWritten() throws {
        let alarm = try #require(FalseAlarm(event()))
        #expect(alarm.key == "s/e" && alarm.from == 100 && alarm.to == 200 && alarm.groups == ["physical.cpu": 3])
        #expect(try FalseAlarm(decoding: #require(alarm.encoded)) == alarm)
        let quality = String(decoding: try event().encoded().dropLast(), as: UTF8.self)
            .replacing("s/e@100", with: "s/e!sourceDown@100")
        let finding = #"{"kind":"sourceDown","source":"x","subjects":[],"count":1,"detail":"d"}"#
        #expect(FalseAlarm(try AlarmEvent(decoding: Array((quality + ",\"quality\":\(finding)}").utf8))) == nil)
        for (part, other) in [
            (#""score":4"#, #""score":-1"#), (#""to":200"#, #""to":50"#), (#""to":200"#, #""to":1e300"#),
            (#""site":"s""#, #""site":"""#), (#""physical.cpu":3"#, #""physical.cpu":-3"#),
        ] {
            let text = String(decoding: try #require(alarm.encoded), as: UTF8.self).replacing(part, with: other)
            #expect(throws: (any Error).self, "\(text)") { try FalseAlarm(decoding: Array(text.utf8)) }
        }
    }

    @Test func theSameAgainIsNoneUpToAQuarterMore() throws {
        let known = [try #require(FalseAlarm(event()))]
        #expect(isTolerated(known, 2, cpu: 2))
        #expect(isTolerated(known, 5, cpu: 3.75))
        #expect(!isTolerated(known, 5.01, cpu: 2), "further as a whole")
        #expect(!isTolerated(known, 4, cpu: 3.76), "further in the group")
        #expect(!isTolerated(known, 2, radio: 1.5, cpu: 2), "and another group with it")
        #expect(!isTolerated(known, 2, radio: 1.5), "another group")
        // No group in alarm by itself: the one that deviates most speaks.
        #expect(isTolerated(known, 1.5, radio: 0.1, cpu: 0.9))
        #expect(!isTolerated(known, 1.5, radio: 0.9, cpu: 0.1))
        // What says nothing is tolerated by nothing.
        #expect(!isTolerated(known, 0) && !isTolerated([], 2, cpu: 2))
    }

    @Test func whereNoGroupExceededTheOneThatLedCounts() throws {
        let known = [try #require(FalseAlarm(event(groups: [:], lead: "access.radio")))]
        #expect(isTolerated(known, 2, radio: 0.9, cpu: 0.5))
        #expect(isTolerated(known, 2, radio: 1.2), "a little beyond its threshold, which it did not exceed")
        #expect(!isTolerated(known, 2, radio: 1.3) && !isTolerated(known, 2, radio: 0.5, cpu: 0.9))
    }

    @Test func anEventWithoutGroupScoresCountsByTheWhole() throws {
        var old = event()
        old.groupScores = nil
        let known = [try #require(FalseAlarm(old))]
        #expect(isTolerated(known, 5, cpu: 90) && !isTolerated(known, 5.1, cpu: 1.1))
    }

    @Test func oneAloneHasToCoverARow() throws {
        var other = event(groups: ["access.radio": 3])
        other.id = "s/e@101"
        other.onset.time = 101
        let known = [try #require(FalseAlarm(event())), try #require(FalseAlarm(other))]
        #expect(isTolerated(known, 3, cpu: 2) && isTolerated(known, 3, radio: 2))
        #expect(!isTolerated(known, 3, radio: 2, cpu: 2))
    }

    @Test func itIsRememberedForThirtyDays() throws {
        let known = [try #require(FalseAlarm(event()))]
        let day = 86_400.0
        #expect(isTolerated(known, 2, cpu: 2, at: 200 + 30 * day))
        #expect(!isTolerated(known, 2, cpu: 2, at: 201 + 30 * day))
    }
}
