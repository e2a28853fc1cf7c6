import Platform
import Testing
import Watching

@Suite struct AlarmLifecycleTests {
    private func events(
        _ ratios: [Double], groups: [Int: [String]] = [:], settlingSamples: Int = 60
    ) -> [AlarmEvent] {
        var life = AlarmLifecycle(
            site: "s", entity: "e", worker: "w", modelVersion: 3, quietSamples: 2, settlingSamples: settlingSamples,
            identity: Self.identity)
        var events: [AlarmEvent] = []
        // The rows that were looked at can be told from the evidence.
        func evidence(_ rows: Range<Int>) -> AlarmLifecycle.Evidence {
            .init(
                causes: [.init(group: "physical.cpu", metric: "m", share: 1, deviation: Double(rows.count))],
                signature: Self.signature(duty: Double(rows.lowerBound) / 1000))
        }
        for (index, ratio) in ratios.enumerated() {
            let sample = AlarmLifecycle.Sample(
                point: .init(index: index, time: Double(index)), isAlarm: ratio > 1, ratio: ratio,
                groups: groups[index] ?? [], reconstruction: ratio / 2)
            events += life.step(sample, evidence: evidence)
        }
        return events + life.end(at: .init(index: ratios.count - 1, time: 0), evidence: evidence)
    }

    private static func signature(duty: Double) -> FaultSignature {
        FaultSignature(
            metrics: ["m": .init(above: 1, below: 0)], resources: ["cpu": .init(above: 1, below: 0)],
            aspects: ["level": 1], rhythm: .init(duty: duty, centre: 0.5, restlessness: 0), sidedness: 1)
    }

    /// A stream with a clock.
    private static let identity = StreamIdentity(clock: .text(column: "time"), schema: [])

    @Test func raisedChangedCleared() {
        let found = events([0.5, 1.2, 1.1, 2.5, 1.3, 0.4, 0.3, 0.2])
        #expect(found.map(\.state) == [.raised, .changed, .cleared, .settled])
        #expect(found.map(\.severity) == [.warning, .major, .major, .major])
        #expect(found.map(\.revision) == [0, 1, 2, 3])
        #expect(found.map(\.at.index) == [1, 3, 6, 7])
        #expect(found.map(\.signatureSamples) == [1, 3, 6, 7])
        #expect(Set(found.map(\.id)) == ["s/e@1"])
        #expect(found[2].score == 2.5)
        #expect(found[2].reconstruction == 1.25)
    }

    @Test func aShortPauseDoesNotEndAnAlarm() {
        #expect(events([2, 0, 2, 0, 0, 2]).map(\.state) == [.raised, .cleared, .settled, .raised, .cleared])
    }

    /// An alarm that comes back soon after it was over takes twice as long to be over each time, and counts how often it
    /// did; after a long quiet everything is as it was.
    @Test func whatFlapsIsDampedAndCounted() throws {
        // Quiet of 2, 4, 8, … ends it; a run of 3 between alarms ends the first only.
        let burst: [Double] = [2, 0, 0, 0]
        let found = events(burst + burst + burst + burst + [Double](repeating: 0, count: 20) + [2])
        #expect(found.filter { $0.state == .raised }.map(\.at.index) == [0, 4, 36])
        #expect(found.filter { $0.state == .raised }.map(\.flaps) == [nil, 1, 2])
        // 12 is the last sample in alarm; four quiet ones end it.
        #expect(found.filter { $0.state == .cleared }.map(\.at.index) == [2, 16, 36])
        // Beyond ten times the quiet that ends it (2 · 10 rows after row 2) it is another alarm.
        let late = events([2, 0, 0] + [Double](repeating: 0, count: 21) + [2, 0, 0, 0, 0])
        #expect(late.filter { $0.state == .raised }.map(\.flaps) == [nil, nil])
        #expect(late.filter { $0.state == .cleared }.map(\.at.index) == [2, 26])
    }

    /// One fault after another is none that comes and goes.
    @Test func anotherFaultIsNoReturn() {
        var life = AlarmLifecycle(
            site: "s", entity: "e", worker: "w", modelVersion: 1, quietSamples: 2, identity: Self.identity)
        var raised: [AlarmEvent] = []
        for row in 0..<40 {
            let metric = row < 10 ? "cpu" : row < 20 ? "disk" : "cpu"
            let sample = AlarmLifecycle.Sample(
                point: .init(index: row, time: 0), isAlarm: row % 10 == 0, ratio: 2, groups: [], reconstruction: nil)
            raised += life.step(sample) { _ in
                .init(causes: [.init(group: "g", metric: metric, share: 1, deviation: 3)], signature: nil)
            }.filter { $0.state == .raised }
        }
        #expect(raised.map(\.flaps) == [nil, nil, nil, 1])
    }

    /// While an alarm that comes and goes is waited for, another fault is an alarm of its own, at once; the same one is not.
    @Test(arguments: [1, 60]) func whatIsWaitedForHidesNoOther(settlingSamples: Int) {
        var life = AlarmLifecycle(
            site: "s", entity: "e", worker: "w", modelVersion: 1, quietSamples: 2, settlingSamples: settlingSamples,
            identity: Self.identity)
        var events: [AlarmEvent] = []
        var seen: [Range<Int>] = []
        // It returns twice: from then on eight quiet rows end it.
        let alarms = [0: "net", 3: "net", 8: "net", 12: "net", 15: "cpu", 17: "net"]
        for row in 0..<30 {
            let sample = AlarmLifecycle.Sample(
                point: .init(index: row, time: 0), isAlarm: alarms[row] != nil, ratio: 2, groups: [],
                reconstruction: nil)
            events += life.step(sample) { rows in
                seen.append(rows)
                let metric = rows.contains(15) && rows.lowerBound >= 13 ? "cpu" : "net"
                return .init(causes: [.init(group: "g", metric: metric, share: 1, deviation: 3)], signature: nil)
            }
        }
        let raised = events.filter { $0.state == .raised }
        #expect(raised.map(\.at.index) == [0, 3, 8, 15])
        #expect(raised.map { $0.fingerprint[0].metric } == ["net", "net", "net", "cpu"])
        #expect(raised.map(\.flaps) == [nil, 1, 2, nil])
        // The one before is over where the other begins, and has none of its rows; two quiet rows are a pause of it.
        let cleared = events.filter { $0.state == .cleared }
        #expect(cleared.map(\.at.index) == [2, 7, 15, 19])
        #expect(cleared[2].fingerprint[0].metric == "net")
        #expect(!seen.contains { $0.lowerBound == 8 && $0.upperBound > 15 })
        #expect(events.last { $0.id == raised[3].id }?.lastAlarm?.index == 17)
    }

    /// However often it returns, an alarm of which there is nothing any more ends; a restart knows of the returns.
    @Test func dampingIsBoundedAndSurvivesARestart() throws {
        var life = AlarmLifecycle(
            site: "s", entity: "e", worker: "w", modelVersion: 1, quietSamples: 1, identity: Self.identity)
        var row = 0
        func step(_ isAlarm: Bool) -> [AlarmEvent] {
            defer { row += 1 }
            return life.step(
                .init(
                    point: .init(index: row, time: 0), isAlarm: isAlarm, ratio: 2, groups: [], reconstruction: nil)
            ) { _ in .init(causes: [], signature: nil) }
        }
        var quiets: [Int] = []
        for turn in 0..<12 {
            #expect(step(true).first { $0.state == .raised }?.flaps == (turn == 0 ? nil : turn))
            var quiet = 0
            repeat { quiet += 1 } while !step(false).contains { $0.state == .cleared } && quiet < 100
            quiets.append(quiet)
            var state = StateWriter()
            life.save(to: &state)
            var reader = StateReader(state.bytes)
            life = AlarmLifecycle(
                site: "s", entity: "e", worker: "w", modelVersion: 1, quietSamples: 1, identity: Self.identity)
            try life.restore(from: &reader)
        }
        #expect(quiets == [1, 2, 4, 8] + [Int](repeating: 16, count: 8))
    }

    /// Severity follows the score and how much of the entity deviates.
    @Test(arguments: [
        (1.2, 2, 4, "warning"), (1.2, 3, 4, "minor"), (1.2, 3, 8, "warning"), (1.2, 4, 8, "minor"),
        (1.7, 3, 3, "major"), (2.5, 5, 5, "critical"), (9, 6, 6, "critical"), (2.5, 1, 1, "major"),
    ])
    func severityOfScoreAndBreadth(_ ratio: Double, _ groups: Int, _ count: Int, _ severity: String) {
        #expect(AlarmEvent.Severity(ratio: ratio, groups: groups, of: count).rawValue == severity)
        var life = AlarmLifecycle(
            site: "s", entity: "e", worker: "w", modelVersion: 1, groupCount: count, identity: Self.identity)
        let names = (0..<groups).map { "physical.g\($0)" }
        // Groups that follow one after the other are as wide as if they came at once.
        var events: [AlarmEvent] = []
        for (row, name) in names.enumerated() {
            events += life.step(
                .init(
                    point: .init(index: row, time: 0), isAlarm: true, ratio: ratio, groups: [name], reconstruction: nil)
            ) { _ in .init(causes: [], signature: nil) }
        }
        #expect(events.last?.severity.rawValue == severity && events.last?.groups == names)
    }

    /// Once in its life an alarm has been seen for long enough, whether it stands or not, and never twice.
    @Test func anAlarmSettlesOnce() throws {
        // It stands for longer than it takes to settle: then the last look covers all of it, without the quiet end.
        let long = events([0, 2, 2, 2, 2, 2, 2, 0, 0, 0], settlingSamples: 4)
        #expect(long.map(\.state) == [.raised, .settled, .cleared])
        #expect(long.map(\.signatureSamples) == [1, 4, 6])
        #expect(long.map(\.at.index) == [1, 4, 8])
        // It is over before: what comes after it for a while belongs to the picture.
        let short = events([0, 2, 0, 0, 0, 0, 0, 0, 0], settlingSamples: 6)
        #expect(short.map(\.state) == [.raised, .cleared, .settled])
        #expect(short.map(\.isOver) == [nil, nil, true] && long.allSatisfy { $0.isOver == nil })
        #expect(short.map(\.signatureSamples) == [1, 3, 6])
        #expect(short.map(\.at.index) == [1, 3, 6])
        // The next alarm's samples are not this one's.
        let pair = events([2, 0, 0, 0, 2, 2, 2, 2, 0], settlingSamples: 6)
        #expect(pair.map(\.state) == [.raised, .cleared, .settled, .raised, .cleared])
        #expect(pair.map(\.signatureSamples) == [1, 3, 4, 1, 5])
        #expect(pair.map(\.id) == ["s/e@0", "s/e@0", "s/e@0", "s/e@4", "s/e@4"])
        #expect(pair.map { $0.signature?.rhythm.duty } == [0, 0, 0, 0.004, 0.004])
        for found in [long, short, pair] {
            for (id, events) in Dictionary(grouping: found, by: \.id) {
                #expect(events.map(\.revision) == Array(events.indices), "\(id)")
            }
        }
    }

    /// An alarm that goes over into something else says so, with the signature of what it is now.
    @Test func whatBeginsWithinAnAlarmIsSeen() {
        var life = AlarmLifecycle(
            site: "s", entity: "e", worker: "w", modelVersion: 1, quietSamples: 2, settlingSamples: 4,
            identity: Self.identity)
        func evidence(_ rows: Range<Int>) -> AlarmLifecycle.Evidence {
            // The first metric until row 9, the second from row 10.
            let first = Double(rows.count { $0 < 10 }) / Double(rows.count)
            return .init(
                causes: [],
                signature: FaultSignature(
                    metrics: ["m": .init(above: first, below: 0), "n": .init(above: 0, below: 1 - first)],
                    resources: [:], aspects: [:], rhythm: .init(duty: 1, centre: 0.5, restlessness: 0), sidedness: 1))
        }
        var events: [AlarmEvent] = []
        for index in 0..<24 {
            events += life.step(
                .init(
                    point: .init(index: index, time: Double(index) * 10), isAlarm: (2..<20).contains(index), ratio: 1.2,
                    groups: [], reconstruction: nil), evidence: evidence)
        }
        // Settled by rows 2–5; 6–9 look the same; all of 10–13 is elsewhere; then nothing changes any more.
        #expect(events.map(\.state) == [.raised, .settled, .changed, .cleared])
        #expect(events.map(\.at.index) == [2, 5, 13, 21])
        #expect(events.map { $0.signatureStart?.index } == [2, 2, 10, 10])
        #expect(events.map { $0.signatureStart?.time } == [20, 20, 100, 100])
        #expect(events.map(\.signatureSamples) == [1, 4, 4, 10])
        #expect(events.map { $0.signature?.metrics["m"]?.total } == [1, 1, 0, 0])
        #expect(Set(events.map(\.id)) == ["s/e@20"] && events.map(\.lastAlarm?.index) == [2, 5, 13, 19])
    }

    @Test func evidenceIsAskedOfRowsThatAreNamedBefore() {
        var life = AlarmLifecycle(
            site: "s", entity: "e", worker: "w", modelVersion: 1, quietSamples: 2, settlingSamples: 5,
            identity: Self.identity)
        for (index, isAlarm) in [false, true, false, false, false, false, false, false].enumerated() {
            let known = life.earliestRow ?? index
            _ = life.step(
                .init(
                    point: .init(index: index, time: 0), isAlarm: isAlarm, ratio: 2, groups: [], reconstruction: nil)
            ) { rows in
                #expect(rows.lowerBound >= known && rows.upperBound <= index + 1 && !rows.isEmpty)
                return .init(causes: [], signature: nil)
            }
            #expect(life.earliestRow == ((1...4).contains(index) ? 1 : nil))
        }
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

    @Test func whatIsTooLongToTravelGoesWithoutWhatItCanDoWithout() throws {
        var event = try #require(events([1.2]).first)
        #expect(try event.encodedToTravel() == event.encoded())
        event.fingerprint = (0..<6).map { _ in
            .init(group: "physical.cpu", metric: String(repeating: "x", count: 20_000), share: 0.1, deviation: 1)
        }
        let bytes = try event.encodedToTravel()
        #expect(bytes.count <= AlarmEvent.longest)
        #expect(try AlarmEvent(decoding: bytes).id == event.id)
    }

    /// Rows and numbers that nobody has, in what comes from elsewhere.
    @Test func noClaimedNumberTraps() throws {
        let text = String(decoding: try #require(events([1.2]).first).encoded(), as: UTF8.self)
        for row in [Int.min, Int.max, -1, Int.max - 1] {
            let forged = text.replacing("\"index\":0", with: "\"index\":\(row)")
            #expect(forged != text)
            #expect(throws: DecodingError.self) { try AlarmEvent(decoding: Array(forged.utf8)) }
        }
        for revision in [Int.min, -1, Int.max] {
            let forged = text.replacing("\"revision\":0", with: "\"revision\":\(revision)")
            #expect(try AlarmEvent(decoding: Array(forged.utf8)).flaw?.contains("revision") == true)
        }
        #expect(try AlarmEvent(decoding: Array(text.utf8)).flaw == nil)
    }
}
