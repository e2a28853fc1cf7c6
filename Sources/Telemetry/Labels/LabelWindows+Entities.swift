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
    package func assigned(to keys: [String]) -> [String: [Window]] {
        let entities = Entities(keys, paths: Set(windows.compactMap(\.entity)))
        var known: [String: [String]] = [:]
        var result: [String: [Window]] = [:]
        for window in windows {
            var owners = keys
            if let name = window.entity {
                owners = known[name] ?? entities.named(name)
                known[name] = owners
            }
            for key in Set(owners) { result[key, default: []].append(window) }
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
