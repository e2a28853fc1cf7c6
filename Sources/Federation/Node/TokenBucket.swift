package import Platform

/// How much of something may come: so much a second, and after a pause so much at once.
package struct TokenBucket: Equatable, Sendable {
    private let capacity: Double
    private let perSecond: Double
    private var level: Double
    private var last: Instant

    /// A full bucket.
    ///
    /// - Parameters:
    ///   - capacity: what may come at once after a pause.
    ///   - perSecond: what may come in the long run.
    package init(capacity: Double, perSecond: Double, at now: Instant) {
        precondition(capacity > 0 && perSecond > 0, "a bucket through which nothing ever comes")
        self.capacity = capacity
        self.perSecond = perSecond
        level = capacity
        last = now
    }

    /// Whether something may come now; what is larger than the whole bucket may come when there is anything in it, and what
    /// follows waits the longer.
    package mutating func take(_ amount: Double = 1, at now: Instant) -> Bool {
        fill(at: now)
        guard level >= min(1, capacity) else { return false }
        level -= amount
        return true
    }

    /// Whether it is full: nothing came for a while.
    package mutating func isFull(at now: Instant) -> Bool {
        fill(at: now)
        return level >= capacity
    }

    private mutating func fill(at now: Instant) {
        level = min(capacity, level + perSecond * max(0, (now - last).seconds))
        last = max(last, now)
    }
}
