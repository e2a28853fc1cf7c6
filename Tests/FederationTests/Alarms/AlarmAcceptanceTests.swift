import Federation
import Platform
import Testing

/// The acceptance of alarms with a log that is a list.
private struct Desk {
    var acceptance = AlarmAcceptance()
    var log: [AlarmStore.Entry] = []
    var answers: [AlarmReceipt] = []
    var notes: [Note] = []
    var stores: [AlarmStore] = []
    var now = Instant.zero
    /// Whether the disk takes what it is given.
    var takes = true

    init() {
        serve("a", "north", ["north/enb"])
        serve("b", "south", ["south/enb", "south/ue"])
    }

    mutating func serve(_ worker: String, _ domain: String, _ entities: [String]) {
        step(.serving(worker: worker, domain: domain, entities: entities))
    }

    mutating func step(_ event: AlarmAcceptanceEvent) {
        for directive in acceptance.step(event, at: now) {
            switch directive {
            case .store(let store):
                stores.append(store)
                if takes {
                    log += store.entries
                    step(.stored(store.id))
                } else {
                    step(.storeFailed(store.id, reason: "the disk is full"))
                }
            case .answer(let receipt, _, _): answers.append(receipt)
            case .note(let note): notes.append(note)
            }
        }
    }

    static func claim(_ entity: String, _ row: Int, _ revision: Int = 0, flaw: String? = nil) -> AlarmClaim {
        AlarmClaim(id: "\(entity)@\(row)", revision: revision, entity: entity, flaw: flaw)
    }

    @discardableResult
    mutating func send(
        _ claims: [AlarmClaim?], from worker: String, _ domain: String, having reach: Set<String> = [],
        spool: UInt64 = 7, first: UInt64, oldest: UInt64 = 1
    ) -> AlarmReceipt? {
        let count = answers.count
        let batch = AlarmBatch(
            spool: spool, first: first, oldest: oldest, alarms: claims.map { Array("\($0?.id ?? "?")".utf8) })
        step(
            .received(
                batch, claims: claims,
                from: AlarmSender(worker: worker, domain: domain, leaseEpoch: 1, reach: reach)))
        return answers.count > count ? answers[count] : nil
    }
}

@Suite struct AlarmAcceptanceTests {
    @Test func numbersAreGapFreeAndEventsCountOnce() {
        var desk = Desk()
        let claims = [Desk.claim("north/enb", 5), Desk.claim("north/enb", 5, 1), Desk.claim("north/enb", 9)]
        #expect(desk.send(claims, from: "a", "north", first: 1)?.delivered == 3)
        #expect(desk.send(claims, from: "a", "north", first: 1)?.delivered == 3)
        // Another spool, of the same worker started again: the same alarms, and one that goes on.
        let again = claims + [Desk.claim("north/enb", 9, 1)]
        #expect(desk.send(again, from: "a", "north", spool: 8, first: 1)?.delivered == 4)
        #expect(desk.log.map(\.sequence) == [1, 2, 3, 4])
        #expect(desk.log.map(\.claim.revision) == [0, 1, 0, 1])
        #expect(desk.acceptance.lastSequence == 4 && desk.acceptance.repetitions == 3)
    }

    /// Who says too much of the watching loses none of its alarms for it, and sends nothing of it again.
    @Test func findingsAreBoundedAndAlarmsAreNot() {
        var desk = Desk()
        func finding(_ row: Int, _ revision: Int) -> AlarmClaim {
            AlarmClaim(
                id: "north/enb!malformed@\(row)", revision: revision, entity: "north/enb", isFinding: true)
        }
        var claims: [AlarmClaim] = []
        for row in 0..<3_000 {
            claims += [finding(row, 0), finding(row, 1), Desk.claim("north/enb", row)]
        }
        #expect(desk.send(claims, from: "a", "north", first: 1)?.delivered == 9_000)
        let (findings, alarms) = (desk.log.filter(\.claim.isFinding), desk.log.filter { !$0.claim.isFinding })
        #expect(alarms.count == 3_000)
        // Whatever was told to begin is told to be over.
        #expect(findings.count == 4_000 && findings.count { $0.claim.revision == 1 } == 2_000)
        #expect(desk.acceptance.leftOut == 2_000)
        #expect(desk.log.map(\.sequence) == Array(1...7_000))
        #expect(desk.notes.count { $0.message.description.contains("left out") } == 1)
        // In time there is room again, and another worker has its own.
        desk.now = desk.now + .seconds(100)
        #expect(desk.send([finding(5_000, 0)], from: "a", "north", first: 9_001)?.delivered == 9_001)
        #expect(desk.acceptance.leftOut == 2_000)
    }

    @Test func nobodySpeaksForWhatAnotherServes() {
        var desk = Desk()
        desk.serve("mallory", "evil", ["evil/x"])
        // What mutes in a book that asks nobody: identities of others, and numbers that nothing exceeds.
        let forged = (0..<200).map { AlarmClaim(id: "north/enb@\($0)", revision: 1 << 20, entity: "north/enb") }
        let receipt = desk.send(forged, from: "mallory", "evil", first: 1)
        #expect(receipt?.refused.map(\.number) == Array(1...200) && receipt?.delivered == 200)
        #expect(receipt?.refused.allSatisfy { $0.reason == .foreignEntity } == true)
        #expect(desk.log.isEmpty)
        #expect(desk.send([Desk.claim("north/enb", 5)], from: "a", "north", first: 1)?.refused == [])
        #expect(desk.log.count == 1)
        // Within a domain too only what the server gave to a worker.
        #expect(
            desk.send([Desk.claim("south/enb", 5)], from: "c", "south", first: 1)?.refused.first?.reason == .notServed)
        desk.serve("c", "south", ["south/enb"])
        #expect(desk.send([Desk.claim("south/enb", 5)], from: "c", "south", first: 2)?.refused == [])
        // And what it served before it lost it.
        desk.serve("c", "south", [])
        #expect(desk.send([Desk.claim("south/enb", 7)], from: "c", "south", first: 3)?.refused == [])
    }

    /// Whoever raises alarms without end is held back, and nobody else: the log, out of which the oldest go, is not his.
    @Test func nobodyFillsTheLog() {
        var desk = Desk()
        func batch(_ number: Int) -> [AlarmClaim?] {
            (0..<250).map { Desk.claim("north/enb", number * 250 + $0) }
        }
        var sent = 0
        while sent < 200, desk.send(batch(sent), from: "a", "north", first: UInt64(sent) * 250 + 1) != nil { sent += 1 }
        #expect(sent == 80 && desk.log.count == 20_000)
        #expect(desk.notes.map { "\($0.message)" } == ["alarms held back: beyond the quota"])
        // What is no news costs nothing, and others have a quota of their own.
        #expect(desk.send(batch(79), from: "a", "north", first: 79 * 250 + 1)?.delivered == 20_000)
        #expect(desk.send([Desk.claim("south/ue", 1)], from: "b", "south", first: 1)?.delivered == 1)
        // It sends again what was not answered.
        #expect(desk.send(batch(80), from: "a", "north", first: 20_001) == nil)
        desk.now = desk.now + .seconds(1)
        #expect(desk.send(batch(80), from: "a", "north", first: 20_001)?.delivered == 20_250)
        #expect(desk.send(batch(81), from: "a", "north", first: 20_251) == nil, "on credit")
        #expect(desk.log.map(\.sequence) == Array(1...20_251))
    }

    /// However many spools one begins, those of others are remembered.
    @Test func spoolsOfOneDoNotPushOutThoseOfOthers() {
        var desk = Desk()
        let own = [Desk.claim("south/ue", 1)]
        #expect(desk.send(own, from: "b", "south", spool: 3, first: 1)?.delivered == 1)
        for spool in 0..<70_000 as Range<UInt64> {
            desk.send([Desk.claim("north/enb", 5)], from: "a", "north", spool: spool, first: 1)
        }
        let stored = desk.stores.count
        #expect(desk.send(own, from: "b", "south", spool: 3, first: 1)?.delivered == 1)
        #expect(desk.stores.count == stored, "a spool that is known is not begun again")
    }

    /// A server that has lost its folder has given the entity to nobody, or to another worker than the one that watched it.
    @Test func whoHasTheSamplesMaySpeak() {
        var desk = Desk()
        let claims = [Desk.claim("west/enb", 4)]
        #expect(desk.send(claims, from: "d", "west", having: ["west/enb"], first: 1)?.refused == [])
        // From now on the entity is of that domain.
        let other = desk.send([Desk.claim("west/enb", 5)], from: "e", "evil", having: ["west/enb"], first: 1)
        #expect(other?.refused.first?.reason == .foreignEntity)
        let second = desk.send([Desk.claim("north/enb", 5)], from: "f", "north", having: ["north/enb"], first: 1)
        #expect(second?.refused == [])
        #expect(desk.log.map(\.claim.entity) == ["west/enb", "north/enb"])
    }

    @Test func whoNamesAnothersEntityServesNothing() {
        var desk = Desk()
        desk.serve("mallory", "evil", ["south/enb"])
        #expect(desk.notes.contains { $0.fields["entity"] == "south/enb" })
        #expect(
            desk.send([Desk.claim("south/enb", 3)], from: "mallory", "evil", first: 1)?.refused.first?.reason
                == .foreignEntity)
    }

    @Test func whatIsRefusedIsSaidEveryTimeAndLoggedOnceAMinute() {
        var desk = Desk()
        let mixed: [AlarmClaim?] = [
            Desk.claim("north/enb", 1), nil, Desk.claim("north/enb", 2, flaw: "a row below zero"),
        ]
        for _ in 0..<10 {
            let receipt = desk.send(mixed, from: "a", "north", first: 1)
            #expect(receipt?.refused.map(\.number) == [2, 3] && receipt?.delivered == 3)
            desk.now = desk.now + .seconds(1)
        }
        #expect(desk.log.count == 1)
        #expect(desk.acceptance.refusals == [.unusable: 20])
        #expect(desk.notes.count == 1)
        desk.now = desk.now + .seconds(60)
        desk.send(mixed, from: "a", "north", first: 1)
        #expect(desk.notes.count == 2 && desk.notes.last?.fields["heldBack"] == "19")
    }

    @Test func nothingIsAnsweredBeforeItIsDurable() {
        var desk = Desk()
        desk.takes = false
        let claims = [Desk.claim("north/enb", 1), Desk.claim("north/enb", 2)]
        #expect(desk.send(claims, from: "a", "north", first: 1) == nil)
        #expect(desk.acceptance.lastSequence == 0)
        desk.takes = true
        #expect(desk.send(claims, from: "a", "north", first: 1)?.delivered == 2)
        #expect(desk.log.map(\.sequence) == [1, 2])
    }

    @Test func aSlowDiskIsWaitedForAndMemoryIsBounded() {
        var limits = AlarmAcceptance.Limits()
        limits.waitingBytes = 10_000
        var acceptance = AlarmAcceptance(limits: limits)
        _ = acceptance.step(.serving(worker: "w0", domain: "d", entities: ["d/e"]), at: .zero)
        _ = acceptance.step(.stored(1), at: .zero)
        func batch(_ worker: Int) -> AlarmAcceptanceEvent {
            .received(
                AlarmBatch(spool: 1, first: 1, oldest: 1, alarms: [[UInt8](repeating: 1, count: 4_000)]),
                claims: [AlarmClaim(id: "d/e@\(worker)", revision: 0, entity: "d/e")],
                from: AlarmSender(worker: "w\(worker)", domain: "d", leaseEpoch: 1))
        }
        // The first is on its way, two wait, the others have to come again; nothing is stored twice at a time.
        let stores = (0..<10).flatMap { acceptance.step(batch($0), at: .zero) }.count {
            if case .store = $0 { true } else { false }
        }
        #expect(stores == 1)
        let next = acceptance.step(.stored(2), at: .zero)
        #expect(next.count { if case .answer = $0 { true } else { false } } >= 1)
    }

    @Test func aLogThatWasRestoredIsFilledAgain() {
        var desk = Desk()
        let all = (1...100).map { Desk.claim("north/enb", $0) }
        desk.send(Array(all[..<60]), from: "a", "north", first: 1)
        // The backup: what there was after 60. The live one goes on to 100.
        let backup = desk
        #expect(desk.send(Array(all[60...]), from: "a", "north", first: 61)?.delivered == 100)
        desk = backup
        // The worker asks how far it is, and gives what it still has.
        #expect(desk.send([], from: "a", "north", first: 101, oldest: 41)?.delivered == 60)
        #expect(desk.send(Array(all[60...]), from: "a", "north", first: 61, oldest: 41)?.delivered == 100)
        #expect(desk.log.count == 100)
        // One that has nothing more of it goes on after a gap that is said.
        desk = backup
        #expect(desk.send([], from: "a", "north", first: 101, oldest: 101)?.delivered == 100)
        #expect(desk.notes.contains { $0.fields["from"] == "61" && $0.fields["to"] == "100" })
        #expect(
            desk.send([Desk.claim("north/enb", 101)], from: "a", "north", first: 101, oldest: 101)?.delivered == 101)
        #expect(desk.log.last?.claim.id == "north/enb@101")
    }

    @Test func whatASpoolClaimsIsItsSendersOwn() {
        var desk = Desk()
        desk.send([Desk.claim("north/enb", 1)], from: "a", "north", spool: 7, first: 1)
        // Another worker says that the same spool is far ahead.
        desk.serve("mallory", "evil", ["evil/x"])
        desk.send([], from: "mallory", "evil", spool: 7, first: 1_000, oldest: 1_000)
        #expect(desk.send([Desk.claim("north/enb", 2)], from: "a", "north", spool: 7, first: 2)?.delivered == 2)
        #expect(desk.log.count == 2)
    }

    @Test func numbersThatCannotBeAreNoNumbers() {
        var desk = Desk()
        let stores = desk.stores.count
        for (first, oldest) in [(UInt64.max, 1), (0, 0), (5, 6), (UInt64(Int64.max), 1), (5, 0)] as [(UInt64, UInt64)] {
            desk.send([Desk.claim("north/enb", 1)], from: "a", "north", first: first, oldest: oldest)
        }
        #expect(desk.stores.count == stores)
    }

    @Test func aRestartGoesOnWhereTheLogEnds() {
        var desk = Desk()
        desk.send([Desk.claim("north/enb", 1), Desk.claim("north/enb", 2)], from: "a", "north", first: 1)
        var recovery = AlarmRecovery()
        recovery.lastSequence = 2
        recovery.alarms = desk.log.map(\.claim)
        recovery.spools = [("a", 7, 2)]
        recovery.services = desk.stores.flatMap(\.services)
        desk.acceptance = AlarmAcceptance(recovery: recovery)
        #expect(desk.send([Desk.claim("north/enb", 2)], from: "a", "north", first: 2)?.delivered == 2)
        // Before the server has given the entity to anybody: it had, and the worker has still to deliver.
        #expect(desk.send([Desk.claim("north/enb", 3)], from: "a", "north", first: 3)?.refused == [])
        #expect(desk.log.map(\.sequence) == [1, 2, 3])
    }

    @Test func whoFloodsForgetsHisOwn() {
        var known = AcceptedAlarms(memory: 100)
        known.add(Desk.claim("north/enb", 1, 3))
        for row in 0..<10_000 { known.add(Desk.claim("south/enb", row)) }
        #expect(known.count <= 100)
        #expect(known.revision(of: Desk.claim("north/enb", 1)) == 3)
        #expect(known.revision(of: Desk.claim("south/enb", 9_999)) == 0)
    }
}
