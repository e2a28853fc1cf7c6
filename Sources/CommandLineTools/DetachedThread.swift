import Foundation

/// Runs blocking work on a thread of its own, so that Swift's cooperative pool is never blocked.
package enum DetachedThread {
    /// Runs `body` and returns what it returns or throws what it throws.
    package static func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            let thread = Thread {
                do {
                    continuation.resume(returning: try body())
                } catch {
                    continuation.resume(throwing: error)
                }
            }
            thread.stackSize = 8 << 20
            thread.start()
        }
    }
}
