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

        mutating func read(_ id: UInt) { allUnread -= unread.removeValue(forKey: id) ?? 0 }
    }

    let handler: HTTPServer.Handler
    let allowed: @Sendable (String) -> String
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
        isEncrypted: Bool, allowed: @escaping @Sendable (String) -> String, handler: @escaping HTTPServer.Handler
    ) {
        self.allowed = allowed
        challenge = isEncrypted ? "Basic realm=\"Faultline: a token as the password\"" : "Bearer"
        self.hosts = hosts
        self.longestBody = longestBody
        self.largeBodies = largeBodies
        self.handler = handler
        state = Mutex(State(watch: ConnectionWatch(limits: limits)))
    }

    func opened(_ id: UInt, _ descriptor: Int32, from address: [UInt8]) {
        state.withLock {
            $0.watch.opened(id, from: address, at: clock.now)
            $0.descriptors[id] = descriptor
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
        guard request.path != "/healthz" else { return handler(request) }
        guard turns.wait(upTo: Self.longestWait) else {
            return .text(503, "too many requests at a time\n").adding("Retry-After", "1")
        }
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

    func beginStream(_ id: UInt) -> Bool { state.withLock { $0.watch.beginStream(id, at: clock.now) } }

    func closed(_ id: UInt) {
        state.withLock {
            $0.watch.closed(id)
            $0.descriptors[id] = nil
            $0.read(id)
        }
    }

    /// Under the lock, so that no descriptor is closed, and maybe given to another connection, meanwhile.
    func endOverdue() {
        state.withLock { state in
            for id in state.watch.overdue(at: clock.now) {
                if let descriptor = state.descriptors[id] { shutdown(descriptor, Int32(SHUT_RDWR)) }
            }
        }
    }
}

extension OpaquePointer {
    /// Names a connection as long as it is open.
    var connectionID: UInt { UInt(bitPattern: self) }
}
