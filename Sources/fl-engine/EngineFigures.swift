import Engines
import Platform
import Synchronization

/// What the controller counts of itself: filled by its thread, read by those of HTTP.
final class EngineFigures: Sendable {
    /// All of it.
    struct State: Sendable {
        var cycle: EngineController.Cycle?
        var cycles = 0
        var seconds = 0.0
        var starts = 0
        var stops = 0
        var failures = 0
        /// What does not work now; empty where all does.
        var trouble = ""
    }

    private struct Kept {
        var state = State()
        var pulse: EnginePulse
    }

    private let kept: Mutex<Kept>
    private let clock = MonotonicClock()

    /// Nothing yet.
    ///
    /// - Parameter every: the time between two looks.
    init(every: Duration) { kept = Mutex(Kept(pulse: EnginePulse(every: every, at: clock.now))) }

    /// A copy; a look that does not come to its end is trouble as well.
    var current: State {
        let now = clock.now
        return kept.withLock { kept in
            var state = kept.state
            if let trouble = kept.pulse.trouble(at: now) {
                state.trouble = state.trouble.isEmpty ? trouble : "\(trouble); \(state.trouble)"
            }
            return state
        }
    }

    /// A look, and what was done.
    func note(_ cycle: EngineController.Cycle, seconds: Double) {
        change { state in
            state.cycle = cycle
            state.cycles += 1
            state.seconds += seconds
            state.failures += cycle.failures.count
            state.trouble = cycle.failures.joined(separator: "; ")
            for directive in cycle.directives {
                switch directive {
                case .start: state.starts += 1
                case .stop: state.stops += 1
                }
            }
        }
    }

    /// A look that did not succeed.
    func failed(_ text: String, seconds: Double) {
        change { state in
            state.cycles += 1
            state.seconds += seconds
            state.failures += 1
            state.trouble = text
        }
    }
    /// A look came to its end.
    private func change(_ body: (inout State) -> Void) {
        let now = clock.now
        kept.withLock { kept in
            kept.pulse.ended(at: now)
            body(&kept.state)
        }
    }
}
