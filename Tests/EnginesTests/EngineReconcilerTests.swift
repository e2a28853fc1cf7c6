import Engines
import Platform
import Testing

@Suite struct EngineReconcilerTests {
    private let places = ["a": "n1", "b": "n2", "c": "n3"]
    private let nodes = [EngineNode("n1"), EngineNode("n2"), EngineNode("n3")]

    private func at(_ seconds: Int) -> Instant { .zero + .seconds(seconds) }

    private func job(
        _ worker: String, _ role: EngineRole = .worker, _ state: EngineJob.State = .running, generation: UInt64 = 1,
        id: String? = nil, reason: String = ""
    ) -> EngineJob {
        EngineJob(
            id: id ?? worker,
            request: .init(worker: worker, node: places[worker] ?? "", role: role, generation: generation),
            state: state, reason: reason)
    }

    private func wish(_ wants: [EngineWish.Want], minimum: Int = 1, here: Bool = true) -> EngineWish {
        EngineWish(
            decision: 1, minimumWorkers: minimum,
            nodes: zip(["a", "b", "c"], wants).map { EngineWish.Worker($0, $1, isHere: here) })
    }

    private func step(
        _ reconciler: inout EngineReconciler, _ jobs: [EngineJob], _ wish: EngineWish?, nodes: [EngineNode]? = nil,
        at seconds: Int
    ) -> [EngineDirective] {
        reconciler.step(
            EngineObservation(nodes: nodes ?? self.nodes, jobs: jobs), wish, nodes: places, at: at(seconds))
    }

    @Test func whatIsWantedStartsOnce() {
        var reconciler = EngineReconciler(epoch: 100)
        let all = wish([.worker, .holder, .nothing])
        #expect(
            step(&reconciler, [], all, at: 0)
                == [
                    .start(.init(worker: "a", node: "n1", role: .worker, generation: 100)),
                    .start(.init(worker: "b", node: "n2", role: .holder, generation: 100)),
                ])
        #expect(step(&reconciler, [], all, at: 2) == [])
        // What is not seen after a while is a failure, and asked for again after a pause.
        #expect(step(&reconciler, [], all, at: 10) == [])
        #expect(step(&reconciler, [], all, at: 12).count == 2)
    }

    /// What was only looked at, and never asked, is no failure however often it is said.
    @Test func whatIsWithdrawnHasNotFailed() {
        var reconciler = EngineReconciler(epoch: 100)
        for second in stride(from: 0, to: 300, by: 2) {
            let directives = step(&reconciler, [], wish([.worker, .worker, .worker]), at: second)
            #expect(directives.count == 3)
            for directive in directives { reconciler.withdraw(directive) }
            for (index, worker) in ["a", "b", "c"].enumerated() {
                #expect(reconciler.canHost(worker, on: nodes[index], at: at(second)).0)
            }
        }
    }

    @Test func aControllerTakesOverWhatRuns() {
        var reconciler = EngineReconciler(epoch: 100)
        let jobs = [job("a"), job("b", .holder, .pending), job("stranger")]
        #expect(step(&reconciler, jobs, wish([.worker, .holder, .nothing]), at: 0) == [])
        #expect(step(&reconciler, jobs, nil, at: 2) == [])
    }

    @Test func nothingIsEndedBeforeWhatTakesOverIsHere() {
        var reconciler = EngineReconciler(epoch: 100)
        var settled = wish([.worker, .nothing, .nothing])
        _ = step(&reconciler, [job("a")], settled, at: 0)
        settled.nodes[0].wants = .nothing
        settled.nodes[1] = .init("b", .worker)
        #expect(step(&reconciler, [job("a")], settled, at: 20).count == 1)
        let both = [job("a"), job("b", generation: 120)]
        #expect(step(&reconciler, both, settled, at: 24) == [])
        #expect(reconciler.held["a"] == "stays until b is here")
        settled.nodes[1].isHere = true
        #expect(step(&reconciler, both, settled, at: 26) == [.stop(both[0], "not wanted any more")])
    }

    @Test func aRoundKeepsItsWorkers() {
        var reconciler = EngineReconciler(epoch: 100)
        let jobs = [job("a"), job("b")]
        let nobody = wish([.nothing, .nothing, .nothing], minimum: 1)
        _ = step(&reconciler, jobs, nobody, at: 0)
        #expect(step(&reconciler, jobs, nobody, at: 20).count == 1)
        // The one that was told to end does not count any more, though the engine still shows it.
        #expect(step(&reconciler, jobs, nobody, at: 22) == [])
        #expect(reconciler.held["b"] == "stays: a round needs 1 workers and 1 are here")
        // Who is not here does not count either.
        var other = EngineReconciler(epoch: 100)
        let away = wish([.nothing, .nothing, .nothing], minimum: 1, here: false)
        _ = step(&other, jobs, away, at: 0)
        #expect(step(&other, jobs, away, at: 20).count == 2)
    }

    @Test func aWishHasToHold() {
        var reconciler = EngineReconciler(epoch: 100)
        let jobs = [job("a"), job("b")]
        _ = step(&reconciler, jobs, wish([.worker, .worker, .nothing]), at: 0)
        #expect(step(&reconciler, jobs, wish([.worker, .nothing, .nothing]), at: 20) == [])
        #expect(step(&reconciler, jobs, wish([.worker, .worker, .nothing]), at: 22) == [])
        #expect(step(&reconciler, jobs, wish([.worker, .nothing, .nothing]), at: 24) == [])
        #expect(step(&reconciler, jobs, wish([.worker, .nothing, .nothing]), at: 26) == [])
        #expect(step(&reconciler, jobs, wish([.worker, .nothing, .nothing]), at: 27).count == 1)
    }

    @Test func olderCopiesAreEnded() {
        var reconciler = EngineReconciler(epoch: 100)
        let jobs = [
            job("a", generation: 7, id: "1"), job("a", generation: 9, id: "2"), job("a", generation: 8, id: "3"),
        ]
        #expect(step(&reconciler, jobs, wish([.worker], minimum: 0), at: 0) == [.stop(jobs[0], "another copy runs")])
        #expect(step(&reconciler, jobs, wish([.worker], minimum: 0), at: 2) == [])
        #expect(
            step(&reconciler, Array(jobs[1...]), wish([.worker], minimum: 0), at: 4) == [
                .stop(jobs[2], "another copy runs")
            ])
    }

    @Test func allCopiesOfAWorkerThatARoundNeedsStay() {
        var reconciler = EngineReconciler(epoch: 100)
        // The engine may be wrong about each of them, for as long as it likes.
        for other in [EngineJob.State.running, .pending, .refused] {
            let jobs = [job("a", .worker, other, generation: 7, id: "1"), job("a", generation: 9, id: "2")]
            for second in stride(from: 0, to: 200, by: 2) {
                #expect(step(&reconciler, jobs, wish([.worker, .nothing]), at: second) == [])
            }
        }
        #expect(reconciler.held["a"]?.hasPrefix("2 copies stay: a round needs 1 workers") == true)
        // Another one works: a round can do without this one.
        let both = [job("a", generation: 7, id: "1"), job("a", generation: 9, id: "2"), job("b")]
        #expect(
            step(&reconciler, both, wish([.worker, .worker]), at: 200) == [.stop(both[0], "another copy runs")])
    }

    @Test func aCopyOfAWorkerThatIsNotHereIsEnded() {
        var reconciler = EngineReconciler(epoch: 100)
        let jobs = [job("a", generation: 7, id: "1"), job("a", generation: 9, id: "2")]
        #expect(step(&reconciler, jobs, wish([.worker], here: false), at: 0) == [.stop(jobs[0], "another copy runs")])
    }

    @Test func refusalsGoBackIntoPlacement() {
        var reconciler = EngineReconciler(epoch: 100)
        let wanted = wish([.worker], here: false)
        let refused = job("a", .worker, .refused, reason: "preempted")
        #expect(step(&reconciler, [refused], wanted, at: 0) == [.stop(refused, "refused")])
        #expect(reconciler.canHost("a", on: nodes[0], at: at(1)).reason == "refused by the engine: preempted")
        #expect(step(&reconciler, [], wanted, at: 30) == [])
        #expect(reconciler.canHost("a", on: nodes[0], at: at(61)).0)
        #expect(step(&reconciler, [], wanted, at: 62).count == 1)
        // In the queue for too long is refused as well.
        let waits = job("a", .worker, .pending, generation: 162, reason: "Resources")
        #expect(step(&reconciler, [waits], wanted, at: 64) == [])
        #expect(step(&reconciler, [waits], wanted, at: 94) == [.stop(waits, "the engine does not start it")])
        #expect(reconciler.canHost("a", on: nodes[0], at: at(95)).reason == "refused by the engine: Resources")
        // So is what the engine says at once.
        let request = EngineJobRequest(worker: "b", node: "n2", role: .worker, generation: 200)
        reconciler.failed(request, EngineError(.refused, "no such partition"), at: at(100))
        #expect(reconciler.canHost("b", on: nodes[1], at: at(101)).reason == "refused by the engine: no such partition")
    }

    @Test func failuresWaitLongerAndLonger() {
        var reconciler = EngineReconciler(epoch: 100)
        let wanted = wish([.worker])
        var starts: [Int] = []
        var ended: [EngineJob] = []
        _ = step(&reconciler, [], nil, at: 0)
        for second in stride(from: 2, to: 120, by: 2) {
            for case .start(let request) in step(&reconciler, ended, wanted, at: second) {
                starts.append(second)
                ended = [EngineJob(id: "\(second)", request: request, state: .ended, reason: "failed")]
            }
        }
        #expect(starts == [2, 6, 12, 22, 40, 74])
        #expect(reconciler.canHost("a", on: nodes[0], at: at(80)).reason == "failed 6 times: failed")
    }

    @Test func aDrainedNodeKeepsItsWorkerUntilTheWorkHasMoved() {
        var reconciler = EngineReconciler(epoch: 100)
        let drained = [EngineNode("n1", state: .draining, reason: "disk"), nodes[1]]
        #expect(reconciler.canHost("a", on: drained[0], at: at(0)).reason == "draining: disk")
        let jobs = [job("a"), job("b")]
        _ = step(&reconciler, jobs, wish([.worker, .worker]), nodes: drained, at: 0)
        #expect(step(&reconciler, jobs, wish([.worker, .worker]), nodes: drained, at: 20) == [])
        // It is to hold its samples now, and that is nothing a drained node does.
        _ = step(&reconciler, jobs, wish([.holder, .worker]), nodes: drained, at: 22)
        #expect(
            step(&reconciler, jobs, wish([.holder, .worker]), nodes: drained, at: 26)
                == [.stop(jobs[0], "not wanted any more")])
        #expect(step(&reconciler, [jobs[1]], wish([.holder, .worker]), nodes: drained, at: 28) == [])
    }

    @Test func aNodeThatIsGoneIsLeftAlone() {
        var reconciler = EngineReconciler(epoch: 100)
        let gone = [EngineNode("n1", state: .gone, reason: "down"), nodes[1], nodes[2]]
        #expect(step(&reconciler, [], wish([.worker]), nodes: gone, at: 0) == [])
        #expect(step(&reconciler, [job("a")], wish([.nothing]), nodes: gone, at: 60) == [])
        // It does not count, so that the other is what a round needs.
        let jobs = [job("a"), job("b")]
        _ = step(&reconciler, jobs, wish([.nothing, .nothing], minimum: 1), nodes: gone, at: 62)
        #expect(step(&reconciler, jobs, wish([.nothing, .nothing], minimum: 1), nodes: gone, at: 90) == [])
    }

    @Test func rolesChangeOneAtATime() {
        var reconciler = EngineReconciler(epoch: 100)
        let able = nodes.map { EngineNode($0.name, accelerators: 1) }
        let jobs = [job("a"), job("b"), job("c")]
        let wanted = wish([.acceleratedWorker, .acceleratedWorker, .worker])
        _ = step(&reconciler, jobs, wanted, nodes: able, at: 0)
        #expect(step(&reconciler, jobs, wanted, nodes: able, at: 20) == [.stop(jobs[0], "to be acceleratedWorker")])
        #expect(step(&reconciler, Array(jobs[1...]), wanted, nodes: able, at: 22).count == 1)
        let first = job("a", .acceleratedWorker, generation: 122)
        #expect(
            step(&reconciler, [first] + jobs[1...], wanted, nodes: able, at: 24) == [
                .stop(jobs[1], "to be acceleratedWorker")
            ])
        // Without an accelerator there it stays what it is.
        var other = EngineReconciler(epoch: 100)
        _ = step(&other, jobs, wanted, at: 0)
        #expect(step(&other, jobs, wanted, at: 20) == [])
    }

    // MARK: Leases of copies that the engine does not show

    /// One worker, with the lease of somebody.
    private func wish(lease: UInt64?, isFenced: Bool = false, _ want: EngineWish.Want = .worker) -> EngineWish {
        EngineWish(
            decision: 1, minimumWorkers: 1,
            nodes: [.init("a", want, isHere: lease != nil, isFenced: isFenced, leaseEpoch: lease)])
    }

    @Test func aCopyThatIsTurnedAwayHasNotFailed() {
        var reconciler = EngineReconciler(epoch: 100)
        _ = step(&reconciler, [], wish(lease: 7), at: 0)
        let copy = job("a", generation: 100)
        _ = step(&reconciler, [copy], wish(lease: 7, isFenced: true), at: 2)
        let over = job("a", .worker, .ended, generation: 100, reason: "exit status 69")
        // Nobody can be asked about leases just now: it is judged when somebody can.
        #expect(step(&reconciler, [over], nil, at: 8) == [])
        for second in stride(from: 10, to: 200, by: 2) {
            // After a minute the federation does not speak of it any more; the lease goes on.
            #expect(step(&reconciler, [over], wish(lease: 7, isFenced: second < 60), at: second) == [])
            #expect(reconciler.held["a"] == "an older copy has the lease")
            #expect(reconciler.canHost("a", on: nodes[0], at: at(second)).0)
        }
        // The lease is over: the next one starts at once, as nothing failed.
        #expect(step(&reconciler, [over], wish(lease: nil), at: 200).count == 1)
        #expect(reconciler.held["a"] == nil)
    }

    /// A copy on the older one's own node does not get as far as the federation: its folder is in use.
    @Test func aLeaseThatWasThereBeforeIsAnOlderCopys() {
        var reconciler = EngineReconciler(epoch: 100)
        #expect(step(&reconciler, [], wish(lease: 7), at: 0).count == 1)
        let over = job("a", .worker, .ended, generation: 100, reason: "exit status 75")
        #expect(step(&reconciler, [over], wish(lease: 7), at: 2) == [])
        #expect(reconciler.held["a"] == "an older copy has the lease")
        #expect(step(&reconciler, [over], wish(lease: nil), at: 4).count == 1)
        // What had a lease of its own, and ends, has failed.
        _ = step(&reconciler, [job("a", generation: 104)], wish(lease: 8), at: 6)
        let failed = job("a", .worker, .ended, generation: 104, id: "next", reason: "exit status 70")
        #expect(step(&reconciler, [failed], wish(lease: 8), at: 8) == [])
        #expect(reconciler.held["a"] == "waits after 1 failures: exit status 70")
    }

    @Test func anOlderCopyThatIsSeenAgainIsNotWaitedFor() {
        var reconciler = EngineReconciler(epoch: 100)
        let over = job("a", .worker, .ended, generation: 100)
        // A controller that was just started knows nothing but what it hears.
        #expect(step(&reconciler, [over], wish(lease: 7, isFenced: true), at: 0) == [])
        #expect(reconciler.held["a"] == "an older copy has the lease")
        let older = job("a", .worker, .running, generation: 90, id: "older")
        #expect(step(&reconciler, [over, older], wish(lease: 7, isFenced: true), at: 2) == [])
        #expect(reconciler.held["a"] == nil)
    }

    /// A copy whose worker is here by an older one's lease is nobody that a round can count on.
    @Test func aLeaseOfAnOlderCopyDoesNotCount() {
        func both(_ a: UInt64, _ b: EngineWish.Want) -> EngineWish {
            EngineWish(
                decision: 1, minimumWorkers: 1,
                nodes: [.init("a", .worker, isHere: true, leaseEpoch: a), .init("b", b, isHere: true, leaseEpoch: 9)])
        }
        var reconciler = EngineReconciler(epoch: 100)
        #expect(step(&reconciler, [job("b")], both(7, .worker), at: 0).map(\.worker) == ["a"])
        let jobs = [job("a", generation: 100), job("b")]
        _ = step(&reconciler, jobs, both(7, .nothing), at: 2)
        // Long after nobody waits for it any more.
        #expect(step(&reconciler, jobs, both(7, .nothing), at: 60) == [])
        #expect(reconciler.held["b"] == "stays: a round needs 1 workers and 1 are here")
        #expect(step(&reconciler, jobs, both(8, .nothing), at: 62) == [.stop(jobs[1], "not wanted any more")])
        // The older copy itself is seen.
        var other = EngineReconciler(epoch: 100)
        #expect(step(&other, [job("b")], both(7, .worker), at: 0).map(\.worker) == ["a"])
        let older = [job("a", generation: 90, id: "older"), job("b")]
        _ = step(&other, older, both(7, .nothing), at: 12)
        #expect(step(&other, older, both(7, .nothing), at: 60) == [.stop(older[1], "not wanted any more")])
    }

    @Test func othersDoNotWaitForAWorkerThatWorksUnseen() {
        var reconciler = EngineReconciler(epoch: 100)
        func both(_ b: EngineWish.Want) -> EngineWish {
            EngineWish(
                decision: 1, minimumWorkers: 0,
                nodes: [
                    .init("a", .worker, isHere: true, isFenced: true, leaseEpoch: 7),
                    .init("b", b, isHere: true, leaseEpoch: 8),
                ])
        }
        _ = step(&reconciler, [job("b")], both(.worker), at: 0)
        _ = step(&reconciler, [job("b")], both(.nothing), at: 20)
        #expect(
            step(&reconciler, [job("b")], both(.nothing), at: 24) == [.stop(job("b"), "not wanted any more")])
    }

    @Test func whatAServerSaysOfLeasesIsRead() throws {
        let text = """
            {"list":1,"epoch":3,"decision":2,"minimumWorkers":1,"nodes":[
            {"name":"a","wants":"worker","isHere":true,"standsBy":false,"isFenced":true,"leaseEpoch":4294967297,"reason":""},
            {"name":"b","wants":"nothing","isHere":false,"standsBy":false,"isFenced":false,"reason":"not needed"}]}
            """
        let wish = try DeterministicJSON.decode(EngineWish.self, from: Array(text.utf8))
        #expect(wish.nodes.map(\.isFenced) == [true, false])
        #expect(wish.nodes.map(\.leaseEpoch) == [4_294_967_297, nil])
    }

    // MARK: What does not come to its end

    @Test func aCopyThatDoesNotEndKeepsItsNodeFromHosting() {
        var reconciler = EngineReconciler(epoch: 100)
        let other = EngineWish(
            decision: 1, minimumWorkers: 0, nodes: [.init("a", .worker), .init("b", .nothing, isHere: true)])
        let first = [job("a", .holder), job("b")]
        _ = step(&reconciler, first, other, at: 0)
        #expect(step(&reconciler, first, other, at: 20) == [.stop(first[0], "to be worker")])
        let ending = [job("a", .holder, .stopping), job("b")]
        for second in stride(from: 22, to: 142, by: 2) {
            #expect(step(&reconciler, ending, other, at: second) == [])
            #expect(reconciler.held["a"] == "its last copy is to end")
            #expect(reconciler.held["b"] == "stays until a is here")
            #expect(reconciler.canHost("a", on: nodes[0], at: at(second)).0)
        }
        // Nobody waits for it any more.
        #expect(step(&reconciler, ending, other, at: 142) == [.stop(first[1], "not wanted any more")])
        #expect(reconciler.held["a"] == "its last copy does not end")
        #expect(reconciler.canHost("a", on: nodes[0], at: at(143)) == (false, "its last copy does not end"))
        #expect(step(&reconciler, [], other, at: 144).count == 1)
        #expect(reconciler.canHost("a", on: nodes[0], at: at(145)).0)
    }

    /// Whoever told it to end: another controller, or an operator.
    @Test func aCopyThatEndsIsSaid() {
        var reconciler = EngineReconciler(epoch: 100)
        let ending = [job("a", .worker, .stopping)]
        _ = step(&reconciler, ending, wish([.worker], here: false), at: 0)
        #expect(reconciler.held["a"] == "its last copy is to end")
        _ = step(&reconciler, ending, wish([.worker], here: false), at: 120)
        #expect(reconciler.canHost("a", on: nodes[0], at: at(121)).reason == "its last copy does not end")
    }

    @Test func whatIsInFlightIsSaid() {
        var reconciler = EngineReconciler(epoch: 100)
        _ = step(&reconciler, [], wish([.worker]), at: 0)
        _ = step(&reconciler, [], wish([.worker]), at: 2)
        #expect(reconciler.held["a"] == "was asked for, and is not to be seen yet")
    }

    @Test func aNodeThatWakesMayTakeItsTime() {
        var reconciler = EngineReconciler(epoch: 100)
        let wanted = wish([.worker], here: false)
        var waking = job("a", .worker, .pending)
        waking.isWaking = true
        for second in stride(from: 0, to: 600, by: 10) {
            #expect(step(&reconciler, [waking], wanted, at: second) == [])
        }
        #expect(step(&reconciler, [waking], wanted, at: 600) == [.stop(waking, "the engine does not start it")])
    }

    /// What Slurm preempts goes back into its queue: placement hears of it at once, and it waits where nobody else could be.
    @Test func whatLostItsPlaceIsRefused() {
        var reconciler = EngineReconciler(epoch: 100)
        let wanted = wish([.worker], here: false)
        var queued = job("a", .worker, .pending, reason: "BeginTime")
        queued.isQueued = true
        _ = step(&reconciler, [job("a")], wanted, at: 0)
        _ = step(&reconciler, [job("a", .worker, .stopping)], wanted, at: 2)
        #expect(step(&reconciler, [queued], wanted, at: 4) == [])
        let reason = "preempted by the engine: BeginTime"
        #expect(reconciler.canHost("a", on: nodes[0], at: at(5)) == (false, reason))
        #expect(step(&reconciler, [queued], wanted, at: 20) == [])
        // It is said once; whoever waits for too long is refused as ever.
        #expect(step(&reconciler, [queued], wanted, at: 34) == [.stop(queued, "the engine does not start it")])

        // One that never ran waits for its turn, and what a node that was away left in the queue too.
        var other = EngineReconciler(epoch: 100)
        _ = step(&other, [queued], wanted, at: 0)
        #expect(other.canHost("a", on: nodes[0], at: at(1)).0)
        _ = step(&other, [job("a")], wanted, at: 2)
        _ = step(&other, [job("a")], wanted, nodes: [EngineNode("n1", state: .gone)], at: 4)
        _ = step(&other, [queued], wanted, nodes: [EngineNode("n1", state: .gone)], at: 6)
        _ = step(&other, [queued], wanted, at: 8)
        #expect(other.canHost("a", on: nodes[0], at: at(9)).0)
    }

    // MARK: What was not asked

    @Test func whatIsWithdrawnIsSaidAgainAndNoFailure() {
        var reconciler = EngineReconciler(epoch: 100)
        let wanted = wish([.worker, .nothing], minimum: 0)
        _ = step(&reconciler, [job("b")], nil, at: 0)
        for second in stride(from: 20, to: 120, by: 2) {
            for directive in step(&reconciler, [job("b")], wanted, at: second) { reconciler.withdraw(directive) }
            #expect(reconciler.canHost("a", on: nodes[0], at: at(second)).0)
        }
        #expect(reconciler.held["a"] == "waits for the next look")
        let again = step(&reconciler, [job("b")], wanted, at: 120)
        #expect(again.map(\.worker) == ["a"])
        // What was not told to end, and ends, has failed.
        var other = EngineReconciler(epoch: 100)
        let nothing = wish([.nothing, .nothing], minimum: 0, here: false)
        _ = step(&other, [job("b")], nothing, at: 0)
        for directive in step(&other, [job("b")], nothing, at: 20) { other.withdraw(directive) }
        _ = step(&other, [job("b", .worker, .ended)], wish([.nothing, .worker], here: false), at: 22)
        #expect(other.held["b"] == "waits after 1 failures: no reason given")
    }

    @Test func whomTheFederationDoesNotLetInItsNodeDoesNotHost() {
        var reconciler = EngineReconciler(epoch: 100)
        let asked = step(&reconciler, [], wish([.worker], here: false), at: 0)
        guard case .start(let request)? = asked.first else {
            Issue.record("nothing was started")
            return
        }
        reconciler.refused(request, "the worker 'a' was shut out", at: at(1))
        #expect(
            reconciler.canHost("a", on: nodes[0], at: at(2)).reason
                == "refused by the federation: the worker 'a' was shut out")
        #expect(step(&reconciler, [], wish([.worker], here: false), at: 20) == [])
        #expect(step(&reconciler, [], wish([.worker], here: false), at: 62).count == 1)
    }
}
