/// The time line of one process: instants since it began.
package struct MonotonicClock: Sendable {
    private let origin = ContinuousClock.now

    /// A time line that begins now.
    package init() {}

    /// The present instant.
    package var now: Instant { .zero + (ContinuousClock.now - origin) }
}
