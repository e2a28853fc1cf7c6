import Watching

/// Where a view of the log of alarms stands that is a function of the log: it reads on whenever somebody asks.
struct AlarmLogReader: Sendable {
    /// The entry that was read last; −1 before the first.
    private var sequence: Int64 = -1

    /// Entries of alarms, and as many of what is wrong with the watching, that are read again after a restart: of whatever
    /// there is more, it hides nothing of the other.
    static let mostEntries: Int64 = 20_000
    /// Entries read at a time.
    private static let batch = 1_000

    /// Hands over the events that came since, up to an entry or the log's end, with their numbers. An event that cannot be
    /// read is passed over.
    ///
    /// - Throws: `StorageError`.
    mutating func readOn(in path: String, upTo last: Int64, _ body: (AlarmEvent, Int64) -> Void) throws {
        guard sequence < last || sequence < 0 else { return }
        let log = try AlarmLog(reading: path)
        if sequence < 0 {
            // Where a damaged log cannot be asked, the latest of all have to do.
            let either = max(0, last - Self.mostEntries)
            let alarms = (try? log.start(ofLatest: Self.mostEntries, .alarms)) ?? either
            let findings = (try? log.start(ofLatest: Self.mostEntries, .findings)) ?? either
            sequence = min(alarms, findings)
            try read(log, upTo: min(max(alarms, findings), last), of: alarms < findings ? .alarms : .findings, body)
        }
        try read(log, upTo: last, of: nil, body)
    }

    private mutating func read(
        _ log: AlarmLog, upTo last: Int64, of kind: AlarmLog.Kind?, _ body: (AlarmEvent, Int64) -> Void
    ) throws {
        while sequence < last {
            let page = try log.page(after: sequence, limit: Self.batch, of: kind)
            guard page.last > sequence else { break }
            for entry in page.entries where entry.sequence <= last {
                if let event = try? AlarmEvent(decoding: entry.bytes) { body(event, entry.sequence) }
            }
            sequence = kind == nil ? page.last : min(page.last, last)
        }
        // Of one kind there may be none up to there.
        if kind != nil { sequence = max(sequence, last) }
    }
}
