package import Platform

/// Brings a worker's alarms to the server, as a value: what is sent when, what is safe, what was refused.
///
/// The spool keeps alarms for a while after they were safe. A server whose folder was restored from an older copy says
/// that it has fewer; then they are sent again from there, or from the oldest that there still is.
///
/// Each start of the worker gives the spool another name, so that an older copy of its folder does not speak for numbers
/// that other alarms had. A server that does not know the name takes the first question's word for how far it is. So it is
/// asked first, the oldest name before the later ones, how far it was under the names before, of which each counts up to
/// the last number that was its own: what it has under one of them it is not sent again.
package struct SpoolDelivery: Sendable {
    /// What is to be done.
    package enum Directive: Equatable, Sendable {
        /// Read at most so many alarms after a number, then hand them to ``SpoolDelivery/read(_:first:at:)``.
        case read(after: UInt64, limit: Int)
        /// Send a batch.
        case send(AlarmBatch)
        /// Everything up to this number is decided: it counts, or it was refused.
        case decided(upTo: UInt64)
        /// Alarms that the server refused, for the dead letters; before they are decided.
        case refused([AlarmReceipt.Refused])
        /// The server has fewer than it had: from this number on everything is sent again.
        case rewound(to: UInt64)
        /// The server knows the spool by its present name: a later start has to ask for it.
        case known
    }

    /// Alarms in the first batch.
    package static let firstBatch = 8
    /// Time below which a batch was quick: then the next one is larger.
    private static let quick: Duration = .milliseconds(500)

    private let limit: Int
    /// Alarms that the next batch has at most.
    private var count: Int
    /// When the batch was sent that has no receipt yet.
    private var sentAt: Instant?
    /// Whether it was asked what became of that.
    private var isDoubtful = false
    /// Questions in a row that were not answered in time.
    private var silences = 0
    /// Time that the last batch took.
    private var lastTime = Duration.zero
    private var spool: UInt64 = 0
    private var oldest: UInt64 = 1
    private var latest: UInt64 = 0
    private var lastAsked: Instant?
    private var hasAsked = false
    private var earlier: [EarlierSpool] = []
    /// How many of the earlier names the server has been asked for under this lease.
    private var askedNames = 0
    /// What the server has under the earlier names.
    private var inherited: UInt64 = 0
    private var isKnown = false
    /// Everything up to this number is decided.
    package private(set) var delivered: UInt64 = 0

    /// Nothing is spooled yet.
    ///
    /// - Parameter limit: alarms in a batch at most; it begins with fewer, and how many there are later is decided by how
    ///   long the last ones took.
    package init(limit: Int) {
        self.limit = limit
        count = min(limit, Self.firstBatch)
    }

    /// Whether everything is decided.
    package var isDone: Bool { latest <= delivered }

    /// How far the spool reaches.
    ///
    /// - Parameters:
    ///   - oldest: number of the first alarm that it still has; one more than `latest` when it has none.
    ///   - delivered: how far the server was when this was last known; for a spool that is new here. Later on receipts say
    ///     it, and the disk's number may be of before one of them.
    ///   - earlier: names that it had at earlier starts, the oldest first; those of the first call count.
    package mutating func spooled(
        spool: UInt64, oldest: UInt64, latest: UInt64, delivered: UInt64, earlier: [EarlierSpool] = []
    ) {
        if spool != self.spool {
            self.delivered = delivered
            self.earlier = earlier
        }
        self.spool = spool
        self.oldest = max(1, oldest)
        self.latest = max(self.latest, latest)
    }

    /// There is a lease, maybe of another server than before: it is asked how far it is.
    package mutating func registered() {
        if sentAt != nil { lost() }
        resume()
        hasAsked = false
        askedNames = 0
        inherited = 0
    }

    /// What was on its way is lost with its connection: the next batch is smaller.
    package mutating func lost() {
        guard sentAt != nil else { return }
        sentAt = nil
        isDoubtful = false
        count = max(1, count / 2)
    }

    /// There is a new connection: nothing has to be waited for.
    package mutating func resume() {
        lastAsked = nil
        silences = 0
    }

    /// Time has passed, under a lease; the retry is the time after which it is asked again, longer where batches take longer,
    /// and longer each time. A batch that has no receipt is not sent again before the server has said that it lacks it: over
    /// a slow link it is on its way, and the question arrives behind it.
    package mutating func tick(at now: Instant, retry: Duration) -> [Directive] {
        guard spool != 0, latest > 0, !isDone || !hasAsked else { return [] }
        if let lastAsked {
            let patience = max(retry, min(lastTime * 3, PiecePace.longestPatience))
            guard now - lastAsked >= patience.doubled(silences, atMost: PiecePace.longestPatience) else { return [] }
            silences += 1
        }
        lastAsked = now
        if sentAt != nil { isDoubtful = true }
        guard hasAsked, !isDoubtful else { return [.send(question())] }
        return [.read(after: max(delivered, oldest - 1), limit: count)]
    }

    /// What was read from the spool; nothing where the spool begins later than it was said to.
    package mutating func read(_ alarms: [[UInt8]], first: UInt64, at now: Instant) -> [Directive] {
        guard !alarms.isEmpty else { return [] }
        sentAt = now
        return [.send(batch(first: first, alarms))]
    }

    /// An empty batch is a question. To a server that does not know the name it says what it has under the names before.
    private func question() -> AlarmBatch {
        let first = max(inherited + 1, oldest)
        let name = askedNames < earlier.count ? earlier[askedNames].spool : spool
        return AlarmBatch(spool: name, first: first, oldest: first, alarms: [])
    }

    private func batch(first: UInt64, _ alarms: [[UInt8]]) -> AlarmBatch {
        AlarmBatch(spool: spool, first: first, oldest: min(oldest, first), alarms: alarms)
    }

    /// The server's answer.
    package mutating func receive(_ receipt: AlarmReceipt, at now: Instant) -> [Directive] {
        if askedNames < earlier.count {
            let name = earlier[askedNames]
            guard receipt.spool == name.spool else { return [] }
            inherited = max(inherited, min(receipt.delivered, name.latest))
            askedNames += 1
            resume()
            return []
        }
        guard receipt.spool == spool else { return [] }
        let isFirst = !hasAsked
        hasAsked = true
        silences = 0
        let known: [Directive] = isKnown ? [] : [.known]
        isKnown = true
        return known + taken(receipt, isFirst: isFirst, at: now)
    }

    private mutating func taken(_ receipt: AlarmReceipt, isFirst: Bool, at now: Instant) -> [Directive] {
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
        guard receipt.delivered > delivered || isFirst else {
            if isDoubtful {
                // The batch that was asked for never arrived.
                lost()
                lastAsked = nil
            }
            return []
        }
        lastAsked = nil
        noteArrived(at: now)
        guard receipt.delivered > delivered else { return [] }
        delivered = min(receipt.delivered, latest)
        return (refused.isEmpty ? [] : [.refused(refused)]) + [.decided(upTo: delivered)]
    }

    private mutating func noteArrived(at now: Instant) {
        guard let sentAt else { return }
        lastTime = now - sentAt
        if lastTime <= Self.quick {
            count = min(limit, count * 2)
        } else if lastTime > Self.quick * 4 {
            count = max(1, count / 2)
        }
        self.sentAt = nil
        isDoubtful = false
    }
}
