import Federation
import Platform
import Watching

/// Which alarms operators have called false, and what these reached: what the workers that serve their entities hear. A
/// function of what lies on the desk and of the log of alarms; nothing of it is kept.
struct FalseAlarmBook {
    private let log: String
    /// The entry of the log up to which the alarms are known; `nil` before the first look.
    private var sequence: Int64?
    /// What the alarms reached, by their identities.
    private var reached: [String: Reached] = [:]
    /// Alarms that are false, in the order in which that was said.
    private var order: [String] = []
    /// Whether anything is otherwise than when that was last said; a look that failed in between has not said it.
    private var isNews = false

    /// What an alarm reached.
    private struct Reached: Equatable {
        /// `nil` where nothing is learned from it, as from what is wrong with the watching.
        var alarm: FalseAlarm?
        /// Whether it is over: then it reaches no more, whoever says so.
        var isOver: Bool

        init(_ event: AlarmEvent?) {
            alarm = event.flatMap { FalseAlarm($0) }
            isOver = event.map(Self.ends) ?? false
        }

        static func ends(_ event: AlarmEvent) -> Bool { event.state == .cleared || event.isOver == true }
    }

    /// Events of one alarm that are looked at for one that can be read.
    private static let mostEvents = 8

    /// A book of a log of alarms.
    init(log: String) { self.log = log }

    /// Takes in what was said, and what has come to the log.
    ///
    /// - Parameters:
    ///   - desk: what operators said; `nil`: what they said before.
    ///   - last: the number of the last entry of the log.
    /// - Returns: whether anything is otherwise than before.
    /// - Throws: `StorageError`.
    mutating func update(_ desk: OperatorDesk?, upTo last: Int64) throws -> Bool {
        if let now = desk?.falseAlarms.map(\.id), now != order {
            let gone = Set(order).subtracting(now)
            for id in gone { reached[id] = nil }
            let log = try AlarmLog(reading: log)
            for id in now where reached[id] == nil {
                let events = try log.entries(of: id, limit: Self.mostEvents)
                let read = events.compactMap { try? AlarmEvent(decoding: $0.bytes) }
                reached[id] = Reached(read.last(where: Reached.ends) ?? read.first)
            }
            order = now
            isNews = true
        }
        try readOn(upTo: last)
        defer { isNews = false }
        return isNews
    }

    /// An alarm that goes on reaches more than when somebody looked at it. Where none is false nothing is read.
    private mutating func readOn(upTo last: Int64) throws {
        guard var place = sequence, place < last, !reached.isEmpty else {
            sequence = last
            return
        }
        let log = try AlarmLog(reading: log)
        while place < last {
            let page = try log.page(after: place)
            guard page.last > place else { break }
            for entry in page.entries {
                guard let event = try? AlarmEvent(decoding: entry.bytes), let before = reached[event.id],
                    !before.isOver
                else { continue }
                reached[event.id] = Reached(event)
                isNews = isNews || reached[event.id] != before
            }
            place = page.last
        }
        sequence = last
    }

    /// The alarms as their workers hear of them, by entity, the latest last.
    var notices: [String: [FalseAlarmNotice]] {
        var result: [String: [FalseAlarmNotice]] = [:]
        for id in order {
            guard let alarm = reached[id]?.alarm, let form = alarm.encoded else { continue }
            result[alarm.key, default: []].append(FalseAlarmNotice(id: id, entity: alarm.key, form: form))
        }
        return result.mapValues { Array($0.suffix(FalseAlarmNotice.mostOfAnEntity)) }
    }

    /// Alarms that something is learned from: those that workers hear of.
    var learnable: Set<String> { Set(notices.values.joined().map(\.id)) }
}
