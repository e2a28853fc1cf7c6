import Federation
import Numerics
import Platform

/// A member of the federation that speaks the protocol by hand and does with it what an attack wants.
final class HostilePeer {
    /// How the names of their sites begin.
    static let sitePrefix = "evil-"

    let name: String
    let site: String
    /// The one entity that is its own.
    var entity: String { "\(site)/x" }
    private unowned let cluster: SimulatedCluster
    private let endpoint: SimulatedNetwork.Endpoint
    private let incarnation: UInt64
    private var epoch: UInt64 = 0
    private(set) var federation = FederationIdentity.none
    private var sequence: UInt64 = 0
    private var revision: UInt64 = 0
    private var entities: [String] = []
    private var answered: Set<UInt64> = []
    private var lastHeartbeat = Instant.zero
    private var isGone = false
    private var isSilent = false
    /// What it gives to a round instead of honest work; `nil`: nothing at all.
    var answer: (HostilePeer, RoundPlan) -> [ContributionPiece] = { peer, plan in
        [peer.piece(peer.honest(plan), of: plan)]
    }

    var address: [UInt8] { endpoint.address }
    /// Whether the server let it in.
    var isIn: Bool { epoch != 0 }

    init(_ cluster: SimulatedCluster, name: String) {
        self.cluster = cluster
        self.name = name
        site = Self.sitePrefix + name
        incarnation = cluster.generator.next()
        endpoint = cluster.network.openWorker(
            address: Array("\(name)#\(String(incarnation, radix: 16))".utf8), place: cluster.settings.workers + 1,
            caller: SimulatedIdentities.caller(name))
        act()
    }

    func leave() {
        guard !isGone else { return }
        if epoch != 0 { send(.goodbye) }
        isGone = true
        cluster.network.close(endpoint)
    }

    private func act() {
        guard !isGone else { return }
        for channel in 0..<2 {
            while let message = endpoint.receive(on: channel) {
                if let envelope = try? Envelope(decoding: message.bytes, limit: WireLimits.message) { take(envelope) }
            }
        }
        let now = cluster.agenda.now
        if now - lastHeartbeat >= cluster.settings.heartbeat {
            lastHeartbeat = now
            if epoch == 0 {
                send(
                    .registration(
                        Registration(
                            incarnation: incarnation, site: site, domain: site,
                            capabilities: ToyLearner.measured, entities: [entity])))
            } else {
                send(.heartbeat(Heartbeat(assignmentRevision: revision, activity: .idle, version: 0)))
            }
        }
        cluster.agenda.after(.milliseconds(200)) { [weak self] in self?.act() }
    }

    private func take(_ envelope: Envelope) {
        switch envelope.message {
        case .welcome(let welcome) where welcome.incarnation == incarnation:
            (epoch, federation) = (envelope.leaseEpoch, envelope.federation)
        case .refusal(let refusal):
            if refusal.reason == .notAdmitted || refusal.reason == .otherFederation { (epoch, revision) = (0, 0) }
        case .status(let status) where envelope.leaseEpoch == epoch:
            revision = max(revision, status.assignmentRevision)
            if let assignment = status.assignment { entities = assignment.entities }
            guard let plan = status.plan, answered.insert(UInt64(plan.round) << 32 | UInt64(plan.attempt)).inserted
            else { return }
            for piece in answer(self, plan) { send(.contributionPiece(piece)) }
        default: return
        }
    }

    /// Sends a message under its own lease.
    func send(_ message: Message) {
        sequence += 1
        let envelope = Envelope(
            sender: name, federation: federation, leaseEpoch: epoch, sequence: sequence, message: message)
        _ = cluster.network.sendUp(
            envelope.encoded(), from: endpoint, on: message.channel == .control ? 0 : 1)
    }

    /// What an honest worker would give.
    func honest(_ plan: RoundPlan) -> Contribution {
        let work: Contribution
        if plan.kind == .statistics {
            work = Contribution(kind: .statistics, rawBytes: 1, statistics: Array("\(entity)\n".utf8))
        } else {
            let parameters = [Float](repeating: 0.25, count: plan.kind == .training ? ToyLearner.parameters : 0)
            work = Contribution(
                kind: plan.kind, rawBytes: 1,
                groups: ToyLearner.groups.map {
                    Contribution.GroupUpdate(
                        name: $0, schema: "s", sampleCount: 1, steps: 1, lossBefore: 1, lossAfter: 1,
                        parameters: parameters)
                })
        }
        return work.computed(from: plan.baseDigest, of: entities)
    }

    /// The one piece that a small contribution has.
    func piece(_ contribution: Contribution, of plan: RoundPlan) -> ContributionPiece {
        let bytes = contribution.encoded()
        return ContributionPiece(
            round: plan.round, attempt: plan.attempt, assignmentRevision: revision, digest: SHA256.digest(bytes),
            totalBytes: UInt64(bytes.count), offset: 0, bytes: Bytes(bytes))
    }

    /// The first piece of something large that never ends, or claims to be larger than anything may be.
    func beginning(of plan: RoundPlan, totalBytes: UInt64, bytes: Int) -> ContributionPiece {
        ContributionPiece(
            round: plan.round, attempt: plan.attempt, assignmentRevision: revision,
            digest: SHA256.digest(Array(name.utf8) + [UInt8(truncatingIfNeeded: plan.attempt)]), totalBytes: totalBytes,
            offset: 0, bytes: Bytes([UInt8](repeating: 7, count: bytes)))
    }
}
