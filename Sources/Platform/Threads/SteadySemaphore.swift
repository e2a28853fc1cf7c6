/// Permits that one thread gives and another waits for, for a while by the clock that nobody sets (``SteadyCondition``).
///
/// Unchecked: every use of the number holds the lock.
package final class SteadySemaphore: @unchecked Sendable {
    private let condition = SteadyCondition()
    private var permits: Int

    /// So many can be taken at once.
    package init(_ permits: Int = 0) { self.permits = permits }

    /// Gives one.
    package func signal() {
        condition.lock()
        permits += 1
        condition.signal()
        condition.unlock()
    }

    /// Takes one, when there is one.
    ///
    /// - Parameter limit: at most so long; `nil`: as long as it takes.
    /// - Returns: whether there was one in that time.
    @discardableResult
    package func wait(upTo limit: Duration? = nil) -> Bool {
        let end = limit.map { ContinuousClock.now + $0 }
        condition.lock()
        defer { condition.unlock() }
        while permits == 0 {
            let left = end.map { $0 - ContinuousClock.now } ?? .seconds(3_600)
            guard left > .zero else { return false }
            condition.wait(seconds: left.seconds)
        }
        permits -= 1
        return true
    }
}
