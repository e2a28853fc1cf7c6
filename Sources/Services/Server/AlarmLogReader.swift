import Watching

/// Where a view of the log of alarms stands that is a function of the log: it reads on whenever somebody asks.
struct AlarmLogReader: Sendable {
    /// The entry that was read last; −1 before the first.
    private var sequence: Int64 = -1

    /// Entries of the log that are read again after a restart.
    private static let mostEntries: Int64 = 20_000
    /// Entries read at a time.
    private static let batch = 1_000

    /// Hands over the events that came since, up to an entry or the log's end, with their numbers. An event that cannot be
    /// read is passed over.
    ///
    /// - Throws: `StorageError`.
    mutating func readOn(in path: String, upTo last: Int64, _ body: (AlarmEvent, Int64) -> Void) throws {
        guard sequence < last || sequence < 0 else { return }
        let log = try AlarmLog(reading: path)
        if sequence < 0 { sequence = max(0, last - Self.mostEntries) }
        while sequence < last {
            let page = try log.page(after: sequence, limit: Self.batch)
            guard page.last > sequence else { break }
            for entry in page.entries {
                if let event = try? AlarmEvent(decoding: entry.bytes) { body(event, entry.sequence) }
            }
            sequence = page.last
        }
    }
}
