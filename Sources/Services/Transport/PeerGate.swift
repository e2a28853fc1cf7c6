package import Federation
import Synchronization

/// Whom each key names that may connect; asked at each handshake, changed by any thread.
package final class PeerGate: Sendable {
    private struct State {
        var callers: [PublicKey: Caller] = [:]
        /// Keys whose first use somebody waits for.
        var awaited: Set<PublicKey> = []
        var used: [PublicKey] = []
        var refused = 0
        var unknown: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    /// A gate that lets nobody in.
    package init() {}

    /// Those who may connect from now on. Connections that stand are not cut: whoever reads their messages looks at who
    /// sends them.
    ///
    /// - Parameter awaited: keys that are to be reported when they are first used.
    package func admit(_ callers: [PublicKey: Caller], awaiting awaited: Set<PublicKey> = []) {
        state.withLock { state in
            state.callers = callers
            state.awaited = awaited
            state.used.removeAll { !awaited.contains($0) }
        }
    }

    /// What is done before a key that names nobody is refused: somebody may just have been let in.
    package func beforeRefusing(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.unknown = body } }

    /// Whom a key names; `nil` for one that is not let in.
    package func caller(with key: PublicKey) -> Caller? {
        let (isKnown, unknown) = state.withLock { ($0.callers[key] != nil, $0.unknown) }
        if !isKnown { unknown?() }
        return state.withLock { state in
            guard let caller = state.callers[key] else {
                state.refused += 1
                return nil
            }
            if state.awaited.remove(key) != nil { state.used.append(key) }
            return caller
        }
    }

    /// Awaited keys that were used since this was last asked.
    package func takeUsed() -> [PublicKey] {
        state.withLock { state in
            defer { state.used = [] }
            return state.used
        }
    }

    /// Handshakes of keys that name nobody.
    package var refused: Int { state.withLock { $0.refused } }
}
