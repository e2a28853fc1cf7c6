import Federation
import Synchronization

/// What the server's loop shows to the threads of HTTP connections.
final class ServerBoard: Sendable {
    /// How things stand.
    struct State: Sendable {
        var federation = ""
        var version: UInt64 = 0
        /// Why nothing goes on; nil where something does.
        var waitingFor: String?
        var finished = false
        /// The round with which the present learning loop began, and how many loops were before it.
        var loop: (start: UInt32, number: UInt32) = (0, 0)
        var open: (round: UInt32, attempt: UInt32, kind: String, accepted: Int)?
        var workers: [String: WorkerEntry] = [:]
        var rejections: [String: Int] = [:]
        var refusedAlarms: [String: Int] = [:]
        var refusedMessages: [String: [String: Int]] = [:]
        var refusedHandshakes = 0
        var refusedConnections: [String: Int] = [:]
        var refusedRequests: [String: [String: Int]] = [:]
        var placement: PlacementReport?
        var placementNodes: PlacementNodes?
        /// Seconds for which the commits of the latest rounds waited for the disk, by round.
        var syncSeconds: [UInt32: Double] = [:]
    }

    private let state = Mutex(State())
    /// A target that came over HTTP and was not taken yet.
    private let target = Mutex<PlacementTarget?>(nil)
    /// Alarms that were called false and that workers heed, each with who does.
    private let heeded = Mutex<(heeded: [String: String], revision: UInt64)>(([:], 0))
    /// Number of the last alarm in the log.
    let lastAlarm = Atomic<Int64>(0)
    /// Grows when workers have told how their entities were scored.
    let lastScores = Atomic<UInt64>(0)
    /// Whether the server is about to stop.
    let stopping = Atomic(false)

    /// A copy of how things stand.
    var current: State { state.withLock { $0 } }

    /// Which alarms that were called false are heeded, and how often that changed.
    var falseAlarms: (heeded: [String: String], revision: UInt64) { heeded.withLock { $0 } }

    func put(heeded alarms: [String: String], revision: UInt64) { heeded.withLock { $0 = (alarms, revision) } }

    func put(_ new: PlacementTarget) { target.withLock { $0 = new } }

    func takeTarget() -> PlacementTarget? {
        target.withLock { target in
            defer { target = nil }
            return target
        }
    }

    func update(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }
}
