import Federation
import Platform

/// A worker without samples: it says everything that a worker says (registration, heartbeats, requests for models,
/// contributions) and keeps next to nothing. A value that takes messages and time and returns what it says.
struct FleetWorker {
    /// What it is about to do in a round.
    private enum Task: Equatable {
        case none
        /// The model of a version, from an offset on.
        case fetching(RoundPlan, offset: UInt64)
        /// A contribution to a round.
        case sending(RoundPlan)
        /// Its contribution counts.
        case done(round: UInt32, attempt: UInt32)
    }

    /// Its name, which its key is enrolled for.
    let name: String
    /// The site and the domain, which have no other worker.
    let site: String
    /// Its number: which of the updates it sends.
    let number: Int

    /// Whether it has a lease.
    private(set) var isIn = false
    /// Whether the server has said that all rounds are done.
    private(set) var isFinished = false
    /// Why the server does not want it, or what it sent; `nil` while all is well.
    private(set) var refusal: String?
    private var federation = FederationIdentity.none
    private var leaseEpoch: UInt64 = 0
    private var sequence: UInt64 = 0
    private var assignment: UInt64 = 0
    private var held: UInt64 = 0
    private var task = Task.none

    init(number: Int) {
        self.number = number
        name = "fleet-\(number)"
        site = "site-\(number)"
    }

    /// Bytes of a contribution that travel at a time, and those that are sent without asking, as with any worker.
    private static let (pieceBytes, unaskedBytes) = (1 << 20, 64 << 10)
    /// The one entity that each of them serves: names are unique within a domain, and each has one of its own. So the bytes
    /// of their contributions are the same.
    static let entity = "fleet/host0"

    /// What its key is granted.
    var grant: Grant { Grant(name: name, site: site, domain: site, entities: [.site("fleet")]) }

    /// The envelope of what it says next.
    mutating func envelope(_ message: Message) -> Envelope {
        sequence += 1
        return Envelope(
            sender: name, federation: federation, leaseEpoch: leaseEpoch, sequence: sequence, message: message)
    }

    /// How it asks to be let in.
    var registration: Message {
        .registration(
            Registration(
                incarnation: UInt64(number) + 1, site: site, domain: site,
                capabilities: Capabilities(cores: 1, accelerator: "cpu", samplesPerGroup: [:], schemaHash: ""),
                entities: [Self.entity]))
    }

    private var heartbeat: Message {
        let activity: Heartbeat.Activity =
            switch task {
            case .none, .done: .idle
            case .fetching: .fetching
            case .sending: .uploading
            }
        return .heartbeat(Heartbeat(assignmentRevision: assignment, activity: activity, version: held))
    }

    /// A heartbeat's time has come: it says that it is alive, and again what has not been answered.
    func due(_ updates: FleetUpdates) -> [Message] {
        guard isIn else { return [registration] }
        return [heartbeat] + goOn(updates)
    }

    /// What it says to a message.
    mutating func receive(_ envelope: Envelope, _ updates: FleetUpdates) -> [Message] {
        switch envelope.message {
        case .welcome(let welcome):
            guard welcome.incarnation == UInt64(number) + 1, !isIn else { return [] }
            isIn = true
            (leaseEpoch, federation) = (envelope.leaseEpoch, envelope.federation)
            return []
        case .refusal(let answer):
            switch answer.reason {
            case .notAdmitted, .otherFederation:
                guard isIn else { return [] }
                (isIn, leaseEpoch, assignment, task) = (false, 0, 0, .none)
                return [registration]
            default:
                refusal = answer.text
                return []
            }
        case .status(let status): return take(status, updates)
        case .modelPiece(let piece): return take(piece, updates)
        case .contributionReceipt(let receipt): return take(receipt, updates)
        default: return []
        }
    }

    private mutating func take(_ status: ServerStatus, _ updates: FleetUpdates) -> [Message] {
        isFinished = status.finished
        if status.assignment != nil { assignment = max(assignment, status.assignmentRevision) }
        guard let plan = status.plan else { return [] }
        switch task {
        case .done(plan.round, plan.attempt): return []
        case .fetching(let old, _), .sending(let old):
            // Going on is for what comes on the bulk connection, or for the next heartbeat.
            if old.round == plan.round, old.attempt == plan.attempt { return [] }
        case .none, .done: break
        }
        task =
            plan.kind == .statistics || held == plan.baseVersion ? .sending(plan) : .fetching(plan, offset: 0)
        return goOn(updates)
    }

    private mutating func take(_ piece: ModelPiece, _ updates: FleetUpdates) -> [Message] {
        guard case .fetching(let plan, let offset) = task, piece.version == plan.baseVersion, piece.offset == offset
        else { return [] }
        updates.take(piece)
        let end = offset + UInt64(piece.bytes.count)
        if end >= piece.totalBytes {
            held = plan.baseVersion
            task = .sending(plan)
        } else {
            task = .fetching(plan, offset: end)
        }
        return goOn(updates)
    }

    private mutating func take(_ receipt: ContributionReceipt, _ updates: FleetUpdates) -> [Message] {
        guard case .sending(let plan) = task, receipt.round == plan.round, receipt.attempt == plan.attempt else {
            return []
        }
        switch receipt.outcome {
        case .accepted: task = .done(round: plan.round, attempt: plan.attempt)
        case .notWanted: task = .none
        case .rejected:
            task = .none
            refusal = receipt.text
        case .partial: return goOn(updates, from: receipt.receivedBytes)
        }
        return []
    }

    /// What its task asks for.
    ///
    /// - Parameter received: bytes of the contribution that the server has, where it has said so and that its turn has come.
    private func goOn(_ updates: FleetUpdates, from received: UInt64? = nil) -> [Message] {
        switch task {
        case .none, .done: return []
        case .fetching(let plan, let offset):
            return [.modelRequest(ModelRequest(version: plan.baseVersion, offset: offset))]
        case .sending(let plan):
            guard let update = updates.update(for: plan, of: number), let start = Int(exactly: received ?? 0),
                start < update.bytes.count
            else { return [] }
            let asks = received == nil && update.bytes.count > Self.unaskedBytes
            let end = asks ? start : min(update.bytes.count, start + Self.pieceBytes)
            return [
                .contributionPiece(
                    ContributionPiece(
                        round: plan.round, attempt: plan.attempt, assignmentRevision: assignment,
                        digest: update.digest, totalBytes: UInt64(update.bytes.count), offset: UInt64(start),
                        changes: asks ? update.changes : [], bytes: update.bytes[start..<end]))
            ]
        }
    }
}
