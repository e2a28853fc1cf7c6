import Federation
import Platform

/// A way to break the cluster: each breaks one promise, and the oracle of that promise has to notice. What is broken is the
/// world around the nodes, or what they are told; the nodes themselves stay as they are.
package enum Variant: String, CaseIterable, Sendable {
    /// The registry forgets the last round at each start: it counts again.
    case forgetsLastRound
    /// The first contribution to a round counts twice.
    case countsTwice
    /// The disk says that a version is safe before it is.
    case versionsNotDurable
    /// The server announces a version that is not committed yet.
    case announcesTooEarly
    /// The average depends on who comes last.
    case lastOneWins
    /// Contributions are not kept.
    case keepsNothing
    /// Lease epochs, addresses and keys are not looked at.
    case epochsIgnored
    /// Leases end ten times too late.
    case leasesForEver
    /// An entity goes to another worker before its holder has given it up.
    case givesAwayTooEarly
    /// Rounds have no deadline to speak of.
    case noDeadline
    /// The gate lets through whatever is finite.
    case openGate
    /// The log does not say who sent what was refused.
    case namelessRefusals
    /// Unfinished uploads are kept without a bound.
    case hoardsUploads
    /// A worker keeps to connections that are dead.
    case neverReconnects
    /// A worker does not hear that its lease is over.
    case deafToRefusals
    /// A worker forgets alarms when it has sent them.
    case forgetsWhatItSent
    /// A worker forgets at each start under which names the server knows its spool.
    case forgetsSpoolNames
    /// The server says that alarms are safe when the disk has refused them.
    case losesRefusedAlarms
    /// The server takes each event for news.
    case repeatsAlarms
    /// A worker without a lease does not score.
    case stopsWhenCutOff

    /// The promise that it breaks.
    package var broken: Promise {
        switch self {
        case .forgetsLastRound, .countsTwice: .oneContribution
        case .versionsNotDurable, .announcesTooEarly: .versionsOnlyGrow
        case .lastOneWins, .keepsNothing: .replay
        case .epochsIgnored, .leasesForEver: .fencing
        case .givesAwayTooEarly: .oneOwner
        case .noDeadline: .deadlines
        case .openGate, .namelessRefusals: .gate
        case .hoardsUploads: .memory
        case .neverReconnects, .deafToRefusals: .recovery
        case .forgetsWhatItSent, .forgetsSpoolNames, .losesRefusedAlarms, .repeatsAlarms, .stopsWhenCutOff: .alarms
        }
    }

    /// How contributions are averaged, where that is what is broken.
    var strategy: (any Strategy)? { self == .lastOneWins ? LastOneWins() : nil }

    /// Changes what a server is told.
    func change(_ configuration: inout ServerConfiguration, _ recovery: inout ServerRecovery) {
        switch self {
        case .forgetsLastRound: if recovery.nextRound > 1 { recovery.nextRound -= 1 }
        case .leasesForEver: configuration.missedHeartbeats *= 10
        case .noDeadline: configuration.roundDeadline = .seconds(600)
        case .openGate:
            configuration.gate.largestChange = .infinity
            configuration.gate.round.largestRatio = nil
        case .hoardsUploads: configuration.unfinishedBytes = .max / 2
        default: break
        }
    }

    /// Changes what reaches the disk.
    func change(_ commit: inout Commit) {
        guard self == .countsTwice, let first = commit.record.contributions.first else { return }
        commit.record.contributions.append(first)
    }

    /// Changes what the log says.
    func change(_ note: inout Note) {
        if self == .namelessRefusals { note.fields["worker"] = nil }
    }

    // MARK: The wire

    /// Changes what a server hears and says.
    func change(_ port: SimulatedPort, ofServer place: ServerPlace) {
        switch self {
        case .announcesTooEarly:
            port.outgoing = { bytes, _ in
                Self.rewrite(bytes) { envelope in
                    guard case .status(var status) = envelope.message, status.plan == nil, !status.finished else {
                        return
                    }
                    status.version += 1
                    envelope.message = .status(status)
                }
            }
        case .givesAwayTooEarly:
            port.incoming = { message in
                let bytes = Self.rewrite(message.bytes.array) { envelope in
                    guard case .heartbeat(var heartbeat) = envelope.message else { return }
                    heartbeat.assignmentRevision = .max
                    envelope.message = .heartbeat(heartbeat)
                }
                return ArrivedMessage(peer: message.peer, caller: message.caller, bytes: bytes)
            }
        case .epochsIgnored: ignoreEpochs(port, place)
        default: break
        }
    }

    private func ignoreEpochs(_ port: SimulatedPort, _ place: ServerPlace) {
        var book = LeaseBook(longestSilence: .seconds(1_000))
        let sent = port.sent
        port.sent = { bytes, peer in
            sent?(bytes, peer)
            if let envelope = try? Envelope(decoding: bytes, limit: WireLimits.message) {
                book.see(.sent(envelope, to: peer), at: place.cluster.agenda.now)
            }
        }
        port.incoming = { message in
            guard let envelope = try? Envelope(decoding: message.bytes, limit: WireLimits.message) else {
                return message
            }
            book.see(.arrived(envelope, from: message.peer), at: place.cluster.agenda.now)
            if case .registration = envelope.message { return message }
            guard let lease = book.leases[envelope.sender] else { return message }
            let bytes = Self.rewrite(message.bytes.array) { $0.leaseEpoch = lease.epoch }
            return ArrivedMessage(
                peer: lease.peer, caller: SimulatedIdentities.caller(envelope.sender), bytes: bytes)
        }
    }

    /// Changes what a worker hears and says.
    func change(_ port: SimulatedPort, of place: WorkerPlace) {
        guard self == .deafToRefusals else { return }
        port.incoming = { message in
            let envelope = try? Envelope(decoding: message.bytes, limit: WireLimits.message)
            if case .refusal = envelope?.message { return nil }
            return message
        }
    }

    private static func rewrite(_ bytes: [UInt8], _ change: (inout Envelope) -> Void) -> [UInt8] {
        guard var envelope = try? Envelope(decoding: bytes, limit: WireLimits.message) else { return bytes }
        change(&envelope)
        return envelope.encoded()
    }
}

/// Each worker's parameters take the place of those before.
private struct LastOneWins: Strategy {
    let name = "last-one-wins"
    private let sound = FederatedAveraging()

    func configureTraining(round: UInt32) -> [UInt8] { sound.configureTraining(round: round) }
    func configureEvaluation() -> [UInt8] { sound.configureEvaluation() }
    func aggregateEvaluation(_ losses: RoundLosses) -> RoundSummary { sound.aggregateEvaluation(losses) }
    func aggregateTraining(base: FederatedModel) -> any TrainingAggregator { Aggregator(base: base) }

    private struct Aggregator: TrainingAggregator {
        let base: FederatedModel
        var latest: [String: [Float]] = [:]

        mutating func add(_ contribution: Contribution, from worker: String) {
            for group in contribution.groups { latest[group.name] = group.parameters }
        }

        func result() -> FederatedModel {
            FederatedModel(
                context: base.context,
                groups: base.groups.map { group in
                    var next = group
                    next.parameters = latest[group.name] ?? group.parameters
                    return next
                })
        }
    }
}
