import Synchronization

/// Keeps records in memory: the twin of ``StandardErrorSink`` for tests.
package final class MemorySink: LogSink {
    private let stored = Mutex<[LogRecord]>([])

    /// An empty sink.
    package init() {}

    /// What was written so far, in order.
    package var records: [LogRecord] { stored.withLock { $0 } }

    package func write(_ record: LogRecord) { stored.withLock { $0.append(record) } }
}
