import Foundation
import Synchronization

/// A thread of its own for work that computes or waits, away from Swift's cooperative pool.
package final class BackgroundThread: Sendable {
    private let finished = SteadySemaphore()
    private let cancelled = Atomic(false)

    /// Starts the work; it gets a closure that says whether it is still wanted.
    package init(name: String, _ body: @escaping @Sendable (_ isCancelled: @escaping @Sendable () -> Bool) -> Void) {
        let thread = Thread { [self] in
            body { [self] in cancelled.load(ordering: .relaxed) }
            finished.signal()
        }
        thread.name = name
        thread.stackSize = 8 << 20
        thread.start()
    }

    /// Says that the work is no longer wanted.
    package func cancel() { cancelled.store(true, ordering: .relaxed) }

    /// Waits for the end of the work, for a while or, without a limit, as long as it takes; any number of threads may.
    package func join(upTo limit: Duration? = nil) {
        if finished.wait(upTo: limit) { finished.signal() }
    }

    /// Runs blocking work on a thread of its own and returns what it returns or throws what it throws.
    package static func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        let outcome = Outcome<Value>()
        await withCheckedContinuation { continuation in
            _ = BackgroundThread(name: "work") { _ in
                outcome.set(Result { try body() })
                continuation.resume()
            }
        }
        return try outcome.get()
    }

    /// What the thread leaves behind. The continuation orders its two uses already; the lock lets the thread sanitizer,
    /// which does not see into the runtime, know it too.
    ///
    /// Unchecked: every use holds the lock.
    private final class Outcome<Value: Sendable>: @unchecked Sendable {
        private let lock = NSLock()
        private var result: Result<Value, any Error>?

        func set(_ result: Result<Value, any Error>) { lock.withLock { self.result = result } }

        func get() throws -> Value {
            guard let result = lock.withLock({ result }) else { throw CancellationError() }
            return try result.get()
        }
    }
}
