import Glibc
import Platform
import Synchronization

/// What the library's threads share.
final class HTTPDoor: Sendable {
    private struct State {
        var watch: ConnectionWatch
        var descriptors: [UInt: Int32] = [:]
        /// Bytes of its answer that a connection may not have read, where they are many, and all together.
        var unread: [UInt: Int] = [:]
        var allUnread = 0
        var quota: RequestQuota?
        /// The turns of askers that wait for an answer, and how many of their requests do.
        var turns: [RequestQuota.Asker: (own: SteadySemaphore, requests: Int)] = [:]

        /// Under the lock, so that no descriptor is closed, and maybe given to another connection, meanwhile.
        func end(_ id: UInt) {
            if let descriptor = descriptors[id] { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }

        mutating func read(_ id: UInt) { allUnread -= unread.removeValue(forKey: id) ?? 0 }
    }

    let handler: HTTPServer.Handler
    let allowed: @Sendable (String) -> String
    private let quota: HTTPServer.Quota?
    let hosts: HostRule
    let longestBody: Int
    let largeBodies: [HTTPServer.LargeBodies]
    /// Large bodies that are here.
    let largeCount = Atomic<Int>(0)
    /// How whoever shows no token is asked for one: a browser of another machine asks its user, for a password; on this
    /// machine the page itself does.
    let challenge: String
    /// Answers that are made at a time: whoever asks for many waits for its own, and not the rest of the process for it.
    private static let answersAtATime = 2
    private static let longestWait: Duration = .seconds(10)
    /// Bytes of answers that are on their way to those who read them; of a small one nothing is counted.
    private static let (mostUnread, small) = (64 << 20, 65_536)
    private let turns = SteadySemaphore(answersAtATime)
    private let clock = MonotonicClock()
    private let state: Mutex<State>

    init(
        hosts: HostRule, limits: ConnectionWatch.Limits, longestBody: Int, largeBodies: [HTTPServer.LargeBodies],
        isEncrypted: Bool, quota: HTTPServer.Quota?, allowed: @escaping @Sendable (String) -> String,
        handler: @escaping HTTPServer.Handler
    ) {
        self.allowed = allowed
        challenge = isEncrypted ? "Basic realm=\"Faultline: a token as the password\"" : "Bearer"
        self.hosts = hosts
        self.longestBody = longestBody
        self.largeBodies = largeBodies
        self.handler = handler
        self.quota = quota
        state = Mutex(
            State(watch: ConnectionWatch(limits: limits), quota: quota.map { RequestQuota($0.limits) }))
    }

    func opened(_ id: UInt, _ descriptor: Int32, from address: [UInt8]) {
        state.withLock {
            $0.watch.opened(id, from: address, at: clock.now)
            $0.descriptors[id] = descriptor
            if let other = $0.watch.makeRoom(for: id) { $0.end(other) }
        }
    }

    func entered(_ phase: ConnectionWatch.Phase, _ id: UInt) {
        state.withLock {
            $0.watch.entered(phase, id, at: clock.now)
            $0.read(id)
        }
    }

    /// The answer to a request, when it is its turn. How the server is, is said at once.
    func answer(_ request: HTTPRequest, on id: UInt) -> HTTPResponse {
        (request.path == "/healthz" ? handler(request) : answerInTurn(request, on: id)).naming(request.trace)
    }

    /// Of whoever can be told apart, one answer is made at a time, so that nobody who asks for much keeps others waiting.
    private func answerInTurn(_ request: HTTPRequest, on id: UInt) -> HTTPResponse {
        let asker = asker(of: request, on: id)
        guard mayAsk(asker) else {
            return .text(429, "too many requests of yours\n").adding("Retry-After", "1")
        }
        let own = takeTurn(asker)
        defer { leave(asker, own) }
        guard own?.wait(upTo: Self.longestWait) ?? true else { return Self.busy }
        defer { own?.signal() }
        guard turns.wait(upTo: Self.longestWait) else { return Self.busy }
        defer { turns.signal() }
        let answer = handler(request)
        guard case .whole(_, _, let body, _) = answer, body.count > Self.small else { return answer }
        let fits = state.withLock { state in
            guard state.allUnread + body.count <= Self.mostUnread || state.allUnread == 0 else { return false }
            state.unread[id, default: 0] += body.count
            state.allUnread += body.count
            return true
        }
        return fits ? answer : .text(503, "too many answers wait to be read\n").adding("Retry-After", "1")
    }

    private static let busy = HTTPResponse.text(503, "too many requests at a time\n").adding("Retry-After", "1")

    private func asker(of request: HTTPRequest, on id: UInt) -> RequestQuota.Asker {
        if let name = quota?.asker(request) { return .named(name) }
        return .address(state.withLock { $0.watch.address(of: id) } ?? [])
    }

    private func mayAsk(_ asker: RequestQuota.Asker) -> Bool {
        let now = clock.now
        let may = state.withLock { $0.quota?.takes(asker, at: now) ?? true }
        if !may { quota?.refused.count(asker, at: now) }
        return may
    }

    /// What whoever asks waits for before its request has a turn; `nil` where nothing tells askers apart.
    private func takeTurn(_ asker: RequestQuota.Asker) -> SteadySemaphore? {
        guard quota != nil, !asker.isAnybodyHere else { return nil }
        return state.withLock { state in
            let turn = state.turns[asker] ?? (SteadySemaphore(1), 0)
            state.turns[asker] = (turn.own, turn.requests + 1)
            return turn.own
        }
    }

    private func leave(_ asker: RequestQuota.Asker, _ own: SteadySemaphore?) {
        guard own != nil else { return }
        state.withLock {
            $0.turns[asker]?.requests -= 1
            if $0.turns[asker]?.requests == 0 { $0.turns[asker] = nil }
        }
    }

    /// Whether there is room for one more stream; where there is none those go whose readers have gone.
    func beginStream(_ id: UInt) -> Bool {
        state.withLock { state in
            if state.watch.beginStream(id, at: clock.now) { return true }
            for stream in state.watch.streams where state.descriptors[stream].map(Self.hasHungUp) ?? true {
                state.watch.leaves(stream)
                state.end(stream)
            }
            return state.watch.beginStream(id, at: clock.now)
        }
    }

    /// Whether the peer sends nothing any more.
    private static func hasHungUp(_ descriptor: Int32) -> Bool {
        // POLLRDHUP of Linux, which its headers show to GNU programs only: the peer has shut down its side.
        let gone = 0x2000 | Int16(POLLHUP | POLLERR)
        var look = pollfd(fd: descriptor, events: gone, revents: 0)
        return unsafe poll(&look, 1, 0) > 0 && look.revents & gone != 0
    }

    func closed(_ id: UInt) {
        state.withLock {
            $0.watch.closed(id)
            $0.descriptors[id] = nil
            $0.read(id)
        }
    }

    /// Ends the connections whose time is over.
    func endOverdue() {
        state.withLock { state in
            for id in state.watch.overdue(at: clock.now) { state.end(id) }
        }
    }
}

extension OpaquePointer {
    /// Names a connection as long as it is open.
    var connectionID: UInt { UInt(bitPattern: self) }
}
