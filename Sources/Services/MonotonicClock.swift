import Federation

/// The time line of one process: instants since it began.
struct MonotonicClock: Sendable {
    private let origin = ContinuousClock.now

    /// The present instant.
    var now: Instant { .zero + (ContinuousClock.now - origin) }
}
