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

    init(agenda: Agenda, starting reading: Instant) {
        self.agenda = agenda
        since = agenda.now
        self.reading = reading
    }

    /// The time that the process sees.
    var now: Instant { reading + .nanoseconds(Int64(Double((agenda.now - since).nanoseconds) * rate)) }

    /// From now on it runs at another speed.
    func drift(at rate: Double) {
        reading = now
        since = agenda.now
        self.rate = rate
    }

    /// It is later all of a sudden.
    func jump(by duration: Duration) {
        reading = now + duration
        since = agenda.now
    }
}
