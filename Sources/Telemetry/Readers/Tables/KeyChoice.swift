/// Which columns of a table tell its entities apart, and which its series.
///
/// The rule: where times repeat, the columns by which rows of the same time differ are taken, those named like a host
/// first, then those named like a series, other texts, numbers that are names; what does not help is dropped again.
/// Where times do not repeat, a text column named like a host tells entities apart all the same.
struct KeyChoice {
    private(set) var entityKeys: [Int] = []
    private(set) var columnKeys: [Int] = []
    /// Whether rows come in rounds, one of each entity or series at a moment of its own: then the first row of a round says
    /// its time.
    private(set) var isInRounds = false

    /// Most rows of the same time, in a hundred, that may be left.
    private static let tolerance = 0.05

    /// Nothing tells rows apart.
    static let none = KeyChoice()

    private init() {}

    init(_ rows: KeyedRows, entityColumn: String? = nil) {
        let start = Self.groups(rows.times)
        let named = rows.keys.indices.filter { rows.keys[$0].name == entityColumn }
        // Nearly a value a row names rows (flows, requests), not what they are of.
        let perTime = rows.rowCount / max(1, start.count) + 1
        let candidates = rows.keys.indices.filter { key in
            let words = rows.keys[key].words.count
            if rows.keys[key].kind == .number, start.count == rows.rowCount || 2 * words > start.count { return false }
            return words > 1 && (named.contains(key) || 2 * words <= rows.rowCount || words <= 4 * perTime)
        }
        guard !candidates.isEmpty, rows.rowCount > 1 else {
            entityKeys = named
            return
        }
        func isHost(_ key: Int) -> Bool { entityColumn.map { rows.keys[key].name == $0 } ?? rows.keys[key].isHost }
        func rank(_ key: Int) -> (Int, Int) {
            if isHost(key) { return (0, key) }
            if let series = ColumnNames.series.firstIndex(of: rows.keys[key].plain) { return (1, series) }
            switch rows.keys[key].kind {
            case .text: return (2, key)
            case .identifier: return (3, key)
            case .part: return (4, key)
            case .number: return (5, key)
            }
        }
        func before(_ a: Int, _ b: Int) -> Bool { rank(a) < rank(b) }
        let count = Double(rows.rowCount)
        let repeated = Double(rows.rowCount - start.count)
        guard repeated > 0.02 * count else {
            // Each host has times of its own.
            let hosts = candidates.filter {
                isHost($0) && !rows.keys[$0].isNumber && 4 * rows.keys[$0].words.count <= rows.rowCount
            }
            entityKeys = Self.withoutFollowers(hosts, rows)
            if entityKeys.isEmpty { entityKeys = named }
            if entityKeys.isEmpty,
                let key = candidates.filter({ Self.comesRound(rows.keys[$0], rows.times) }).min(by: before)
            {
                if isHost(key) { entityKeys = [key] } else { columnKeys = [key] }
                isInRounds = true
                return
            }
            // A long table whose series have times of their own.
            if rows.schema.count == 1, ColumnNames.values.contains(ColumnNames.plain(rows.schema[0])) {
                let series = ColumnNames.series.lazy.compactMap { name in
                    candidates.first { rows.keys[$0].plain == name && !rows.keys[$0].isNumber && !isHost($0) }
                }.first
                if let series, 4 * rows.keys[series].words.count <= rows.rowCount, !entityKeys.contains(series) {
                    columnKeys = [series]
                }
            }
            return
        }
        var chosen: [Int] = []
        var groups = start
        for key in candidates.sorted(by: before) {
            let left = rows.rowCount - groups.count
            guard Double(left) > 0.01 * count else { break }
            let finer = Self.refined(groups, rows.keys[key].codes)
            guard Double(rows.rowCount - finer.count) <= 0.9 * Double(left) else { continue }
            if rows.keys[key].kind == .number, !Self.fillsGrid(groups, finer, rows.keys[key]) { continue }
            chosen.append(key)
            groups = finer
        }
        let left = Double(rows.rowCount - groups.count)
        guard left <= Self.tolerance * count || left <= 0.1 * repeated else {
            entityKeys = chosen.filter { isHost($0) && !rows.keys[$0].isNumber }
            if entityKeys.isEmpty { entityKeys = named }
            return
        }
        for key in chosen.reversed() where chosen.count > 1 {
            var without = start
            for other in chosen where other != key { without = Self.refined(without, rows.keys[other].codes) }
            if Double(rows.rowCount - without.count) <= left + 0.01 * count { chosen.removeAll { $0 == key } }
        }
        entityKeys = chosen.filter(isHost)
        columnKeys = chosen.filter { !isHost($0) }
        // A host column that each of the columns' names determines is still a host: `web1` and its series.
        let others = candidates.filter { isHost($0) && !entityKeys.contains($0) }
        if entityKeys.isEmpty, let host = others.first, rows.keys[host].kind == .text { entityKeys = [host] }
        if entityKeys.isEmpty { entityKeys = named }
    }

    /// Whether each number of a key comes at nearly every time, and once: what only happens to differ does not.
    private static func fillsGrid(_ groups: Groups, _ finer: Groups, _ key: KeyedRows.Key) -> Bool {
        20 * finer.count >= 19 * groups.count * key.words.count
    }

    /// Each entity of its own for every series: where rows are marked as anomalous, the marks are those of their series.
    func seriesAsEntities() -> KeyChoice {
        var choice = self
        (choice.entityKeys, choice.columnKeys) = (entityKeys + columnKeys, [])
        return choice
    }

    /// Whether a key's words come one after the other, round and round, those of a round close together in time (which days
    /// of the week do not).
    private static func comesRound(_ key: KeyedRows.Key, _ times: [Double]) -> Bool {
        let count = key.words.count
        guard count > 1, count <= 256, times.count >= 3 * count else { return false }
        return key.codes.indices.allSatisfy { row in
            guard key.codes[row] == Int32(row % count) else { return false }
            let start = row - row % count
            guard row % count == count - 1, start + count < times.count else { return true }
            // The newest may come first.
            return 2 * abs(times[row] - times[start]) < abs(times[start + count] - times[start])
        }
    }

    private struct Groups {
        var ids: [Int32]
        var count: Int
    }

    private static func groups(_ times: [Double]) -> Groups {
        var known: [UInt64: Int32] = [:]
        var result = Groups(ids: [], count: 0)
        result.ids.reserveCapacity(times.count)
        for time in times {
            let next = Int32(truncatingIfNeeded: known.count)
            let id = known[time.bitPattern] ?? next
            if id == next { known[time.bitPattern] = next }
            result.ids.append(id)
        }
        result.count = known.count
        return result
    }

    private static func refined(_ groups: Groups, _ codes: [Int32]) -> Groups {
        var known: [UInt64: Int32] = [:]
        var result = Groups(ids: [], count: 0)
        result.ids.reserveCapacity(codes.count)
        for (group, code) in zip(groups.ids, codes) {
            let pair = UInt64(UInt32(bitPattern: group)) << 32 | UInt64(UInt32(bitPattern: code))
            let next = Int32(truncatingIfNeeded: known.count)
            let id = known[pair] ?? next
            if id == next { known[pair] = next }
            result.ids.append(id)
        }
        result.count = known.count
        return result
    }

    /// The keys without those that others determine (the node of a pod).
    private static func withoutFollowers(_ keys: [Int], _ rows: KeyedRows) -> [Int] {
        var left = keys
        for key in keys where left.count > 1 {
            let others = left.filter { $0 != key }
            var groups = Groups(ids: [Int32](repeating: 0, count: rows.rowCount), count: 1)
            for other in others { groups = refined(groups, rows.keys[other].codes) }
            if refined(groups, rows.keys[key].codes).count == groups.count { left = others }
        }
        return left
    }
}
