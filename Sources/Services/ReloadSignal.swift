import Dispatch
import Glibc
import Synchronization

/// SIGHUP: asks a service to read its configuration again. Before somebody takes it up it does nothing, so that one that
/// comes early does not end the process.
package final class ReloadSignal: Sendable {
    private let action = Mutex<(@Sendable () -> Void)?>(nil)
    /// One reload after the other, on a thread of its own.
    private let queue = DispatchQueue(label: "reload")

    /// Nothing is done at the signal yet.
    package init() {}

    /// What to do from now on, one signal after the other.
    package func take(_ act: @escaping @Sendable () -> Void) { action.withLock { $0 = act } }

    /// Takes the process's SIGHUP.
    package func catchHangup() {
        signal(SIGHUP, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: SIGHUP, queue: queue)
        // The handler keeps its source, for as long as the process lives.
        source.setEventHandler { [weak self] in
            self?.action.withLock { $0 }?()
            _ = source
        }
        source.resume()
    }
}
