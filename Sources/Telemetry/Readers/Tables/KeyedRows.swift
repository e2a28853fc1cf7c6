/// All rows of a table that may hold several entities or series, one below the other.
struct KeyedRows {
    /// A column whose cells name things.
    struct Key {
        enum Kind {
            /// Text.
            case text
            /// Numbers that are names by the column's name.
            case identifier
            /// Numbers that may be names: only where they tell rows of the same time apart.
            case part
        }
        let name: String
        let kind: Kind
        /// Index into `words` for each row.
        var codes: [Int32] = []
        /// The texts, in the order in which they were met.
        var words: [String] = []

        var plain: String { Self.plain(name) }

        /// The name as ``ColumnNames/plain(_:)`` has it, without the member of a JSON object that holds it.
        static func plain(_ name: String) -> String {
            let plain = ColumnNames.plain(name)
            for prefix in [
                "tags.", "labels.", "dimensions.", "metric.", "resource.", "fields.", "host.", "attributes.",
            ]
            where plain.hasPrefix(prefix) { return String(plain.dropFirst(prefix.count)) }
            return plain
        }

        /// The one word of a column with the host's name, which is the same in all rows.
        var onlyHost: String? {
            guard kind == .text, words.count == 1, let word = words.first, !word.isEmpty,
                ColumnNames.ownHosts.contains(plain.replacing(" ", with: "_"))
            else { return nil }
            return word
        }

        var isHost: Bool { ColumnNames.hosts.contains(plain.replacing(" ", with: "_")) }
    }

    var schema: [String]
    var times: [Double] = []
    /// `[rows × columns]`, row-major.
    var values: [Double] = []
    var labels: [UInt8]?
    var keys: [Key]

    var rowCount: Int { times.count }
}

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
            }
        }
        func before(_ a: Int, _ b: Int) -> Bool { rank(a) < rank(b) }
        let count = Double(rows.rowCount)
        let repeated = Double(rows.rowCount - start.count)
        guard repeated > 0.02 * count else {
            // Each host has times of its own.
            let hosts = candidates.filter {
                isHost($0) && rows.keys[$0].kind != .part && 4 * rows.keys[$0].words.count <= rows.rowCount
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
                    candidates.first { rows.keys[$0].plain == name && rows.keys[$0].kind != .part }
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
            chosen.append(key)
            groups = finer
        }
        let left = Double(rows.rowCount - groups.count)
        guard left <= Self.tolerance * count || left <= 0.1 * repeated else {
            entityKeys = chosen.filter { isHost($0) && rows.keys[$0].kind != .part }
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

extension KeyedRows {
    /// The entities of the table, each with its rows in time order and its series as columns.
    ///
    /// - Throws: ``TelemetryError`` when the result would be too large.
    func entities(_ choice: KeyChoice, path: String) throws -> [AssembledTable.Entity] {
        choice.columnKeys.isEmpty ? wide(choice) : try long(choice, path: path)
    }

    private func name(_ keys: [Int], _ row: Int) -> String {
        keys.map { self.keys[$0].words[Int(self.keys[$0].codes[row])] }.filter { !$0.isEmpty }.joined(separator: ".")
    }

    private func wide(_ choice: KeyChoice) -> [AssembledTable.Entity] {
        var order: [String] = []
        var rows: [String: [Int]] = [:]
        for row in 0..<rowCount {
            let name = name(choice.entityKeys, row)
            if rows[name] == nil { order.append(name) }
            rows[name, default: []].append(row)
        }
        let schema = longName.map { [$0] } ?? schema
        return order.map { name in
            let own = rows[name] ?? []
            let ownTimes = own.map { times[$0] }
            let direction = RowOrder(ownTimes)
            let sorted = direction.permutation(ownTimes).map { $0.map { own[$0] } } ?? own
            var cells: [Double] = []
            cells.reserveCapacity(sorted.count * schema.count)
            for row in sorted { cells.append(contentsOf: values[(row * schema.count)..<((row + 1) * schema.count)]) }
            return AssembledTable.Entity(
                name: name, schema: schema, times: sorted.map { times[$0] }, values: cells,
                labels: labels.map { labels in sorted.map { labels[$0] } }, notes: direction.note.map { [$0] } ?? [])
        }
    }

    /// The name of the one series of a long table, which stands in a column beside its values.
    private var longName: String? {
        guard schema.count == 1, ColumnNames.values.contains(ColumnNames.plain(schema[0])) else { return nil }
        let key = ColumnNames.series.prefix(14).lazy.compactMap { name in keys.first { $0.plain == name } }.first
        guard let key, key.kind == .text, key.words.count == 1, let word = key.words.first, !word.isEmpty else {
            return nil
        }
        return word
    }

    private func long(_ choice: KeyChoice, path: String) throws -> [AssembledTable.Entity] {
        var assembly = SeriesAssembly(path: path)
        let series = choice.columnKeys.filter { ColumnNames.series.contains(keys[$0].plain) && keys[$0].kind == .text }
        let isLong = schema.count == 1 && !series.isEmpty
        // `_measurement` before `_field`, as a metric's name has them.
        let heads =
            isLong
            ? series.sorted { keys[$0].plain.hasSuffix("measurement") && !keys[$1].plain.hasSuffix("measurement") } : []
        let parts = choice.columnKeys.filter { !heads.contains($0) }
        var known: [[Int32]: [SeriesAssembly.Handle]] = [:]
        for row in 0..<rowCount {
            let identity = (choice.entityKeys + choice.columnKeys).map { keys[$0].codes[row] }
            let handles: [SeriesAssembly.Handle]
            if let found = known[identity] {
                handles = found
            } else {
                let labels = parts.map { key in
                    let word = keys[key].words[Int(keys[key].codes[row])]
                    return "\(Self.labelName(keys[key].name))=\"\(word)\""
                }
                let suffix = labels.isEmpty ? "" : "{" + labels.joined(separator: ",") + "}"
                let entity = name(choice.entityKeys, row)
                let bases =
                    isLong ? [heads.map { keys[$0].words[Int(keys[$0].codes[row])] }.joined(separator: "_")] : schema
                handles = bases.map { assembly.handle(entity: entity, column: ($0.isEmpty ? "value" : $0) + suffix) }
                known[identity] = handles
            }
            for (column, handle) in handles.enumerated() {
                try assembly.add(handle, time: times[row], value: values[row * schema.count + column])
            }
        }
        return try assembly.tables()
    }

    private static func labelName(_ name: String) -> String {
        String(name.drop { $0 == "#" || $0 == " " || $0 == "_" })
    }
}
