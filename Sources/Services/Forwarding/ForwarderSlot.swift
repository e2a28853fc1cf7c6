import Platform
import Synchronization
import Watching

/// A forwarder at work: its threads, and how it stands.
final class ForwarderSlot: Sendable {
    let forwarder: any AlarmForwarder
    let status: Mutex<ForwardingReport.Forwarder>
    let threads = Mutex<[BackgroundThread]>([])
    /// Whether the peer is there, by what came of the latest tries.
    let reach: Mutex<ConsumerReach>
    private let troubles = Mutex<[String: String]>([:])
    private let dead = Mutex<[String: Int64]>([:])
    private let wanted = Mutex<[String: [Int64]]>([:])

    init(_ forwarder: any AlarmForwarder, reach: ConsumerReach = ConsumerReach()) {
        self.forwarder = forwarder
        self.reach = Mutex(reach)
        status = Mutex(ForwardingReport.Forwarder(name: forwarder.name, kind: forwarder.kind))
    }

    /// Where what came of its letters is remembered: two feeds at most.
    var feeds: [String] {
        [forwarder.name] + (forwarder.sendsOperations ? [ForwardingThreads.operations(of: forwarder.name)] : [])
    }

    /// Says why a feed's letters do not go; `nil` where they do.
    func say(_ trouble: String?, of feed: String) {
        let first = troubles.withLock {
            $0[feed] = trouble
            return $0.min { $0.key < $1.key }?.value
        }
        status.withLock {
            $0.state = first == nil ? "well" : "failing"
            $0.trouble = first.map { PrintableText.line($0, limit: 300) }
        }
    }

    /// Says how many dead letters a feed has; the feeds of one forwarder show themselves as one.
    func say(dead count: Int64, of feed: String) {
        let all = dead.withLock {
            $0[feed] = count
            return $0.values.reduce(0, +)
        }
        status.withLock { $0.deadLetters = all }
    }

    /// Asks for dead letters to be sent again, by feed.
    func want(_ numbers: [String: [Int64]]) {
        wanted.withLock { $0.merge(numbers) { $0 + $1 } }
    }

    /// What is asked for of a feed since the last time.
    func takeWanted(of feed: String) -> [Int64] { wanted.withLock { $0.removeValue(forKey: feed) } ?? [] }

    /// Notes what came of a try.
    func tried(_ outcome: DeliveryOutcome, at now: Double) {
        var isThere = true
        if case .failed = outcome { isThere = false }
        reach.withLock { $0.tried(reached: isThere, at: now) }
    }

    func stop(upTo limit: Duration? = nil) {
        let all = threads.withLock { $0 }
        for thread in all { thread.cancel() }
        for thread in all { thread.join(upTo: limit) }
    }
}
