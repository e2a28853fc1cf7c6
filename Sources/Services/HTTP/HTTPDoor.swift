import Glibc
import Platform
import Synchronization

/// What the library's threads share.
final class HTTPDoor: Sendable {
    private struct State {
        var watch: ConnectionWatch
        var descriptors: [UInt: Int32] = [:]
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
        state.withLock { $0.watch.entered(phase, id, at: clock.now) }
    }

    func beginStream(_ id: UInt) -> Bool { state.withLock { $0.watch.beginStream(id, at: clock.now) } }

    func closed(_ id: UInt) {
        state.withLock {
            $0.watch.closed(id)
            $0.descriptors[id] = nil
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
