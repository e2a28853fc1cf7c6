import Federation
import Numerics
import Platform

/// Whoever means ill: members under names of their own, and messages that pretend to be others'.
final class HostileWorker {
    private unowned let cluster: SimulatedCluster
    private var peers: [HostilePeer] = []
    private var generator: CounterBasedGenerator
    /// Messages of others that were overheard, with the addresses they came from.
    private var overheard: [(bytes: [UInt8], peer: [UInt8])] = []

    init(_ cluster: SimulatedCluster) {
        self.cluster = cluster
        generator = CounterBasedGenerator(seed: cluster.seed, purpose: "hostile")
    }

    /// A message of somebody, as it reached the server.
    func overhear(_ bytes: [UInt8], from peer: [UInt8]) {
        if overheard.count < 64 {
            overheard.append((bytes, peer))
        } else {
            overheard[Int.random(in: 0..<64, using: &generator)] = (bytes, peer)
        }
    }

    /// Names that whoever means ill has.
    static func name(_ number: Int) -> String { "mallory\(number)" }
    /// Most names that he has at a time.
    static let most = 4

    func leave() {
        for peer in peers { peer.leave() }
        peers = []
    }

    private func peer(_ number: Int = 0) -> HostilePeer {
        while peers.count <= number { peers.append(HostilePeer(cluster, name: Self.name(peers.count))) }
        return peers[number]
    }

    // MARK: Attacks

    func attack(_ incident: FaultSchedule.Incident) {
        switch incident.kind {
        case .poisonedParameters: spoil(.poison, incident)
        case .wrongShape: spoil(.shape, incident)
        case .poisonedStatistics: spoil(.statistics, incident)
        case .oversizedUpdate: beginUploads(incident, peers: 1, totalBytes: 1 << 40)
        case .flood:
            flood()
            beginUploads(incident, peers: 4, totalBytes: 300_000)
        case .silentMember:
            answer(incident, with: [0]) { _, _ in [] }
            cluster.tally.count(.silentMember)
        case .forgedAlarms: forge(incident)
        default: replay(incident)
        }
    }

    private func answer(
        _ incident: FaultSchedule.Incident, with numbers: [Int],
        _ answer: @escaping (HostilePeer, RoundPlan) -> [ContributionPiece]
    ) {
        for number in numbers {
            let peer = peer(number)
            peer.answer = answer
            cluster.agenda.after(incident.duration) {
                peer.answer = { peer, plan in [peer.piece(peer.honest(plan), of: plan)] }
            }
        }
    }

    private func spoil(_ spoiling: ToyLearner.Spoiling, _ incident: FaultSchedule.Incident) {
        answer(incident, with: [0]) { [unowned self] peer, plan in
            let good = peer.honest(plan)
            guard let bad = ToyLearner.spoil(good, spoiling, draw: generator.next()) else {
                return [peer.piece(good, of: plan)]
            }
            let piece = peer.piece(bad.computed(from: plan.baseDigest, of: good.entities), of: plan)
            cluster.observe(.spoilt(digest: piece.digest, worker: peer.name))
            cluster.tally.count(incident.kind)
            return [piece]
        }
    }

    private func beginUploads(_ incident: FaultSchedule.Incident, peers count: Int, totalBytes: UInt64) {
        answer(incident, with: Array(0..<count)) { [unowned self] peer, plan in
            let first = peer.beginning(of: plan, totalBytes: totalBytes, bytes: 60_000)
            guard totalBytes < 1 << 30 else {
                cluster.observe(.spoilt(digest: first.digest, worker: peer.name))
                cluster.tally.count(.oversizedUpdate)
                return [first]
            }
            return (0..<4).map { index in
                var piece = first
                piece.offset = UInt64(index * 60_000)
                return piece
            }
        }
    }

    /// More messages than anybody should send, some of them no messages at all.
    private func flood() {
        cluster.tally.count(.flood)
        let address = peer().address
        for number in 0..<600 {
            var noise = generator.next()
            var bytes = (0..<Int(noise % 40)).map { _ in
                noise = noise &* 0x5851_f42d_4c95_7f2d &+ 1
                return UInt8(truncatingIfNeeded: noise >> 56)
            }
            if number % 3 == 0 {
                bytes =
                    Envelope(
                        sender: peer().name, federation: peer().federation, leaseEpoch: 1, sequence: UInt64(number),
                        message: .heartbeat(Heartbeat(assignmentRevision: 0, activity: .idle, version: 0))
                    ).encoded()
            }
            cluster.network.inject(
                bytes, from: address, by: SimulatedIdentities.caller(peer().name), on: number % 5 == 0 ? 1 : 0)
        }
    }

    /// Alarms under the names of others' streams, and of its own with names that theirs will have.
    private func forge(_ incident: FaultSchedule.Incident) {
        let peer = peer()
        func again(_ left: Int) {
            guard left > 0 else { return }
            cluster.agenda.after(.milliseconds(400)) { [unowned self, weak peer] in
                guard let peer, !cluster.isHealthy else { return }
                if peer.isIn {
                    let victim = cluster.workers.randomElement(using: &generator)
                    var events: [[UInt8]] = []
                    for entity in victim?.entities ?? [] {
                        for onset in stride(from: 2, to: cluster.settings.rows, by: 9) {
                            var alarm = ToyAlarm(
                                entity: entity, onset: onset, row: onset, revision: 1 << 40, worker: peer.name)
                            events.append(alarm.event)
                            // The same name, on a stream of its own.
                            alarm.entity = peer.entity
                            events.append(alarm.event)
                        }
                    }
                    events.shuffle(using: &generator)
                    peer.send(
                        .alarmBatch(
                            AlarmBatch(spool: generator.next(), first: 1, oldest: 1, alarms: Array(events.prefix(16)))))
                    cluster.tally.count(.forgedAlarms)
                }
                again(left - 1)
            }
        }
        again(8)
    }

    /// What others said, again: from its own address, and as if from theirs.
    private func replay(_ incident: FaultSchedule.Incident) {
        let peer = peer()
        for index in overheard.indices where index % 2 == 0 {
            let message = overheard[index]
            let delay = Duration.milliseconds(
                Int64.random(in: 1...max(2, incident.duration.milliseconds), using: &generator))
            cluster.agenda.after(delay) { [unowned self] in
                guard !cluster.isHealthy else { return }
                let isBulk =
                    (try? Envelope(decoding: message.bytes, limit: WireLimits.message))?.message.channel == .bulk
                cluster.network.inject(
                    message.bytes, from: index % 4 == 0 ? peer.address : message.peer,
                    by: SimulatedIdentities.caller(peer.name), on: isBulk ? 1 : 0)
            }
            cluster.tally.count(.foreignLease)
        }
    }
}
