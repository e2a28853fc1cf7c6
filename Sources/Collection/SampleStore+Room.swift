import Platform
import Services

// What goes when there is no room, or when it is too old.
extension SampleStore {
    private static let blockColumns = "id, entity, first, count, columns, length(bytes), finish, start"

    /// Lets blocks go that are too old, of entities that have new rows, and then the oldest until what is left fits; at
    /// least the latest block of all stays.
    func makeRoom(_ changed: [Int]) throws(StorageError) {
        if let age = limits.ageSeconds {
            let horizon = ahead.horizon(at: wallSeconds())
            for number in Set(changed) {
                // Of a clock that is ahead throughout nobody knows which of its rows are old.
                guard let oldest = states[number].latestPast.map({ $0 - age }) else { continue }
                let entity = states[number].entity
                while let row = try database.query(
                    "SELECT \(Self.blockColumns) FROM blocks WHERE entity = ? AND isTail = 0 ORDER BY first LIMIT 1",
                    [.integer(Int64(entity.number))]
                ).first, let finish = row[6].real, let start = row[7].real,
                    finish < oldest || (finish > horizon && start < oldest)
                {
                    try forget(row)
                }
            }
        }
        while counted.bytes > limits.bytes,
            let row = try database.query(
                "SELECT \(Self.blockColumns) FROM blocks WHERE isTail = 0 ORDER BY finish LIMIT 1"
            ).first
        {
            try forget(row)
        }
    }

    /// Lets a block go.
    private func forget(_ row: [SQLValue]) throws(StorageError) {
        try database.query("DELETE FROM blocks WHERE id = ?", [row[0]])
        let count = Int(row[3].integer ?? 0)
        counted.bytes -= Int(row[5].integer ?? 0)
        counted.samples -= count * Int(row[4].integer ?? 0)
        counted.forgotten += count
        let id = Int(row[1].integer ?? 0)
        if let number = states.firstIndex(where: { $0.entity.number == id }) {
            let next = try database.query(
                "SELECT min(first) FROM blocks WHERE entity = ?", [.integer(Int64(id))]
            ).first?.first?.integer
            states[number].entity.firstRow = next.map { Int($0) } ?? states[number].tailStart
        }
        if recent?.entity == id { recent = nil }
    }

    /// Seconds without a row after which an entity may go to make room for others.
    private static let goneSeconds = 3_600.0
    /// Seconds between two looks for what has gone.
    private static let lookEvery = 60.0

    /// Lets entities go, with all that is known of them, that have had no rows for too long, or are too many.
    func forgetTheGone() throws(StorageError) {
        guard ownTime.isDue(every: Self.lookEvery) else { return }
        let now = ownTime.seconds
        var gone = Set<Int>()
        if let age = limits.ageSeconds {
            gone = Set(states.indices.filter { now - states[$0].seen > max(age, Self.goneSeconds) })
        }
        let excess = states.count - gone.count - limits.entities
        if excess > 0 {
            let idle = states.indices.filter { !gone.contains($0) && now - states[$0].seen > Self.goneSeconds }
            gone.formUnion(idle.sorted { (states[$0].seen, $0) < (states[$1].seen, $1) }.prefix(excess))
        }
        guard !gone.isEmpty else { return }
        for number in gone.sorted() { try forget(states[number].entity) }
        states = states.indices.filter { !gone.contains($0) }.map { states[$0] }
        remakeIndex()
    }

    private func forget(_ entity: Entity) throws(StorageError) {
        let id = SQLValue.integer(Int64(entity.number))
        let held = try database.query(
            "SELECT sum(length(bytes)), sum(count * columns), sum(count) FROM blocks WHERE entity = ?", [id]
        ).first
        try database.query("DELETE FROM blocks WHERE entity = ?", [id])
        try database.query("DELETE FROM entities WHERE id = ?", [id])
        try database.query("DELETE FROM positions WHERE source = ?", [.text(LiveWatch.placeName(entity.key))])
        counted.bytes -= Int(held?[0].integer ?? 0)
        counted.samples -= Int(held?[1].integer ?? 0)
        counted.forgotten += Int(held?[2].integer ?? 0)
    }
}
