import Foundation

/// Runs blocking work on a thread of its own, so that Swift's cooperative pool is never blocked.
package enum DetachedThread {
    /// Runs `body` and returns what it returns or throws what it throws.
    package static func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        let outcome = Outcome<Value>()
        await withCheckedContinuation { continuation in
            let thread = Thread {
                outcome.set(Result { try body() })
                continuation.resume()
            }
            thread.stackSize = 8 << 20
            thread.start()
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
