import Foundation

/// Collects sources while files and folders are looked through.
struct Discovery {
    /// What a file's name says.
    struct Name: Hashable {
        enum Role: Hashable { case data, interpretation, labels }
        var entity: String
        var part: EntitySource.Part
        var role: Role
        /// The entity's type, where the name tells it beside; see ``EntityFileName``.
        var type: String?
        /// Whether the part is told by words that mean one only beside each other.
        var isTold = false

        func named(_ entity: String) -> Name {
            var name = self
            name.entity = entity
            return name
        }
    }

    private struct Key: Hashable {
        var folder: String
        var entity: String
        var part: EntitySource.Part
    }

    private let options: ReaderOptions
    private var found: [Key: EntitySource] = [:]
    private var companions: [Key: [(role: Name.Role, path: String)]] = [:]
    private var visited: Set<String> = []
    /// The hosts that the files of an entity name, where each names only one.
    private var onlyHosts: [Key: Set<String>] = [:]
    /// What the files that name an entity are called after.
    private var origins: [Key: Set<String>] = [:]
    /// What the files of each folder are called, where it was asked for.
    private var siblings: [String: PartSiblings] = [:]
    /// The files whose parts are told by such words, by what they are part of.
    private var told: [String: [EntitySource.Part: String]] = [:]
    /// Files in folders that were not read, and why.
    private(set) var passedOver: [DataCatalog.Contents.PassedOver] = []

    /// Files and folders that were named.
    private let named: Set<String>

    /// - Parameter paths: all that are going to be added.
    init(options: ReaderOptions, paths: [String]) {
        self.options = options
        named = Set(paths.map { URL(filePath: $0).standardizedFileURL.path })
    }

    /// Deepest nesting of folders looked into.
    private static let maximumDepth = 16

    /// The sources found so far, in their order.
    var sources: [EntitySource] {
        let sites = siteNames
        let hosts = hostNames
        var found = found
        for (key, host) in hosts {
            // The host has an entity of its own where other files of the same name hold several.
            let own = Key(folder: key.folder, entity: host, part: key.part)
            if own != key, let files = found[key]?.files, found[own]?.files.append(contentsOf: files) != nil {
                found[key] = nil
            }
        }
        return found.map { key, source in
            var source = source
            if let host = hosts[key] { source.entity = host }
            source.site = sites[key.folder] ?? source.site
            source.files.sort { Self.natural($0, $1) }
            // Labels belong to the part that is judged; without parts, to the whole.
            if key.part != .train {
                for part in [key.part, .all, .test] {
                    for companion in companions[Key(folder: key.folder, entity: key.entity, part: part)] ?? [] {
                        switch companion.role {
                        case .interpretation:
                            source.interpretationFile = source.interpretationFile ?? companion.path
                        case .labels: source.labelFile = source.labelFile ?? companion.path
                        case .data: break
                        }
                    }
                }
            }
            return source
        }.sorted { a, b in
            if a.site != b.site { return Self.natural(a.site, b.site) }
            if a.entity != b.entity { return Self.natural(a.entity, b.entity) }
            return a.part.rawValue < b.part.rawValue
        }
    }

    /// What entities are called whose files each name the same only host: after it, unless that is what others are called.
    private var hostNames: [Key: String] {
        var names: [Key: String] = [:]
        var holders: [Key: Int] = [:]
        for (key, hosts) in onlyHosts where hosts.count == 1 {
            guard let host = hosts.first else { continue }
            names[key] = host
            holders[Key(folder: key.folder, entity: host, part: key.part), default: 0] += 1
        }
        return names.filter { key, host in
            let own = Key(folder: key.folder, entity: host, part: key.part)
            let isFree = own == key || found[own] == nil || origins[own] == [key.entity]
            return holders[own] == 1 && isFree
        }
    }

    /// The site of each folder: its name, with as many of the folders above it as it takes to keep apart two folders
    /// that have the same entity.
    private var siteNames: [String: String] {
        var depth: [String: Int] = [:]
        for key in found.keys { depth[key.folder] = 1 }
        func site(_ folder: String) -> String {
            let parts = folder.split(separator: "/")
            return parts.isEmpty ? folder : parts.suffix(depth[folder] ?? 1).joined(separator: "/")
        }
        while true {
            var holders: [String: Set<String>] = [:]
            for key in found.keys {
                holders["\(site(key.folder))\n\(key.entity)\n\(key.part.rawValue)", default: []].insert(key.folder)
            }
            let clashing = Set(holders.values.filter { $0.count > 1 }.flatMap { $0 })
            var grown = false
            for folder in clashing where (depth[folder] ?? 1) < folder.split(separator: "/").count {
                depth[folder, default: 1] += 1
                grown = true
            }
            guard grown else { break }
        }
        return Dictionary(uniqueKeysWithValues: depth.keys.map { ($0, site($0)) })
    }

    /// Adds a file or everything in a folder.
    mutating func add(_ path: String) throws {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw TelemetryError(.unreadable, path: path, found: "no such file or folder", expected: "telemetry")
        }
        guard isFolder.boolValue else {
            let url = URL(filePath: path).standardizedFileURL
            if let original = CopyName.original(url.lastPathComponent) {
                let other = url.deletingLastPathComponent().appending(path: original).path
                if named.contains(other), FileManager.default.contentsEqual(atPath: url.path, andPath: other) {
                    passedOver.append(.init(path: path, reason: "the same as \(original)"))
                    return
                }
            }
            try addFile(path, named: true)
            return
        }
        let before = passedOver.count
        guard try addFolder(path, depth: 0) > 0 else {
            let names = passedOver[before...].map { URL(filePath: $0.path).lastPathComponent + ": " + $0.reason }
            let listed =
                names.isEmpty
                ? "no file"
                : "\(names.count == 1 ? "1 file" : "\(names.count) files") and none that a reader knows (\(CleaningPipeline.listed(names)))"
            throw TelemetryError(
                .noData, path: path, found: listed, expected: "a folder with .csv, .tsv, .txt, .json or .jsonl files")
        }
    }

    private mutating func addFolder(_ path: String, depth: Int) throws -> Int {
        // A folder is looked into once, by whatever links it is reached.
        let resolved = URL(filePath: path).resolvingSymlinksInPath().path
        guard depth < Self.maximumDepth, depth == 0 || visited.insert(resolved + "/").inserted else { return 0 }
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: path)
        } catch {
            throw TelemetryError(
                .unreadable, path: path, found: "a folder that cannot be listed", expected: "a readable folder")
        }
        if Set(names).isSuperset(of: Self.report) {
            passedOver.append(.init(path: path, reason: "a report of 'fl-train benchmark', a result of ours"))
            return 0
        }
        var count = 0
        for name in names.sorted(by: Self.natural) where !name.hasPrefix(".") {
            let child = path.hasSuffix("/") ? path + name : path + "/" + name
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: child, isDirectory: &isFolder) else {
                passedOver.append(.init(path: child, reason: "a link to nothing"))
                continue
            }
            if isFolder.boolValue {
                count += try addFolder(child, depth: depth + 1)
            } else if let original = CopyName.original(name), names.contains(original),
                FileManager.default.contentsEqual(
                    atPath: child, andPath: URL(filePath: path).appending(path: original).path)
            {
                passedOver.append(.init(path: child, reason: "the same as \(original)"))
            } else if let kind = FileSource.special(at: child) {
                passedOver.append(.init(path: child, reason: kind))
            } else if let unpacked = Self.unpackedName(name), names.contains(unpacked) {
                passedOver.append(.init(path: child, reason: "\(unpacked) beside it is read"))
            } else if try addFile(child, named: false) {
                count += 1
            }
        }
        return count
    }

    /// Whether a file of a folder with this name (without extension) may be passed over.
    static func isPassedOver(_ stem: String) -> Bool {
        aboutOthers.contains(stem.lowercased()) || LabelWindows.isCalledSo(stem)
    }

    /// Names (without extension) of tables about the entities of a folder: who depends on whom, and what was wrong when.
    private static let aboutOthers: Set<String> = ["dependency", "dependencies", "faults", "windows"]
    /// The folders that a benchmark makes in its report's.
    private static let report: Set<String> = ["measures", "scores", "causes"]
    private static let extensions: Set<String> = [
        "csv", "tsv", "txt", "json", "jsonl", "ndjson", "prom", "openmetrics", "lp",
    ]

    /// The name without the ending of a packed file; `nil` for other names.
    private static func unpackedName(_ name: String) -> String? {
        for ending in [".gz", ".zst", ".zstd"] where name.lowercased().hasSuffix(ending) {
            return String(name.dropLast(ending.count))
        }
        return nil
    }

    @discardableResult
    private mutating func addFile(_ path: String, named: Bool) throws -> Bool {
        let url = URL(filePath: path).standardizedFileURL
        let plainName = Self.unpackedName(url.lastPathComponent) ?? url.lastPathComponent
        let plainURL = URL(filePath: plainName)
        let ending = plainURL.pathExtension.lowercased()
        // collectd writes a file a day without any ending.
        let isDated = ending.isEmpty && DatedName.entity(plainName) != plainName
        guard named || isDated || Self.extensions.contains(ending) else {
            let reason = FileSignature.reason(path) ?? "not named like a table or JSON"
            passedOver.append(.init(path: path, reason: reason))
            return false
        }
        let stem = plainURL.deletingPathExtension().lastPathComponent
        // What `fl-train generate` writes beside its data is no surprise to anybody.
        if !named, plainName == "manifest.json" { return false }
        if !named, Self.aboutOthers.contains(stem.lowercased()) {
            passedOver.append(.init(path: path, reason: "a table about the entities of its folder"))
            return false
        }
        if !named, LabelWindows.isCalledSo(stem), LabelWindows.isWindows(path) {
            passedOver.append(.init(path: path, reason: "windows of time, which --labels reads"))
            return false
        }
        guard visited.insert(url.resolvingSymlinksInPath().path).inserted else { return true }
        let folderURL = url.deletingLastPathComponent()
        // The same name in one form, in whatever form the system that made the file wrote it.
        let form = stem.precomposedStringWithCanonicalMapping
        if !named, let part = PartName(form), let clean = siblings(in: folderURL.path).cleanFile(instead: part) {
            passedOver.append(.init(path: path, reason: "\(clean) beside it, without anomalies, is read"))
            return false
        }
        var name = Self.name(of: form) { siblings(in: folderURL.path) }
        // `train.csv` and `test.csv` are parts of what their folder is named after.
        if name.entity.isEmpty { name.entity = EntityName.safe(folderURL.lastPathComponent) }
        let key = Key(folder: folderURL.path, entity: name.entity, part: name.part)
        guard name.role == .data else {
            companions[key, default: []].append((name.role, path))
            return false
        }
        let opened: OpenedFile
        do {
            opened = try OpenedFile(path, options: options, firstRow: 0)
            // The first row tells prose with commas in it from a table.
            if case .streaming(var reader) = opened { _ = try reader.nextChunk(maximumRows: 1) }
        } catch let error as TelemetryError {
            if named || !Self.passesOver(error, fileExtension: isDated ? "txt" : ending) { throw error }
            passedOver.append(.init(path: path, reason: error.found))
            return false
        }
        if opened.isScores && !named {
            passedOver.append(.init(path: path, reason: "scores, a result of ours"))
            return false
        }
        if name.isTold { told[folderURL.path + "\n" + name.entity, default: [:]][name.part] = url.lastPathComponent }
        let entities = opened.entities.isEmpty ? [name.entity] : opened.entities
        if opened.entities.isEmpty {
            // A name that no file of the entity contradicts.
            let host = opened.onlyHost.map { EntityName.safe($0) }
            let isFirst = found[key] == nil
            if let host, isFirst || onlyHosts[key] != nil {
                onlyHosts[key, default: []].insert(host)
            } else {
                onlyHosts[key] = nil
            }
        }
        for entity in entities {
            let key = Key(folder: folderURL.path, entity: entity, part: name.part)
            if !opened.entities.isEmpty { origins[key, default: []].insert(name.entity) }
            if found[key]?.files.append(path) == nil {
                found[key] = EntitySource(
                    site: folderURL.lastPathComponent, entity: entity, type: name.type ?? Self.type(of: name.entity),
                    part: name.part, files: [path], format: opened.format)
            }
        }
        return true
    }

    /// What the files of a folder are called.
    private mutating func siblings(in folder: String) -> PartSiblings {
        if let known = siblings[folder] { return known }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let found = PartSiblings(
            names.filter { name in
                let plain = URL(filePath: Self.unpackedName(name) ?? name)
                return !name.hasPrefix(".") && Self.extensions.contains(plain.pathExtension.lowercased())
            })
        siblings[folder] = found
        return found
    }

    /// What was understood of names, in words.
    var notes: [String] {
        told.sorted { $0.key < $1.key }.compactMap { _, files in
            guard let train = files[.train], let test = files[.test] else { return nil }
            return "\(train) is taken as the part to learn from, \(test) as the one to judge on"
        }
    }

    /// Whether a file in a folder is passed over instead of refused: a table without numbers; a `.json` that is one
    /// document, not lines (a manifest, say); a `.txt` that is prose.
    private static func passesOver(_ error: TelemetryError, fileExtension: String) -> Bool {
        switch fileExtension {
        case "txt", "prom", "openmetrics", "lp": error.code != .unreadable
        case "json": error.code == .malformed || error.code == .noNumericColumn || error.code == .empty
        default: error.code == .noNumericColumn || error.code == .empty
        }
    }
}
