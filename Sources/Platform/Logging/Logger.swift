import Synchronization

/// Writes structured log lines: a constant message and named values that vary.
package struct Logger: Sendable {
    private let label: String
    private let threshold: Threshold
    private let sink: any LogSink
    private var metadata: [String: String] = [:]

    /// What a logger and its children have in common: the least that is written.
    private final class Threshold: Sendable {
        private let level: Mutex<LogLevel>

        init(_ level: LogLevel) { self.level = Mutex(level) }

        var value: LogLevel {
            get { level.withLock { $0 } }
            set { level.withLock { $0 = newValue } }
        }
    }

    /// - Parameters:
    ///   - label: the component that speaks, such as `server.rounds`.
    ///   - minimum: lines below this level are dropped before they are made.
    package init(label: String, minimum: LogLevel, sink: any LogSink) {
        self.init(label: label, threshold: Threshold(minimum), sink: sink)
    }

    private init(label: String, threshold: Threshold, sink: any LogSink) {
        self.label = label
        self.threshold = threshold
        self.sink = sink
    }

    /// Lines below this level are dropped from now on, those of children too.
    package func setMinimum(_ level: LogLevel) { threshold.value = level }

    /// The same logger for another component, with more values on every line.
    package func child(_ label: String, _ metadata: [String: String] = [:]) -> Logger {
        var copy = Logger(label: label, threshold: threshold, sink: sink)
        copy.metadata = self.metadata.merging(metadata) { _, new in new }
        return copy
    }

    /// Writes one line if the level is high enough.
    package func log(
        _ level: LogLevel, _ message: StaticString, _ metadata: @autoclosure () -> [String: String] = [:]
    ) {
        guard level >= threshold.value else { return }
        sink.write(
            LogRecord(
                level: level, label: label, message: message.description,
                metadata: self.metadata.merging(metadata()) { _, new in new }))
    }

    /// Something for whoever debugs.
    package func debug(_ message: StaticString, _ metadata: @autoclosure () -> [String: String] = [:]) {
        log(.debug, message, metadata())
    }

    /// Something that happens in normal work.
    package func info(_ message: StaticString, _ metadata: @autoclosure () -> [String: String] = [:]) {
        log(.info, message, metadata())
    }

    /// Something an operator should see even when all is well, such as start and stop.
    package func notice(_ message: StaticString, _ metadata: @autoclosure () -> [String: String] = [:]) {
        log(.notice, message, metadata())
    }

    /// Something wrong that the process mends by itself.
    package func warning(_ message: StaticString, _ metadata: @autoclosure () -> [String: String] = [:]) {
        log(.warning, message, metadata())
    }

    /// Something wrong that needs a person.
    package func error(_ message: StaticString, _ metadata: @autoclosure () -> [String: String] = [:]) {
        log(.error, message, metadata())
    }
}

/// One log line before it is written.
package struct LogRecord: Equatable, Sendable {
    /// How much it matters.
    package var level: LogLevel
    /// The component that speaks.
    package var label: String
    /// What happened; constant, so that it can be searched and counted.
    package var message: String
    /// What varies.
    package var metadata: [String: String]

    /// A record with every field given.
    package init(level: LogLevel, label: String, message: String, metadata: [String: String]) {
        self.level = level
        self.label = label
        self.message = message
        self.metadata = metadata
    }
}

/// Where log lines go.
package protocol LogSink: Sendable {
    /// Takes one line; must not block for long and must not throw.
    func write(_ record: LogRecord)
}
