package import Federation
import Synchronization
package import Watching

/// Alarms that were called false, as a worker's watch reads them.
package struct KnownFalseAlarms: Sendable {
    /// The alarms of each entity, by `site/entity`.
    package let byEntity: [String: [FalseAlarm]]
    /// Notices that cannot be read, by a newer server or of damaged bytes; they change nothing.
    package let unreadable: Int

    /// What notices say.
    package init(_ notices: [FalseAlarmNotice]) {
        var byEntity: [String: [FalseAlarm]] = [:]
        var unreadable = 0
        for notice in notices {
            guard let alarm = try? FalseAlarm(decoding: notice.form), alarm.id == notice.id, alarm.key == notice.entity
            else {
                unreadable += 1
                continue
            }
            byEntity[alarm.key, default: []].append(alarm)
        }
        self.byEntity = byEntity
        self.unreadable = unreadable
    }
}

/// What is called false now, between the node's thread and those that score.
package final class FalseAlarmBoard: Sendable {
    private let state = Mutex<(byEntity: [String: [FalseAlarm]], revision: Int)>(([:], 0))

    /// Nothing is called false.
    package init() {}

    /// How often it changed.
    package var revision: Int { state.withLock { $0.revision } }

    /// What is called false from now on.
    package func put(_ known: KnownFalseAlarms) { state.withLock { $0 = (known.byEntity, $0.revision + 1) } }

    /// The alarms of an entity, and the revision of that.
    package func alarms(of key: String) -> (alarms: [FalseAlarm], revision: Int) {
        state.withLock { ($0.byEntity[key] ?? [], $0.revision) }
    }

    /// When alarms began that were called false, by entity.
    var onsets: [String: Set<Double>] { state.withLock { $0.byEntity }.mapValues { Set($0.map(\.from)) } }
}
