import Numerics
import Testing
import Watching

@Suite struct OperatorDeskTests {
    private func event(
        _ id: String, site: String = "s", entity: String = "e", severity: AlarmEvent.Severity = .minor
    ) -> AlarmEvent {
        AlarmEvent(
            id: id, revision: 0, state: .raised, site: site, entity: entity, worker: "w", severity: severity,
            onset: .init(index: 1, time: 2), at: .init(index: 3, time: 4), score: 2, groups: ["physical.cpu"],
            fingerprint: [.init(group: "physical.cpu", metric: "cpu_user", share: 0.9, deviation: 3)],
            reconstruction: nil, modelVersion: 1)
    }

    /// What directives leave on a disk.
    private struct Disk {
        var pieces: [String: DeskPiece] = [:]
        var entries: [AuditEntry] = []

        mutating func take(_ directives: [OperatorDesk.Directive]) {
            for directive in directives {
                switch directive {
                case .record(let entry): entries.append(entry)
                case .keep(let piece): pieces[piece.key] = piece
                case .forget(let key): pieces[key] = nil
                }
            }
        }

        func desk(_ limits: OperatorDesk.Limits) -> OperatorDesk {
            OperatorDesk(
                restoring: pieces.sorted { $0.key < $1.key }.map(\.value), lastEntry: entries.last?.number ?? 0,
                limits: limits)
        }
    }

    @Test func whatIsSaidMarksTheAlarm() throws {
        var desk = OperatorDesk()
        let alarm = event("s/e@2")
        #expect(desk.handling(of: alarm, fault: nil, at: 10) == nil)
        _ = try desk.step(.acknowledge(.alarm(alarm.id)), by: "anna", at: 10)
        _ = try desk.step(.note(.alarm(alarm.id), text: "looking"), by: "anna", at: 11)
        _ = try desk.step(.markFalse(.alarm(alarm.id)), by: "ben", at: 12)
        var handling = try #require(desk.handling(of: alarm, fault: nil, at: 13))
        #expect(handling.acknowledgedBy == "anna" && handling.isFalse == true && handling.notes == 1)
        #expect(handling.confirmedAs == nil && handling.silence == nil)
        // A fault is not nothing.
        _ = try desk.step(.confirm(.alarm(alarm.id), fault: "disk-stall"), by: "ben", at: 14)
        handling = try #require(desk.handling(of: alarm, fault: nil, at: 15))
        #expect(handling.isFalse == nil && handling.confirmedAs == "disk-stall")
        #expect(desk.handling(of: event("s/e@3"), fault: nil, at: 15) == nil)
        // Nothing is left of what was taken back.
        var other = OperatorDesk()
        _ = try other.step(.acknowledge(.incident("i")), by: "a", at: 1)
        let undone = try other.step(.unacknowledge(.incident("i")), by: "a", at: 2)
        #expect(undone.contains(.forget(key: "incident i")) && other.marks(limit: 9).isEmpty)
    }

    @Test func whatIsFalseIsFalseWithItsIncidentUntilItIsTakenBack() throws {
        var (desk, disk) = (OperatorDesk(), Disk())
        func say(_ change: DeskChange, _ now: Int64) throws { disk.take(try desk.step(change, by: "anna", at: now)) }
        func isFalse(_ id: String) -> Bool? { desk.handling(of: event(id), fault: nil, at: 99)?.isFalse }
        try say(.markFalse(.incident("i"), alarms: ["s/e@1", "s/e@2"]), 10)
        try say(.markFalse(.alarm("s/e@3")), 11)
        // What was said of the alarm itself counts first.
        try say(.confirm(.alarm("s/e@2"), fault: "disk-stall"), 12)
        #expect(isFalse("s/e@1") == true && isFalse("s/e@2") == nil && isFalse("s/e@3") == true)
        #expect(desk.falseAlarms.map(\.id) == ["s/e@1", "s/e@3"] && desk.falseAlarms.map(\.at) == [10, 11])
        #expect(disk.desk(OperatorDesk.Limits()).falseAlarms.map(\.id) == ["s/e@1", "s/e@3"])

        // A worker heeds one; of the incident as soon as all that can be heeded is.
        let possible: Set = ["s/e@1", "s/e@2", "s/e@3"]
        #expect(desk.newlyLearned(["s/e@1": "w"], of: possible).isEmpty)
        #expect(desk.newlyLearned(["s/e@3": "w"], of: possible).map(\.subject) == [.alarm("s/e@3")])
        #expect(desk.newlyLearned(["s/e@1": "w"], of: ["s/e@1"]).map(\.subject) == [.incident("i")])
        try say(.learned(.alarm("s/e@3")), 20)
        #expect(desk.handling(of: event("s/e@3"), fault: nil, at: 99)?.learnedAt == 20)
        #expect(desk.newlyLearned(["s/e@3": "w"], of: possible).isEmpty)
        #expect(disk.entries.last?.operation == "learned")

        try say(.unjudge(.incident("i")), 30)
        try say(.unjudge(.alarm("s/e@3")), 31)
        #expect(desk.falseAlarms.isEmpty && isFalse("s/e@1") == nil && isFalse("s/e@3") == nil)
        #expect(disk.desk(OperatorDesk.Limits()).falseAlarms.isEmpty)
        #expect(throws: OperatorDesk.Refusal.self) { try desk.step(.learned(.alarm("s/e@3")), by: "w", at: 32) }
    }

    @Test func alarmsOfAForgottenIncidentAreFalseNoMore() throws {
        var limits = OperatorDesk.Limits()
        (limits.marks, limits.falseAlarms) = (2, 3)
        var desk = OperatorDesk(limits: limits)
        _ = try desk.step(.markFalse(.incident("i"), alarms: ["a", "b", "c", "d"]), by: "anna", at: 1)
        #expect(desk.falseAlarms.map(\.id) == ["a", "b", "c"])
        for time in 2...3 {
            _ = try desk.step(.acknowledge(.alarm("x\(time)")), by: "anna", at: Int64(time))
        }
        #expect(desk.falseAlarms.isEmpty)
    }

    @Test func aSilenceHoldsForWhatFitsAndForItsTime() throws {
        var desk = OperatorDesk()
        let wish = Silence.Wish(
            matcher: AlarmMatcher(site: "s", entity: "u*1", severity: .minor), from: 100, until: 200, comment: nil)
        _ = try desk.step(.silence(wish), by: "a", at: 100)
        func silence(_ entity: String, _ severity: AlarmEvent.Severity = .minor, at now: Int64 = 150) -> Int64? {
            desk.silence(of: event("x", entity: entity, severity: severity), fault: nil, at: now)?.id
        }
        #expect(silence("ue1") == 1 && silence("u1", .warning) == 1)
        #expect(silence("ue1", .major) == nil && silence("ue2") == nil && silence("ue1", at: 99) == nil)
        #expect(silence("ue1", at: 199) == 1 && silence("ue1", at: 200) == nil)
        _ = try desk.step(.changeSilence(id: 1, until: 300, comment: "longer"), by: "a", at: 150)
        #expect(silence("ue1", at: 299) == 1)
        _ = try desk.step(.endSilence(id: 1), by: "a", at: 250)
        #expect(silence("ue1", at: 250) == nil && desk.allSilences.first?.comment == "longer")
        // What a metric, a group and a fault are asked for.
        let metric = AlarmMatcher(group: "*cpu", metric: "cpu_*", fault: "disk-stall")
        #expect(metric.matches(event("x"), fault: "disk-stall") && !metric.matches(event("x"), fault: nil))
    }

    @Test func starsStandForAnyText() {
        func fits(_ pattern: String, _ text: String) -> Bool {
            AlarmMatcher(entity: pattern).matches(event("x", entity: text), fault: nil)
        }
        for (pattern, text) in [
            ("*", ""), ("a*", "a"), ("*a*b", "xaxbxab"), ("a**b", "ab"), ("é*", "éa"), ("ab", "ab"),
        ] { #expect(fits(pattern, text), "\(pattern) \(text)") }
        for (pattern, text) in [("a", ""), ("a*", "ba"), ("*ab", "aba"), ("a*b", "a"), ("ab", "aB")] {
            #expect(!fits(pattern, text), "\(pattern) \(text)")
        }
        // A pattern that would take for ever if every star were tried again.
        #expect(!fits(String(repeating: "a*", count: 250) + "b", String(repeating: "a", count: 500)))
    }

    @Test func whatCannotBeIsRefusedAndChangesNothing() throws {
        var desk = OperatorDesk()
        let long = String(repeating: "x", count: 2_001)
        for change: DeskChange in [
            .note(.alarm("a"), text: long), .note(.alarm("a"), text: ""), .endSilence(id: 7), .forgetHint(fault: "f"),
            .silence(.init(matcher: AlarmMatcher(), from: 1, until: 99, comment: nil)),
            .silence(.init(matcher: AlarmMatcher(site: "s"), from: 1, until: 5, comment: nil)),
            .silence(.init(matcher: AlarmMatcher(site: "s"), from: 1, until: 1 << 40, comment: nil)),
        ] {
            #expect(throws: OperatorDesk.Refusal.self) { try desk.step(change, by: "a", at: 10) }
        }
        #expect(desk.lastEntry == 0 && desk.marks(limit: 9).isEmpty && desk.allSilences.isEmpty)
    }

    /// Whatever is said, memory is bounded, the audit has no gap, and what is on the disk is what was there.
    @Test(arguments: [1, 2, 3] as [UInt64]) func aDeskIsWhatItsDiskSays(_ seed: UInt64) throws {
        var limits = OperatorDesk.Limits()
        (limits.marks, limits.silences, limits.hints, limits.notes) = (16, 5, 3, 2)
        limits.silenceMemory = 20
        var generator = CounterBasedGenerator(seed: seed, purpose: "changes of a desk")
        func draw(_ count: Int) -> Int { Int(generator.uniform() * Double(count)) }
        var desk = OperatorDesk(limits: limits)
        var disk = Disk()
        for step in 0..<600 {
            let now = Int64(1_000 + step)
            let id = "a\(draw(40))"
            let subject: OperatorDesk.Subject = draw(3) == 0 ? .incident(id) : .alarm(id)
            let change: DeskChange =
                switch draw(9) {
                case 0: .acknowledge(subject)
                case 1: .unacknowledge(subject)
                case 2: .note(subject, text: "n\(step)")
                case 3: .confirm(subject, fault: "f")
                case 4: .markFalse(subject)
                case 5: .unjudge(subject)
                case 6:
                    .silence(
                        .init(
                            matcher: AlarmMatcher(entity: id), from: now, until: now + Int64(draw(30)) + 1, comment: nil
                        ))
                case 7: .endSilence(id: Int64(draw(step + 1)))
                default: .hint(fault: "f\(draw(5))", text: "t\(step)")
                }
            do {
                disk.take(try desk.step(change, by: "a", at: now))
            } catch {
                // What cannot be is drawn too, and changes nothing.
            }
            if draw(20) == 0 { desk = disk.desk(limits) }
            #expect(desk.marks(limit: 999).count <= 16 && desk.allSilences.count <= 5 && desk.allHints.count <= 3)
            #expect(desk.marks(limit: 999).allSatisfy { $0.notes.count <= 2 })
        }
        let restored = disk.desk(limits)
        #expect(restored.marks(limit: 999) == desk.marks(limit: 999) && restored.allSilences == desk.allSilences)
        #expect(restored.allHints == desk.allHints && disk.pieces.count <= 24)
        #expect(disk.entries.map(\.number) == Array(1...Int64(disk.entries.count)) && disk.entries.count > 200)
    }
}
