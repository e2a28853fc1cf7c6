package import Platform

/// Brings a worker's alarms to the server, as a value: what is sent when, what is safe, what was refused.
///
/// The spool keeps alarms for a while after they were safe. A server whose folder was restored from an older copy says
/// that it has fewer; then they are sent again from there, or from the oldest that there still is.
package struct SpoolDelivery: Sendable {
    /// What is to be done.
    package enum Directive: Equatable, Sendable {
        /// Read at most so many alarms after a number, then hand them to ``SpoolDelivery/read(_:)``.
        case read(after: UInt64, limit: Int)
        /// Send a batch.
        case send(AlarmBatch)
        /// Everything up to this number is decided: it counts, or it was refused.
        case decided(upTo: UInt64)
        /// Alarms that the server refused, for the dead letters; before they are decided.
        case refused([AlarmReceipt.Refused])
        /// The server has fewer than it had: from this number on everything is sent again.
        case rewound(to: UInt64)
    }

    private let limit: Int
    private var spool: UInt64 = 0
    private var oldest: UInt64 = 1
    private var latest: UInt64 = 0
    private var lastAsked: Instant?
    private var hasAsked = false
    /// Everything up to this number is decided.
    package private(set) var delivered: UInt64 = 0

    /// Nothing is spooled yet.
    ///
    /// - Parameter limit: alarms in a batch.
    package init(limit: Int) { self.limit = limit }

    /// Whether everything is decided.
    package var isDone: Bool { latest <= delivered }

    /// How far the spool reaches.
    ///
    /// - Parameters:
    ///   - oldest: number of the first alarm that it still has; one more than `latest` when it has none.
    ///   - delivered: how far the server was when this was last known; for a spool that is new here. Later on receipts say
    ///     it, and the disk's number may be of before one of them.
    package mutating func spooled(spool: UInt64, oldest: UInt64, latest: UInt64, delivered: UInt64) {
        if spool != self.spool { self.delivered = delivered }
        self.spool = spool
        self.oldest = max(1, oldest)
        self.latest = max(self.latest, latest)
    }

    /// There is a lease, maybe of another server than before: it is asked how far it is.
    package mutating func registered() {
        lastAsked = nil
        hasAsked = false
    }

    /// Time has passed, under a lease; the retry is the time after which what was not answered is sent again.
    package mutating func tick(at now: Instant, retry: Duration) -> [Directive] {
        guard spool != 0, latest > 0, !isDone || !hasAsked, lastAsked.map({ now - $0 >= retry }) ?? true else {
            return []
        }
        lastAsked = now
        // An empty batch is a question.
        guard hasAsked else { return [.send(batch(first: max(delivered + 1, oldest), []))] }
        return [.read(after: max(delivered, oldest - 1), limit: limit)]
    }

    /// What was read from the spool; nothing where the spool begins later than it was said to.
    package func read(_ alarms: [[UInt8]], first: UInt64) -> [Directive] {
        alarms.isEmpty ? [] : [.send(batch(first: first, alarms))]
    }

    private func batch(first: UInt64, _ alarms: [[UInt8]]) -> AlarmBatch {
        AlarmBatch(spool: spool, first: first, oldest: min(oldest, first), alarms: alarms)
    }

    /// The server's answer.
    package mutating func receive(_ receipt: AlarmReceipt) -> [Directive] {
        guard receipt.spool == spool else { return [] }
        let isFirst = !hasAsked
        hasAsked = true
        let refused = receipt.refused.filter { $0.number > delivered && $0.number <= latest }
        if receipt.delivered < delivered {
            // Only the answer to a question says so for certain: other receipts may be late ones, so it is asked again.
            guard isFirst else {
                hasAsked = false
                return []
            }
            lastAsked = nil
            let start = max(receipt.delivered, oldest - 1)
            guard start < delivered else { return [] }
            delivered = start
            return [.rewound(to: start)]
        }
        // What brings nothing new is not answered at once: the next question has its time.
        guard receipt.delivered > delivered || isFirst else { return [] }
        lastAsked = nil
        guard receipt.delivered > delivered else { return [] }
        delivered = min(receipt.delivered, latest)
        return (refused.isEmpty ? [] : [.refused(refused)]) + [.decided(upTo: delivered)]
    }
}
