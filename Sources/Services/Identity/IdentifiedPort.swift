import Federation
import Platform

/// A worker's port that knows who it is: it enrols where that is still to be done, then connects with the worker's own
/// key, and begins anew whenever it has to make new connections. Owned by one thread.
final class IdentifiedPort: MessagePort {
    private enum State {
        /// Nothing is open; tried again then.
        case outside(until: Instant)
        /// The own key is being handed over.
        case enrolling(ZeroMQPort, since: Instant, asked: Instant?)
        /// Connected with it.
        case inside(ZeroMQPort)
    }

    /// Time between two looks for something to enrol with.
    private static let pause: Duration = .milliseconds(100)
    /// Time between two requests that are not answered.
    private static let retry: Duration = .milliseconds(500)
    /// Time after which it is looked whether there is something else to enrol with; doubled each time, for a slow link.
    private static let patience: Duration = .seconds(2)
    private static let longestPatience: Duration = .seconds(60)
    /// Time that an attempt to connect has at most.
    private static let connectPatience: Duration = .seconds(8)

    private let credentials: WorkerCredentials
    private let control: String
    private let bulk: String
    private let name: String
    private let identity: [UInt8]
    private let signal: EventSignal
    private let clock = MonotonicClock()
    private let log: Logger
    private var state = State.outside(until: .zero)
    private var refusedSince: Instant?
    private var waitsSince: Instant?
    private var hasSaidWaiting = false
    private var sequence: UInt64 = 0
    private var patience = IdentifiedPort.patience
    /// Connections that earlier ports have made, by channel.
    private var made: [Message.Channel: Int] = [:]

    /// A port that connects in the background for as long as it lives.
    ///
    /// - Parameter identity: of this start of the process.
    init(settings: WorkerSettings, credentials: WorkerCredentials, identity: [UInt8], log: Logger) throws {
        self.credentials = credentials
        (control, bulk, name) = (settings.control, settings.bulk, settings.name)
        self.identity = identity
        self.log = log
        signal = try EventSignal()
        // A mistake in an address is said at once.
        _ = (try Endpoint(control).connected(), try Endpoint(bulk).connected())
        try advance()
    }

    var waker: any PortWaker { signal }

    func wait(upTo limit: Duration) throws(TransportError) {
        switch state {
        case .outside: signal.wait(upTo: min(limit, Self.pause))
        case .enrolling(let port, _, _), .inside(let port): try port.wait(upTo: limit)
        }
    }

    func receive(on channel: Message.Channel) throws -> ArrivedMessage? {
        try advance()
        guard case .inside(let port) = state, let message = try port.receive(on: channel) else { return nil }
        try credentials.heard()
        return message
    }

    func send(_ message: EncodedMessage, to peer: [UInt8], on channel: Message.Channel) throws -> SendOutcome {
        guard case .inside(let port) = state else { return .unreachable }
        return try port.send(message, to: peer, on: channel)
    }

    func link(on channel: Message.Channel) throws -> PortLink? {
        var link = PortLink()
        switch state {
        case .outside: break
        // What passes there is not this port's owner's.
        case .enrolling(let port, _, _): link.isOpen = try port.link(on: channel)?.isOpen ?? false
        case .inside(let port): link = try port.link(on: channel) ?? link
        }
        link.made += made[channel] ?? 0
        return link
    }

    /// Whatever the server has become meanwhile: its key may be another, and so may what there is to enrol with.
    func reconnect() throws {
        guard case .inside(let port) = state else { return }
        try leave(port)
        state = .outside(until: .zero)
        try advance()
    }

    private func leave(_ port: ZeroMQPort) throws {
        for channel in Message.Channel.allCases { made[channel, default: 0] += try port.link(on: channel)?.made ?? 0 }
    }

    func learn(serverKey: PublicKey, isDue: Bool) throws { try credentials.learn(serverKey, isDue: isDue) }

    func close() { state = .outside(until: clock.now) }

    private func advance() throws {
        let now = clock.now
        switch state {
        case .outside(let until):
            guard now >= until else { return }
            switch try credentials.next() {
            case .wait:
                state = .outside(until: now + Self.pause)
                sayWaiting(at: now)
            case .enrol(let security):
                state = .enrolling(try connect(security), since: now, asked: nil)
                try advance()
            case .connect(let security): state = .inside(try connect(security))
            }
        case .enrolling(let port, let since, let asked):
            if try port.takeRefusal() {
                try credentials.refused(whileEnrolling: true)
                state = .outside(until: now + Self.pause)
                return
            }
            while let message = try port.receive(on: .control) {
                guard let envelope = try? Envelope(decoding: message.bytes, limit: WireLimits.message) else { continue }
                if case .enrolled(let answer) = envelope.message { return try take(answer, at: now) }
                if case .refusal(let refusal) = envelope.message { throw WorkerRefused(refusal) }
            }
            if now - since > patience {
                // A connection that could be made says that the link is slow, any other that maybe nobody is there.
                let isOpen = try port.link(on: .control)?.isOpen ?? false
                patience = min(patience * 2, isOpen ? Self.longestPatience : max(patience, Self.connectPatience))
                state = .outside(until: now + Self.pause)
            } else if asked.map({ now - $0 >= max(Self.retry, patience / 4) }) ?? true {
                sequence += 1
                let request = Envelope(
                    sender: name, leaseEpoch: 0, sequence: sequence, message: .enrolment(credentials.enrolment))
                let outcome = try port.send(request.parts(), to: [], on: .control)
                state = .enrolling(port, since: since, asked: outcome == .queued ? now : nil)
            }
        case .inside(let port):
            guard try port.takeRefusal() else { return }
            try credentials.refused(whileEnrolling: false)
            try leave(port)
            state = .outside(until: now + Self.pause)
        }
    }

    private func take(_ answer: EnrolmentAnswer, at now: Instant) throws {
        switch answer.outcome {
        case .accepted:
            try credentials.enrolled()
            refusedSince = nil
            state = .outside(until: now)
            try advance()
        case .later:
            let since = refusedSince ?? now
            if refusedSince == nil { log.warning("enrolment refused", ["reason": answer.text]) }
            refusedSince = since
            // A worker that was killed leaves a lease behind, which ends; a living namesake renews it.
            guard now - since <= .milliseconds(2 * Int64(answer.patienceMilliseconds)) else { fallthrough }
            state = .outside(until: now + Self.pause * 2)
        case .refused:
            throw ServiceError(.configuration, "the server refuses this worker: \(answer.text)")
        }
    }

    private func connect(_ security: PortSecurity) throws -> ZeroMQPort {
        waitsSince = nil
        return try ZeroMQPort.connecting(
            control: control, bulk: bulk, identity: identity, security: security, signal: signal)
    }

    private func sayWaiting(at now: Instant) {
        let since = waitsSince ?? now
        waitsSince = since
        guard !hasSaidWaiting, now - since > .seconds(3) else { return }
        hasSaidWaiting = true
        log.warning(
            "no server of this user listens there yet; one of another user needs a token (--enrol)",
            ["server": control])
    }
}
