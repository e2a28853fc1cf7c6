package import Platform

/// What alarms have told of a stream before a row comes.
package enum AlarmPast: Sendable {
    /// Nothing, for long.
    case none
    /// The row before began an alarm of something new.
    case began
    /// An alarm stands, or stood a few rows ago.
    case standing
    /// An alarm is over: what it was about may be on its way back.
    case over
}

/// Keeps track of what alarms have told.
package struct AlarmMemory: Sendable {
    /// Rows after an alarm in which a way back is its end, not something new.
    static let reach = 240
    /// So many rows after something began another alarm is about something new.
    static let longest = 480

    /// What the next row comes after.
    package private(set) var past = AlarmPast.none
    /// Rows with at most so many between them are one alarm.
    private let gap: Int
    /// Rows since the latest one in alarm; `nil`: none within reach.
    private var quiet: Int?
    /// Rows since what was told began.
    private var age = 0

    /// Nothing told yet.
    package init(gap: Int) { self.gap = gap }

    /// The stream has a hole, beyond which nothing looks back.
    package mutating func restart() { self = AlarmMemory(gap: gap) }

    /// Takes in whether a row is in alarm.
    package mutating func update(isAlarm: Bool) {
        age += 1
        if isAlarm {
            let isNew = quiet.map { $0 > gap && age > Self.longest } ?? true
            if isNew { age = 0 }
            quiet = 0
            past = isNew ? .began : .standing
            return
        }
        quiet = quiet.flatMap { $0 + 1 < Self.reach ? $0 + 1 : nil }
        past = quiet.map { $0 < gap ? .standing : .over } ?? .none
    }
}

extension AlarmMemory: StreamState {
    package func save(to state: inout StateWriter) {
        state.append(quiet ?? -1)
        state.append(age)
        state.append(past == .began)
    }

    package mutating func restore(from state: inout StateReader) throws(StateError) {
        let rows = try state.int(in: -1...Self.reach)
        age = try state.int(in: 0...(1 << 60))
        let began = try state.bool()
        quiet = rows < 0 ? nil : rows
        past = began ? .began : quiet.map { $0 < gap ? .standing : .over } ?? .none
    }
}
