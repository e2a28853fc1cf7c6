import Platform
import Synchronization
import Watching

/// The alarms that stand, and those that are over and that nobody has acknowledged: the alarm list of 3GPP TS 28.532. A
/// function of the log of alarms, like ``IncidentBook``: it reads on whenever somebody asks, and nothing of it is kept.
final class AlarmList: Sendable {
    private struct State {
        /// The latest event of each alarm, without its signature.
        var alarms: [String: AlarmEvent] = [:]
        var reader = AlarmLogReader()
    }

    /// Alarms in it; of more those go that are over, and then those that said something longest ago.
    private static let mostAlarms = 10_000
    /// Beyond so many more, what is too many goes.
    private static let slack = 1_000

    private let log: String
    private let state = Mutex(State())

    /// The list of a log of alarms.
    init(log: String) { self.log = log }

    /// The alarms by the numbers of their latest events, having read on up to an entry of the log.
    ///
    /// - Parameter isAcknowledged: whether somebody has taken on an alarm.
    /// - Throws: `StorageError`.
    func current(upTo last: Int64, isAcknowledged: (AlarmEvent) -> Bool) throws -> [AlarmEvent] {
        try state.withLock { state in
            var reader = state.reader
            defer { state.reader = reader }
            try reader.readOn(in: log, upTo: last) { event, sequence in
                guard event.quality == nil else { return }
                var event = event
                (event.signature, event.sequence) = (nil, sequence)
                // What an alarm that is over looks like does not raise it again.
                if event.state == .settled, let before = state.alarms[event.id], before.state == .cleared {
                    (event.state, event.at) = (.cleared, before.at)
                } else if event.isOver == true {
                    event.state = .cleared
                }
                state.alarms[event.id] = event
                if state.alarms.count > Self.mostAlarms + Self.slack { Self.bound(&state) }
            }
            Self.bound(&state)
            return state.alarms.values.filter { $0.state != .cleared || !isAcknowledged($0) }.sorted {
                ($0.sequence ?? 0) < ($1.sequence ?? 0)
            }
        }
    }

    /// The latest events of alarms as the log has them, shown as they stand now; what cannot be read again is as the list has
    /// it.
    func shown(_ events: ArraySlice<AlarmEvent>, _ moment: AlarmView.Moment) -> [AlarmEvent] {
        let log = try? AlarmLog(reading: log)
        return events.map { event in
            guard let log, let number = event.sequence,
                let entry = try? log.page(after: number - 1, limit: 1).entries.first, entry.sequence == number,
                var shown = moment.event(entry.bytes)
            else { return event }
            (shown.signature, shown.sequence, shown.state, shown.at) = (nil, number, event.state, event.at)
            return shown
        }
    }

    private static func bound(_ state: inout State) {
        guard state.alarms.count > mostAlarms else { return }
        let going = state.alarms.values.sorted { a, b in
            let (x, y) = (a.state == .cleared, b.state == .cleared)
            return x == y ? (a.sequence ?? 0) < (b.sequence ?? 0) : x
        }
        for event in going.prefix(state.alarms.count - mostAlarms) { state.alarms[event.id] = nil }
    }
}
