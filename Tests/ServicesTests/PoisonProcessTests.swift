import Federation
import Foundation
import Platform
import Services
import TestSupport
import Testing

/// A real server and two real workers, and an enrolled third that pulls all parameters away.
@Suite struct PoisonProcessTests {
    private struct Replayed: Decodable { var same, different: Int }
    private struct Rounds: Decodable {
        struct Excluded: Decodable { var worker, because: String }
        var excluded: [Excluded]
    }

    @Test func whoPullsAwayIsRefusedNamedAndLeftOut() throws {
        let fleet = try Fleet(sites: 2)
        try fleet.startServer(workers: 2, rounds: 400, ["--kept-rounds", "50"])
        for site in [1, 2] { try fleet.startWorker(site) }
        let made = try ToolProcess.run(
            "fl-server",
            ["enrol", "--data-folder", fleet.folder.path("server"), "--name", "mallory", "--site", "evil"])
        let token = try EnrolmentToken(made.output.trimmingCharacters(in: .whitespacesAndNewlines))
        let own = try CurveKeys()
        // A key that the server has not heard of yet is not tried again by the library.
        var first: KeyedPeer?
        let isEnrolled = eventually {
            first = try? KeyedPeer("mallory", fleet, security: .connecting(token.keys, server: token.server))
            let enrolment = Message.enrolment(Enrolment(key: own.publicKey, site: "", domain: ""))
            return first?.send(enrolment, within: 3) == true
        }
        #expect(isEnrolled)
        // The statistics are counted without it.
        #expect(eventually { fleet.version >= 1 }, "\(fleet.log("server"))")
        let peer = try KeyedPeer("mallory", fleet, security: .connecting(own, server: token.server))
        #expect(peer.join(KeyedPeer.registration(site: "evil", entities: ["evil/x"])) == nil)
        let puller = Puller(peer)
        #expect(
            eventually {
                puller.turn()
                return fleet.workers.contains { $0.name == "mallory" && $0.excludedBecause != nil }
            }, "\(fleet.log("server"))")
        let refusals = fleet.rounds.flatMap { $0.rejections ?? [] }
        #expect(refusals.count >= 3 && refusals.allSatisfy { $0.worker == "mallory" && $0.code == "overNorm" })
        #expect(refusals.first?.reason.contains("the median of the 2 others") == true, "\(refusals)")
        let shown = try #require(fleet.get("/v1/rounds?limit=1"))
        let listed = try JSONDecoder().decode(Rounds.self, from: Data(shown.utf8)).excluded
        #expect(
            listed.map(\.worker) == ["mallory"] && listed.allSatisfy { $0.because.contains(" times in a row") },
            "\(listed)")
        #expect(fleet.rounds.allSatisfy { $0.contributions.allSatisfy { $0.worker != "mallory" } })
        // For a while, and again when it goes on.
        #expect(eventually { fleet.get("/metrics")?.contains("faultline_workers_excluded 1") == true })
        let run = try ToolProcess.run(
            "fl-server", ["replay", "--data-folder", fleet.folder.path("server"), "--format", "json"])
        let replayed = try JSONDecoder().decode(Replayed.self, from: Data(run.output.utf8))
        #expect(replayed.different == 0 && replayed.same >= 3)
    }

    /// Keeps its lease, and answers each training round with the model that it was sent, moved far away.
    private final class Puller {
        private let peer: KeyedPeer
        private var revision: UInt64 = 0
        private var plan: RoundPlan?
        private var model: [UInt8] = []
        private var lastBeat = ContinuousClock.now - .seconds(1)

        init(_ peer: KeyedPeer) { self.peer = peer }

        func turn() {
            if ContinuousClock.now - lastBeat > .milliseconds(100) {
                lastBeat = .now
                _ = peer.send(
                    .heartbeat(Heartbeat(assignmentRevision: revision, activity: .idle, version: 0)), within: 1)
            }
            while let envelope = peer.waiting(.control) {
                guard case .status(let status) = envelope.message else { continue }
                revision = max(revision, status.assignmentRevision)
                guard let new = status.plan, new.kind == .training, new.round != plan?.round else { continue }
                plan = new
                model = []
                ask(new)
            }
            while let envelope = peer.waiting(.bulk) {
                guard case .modelPiece(let piece) = envelope.message, let plan, piece.version == plan.baseVersion,
                    piece.offset == UInt64(model.count)
                else { continue }
                model += piece.bytes.array
                guard UInt64(model.count) == piece.totalBytes else {
                    ask(plan)
                    continue
                }
                if let whole = try? FederatedModel(decoding: model) { answer(plan, whole) }
            }
        }

        private func ask(_ plan: RoundPlan) {
            let next = ModelRequest(version: plan.baseVersion, offset: UInt64(model.count))
            _ = peer.send(.modelRequest(next), within: 1)
        }

        private func answer(_ plan: RoundPlan, _ model: FederatedModel) {
            let groups = model.groups.map { group in
                Contribution.GroupUpdate(
                    name: group.name, schema: group.schema, sampleCount: 100, steps: 1, lossBefore: 1, lossAfter: 1,
                    parameters: group.parameters.map { $0 + 3 })
            }
            let bytes = Contribution(
                kind: .training, base: plan.baseDigest, entities: ["evil/x"], rawBytes: 0, groups: groups
            ).encoded()
            _ = peer.send(
                .contributionPiece(
                    ContributionPiece(
                        round: plan.round, attempt: plan.attempt, assignmentRevision: revision,
                        digest: SHA256.digest(bytes), totalBytes: UInt64(bytes.count), offset: 0, bytes: Bytes(bytes))),
                within: 1)
        }
    }
}
