import Foundation

extension LabelWindows {
    /// The windows that are about an entity with the key `site/entity` among others: see ``assigned(to:)``.
    package func about(_ key: String, among keys: [String] = []) -> [Window] {
        assigned(to: keys.contains(key) ? keys : keys + [key])[key] ?? []
    }

    /// The windows about each of several entities, by their keys `site/entity`, in the order of the file.
    ///
    /// A window is about those that it names: by the key, by the entity or its file where only one is called so, by the
    /// last part of a path where only one path ends so, and, where no entity fits, by the workload of all its instances. A
    /// window without a name is about all. A name that several entities have is about none of them.
    package func assigned(to keys: [String]) -> [String: [Window]] { assignment(to: keys).windows }

    /// Whose windows are whose.
    package struct Assignment {
        /// The windows about each entity, by its key.
        package var windows: [String: [Window]] = [:]
        /// What windows say that they are about.
        package var names: Set<String> = []
        /// What of that is none of the entities, in the order of the file.
        package var strangers: [String] = []
        /// How many windows are about those.
        package var strangerWindows = 0

        /// What is to be said of those among all, in words; `nil` where there are none.
        package func note(of all: Int) -> String? {
            guard strangerWindows > 0 else { return nil }
            let names = strangers.prefix(4).joined(separator: ", ") + (strangers.count > 4 ? ", …" : "")
            return "\(strangerWindows) of \(all) windows are about none of these entities, but \(names)"
        }
    }

    /// The windows about each of several entities, as ``assigned(to:)`` tells them, and what the others are about.
    package func assignment(to keys: [String]) -> Assignment {
        let entities = Entities(keys, paths: Set(windows.compactMap(\.entity)))
        let windows = namedByContent(keys)
        var known: [String: [String]] = [:]
        var result = Assignment()
        for window in windows {
            var owners = keys
            if let name = window.entity {
                if let before = known[name] {
                    owners = before
                } else {
                    owners = entities.eachNamed(name)
                    known[name] = owners
                    result.names.insert(name)
                    if owners.isEmpty { result.strangers.append(name) }
                }
                if owners.isEmpty { result.strangerWindows += 1 }
            }
            for key in Set(owners) { result.windows[key, default: []].append(window) }
        }
        return result
    }

    /// The windows, each with what it is about: what the column says that is named like one of entities, or another of which more
    /// cells are names of entities that there are.
    private func namedByContent(_ keys: [String]) -> [Window] {
        var result = windows
        for table in tables {
            let paths = Set(table.columns.flatMap(\.cells))
            let entities = Entities(keys, paths: paths)
            var known: [String: Bool] = [:]
            func count(_ column: Column) -> Int {
                column.cells.count { cell in
                    if let isName = known[cell] { return isName }
                    let isName = !cell.isEmpty && !entities.eachNamed(cell).isEmpty
                    known[cell] = isName
                    return isName
                }
            }
            if let named = table.columns.first(where: \.isNamed), count(named) > 0 { continue }
            let best = table.columns.map { (column: $0, count: count($0)) }.max { $0.count < $1.count }
            guard let best, best.count > 0 else { continue }
            for (row, cell) in zip(table.rows, best.column.cells) { result[row].entity = cell.isEmpty ? nil : cell }
        }
        return result
    }

    /// The entities of some keys, by what a label file may call them.
    private struct Entities {
        let keys: [String]
        private var byEntity: [String: [String]] = [:]
        private var byWorkload: [String: [String]] = [:]
        /// How many of the paths end in a name.
        private var endings: [String: Int] = [:]

        init(_ keys: [String], paths: Set<String>) {
            self.keys = keys
            for key in Set(keys) {
                let entity = Self.last(key)
                byEntity[entity, default: []].append(key)
                byWorkload[WorkloadName.of(entity), default: []].append(key)
            }
            for path in paths { endings[Self.last(Self.plain(path)), default: 0] += 1 }
        }

        private static func last(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

        /// A name without the ending of a file.
        private static func plain(_ name: String) -> String {
            for ending in [".csv.gz", ".csv", ".txt", ".tsv", ".json", ".jsonl"] where name.hasSuffix(ending) {
                return String(name.dropLast(ending.count))
            }
            return name
        }

        /// The keys of the entities that a window's name means, or those that several names in it mean.
        func eachNamed(_ name: String) -> [String] {
            let whole = named(name)
            guard whole.isEmpty, name.contains(where: { ",;|".contains($0) }) else { return whole }
            return name.split { ",;|".contains($0) }.flatMap { part in
                named(part.trimmingCharacters(in: .whitespaces))
            }
        }

        /// The keys of the entities that a window's name means.
        func named(_ name: String) -> [String] {
            let path = Self.plain(name)
            if keys.contains(path) { return [path] }
            let under = keys.filter { $0.hasSuffix("/" + path) && path.contains("/") }
            if !under.isEmpty { return under.count == 1 ? under : [] }
            let last = Self.last(path)
            guard path == last || endings[last] == 1 else { return [] }
            for entity in [last, EntitySource.entityName(ofFile: last)] {
                if let same = byEntity[entity] { return same.count == 1 ? same : [] }
            }
            return byWorkload[WorkloadName.of(path)] ?? []
        }
    }
}
