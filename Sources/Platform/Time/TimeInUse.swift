/// Seconds for which something was in use, by a wall clock that may be set.
///
/// What a machine was off for makes nothing old, and a clock that jumps makes it an hour older at most. A value.
package struct TimeInUse: Sendable {
    /// Most seconds between two uses that count.
    private static let mostSeconds = 3_600.0

    /// The time.
    package private(set) var seconds: Double
    private var lastWall: Double?
    private var looked: Double

    /// Goes on from an earlier start's.
    package init(from seconds: Double = 0) {
        self.seconds = max(0, seconds)
        looked = self.seconds
    }

    /// It is used at a time of the wall clock.
    package mutating func pass(to wall: Double) {
        if let lastWall { seconds += min(max(0, wall - lastWall), Self.mostSeconds) }
        lastWall = wall
    }

    /// Whether so many seconds are over since this was last so.
    package mutating func isDue(every interval: Double) -> Bool {
        guard seconds - looked >= interval else { return false }
        looked = seconds
        return true
    }
}
