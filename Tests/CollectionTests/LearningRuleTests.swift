import Collection
import Services
import Telemetry
import TestSupport
import Testing

/// Rows come once a second; row n is at second n.
@Suite struct LearningRuleTests {
    private let rule: LearningRule = {
        var rule = LearningRule()
        (rule.marginSeconds, rule.acceptSeconds) = (10, 300)
        return rule
    }()

    private func window(_ count: Int, of rows: Range<Int>, _ alarms: ClosedRange<Double>...) -> LearningWindow {
        rule.window(latest: count, of: rows, alarms: alarms) { Double($0) }
    }

    /// Rows of a window that are learned from.
    private func good(_ window: LearningWindow) -> Int {
        window.rows.count { row in !window.excluded.contains { $0.contains(Double(row)) } }
    }

    @Test func withoutAlarmsTheLatest() {
        #expect(window(100, of: 0..<1_000) == LearningWindow(rows: 900..<1_000))
        #expect(window(100, of: 950..<1_000) == LearningWindow(rows: 950..<1_000))
        #expect(window(100, of: 0..<0) == LearningWindow(rows: 0..<0))
        // One that was over long before takes nothing away.
        #expect(window(100, of: 0..<1_000, 100...200) == LearningWindow(rows: 900..<1_000))
    }

    @Test func itReachesBackForWhatIsLeftOut() {
        let one = window(100, of: 0..<1_000, 960...980)
        #expect(one.excluded == [950...990])
        #expect(abs(good(one) - 100) <= 1)
        // Further alarms on the way back, too, and none is learned from.
        let several = window(100, of: 0..<1_000, 960...980, 700...880, 890...900)
        #expect(several.excluded == [690...910, 950...990])
        #expect(abs(good(several) - 100) <= 2 && several.rows.lowerBound < 690)
        #expect(several.rows.upperBound == 1_000)
    }

    @Test func whatStandsForLongIsHowThingsAre() {
        #expect(window(100, of: 0..<1_000, 650...960).excluded.isEmpty)
        #expect(rule.excluded([650...940]) == [640...950])
        // So are alarms that follow each other without a pause.
        #expect(rule.excluded([600...700, 715...830, 845...905]).isEmpty)
        #expect(rule.excluded([845...890, 600...700, 715...830]) == [590...900])
        #expect(rule.excluded([600...700, 725...905]).count == 2)
    }

    @Test func aModelThatIsAlwaysInAlarmDoesNotKeepItsRowsFromItself() {
        #expect(window(200, of: 0..<200, 20...190) == LearningWindow(rows: 0..<200))
        #expect(window(200, of: 0..<200, 20...60, 65...130, 131...190).excluded == [131...190])
        // The later ones are of a model that knew more.
        let later = window(200, of: 0..<200, 20...60, 100...150, 175...190)
        #expect(later.excluded == [100...150, 175...190])
        #expect(good(later) > 100)
        // One long fault is a fault, but not where next to nothing was known before it.
        #expect(window(200, of: 0..<200, 90...190).excluded == [80...200])
        #expect(window(200, of: 0..<200, 40...190) == LearningWindow(rows: 0..<200))
        // Three that leave enough are faults.
        #expect(good(window(200, of: 0..<200, 20...30, 100...110, 150...155)) > 100)
        // As many in a store with a history: it reaches back.
        let old = window(200, of: 0..<4_000, 3_820...3_860, 3_900...3_950, 3_975...3_990)
        #expect(old.excluded.count == 3 && abs(good(old) - 200) <= 3)
    }

    @Test("Faults that follow each other with little between them are left out without what is around them")
    func faultAfterFault() {
        // A demonstration: thirty seconds of fault, fifteen of rest. With ten seconds around each nothing but the beginning
        // would be left.
        func fault(_ number: Int) -> ClosedRange<Double> {
            let start = Double(60 + 45 * number)
            return start...(start + 30)
        }
        let faults = (0..<6).map(fault)
        let found = rule.window(latest: 400, of: 0..<400, alarms: faults) { Double($0) }
        #expect(found.excluded == faults)
        #expect(good(found) == 400 - 6 * 31)
        #expect(rule.excluded(faults) == [50...325])
        // What has gone on for so long that it is how things are now is learned, margins or not.
        let unending = rule.window(latest: 600, of: 0..<600, alarms: (0..<10).map(fault)) { Double($0) }
        #expect(unending.excluded.isEmpty)
    }

    /// What operators call false is learned from, as long as they do.
    @Test func rowsOfAlarmsThatWereFalseAreLearnedFrom() throws {
        let folder = try TemporaryFolder()
        let store = try SampleStore(path: folder.path("samples.db"))
        let rows = (0..<1_000).map { SampledRow(time: Double($0), values: [Double($0)]) }
        try store.append([.init(site: "s", entity: "e", type: "t", columns: ["c"], rows: rows)])
        let entities = try StoredEntities(store: store, rule: rule)
        entities.note(alarmOf: "s/e", from: 920, to: 930, isOver: true)
        entities.note(alarmOf: "s/e", from: 960, to: 980, isOver: true)
        #expect(entities.window(of: "s/e", latest: 200).excluded == [910...940, 950...990])
        entities.learn(fromAlarmsAt: ["s/e": [960], "s/other": [920]])
        #expect(entities.window(of: "s/e", latest: 200).excluded == [910...940])
        entities.learn(fromAlarmsAt: [:])
        #expect(entities.window(of: "s/e", latest: 200).excluded == [910...940, 950...990])
    }
}
