import Federation
import Platform

/// What one process takes for the time: it starts anywhere, runs a little fast or slow, and sometimes jumps ahead, as when a
/// machine was suspended. It never goes back.
///
/// Unchecked: a cluster lives on one thread.
final class SimulatedClock: NodeClock, @unchecked Sendable {
    private let agenda: Agenda
    private var since: Instant
    private var reading: Instant
    private var rate = 1.0
    private var shown: Instant?
    private var lastCaughtUp: Instant?

    init(agenda: Agenda, starting reading: Instant) {
        self.agenda = agenda
        since = agenda.now
        self.reading = reading
    }

    /// The time that the process sees.
    var now: Instant { shown ?? reading + .nanoseconds(Int64(Double((agenda.now - since).nanoseconds) * rate)) }

    /// From now on it runs at another speed.
    func drift(at rate: Double) {
        reading = now
        since = agenda.now
        self.rate = rate
    }

    /// Shows the time since the last call step by step, and calls `body` at each step.
    func catchUp(in step: Duration, _ body: () throws -> Void) rethrows {
        let end = now
        var next = (lastCaughtUp ?? end) + step
        defer {
            shown = nil
            lastCaughtUp = end
        }
        while next < end {
            shown = next
            try body()
            next = next + step
        }
    }

    /// It is later all of a sudden.
    func jump(by duration: Duration) {
        reading = now + duration
        since = agenda.now
    }
}
