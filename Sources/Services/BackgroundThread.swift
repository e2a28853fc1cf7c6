import Foundation
import Synchronization

/// A thread of its own for work that computes or waits, away from Swift's cooperative pool.
final class BackgroundThread: Sendable {
    private let finished = DispatchSemaphore(value: 0)
    private let cancelled = Atomic(false)

    /// Starts the work; it gets a closure that says whether it is still wanted.
    init(name: String, _ body: @escaping @Sendable (_ isCancelled: @escaping @Sendable () -> Bool) -> Void) {
        let thread = Thread { [self] in
            body { [self] in cancelled.load(ordering: .relaxed) }
            finished.signal()
        }
        thread.name = name
        thread.stackSize = 8 << 20
        thread.start()
    }

    /// Says that the work is no longer wanted.
    func cancel() { cancelled.store(true, ordering: .relaxed) }

    /// Waits for the end of the work, for a while.
    func join(upTo limit: DispatchTimeInterval) { _ = finished.wait(timeout: .now() + limit) }
}
