/// For how long somebody who subscribed cannot be reached: time in which it was tried. Nothing is held against him for the time
/// that the server was off, nor for an hour that a clock jumps.
package struct ConsumerReach: Equatable, Sendable {
    /// Seconds of trying in vain after which nobody is taken to be there any more: a week.
    package static let longestSeconds: Double = 7 * 86_400
    /// Most seconds between two tries that count.
    private static let longestPause: Double = 3_600

    /// Seconds for which it was tried in vain; 0 since it was reached.
    package private(set) var failingSeconds: Double
    private var lastTry: Double?

    /// Goes on from an earlier start's; what is no time counts as none.
    package init(failingSeconds: Double = 0) {
        self.failingSeconds = failingSeconds.isFinite ? max(0, failingSeconds) : 0
    }

    /// It was tried, at seconds since 1970.
    package mutating func tried(reached: Bool, at now: Double) {
        guard !reached else {
            (failingSeconds, lastTry) = (0, nil)
            return
        }
        if let lastTry { failingSeconds += min(max(0, now - lastTry), Self.longestPause) }
        lastTry = now
    }

    /// Whether nobody is taken to be there any more.
    package var isGone: Bool { failingSeconds >= Self.longestSeconds }
}
