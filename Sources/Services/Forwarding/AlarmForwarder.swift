package import Watching

/// Sends alarms on to one other system. It is asked by one thread, one sending after the other.
package protocol AlarmForwarder: Sendable {
    /// Names it among all forwarders of a server; what it has sent is remembered by this name.
    var name: String { get }
    /// Which kind of system, such as `webhook`.
    var kind: String { get }
    /// Bounds of its deliveries.
    var limits: DeliveryMachine.Limits { get }
    /// The least severe alarm that goes.
    var leastSeverity: AlarmEvent.Severity { get }
    /// The number after which one that is new begins; `nil`: with what comes after it was configured.
    var since: Int64? { get }

    /// Whether it also sends what operators say of alarms.
    var sendsOperations: Bool { get }

    /// Whether it says which alarms belong together.
    var sendsCorrelations: Bool { get }

    /// Tells the peer that what it knows of the alarms is not what the server knows any more: the log was restored from an
    /// older copy.
    func tellRebuilt(federation: String) -> DeliveryOutcome

    /// Sends letters and waits for the answer, some seconds at most.
    ///
    /// - Parameter isReminder: whether the peer has had them before.
    func send(_ letters: [Letter], isReminder: Bool) -> DeliveryOutcome

    /// What the peer is sent at intervals besides.
    var beats: [Beat] { get }

    /// Sends a beat and waits for the answer, some seconds at most. It is asked by a thread of its own, so that no alarm waits for
    /// it; what does not go is not sent again.
    ///
    /// - Parameters:
    ///   - number: grows from one beat of a kind to the next.
    ///   - before: the figures of the beat before; `nil` for the first.
    func send(_ beat: Beat, number: Int64, _ figures: WatchFigures, before: WatchFigures?) -> DeliveryOutcome
}

extension AlarmForwarder {
    package var leastSeverity: AlarmEvent.Severity { .warning }
    package var since: Int64? { nil }
    package var sendsOperations: Bool { false }
    package var sendsCorrelations: Bool { false }
    package func tellRebuilt(federation: String) -> DeliveryOutcome { .taken }
    package var beats: [Beat] { [] }
    package func send(_ beat: Beat, number: Int64, _ figures: WatchFigures, before: WatchFigures?) -> DeliveryOutcome {
        .taken
    }
}
