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
}
