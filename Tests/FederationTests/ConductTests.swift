import Federation
import Platform
import Testing

/// Workers that are refused again and again, and versions that turn out to be bad.
@Suite struct ConductTests {
    private func workers(_ names: [String], in harness: NodeHarness) -> [ScriptedWorker] {
        names.map { ScriptedWorker($0, in: harness, entities: ["\($0)/e"]) }
    }

    private static func change(_ contribution: inout Contribution, _ parameter: (Float) -> Float) {
        guard contribution.kind == .training else { return }
        contribution = Contribution(
            kind: .training, base: contribution.base, entities: contribution.entities, rawBytes: contribution.rawBytes,
            groups: contribution.groups.map { group in
                var group = group
                group.parameters = group.parameters.map(parameter)
                return group
            })
    }

    private static func enlarge(_ contribution: inout Contribution) { change(&contribution) { $0 * 30 + 8 } }

    /// What a site says whose samples want other parameters.
    private static func pull(_ contribution: inout Contribution) { change(&contribution) { _ in 30 } }

    @Test func whoIsRefusedThreeTimesIsLeftOutForAWhile() throws {
        let harness = NodeHarness {
            $0.minimumWorkers = 3; $0.quorum = 3
        }
        let workers = workers(["a", "b", "c", "mallory"], in: harness)
        workers[3].tamper = Self.enlarge
        try harness.run(for: .seconds(40)) { for worker in workers { worker.turn() } }
        #expect(harness.disk.abandoned.isEmpty)
        try #require(harness.disk.commits.count > 20)
        let refusals = harness.disk.commits.map { $0.record.rejections.map(\.worker) }
        let counted = harness.disk.commits.map { $0.record.contributions.map(\.worker) }
        #expect(refusals[0].isEmpty && counted[0].count == 4, "statistics")
        #expect(refusals[1...3].allSatisfy { $0 == ["mallory"] })
        #expect(refusals[4...7].allSatisfy { $0.isEmpty }, "left out for four rounds")
        #expect(refusals[8] == ["mallory"], "asked again, and refused again")
        #expect(refusals[9...].prefix(8).allSatisfy { $0.isEmpty }, "left out for eight")
        #expect(counted[1...].allSatisfy { $0 == ["a", "b", "c"] })
        let reason = try #require(harness.disk.commits[1].record.rejections.first)
        #expect(reason.code == .overNorm && reason.reason.contains("the median of the 3 others"))
        #expect((2...5).contains(harness.lines.count { $0.hasPrefix("worker is left out for a while") }))
        let exclusions = harness.node.machine.workers.filter { $0.exclusion != nil }.map(\.name)
        #expect(exclusions == ["mallory"])
    }

    /// Who sends what is usual again is asked like everybody.
    @Test func whoIsSoundAgainIsBack() throws {
        let harness = NodeHarness {
            $0.minimumWorkers = 3; $0.quorum = 3
        }
        let workers = workers(["a", "b", "c", "mallory"], in: harness)
        workers[3].tamper = Self.enlarge
        try harness.run(for: .seconds(40)) {
            if harness.disk.commits.count > 5 { workers[3].tamper = nil }
            for worker in workers { worker.turn() }
        }
        #expect(harness.disk.commits.dropFirst(8).allSatisfy { $0.record.contributions.count == 4 })
        #expect(harness.node.machine.workers.allSatisfy { $0.exclusion == nil })
    }

    /// Where there are too few without it, a worker is asked all the same, and nothing waits for ever.
    @Test func whoIsNeededIsNotLeftOut() throws {
        let harness = NodeHarness {
            $0.minimumWorkers = 3; $0.quorum = 2
        }
        let workers = workers(["a", "b", "mallory"], in: harness)
        workers[2].tamper = Self.enlarge
        try harness.run(for: .seconds(30)) { for worker in workers { worker.turn() } }
        #expect(harness.disk.commits.count > 8)
        #expect(!harness.lines.contains { $0.hasPrefix("worker is left out") })
        #expect(harness.node.machine.workers.allSatisfy { $0.exclusion == nil })
    }

    /// Where a round cannot be without somebody whose changes are far beyond the others' (a site with other samples that comes late,
    /// as often as not), rounds go on: its changes are scaled down to what is let pass, until they are within.
    @Test(arguments: [2, 3]) func whoIsNeededIsScaledDown(count: Int) throws {
        let harness = NodeHarness {
            $0.minimumWorkers = count; $0.quorum = count
        }
        let workers = workers((1..<count).map { "w\($0)" } + ["late"], in: harness)
        var isOther = false
        workers[count - 1].tamper = { contribution in
            if isOther { Self.pull(&contribution) }
        }
        try harness.run(for: .seconds(10)) { for worker in workers { worker.turn() } }
        let before = harness.disk.commits.count
        try #require(before > 4 && harness.disk.abandoned.isEmpty)
        isOther = true
        try harness.run(for: .seconds(20)) { for worker in workers { worker.turn() } }
        let later = harness.disk.commits.dropFirst(before + 1)
        #expect(later.count > 8, "\(harness.lines.suffix(5))")
        // One round fails for it, and no other.
        #expect(harness.disk.abandoned.count == 1)
        for commit in later {
            let lines = commit.record.treatment.lines.filter { $0.factor != nil }
            #expect(lines.isEmpty || lines.allSatisfy { $0.worker == "late" && $0.reason.contains("scaled down") })
        }
        let first = later.lazy.flatMap(\.record.treatment.lines).compactMap(\.factor).first
        #expect((first ?? 1) < 0.5)
    }

    /// When there are enough others it is refused like everybody.
    @Test func whoIsNotNeededAnyMoreIsRefused() throws {
        let harness = NodeHarness {
            $0.minimumWorkers = 3; $0.quorum = 3
        }
        var workers = workers(["a", "b", "late"], in: harness)
        func run(until holds: () -> Bool) throws {
            for _ in 0..<200 where !holds() {
                try harness.run(for: .milliseconds(200)) { for worker in workers { worker.turn() } }
            }
        }
        try run { harness.disk.commits.count > 5 }
        workers[2].tamper = Self.pull
        func isScaled() -> Bool {
            harness.disk.commits.contains {
                $0.record.treatment.lines.contains { $0.worker == "late" && $0.factor != nil }
            }
        }
        try run(until: isScaled)
        #expect(isScaled())
        workers.append(ScriptedWorker("other", in: harness, entities: ["other/e"]))
        func isRefused() -> Bool {
            harness.disk.commits.contains { $0.record.rejections.contains { $0.worker == "late" } }
        }
        try run(until: isRefused)
        #expect(isRefused(), "\(harness.lines.suffix(5))")
    }

    // MARK: Rollback

    private static func lose(_ contribution: inout Contribution, _ loss: Double) {
        guard contribution.kind != .statistics else { return }
        contribution = Contribution(
            kind: contribution.kind, base: contribution.base, entities: contribution.entities,
            rawBytes: contribution.rawBytes,
            groups: contribution.groups.map { group in
                var group = group
                group.lossBefore = loss
                return group
            })
    }

    @Test func aVersionThatMostSitesFindWorseIsTakenBack() throws {
        let harness = NodeHarness {
            $0.minimumWorkers = 3; $0.quorum = 3
        }
        let workers = workers(["a", "b", "c"], in: harness)
        let losses = { (version: UInt64) in version == 4 ? 9.0 : 2.0 }
        for worker in workers.prefix(2) {
            worker.tamper = { Self.lose(&$0, losses(harness.node.machine.version)) }
        }
        try harness.run(for: .seconds(20)) { for worker in workers { worker.turn() } }
        let commits = harness.disk.commits
        try #require(commits.count > 7)
        #expect(commits.map(\.record.version).prefix(7) == [1, 2, 3, 4, 5, 6, 7])
        #expect(commits[4].record.restores == 3, "version 5 is version 3 again")
        #expect(commits[4].model == commits[2].model && commits[4].digest == commits[2].digest)
        #expect(commits[5].model != commits[3].model, "and it goes on from there")
        #expect(commits.count { $0.record.restores != nil } == 1)
        #expect(harness.lines.contains { $0.hasPrefix("version taken back") })
    }

    /// What one of three says of its losses takes nothing back.
    @Test func oneSiteTakesNothingBack() throws {
        let harness = NodeHarness {
            $0.minimumWorkers = 3; $0.quorum = 3
        }
        let workers = workers(["a", "b", "c"], in: harness)
        workers[0].tamper = { Self.lose(&$0, Double(UInt64(1) << (2 * min(30, harness.node.machine.version)))) }
        try harness.run(for: .seconds(20)) { for worker in workers { worker.turn() } }
        #expect(harness.disk.commits.count > 5)
        #expect(harness.disk.commits.allSatisfy { $0.record.restores == nil })
    }
}
