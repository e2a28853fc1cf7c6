/// A store's own time: seconds for which it was in use, over all its starts.
///
/// What a machine was off for does not make its entities old, and a clock that jumps makes them an hour older at most. A
/// value.
struct StoreTime {
    /// Most seconds between two uses that count.
    private static let mostSeconds = 3_600.0
    /// Seconds after which the file is told when an entity was last seen.
    static let writtenEvery = 600.0
    /// Seconds between two looks for what has gone.
    private static let lookEvery = 60.0

    /// The time.
    private(set) var seconds = 0.0
    private var lastWall: Double?
    private var looked = 0.0

    /// Goes on from an earlier start's.
    mutating func goOn(from time: Double) {
        seconds = max(0, time)
        looked = seconds
    }

    /// The store is used at a time of this machine's clock.
    mutating func pass(to wall: Double) {
        if let lastWall { seconds += min(max(0, wall - lastWall), Self.mostSeconds) }
        lastWall = wall
    }

    /// Whether it is time to look for what has gone.
    mutating func isDue() -> Bool {
        guard seconds - looked >= Self.lookEvery else { return false }
        looked = seconds
        return true
    }
}
