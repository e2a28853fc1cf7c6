import Platform

/// How large the next piece of a transfer is, by how long the last ones took.
///
/// Pieces begin small, double while they are quick and are halved when they are slow or lost. What is on its way is then
/// never more than a slow link carries between two heartbeats, which share it; and a connection that is cut every few
/// seconds loses a little each time, not all.
package struct PiecePace: Equatable, Sendable {
    /// Bytes of the first piece.
    static let first = 16 << 10
    /// Bytes below which no piece is halved.
    static let least = 4 << 10
    /// Time after which a piece is slow, whatever the heartbeats.
    static let slow: Duration = .seconds(2)
    /// Longest time without an answer after which it is asked again.
    static let longestPatience: Duration = .seconds(60)

    /// Bytes that the next piece may have.
    package private(set) var bytes = first
    /// Time that the last piece took; zero before there was one.
    package private(set) var lastTime = Duration.zero

    /// Nothing is known of the link yet.
    package init() {}

    /// A piece is there, or its receipt.
    ///
    /// - Parameters:
    ///   - time: since it was sent.
    ///   - count: its bytes.
    ///   - beat: time between heartbeats, which wait behind it.
    ///   - roundTrip: time that a message without bytes takes, there and back; not the piece's fault.
    package mutating func took(_ time: Duration, bytes count: Int, beat: Duration, roundTrip: Duration) {
        lastTime = time
        // A far peer needs some round trips for a piece, however wide the link is.
        let slow = min(Self.slow, max(beat, .milliseconds(200))) + roundTrip * 3
        let cost = time - min(time, roundTrip)
        if cost > slow {
            // The next one shall take about as long as it may.
            var excess = cost
            while excess > slow, bytes > Self.least {
                lost()
                excess = excess / 2
            }
        } else if cost * 2 <= slow, count >= bytes {
            bytes = min(bytes * 2, WireLimits.piece)
        }
    }

    /// A piece was lost on its way.
    package mutating func lost() { bytes = max(Self.least, bytes / 2) }

    /// Time after which what was not answered is asked for again: longer than the last piece took, and longer each time.
    ///
    /// - Parameter limit: the longest where the link is known to carry something; pieces are as large as pass in that time.
    package func patience(atLeast beat: Duration, silences: Int, within limit: Duration? = nil) -> Duration {
        // Never longer than the longest for what a single piece took, however long that was.
        let usual = max(beat, min(lastTime * 3, Self.longestPatience)).doubled(silences, atMost: Self.longestPatience)
        return min(usual, max(beat, limit ?? usual))
    }
}
