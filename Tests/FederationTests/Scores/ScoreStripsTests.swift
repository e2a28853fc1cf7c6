import Federation
import Platform
import Testing

/// What a server remembers of scores: an hour of them, bounded whatever comes.
@Suite struct ScoreStripsTests {
    private func report(
        _ entities: [String], time: Double, _ level: UInt8, flags: ScoreReport.Flags = [], groups: Int = 2
    ) -> ScoreReport {
        ScoreReport(
            type: "t", groups: (0..<groups).map { "a.g\($0)" },
            lines: entities.map {
                .init(
                    entity: $0, time: time, flags: flags, whole: level, groups: Array(repeating: level, count: groups))
            })
    }

    private func at(_ second: Int) -> Instant { .zero + .seconds(second) }

    @Test func cellsStandInTheirOrder() throws {
        var strips = ScoreStrips()
        for turn in 0..<5 {
            strips.take(
                report(["s/e"], time: 1e9 + 10.5 * Double(turn), UInt8(100 + turn), flags: turn == 3 ? .alarm : []),
                from: "w", inDomain: "d", at: at(10 * turn))
        }
        // The same row again adds to its cell.
        strips.take(report(["s/e"], time: 1e9 + 42, 90, flags: .missing), from: "w", inDomain: "d", at: at(50))
        let strip = try #require(strips.strip(of: "s/e", at: at(57)))
        #expect(strip.cells.map(\.whole) == [100, 101, 102, 103, 104])
        #expect(strip.cells.map(\.time) == (0..<5).map { 1e9 + 10.5 * Double($0) })
        #expect(strip.cells.map(\.flags) == [[], [], [], .alarm, .missing] && strip.groups == ["a.g0", "a.g1"])
        #expect(strip.entity.peak == 104 && strip.entity.silentSeconds == 7 && strip.entity.worker == "w")
        #expect(strips.revision == 6 && strips.strip(of: "s/f", at: at(57)) == nil)
    }

    /// A clock that went back, and other groups, begin a strip anew; another domain's word for the same name counts for
    /// nothing.
    @Test func anotherStreamBeginsAnew() throws {
        var strips = ScoreStrips()
        strips.take(report(["s/e"], time: 50, 200), from: "w", inDomain: "d", at: at(0))
        strips.take(report(["s/e"], time: 60, 255), from: "m", inDomain: "evil", at: at(1))
        #expect(strips.entity("s/e", at: at(1))?.peak == 200)
        strips.take(report(["s/e"], time: 10, 50), from: "w", inDomain: "d", at: at(10))
        #expect(strips.strip(of: "s/e", at: at(10))?.cells.map(\.whole) == [50])
        strips.take(report(["s/e"], time: 20, 60, groups: 3), from: "w", inDomain: "d", at: at(20))
        let strip = try #require(strips.strip(of: "s/e", at: at(20)))
        #expect(strip.cells.map(\.groups) == [[60, 60, 60]] && strip.entity.peak == 60)
    }

    @Test func whatIsGoneLeaves() {
        var strips = ScoreStrips()
        strips.take(report(["s/a", "s/b"], time: 0, 9), from: "w", inDomain: "d", at: at(0))
        for minute in 1...61 {
            strips.take(report(["s/b"], time: Double(minute), 9), from: "w", inDomain: "d", at: at(60 * minute))
        }
        #expect(strips.names(after: "", limit: 9) == ["s/b"])
    }

    /// Each strip has an hour, and less where there are so many that all together would be too large.
    @Test(arguments: [(1, 2, 360), (2_000, 60, 360), (4_000, 122, 98)])
    func stripsAreBounded(entities: Int, groups: Int, cells: Int) throws {
        var strips = ScoreStrips()
        let names = (0..<entities).map { "s/e\($0)" }
        // Cells that are let go of go some at a time.
        for turn in 0..<(cells + cells / 8 + 12) {
            strips.take(
                report(names, time: Double(turn), UInt8(turn % 200), groups: groups), from: "w", inDomain: "d",
                at: at(turn))
        }
        for name in [names[0], names[entities - 1]] {
            let held = try #require(strips.strip(of: name, at: at(0)))
            #expect((cells...(cells + cells / 8 + 8)).contains(held.cells.count), "\(held.cells.count)")
            #expect(held.cells.last?.time == Double(cells + cells / 8 + 11))
            #expect(held.entity.peak == held.cells.map(\.whole).max())
        }
    }

    /// Nobody can make it remember more names than it may.
    @Test func namesAreBounded() {
        var strips = ScoreStrips()
        for part in 0..<300 {
            strips.take(
                report((0..<256).map { "s/\(part).\($0)" }, time: 0, 9), from: "w", inDomain: "d", at: at(0))
        }
        #expect(strips.count == ScoreStrips.mostEntities)
    }
}

/// A server takes scores from whoever serves an entity, and from nobody else.
@Suite struct ScoresAtTheServerTests {
    private func report(_ entities: [String], time: Double = 1) -> Message {
        .scores(
            ScoreReport(
                type: "t", groups: [], lines: entities.map { .init(entity: $0, time: time, whole: 150) }))
    }

    @Test func onlyOfWhatTheSenderServes() throws {
        let harness = NodeHarness()
        let (a, b) = (
            ScriptedWorker("a", in: harness, entities: ["a/e", "a/f"]),
            ScriptedWorker("b", in: harness, entities: ["b/e"])
        )
        try harness.run(for: .seconds(2)) { for worker in [a, b] { worker.turn() } }
        a.send(report(["a/e", "b/e", "a/none"]))
        b.send(report(["a/f"]))
        try harness.run(for: .seconds(1)) { for worker in [a, b] { worker.turn() } }
        let names = harness.node.scores.with { $0.names(after: "", limit: 9) }
        #expect(names == ["a/e"])
        #expect(harness.node.machine.unusable.values.reduce(0, +) == 3)
        // What others overtook, or came twice, is older than what is known.
        let late = Envelope(
            sender: "a", federation: harness.federation, leaseEpoch: a.epoch ?? 0, sequence: 1, message: report(["a/f"])
        )
        harness.port.put(late, from: "a")
        try harness.run(for: .seconds(1)) { for worker in [a, b] { worker.turn() } }
        #expect(harness.node.scores.with { $0.count } == 1 && a.refusals.isEmpty)
    }

    /// Whoever comes without the role to watch is not heard.
    @Test func watchingIsARole() throws {
        var registry = IdentityRegistry()
        let token = PrincipalKeys.key("token")
        let grant = Grant(name: "a", site: "a", roles: [.train, .hold])
        _ = registry.step(.invited(Invitation(key: token, grant: grant, expires: 1)), at: 0)
        let request = EnrolmentRequest(
            caller: .invited(token), name: "a",
            enrolment: Enrolment(key: PrincipalKeys.key("a"), site: "", domain: ""))
        _ = registry.step(.enrolling(request, isHeld: false), at: 0)
        let harness = NodeHarness(access: .identified(registry, SilentOffice()))
        let worker = ScriptedWorker("a", in: harness, entities: ["a/e"])
        worker.caller = .principal(PrincipalID(firstKey: PrincipalKeys.key("a")))
        try harness.run(for: .seconds(2)) { worker.turn() }
        worker.send(report(["a/e"]))
        try harness.run(for: .seconds(1)) { worker.turn() }
        #expect(worker.epoch != nil && harness.node.scores.with { $0.count } == 0)
        #expect(harness.node.machine.refusals.counts["a"]?["role"] == 1)
    }

    private final class SilentOffice: IdentityKeeper {
        func enrol(
            _ request: EnrolmentRequest, isHeld: Bool, answer: @escaping @Sendable (EnrolmentAnswer) -> Void
        ) {}
        func audit(_ event: AuditEvent) {}
    }
}
