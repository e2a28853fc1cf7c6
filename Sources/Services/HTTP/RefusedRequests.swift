package import Federation
import Platform
import Synchronization

/// Requests that were refused because whoever asks asked too often: counted for figures, and told in the log.
package final class RefusedRequests: Sendable {
    private let state = Mutex((book: RefusalBook(), limiter: NoteLimiter()))
    private let log: @Sendable (Note) -> Void

    /// Nothing was refused yet.
    ///
    /// - Parameter log: takes a line for each asker, at most once a minute.
    package init(log: @escaping @Sendable (Note) -> Void) { self.log = log }

    /// How many, by asker and reason.
    package var counts: [String: [String: Int]] { state.withLock { $0.book.counts } }

    func count(_ asker: RequestQuota.Asker, at now: Instant) {
        let reason = "too many requests"
        let note = state.withLock { state in
            state.book.count(reason, of: asker.name)
            return state.limiter.pass(
                Note(.warning, "request refused", ["asker": asker.name, "reason": reason]), asker.name, at: now)
        }
        if let note { log(note) }
    }
}
