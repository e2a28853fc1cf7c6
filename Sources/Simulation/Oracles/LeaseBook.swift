import Federation
import Platform

/// Who holds which lease, as anybody could tell who sees what enters and leaves the server.
struct LeaseBook {
    /// One lease.
    struct Lease {
        var epoch: UInt64
        var peer: [UInt8]
        var domain: String
        /// When the server last took something of it from its socket.
        var heard: Instant
    }

    /// What the server says when a lease has ended.
    static let lost = "worker lost"

    /// The longest silence after which a lease can stand: the server's clock may be slow, and it looks now and then.
    let longestSilence: Duration
    /// By worker.
    private(set) var leases: [String: Lease] = [:]
    private var applicants: [UInt64: (name: String, peer: [UInt8], domain: String)] = [:]
    /// Silence counts from here: a server that was away gives everybody time.
    private var attentiveSince = Instant.zero

    init(longestSilence: Duration) { self.longestSilence = longestSilence }

    /// Whether a worker may hold a lease at this time.
    func mayHold(_ name: String, at now: Instant) -> Bool {
        leases[name].map { now - max($0.heard, attentiveSince) <= longestSilence } ?? false
    }

    /// Takes in what was seen.
    mutating func see(_ observation: Observation, at now: Instant) {
        switch observation {
        case .serverStarted:
            leases = [:]
            applicants = [:]
            attentiveSince = now
        case .serverAttentive: attentiveSince = now
        case .noted(let note):
            let message = "\(note.message)"
            if message == Self.lost || message == "worker left", let name = note.fields["worker"] {
                leases[name] = nil
            }
        case .arrived(let envelope, let peer): arrive(envelope, from: peer, at: now)
        case .sent(let envelope, let peer):
            guard case .welcome(let welcome) = envelope.message, let applicant = applicants[welcome.incarnation] else {
                return
            }
            if leases[applicant.name]?.epoch != envelope.leaseEpoch {
                leases[applicant.name] = Lease(
                    epoch: envelope.leaseEpoch, peer: peer, domain: applicant.domain, heard: now)
            }
        default: return
        }
    }

    private mutating func arrive(_ envelope: Envelope, from peer: [UInt8], at now: Instant) {
        if case .registration(let registration) = envelope.message {
            applicants[registration.incarnation] = (envelope.sender, peer, registration.domain)
        }
        guard let lease = leases[envelope.sender], lease.epoch == envelope.leaseEpoch, lease.peer == peer,
            mayHold(envelope.sender, at: now)
        else { return }
        leases[envelope.sender]?.heard = now
        if case .goodbye = envelope.message { leases[envelope.sender] = nil }
    }
}
