import Federation
import Foundation
import Services
import TestSupport
import Testing

/// Placement in the loop, with real processes.
@Suite(.serialized) struct PlacementProcessTests {
    /// Each worker has the files of its own node only: what a worker that stands by has is copied by the one that serves
    /// its entity, and every entity is trained, scored and watched.
    @Test func whatStandsByIsServedByOthers() throws {
        let fleet = try Fleet(sites: 3)
        try fleet.startServer(workers: 3, rounds: 12, ["--target-seconds", "4000"])
        for site in 1...3 { try fleet.startWorker(site, sharing: nil, ["--domain", "all"]) }
        #expect(eventually({ fleet.hasEnded(workers: 3) }), "\(fleet.log("server"))")
        let decision = try #require(fleet.placement?.decision)
        let chosen = decision.active.map(\.name)
        #expect(chosen.count == 2 && decision.standby.count == 1)
        let idle = try #require(decision.standby.first)
        let workers = fleet.workers
        #expect(workers.first { $0.name == idle }?.entities == [])
        #expect(Set(workers.flatMap(\.entities)) == ["site1/enb0", "site2/enb0", "site3/enb0"])
        #expect(workers.flatMap(\.entities).count == 3)
        let alarms = fleet.alarms
        #expect(Set(alarms.map(\.site)) == ["site1", "site2", "site3"])
        #expect(Set(alarms.map(\.worker)) == Set(chosen))
        // All windows of all entities count in every round.
        let windows = fleet.rounds.filter { $0.kind == "training" && $0.committed }.map {
            $0.contributions.reduce(0) { $0 + $1.samples }
        }
        #expect(windows.count == 12 && Set(windows).count == 1, "\(windows)")
    }

    /// Four workers of one domain, two are enough: two stand by, one of them takes over from a chosen one that is killed,
    /// and the target can be changed while rounds go on.
    @Test func aKilledWorkerIsReplacedAndTheTargetMayChange() throws {
        let fleet = try Fleet(sites: 4)
        try fleet.startServer(workers: 4, rounds: 1_000, ["--target-seconds", "4000", "--settle", "1"])
        for site in 1...4 { try fleet.startWorker(site, sharing: "all") }
        #expect(
            eventually({
                fleet.placement?.decision?.reason == .started && (fleet.placement?.measuredRounds.count ?? 0) > 4
            }), "\(fleet.log("server"))")
        let first = try #require(fleet.placement)
        #expect(first.decisions.map(\.reason) == [.measuring, .started])
        let decision = try #require(first.decision)
        #expect(decision.active.count == 2 && decision.standby.count == 2 && decision.meetsTarget == true)
        // Who stands by keeps its lease and serves nothing; the chosen ones serve everything.
        let workers = fleet.workers
        #expect(workers.allSatisfy { $0.state == "active" })
        #expect(Set(workers.filter { $0.chosen == true }.map(\.name)) == Set(decision.active.map(\.name)))
        #expect(workers.filter { $0.chosen == false }.allSatisfy { $0.entities.isEmpty })
        #expect(workers.flatMap(\.entities).count == 4 && Set(workers.flatMap(\.entities)).count == 4)

        let victim = try #require(decision.active.first?.name)
        let survivor = try #require(decision.active.last?.name)
        fleet.kill(victim)
        #expect(
            eventually({
                guard let now = fleet.placement, let decision = now.decision, decision.reason == .broken else {
                    return false
                }
                return now.measuredRounds.filter { $0.decision == decision.number && $0.withinBudget }.count >= 2
            }), "\(fleet.log("server"))")
        let second = try #require(fleet.placement?.decision)
        #expect(second.active.count == 2 && second.active.map(\.name).contains(survivor))
        #expect(!second.active.map(\.name).contains(victim))
        #expect(second.causes.contains { $0.contains(victim) }, "\(second.causes)")
        #expect(fleet.workers.filter { $0.state == "active" }.flatMap(\.entities).count == 4)

        // A target that nothing meets: the fastest runs, and the reason is there to read.
        #expect(fleet.post("/v1/placement/target", #"{"targetSeconds": 0.001, "rounds": 1000}"#) == .finished)
        #expect(eventually({ fleet.placement?.decision?.reason == .bestEffort }), "\(fleet.log("server"))")
        let third = try #require(fleet.placement)
        #expect(third.targetSeconds == 0.001 && third.decision?.meetsTarget == false)
        #expect(third.decision?.explanation?.smallestTargetSeconds ?? 0 > 0.001)
        for (bad, fault) in [
            (#"{"targetSeconds": -1}"#, "targetSeconds: found -1.0"), (#"{"rounds": 3}"#, "targetSeconds: missing"),
            (#"{"targetSeconds": 1, "rounds": 1.5}"#, "rounds: found 1.5"), ("[", "expected a JSON object"),
            (#"{"targetSeconds": 1, "goal": 2}"#, "goal: not a key"),
        ] {
            guard case .refused(400, let line) = fleet.post("/v1/placement/target", bad) else {
                Issue.record("\(bad) was taken")
                continue
            }
            #expect(line.hasPrefix(fault), "\(line)")
        }
        let flood = String(repeating: " ", count: 100_000)
        guard case .refused(413, _) = fleet.post("/v1/placement/target", flood) else {
            Issue.record("a body of 100,000 bytes was taken")
            return
        }
        guard case .refused(405, _) = fleet.post("/v1/workers", "{}") else {
            Issue.record("a POST to /v1/workers was taken")
            return
        }
        #expect(fleet.post("/v1/placement/target", #"{"targetSeconds": 4000}"#) == .finished)
        #expect(eventually({ fleet.placement?.decision?.meetsTarget == true }), "\(fleet.log("server"))")
        for name in ["server", survivor] { #expect(fleet.terminate(name).status == 0) }
    }

    /// What was measured survives the server: the next start places from it at once.
    @Test func aRestartedServerKnowsTheTrainingTimes() throws {
        let fleet = try Fleet(sites: 3)
        let target = ["--target-seconds", "4000"]
        try fleet.startServer(workers: 3, rounds: 1_000, target)
        for site in 1...3 { try fleet.startWorker(site, sharing: "all") }
        #expect(
            eventually({ fleet.placement?.decision?.reason == .started }), "\(fleet.log("server"))")
        // What was measured is written beside deciding, not before.
        #expect(
            eventually({ FileManager.default.fileExists(atPath: fleet.folder.path("server/placement.json")) }))
        fleet.kill("server")
        try fleet.startServer(workers: 3, rounds: 1_000, target)
        #expect(eventually({ fleet.placement?.decision != nil }), "\(fleet.log("server"))")
        #expect(fleet.placement?.decisions.first?.reason == .started)
        // Without a target there is nothing to ask for.
        fleet.kill("server")
        try fleet.startServer(workers: 3, rounds: 1_000)
        #expect(eventually({ fleet.get("/healthz") != nil }))
        guard case .refused(409, _) = fleet.post("/v1/placement/target", #"{"targetSeconds": 1}"#) else {
            Issue.record("a target was taken without a placement")
            return
        }
    }
}
