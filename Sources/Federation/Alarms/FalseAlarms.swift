/// An alarm that an operator called false, as the worker that serves its entity hears of it.
package struct FalseAlarmNotice: Codable, Equatable, Sendable {
    /// The alarm's identity.
    package var id: String
    /// `site/entity`.
    package var entity: String
    /// What it reached, as JSON; whoever watches knows what it says.
    package var form: [UInt8]

    /// A notice with every field given.
    package init(id: String, entity: String, form: [UInt8]) {
        self.id = id
        self.entity = entity
        self.form = form
    }

    /// Of one entity at most so many are sent, the latest.
    package static let mostOfAnEntity = 64
    /// A worker gets at most so many, and at most so many bytes of them.
    package static let (most, mostBytes) = (1_024, 2 << 20)

    /// The notices of some entities, within the bounds; of too many the latest of each entity, then the latest but one, and so on.
    ///
    /// - Parameter known: by entity, the latest last.
    static func list(of entities: [String], from known: [String: [FalseAlarmNotice]]) -> [FalseAlarmNotice] {
        guard !known.isEmpty else { return [] }
        let own = entities.compactMap { known[$0].map { Array($0.suffix(mostOfAnEntity).reversed()) } }
        var bytes = mostBytes
        var result: [FalseAlarmNotice] = []
        for age in 0..<(own.map(\.count).max() ?? 0) {
            for notices in own where age < notices.count {
                let notice = notices[age]
                bytes -= notice.form.count + notice.id.utf8.count + notice.entity.utf8.count
                guard result.count < most, bytes >= 0 else { return result }
                result.append(notice)
            }
        }
        return result
    }
}

/// All alarms that were called false of the entities that a worker serves; what it had before is no longer so.
package struct FalseAlarmList: Equatable, Sendable {
    /// Grows under one lease with each change.
    package var revision: UInt64
    /// The alarms.
    package var alarms: [FalseAlarmNotice]

    /// A list with every field given.
    package init(revision: UInt64, alarms: [FalseAlarmNotice]) {
        self.revision = revision
        self.alarms = alarms
    }
}

/// A worker heeds a list.
package struct FalseAlarmReceipt: Equatable, Sendable {
    /// The list's revision.
    package var revision: UInt64

    /// A receipt of a list.
    package init(revision: UInt64) { self.revision = revision }
}
