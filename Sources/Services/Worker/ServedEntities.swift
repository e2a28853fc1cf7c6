import Federation
import Platform

/// The entities that a worker tells the server of: those of files, and of those that come over the network as many as
/// there is room for. Live ones come and go.
package struct ServedEntities {
    /// What is to be said of entities that cannot take part.
    package enum Remark: Equatable {
        /// Its name cannot be taken.
        case unsound(String, found: String, expected: String)
        /// There are more than a worker may have.
        case tooMany(Int)
    }

    /// Those of files.
    private let fixed: Set<String>
    /// Most in all.
    private let limit: Int
    /// Live entities as they were last seen.
    private var live: Set<String> = []
    /// Those of them that the server is told of.
    private var served: Set<String> = []
    /// Those whose names cannot be taken.
    private var unsound: Set<String> = []
    private var isCrowded = false

    /// Entities of files.
    package init(fixed: [String], limit: Int = LiveEntity.most) {
        self.fixed = Set(fixed)
        self.limit = limit
    }

    /// What the server is told, sorted.
    package var all: [String] { Array(fixed.union(served).sorted().prefix(limit)) }

    /// Takes which live entities there are; returns whether the server is to be told of others than before, and what there
    /// is to be said. Those that it was told of stay as long as they are there.
    package mutating func take(_ present: [String]) -> (isNews: Bool, remarks: [Remark]) {
        let now = Set(present).subtracting(fixed)
        guard now != live else { return (false, []) }
        var remarks: [Remark] = []
        for name in now.subtracting(live).sorted() {
            guard let flaw = NameRule.flaw(in: name, limit: WireLimits.entity) else { continue }
            unsound.insert(name)
            remarks.append(.unsound(name, found: flaw.found, expected: flaw.expected))
        }
        live = now
        unsound.formIntersection(now)
        let before = served
        served.formIntersection(now)
        let others = now.subtracting(served).subtracting(unsound).sorted()
        let room = max(0, limit - fixed.count - served.count)
        served.formUnion(others.prefix(room))
        if others.count > room, !isCrowded { remarks.append(.tooMany(fixed.count + now.count)) }
        isCrowded = others.count > room
        return (served != before, remarks)
    }
}
