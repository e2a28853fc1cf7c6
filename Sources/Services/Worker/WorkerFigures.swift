import Federation
package import Platform
import Synchronization
import Watching

/// What a worker counts of itself, for its `/metrics`: filled by its threads, read by those of HTTP.
package final class WorkerFigures: Sendable {
    /// How often something was done, and how long all of it took.
    struct Tally {
        var count = 0
        var seconds = 0.0

        mutating func add(_ duration: Duration) {
            count += 1
            seconds += duration.seconds
        }
    }

    /// All of it.
    struct State {
        /// Rounds' work by kind: statistics, training, evaluation.
        var work: [String: Tally] = [:]
        /// The same that failed.
        var failedWork: [String: Int] = [:]
        var fits = Tally()
        var failedFits = 0
        var scoring = Tally()
        /// Rows scored, from files and of live entities.
        var scored: (files: UInt64, live: UInt64) = (0, 0)
        /// Rows of live entities that have come and are not scored.
        var backlog = 0
        /// Findings that were raised, by kind.
        var findings: [String: Int] = [:]
        /// Events of alarms that were spooled, by state.
        var events: [String: Int] = [:]
        /// Lines of the log, by level and message.
        var lines: [Line: Int] = [:]
        var lease: UInt64?
        var leases = 0
        var version: UInt64 = 0
        var entities = 0
        var streamsEnded = false
        var alarmsWaiting: UInt64 = 0
        var waitingFor: String?
        var live: (any LiveEntities)?
    }

    /// A kind of line in the log.
    struct Line: Hashable {
        let level: String
        let message: String
    }

    /// Kinds of lines that are told apart; messages are constants of the program.
    private static let mostLines = 256

    private let state = Mutex(State())

    /// Nothing yet.
    package init() {}

    /// A copy of all.
    var current: State { state.withLock { $0 } }

    /// Says what the worker waits for before it takes part; `nil`: nothing.
    package func waits(for what: String?) { update { $0.waitingFor = what } }

    func update(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }

    /// Counts what was found and said.
    func note(_ events: [AlarmEvent]) {
        guard !events.isEmpty else { return }
        update { state in
            for event in events {
                if let quality = event.quality {
                    if event.state != .cleared { state.findings[quality.kind, default: 0] += 1 }
                } else {
                    state.events[event.state.rawValue, default: 0] += 1
                }
            }
        }
    }

    /// Counts a fit of detectors, whatever comes of it.
    func fitting<Value>(_ body: () throws -> Value) rethrows -> Value {
        let start = ContinuousClock.now
        do {
            let value = try body()
            update { $0.fits.add(ContinuousClock.now - start) }
            return value
        } catch {
            update { $0.failedFits += 1 }
            throw error
        }
    }

    /// Counts a piece of scoring.
    func scoring<Value>(_ body: () throws -> Value) rethrows -> Value {
        let start = ContinuousClock.now
        defer { update { $0.scoring.add(ContinuousClock.now - start) } }
        return try body()
    }

    func line(_ record: LogRecord) {
        guard record.level >= .warning else { return }
        let line = Line(level: record.level == .error ? "error" : "warning", message: record.message)
        update { state in
            guard state.lines[line] != nil || state.lines.count < Self.mostLines else { return }
            state.lines[line, default: 0] += 1
        }
    }

    /// A sink that counts what goes on to another.
    package func counting(_ sink: any LogSink) -> any LogSink { CountingSink(figures: self, sink: sink) }

    private struct CountingSink: LogSink {
        let figures: WorkerFigures
        let sink: any LogSink

        func write(_ record: LogRecord) {
            figures.line(record)
            sink.write(record)
        }
    }
}

/// A learner whose work is counted.
struct CountedLearner: Learner {
    let learner: any Learner
    let figures: WorkerFigures

    var entities: [String] { learner.entities }
    var capabilities: Capabilities { learner.capabilities }

    func measureCapabilities(isCancelled: @escaping @Sendable () -> Bool) throws -> Capabilities {
        try learner.measureCapabilities(isCancelled: isCancelled)
    }

    func work(
        _ key: WorkKey, hyperparameters: [UInt8], model: FederatedModel?, mayAccelerate: Bool,
        isCancelled: @escaping @Sendable () -> Bool
    ) throws -> Contribution {
        let (start, kind) = (ContinuousClock.now, key.kind.description)
        do {
            let made = try learner.work(
                key, hyperparameters: hyperparameters, model: model, mayAccelerate: mayAccelerate,
                isCancelled: isCancelled)
            figures.update { $0.work[kind, default: .init()].add(ContinuousClock.now - start) }
            return made
        } catch {
            figures.update { $0.failedWork[kind, default: 0] += 1 }
            throw error
        }
    }
}
