import Dispatch
import Glibc
import Synchronization

/// Asks a service to stop, from any thread or by SIGTERM and SIGINT.
package final class StopSignal: Sendable {
    private struct State {
        var isSet = false
        var wakers: [any PortWaker] = []
    }

    private let state = Mutex(State())

    /// A signal that was not given.
    package init() {}

    /// Whether it was given.
    package var isSet: Bool { state.withLock { $0.isSet } }

    /// Gives the signal.
    package func set() {
        let wakers = state.withLock { state in
            state.isSet = true
            return state.wakers
        }
        for waker in wakers { waker.wake() }
    }

    /// Wakes a port when the signal is given.
    package func wake(_ waker: any PortWaker) {
        state.withLock { $0.wakers.append(waker) }
    }

    /// Lets SIGTERM and SIGINT give the signal from now on, in this process.
    package func catchTermination() {
        for number in [SIGTERM, SIGINT] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInteractive))
            // The handler keeps its source, for as long as the process lives.
            source.setEventHandler { [weak self] in
                self?.set()
                _ = source
            }
            source.resume()
        }
    }

    /// A service outlives peers that close a connection while it writes: libraries that write without saying that no signal
    /// is wanted (TLS) end it otherwise. For processes that print to nobody's pipe.
    package static func outliveBrokenPipes() { signal(SIGPIPE, SIG_IGN) }
}
