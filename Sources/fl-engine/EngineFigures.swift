import Engines
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

    private let state = Mutex(State())

    /// A copy.
    var current: State { state.withLock { $0 } }

    /// A look, and what was done.
    func note(_ cycle: EngineController.Cycle, seconds: Double) {
        state.withLock { state in
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
        state.withLock { state in
            state.cycles += 1
            state.seconds += seconds
            state.failures += 1
            state.trouble = text
        }
    }
}
