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
        aboutOthers.contains(stem.lowercased()) || ofLabels.contains(stem.lowercased())
    }

    /// Names (without extension) of tables about the entities of a folder: who depends on whom, and what was wrong when.
    private static let aboutOthers: Set<String> = ["dependency", "dependencies", "faults", "windows"]
    /// Names of tables that may say when something was wrong.
    private static let ofLabels: Set<String> = [
        "label", "labels", "anomaly", "anomalies", "anomaly_windows", "attacks", "events", "ground_truth",
        "groundtruth",
        "incidents", "combined_windows", "combined_labels",
    ]
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
            passedOver.append(.init(path: path, reason: "not named like a table or JSON"))
            return false
        }
        let stem = plainURL.deletingPathExtension().lastPathComponent
        // What `fl-train generate` writes beside its data is no surprise to anybody.
        if !named, plainName == "manifest.json" { return false }
        if !named, Self.aboutOthers.contains(stem.lowercased()) {
            passedOver.append(.init(path: path, reason: "a table about the entities of its folder"))
            return false
        }
        if !named, Self.ofLabels.contains(stem.lowercased()), LabelWindows.isWindows(path) {
            passedOver.append(.init(path: path, reason: "windows of time, which --labels reads"))
            return false
        }
        guard visited.insert(url.resolvingSymlinksInPath().path).inserted else { return true }
        let folderURL = url.deletingLastPathComponent()
        // The same name in one form, in whatever form the system that made the file wrote it.
        var name = Self.name(of: stem.precomposedStringWithCanonicalMapping)
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

    /// Whether a file in a folder is passed over instead of refused: a table without numbers; a `.json` that is one
    /// document, not lines (a manifest, say); a `.txt` that is prose.
    private static func passesOver(_ error: TelemetryError, fileExtension: String) -> Bool {
        switch fileExtension {
        case "txt", "prom", "openmetrics", "lp": error.code != .unreadable
        case "json": error.code == .malformed || error.code == .noNumericColumn || error.code == .empty
        default: error.code == .noNumericColumn
        }
    }

    /// What a file's name (without extension) says: `machine-1-6_train`, `Sample_gnb01_metrics_day10`, `ue0`.
    static func name(of stem: String) -> Name {
        var words = stem.split(separator: "_", omittingEmptySubsequences: true).map(String.init)
        var result = Name(entity: stem, part: .all, role: .data)
        func last() -> String { words.last?.lowercased() ?? "" }
        if words.count > 1 && ["interpretation", "interpretations"].contains(last()) {
            result.role = .interpretation
            words.removeLast()
        } else if words.count > 1 && ["label", "labels"].contains(last()) {
            result.role = .labels
            words.removeLast()
        }
        if words.count > 1, let part = EntitySource.Part(rawValue: last()), part != .all {
            result.part = part
            words.removeLast()
        } else if words.count == 1, let part = EntitySource.Part(rawValue: last()), part != .all {
            return Name(entity: "", part: part, role: result.role)
        }
        // What precedes the part, as it stands there.
        var whole = Substring(stem)
        for word in stem.split(separator: "_").dropFirst(words.count).reversed() {
            while whole.last == "_" { whole.removeLast() }
            whole.removeLast(word.count)
        }
        if words.count < stem.split(separator: "_").count { while whole.last == "_" { whole.removeLast() } }
        if let (entity, type) = EntityFileName.parts(of: String(whole)) {
            (result.entity, result.type) = (entity, type)
            return result
        }
        if words.count > 1 && words[0].lowercased() == "sample" { words.removeFirst() }
        if let metrics = words.firstIndex(where: { ["metric", "metrics"].contains($0.lowercased()) }), metrics > 0 {
            // What follows tells when, not what: further days of the same entity.
            words.removeSubrange(metrics...)
        }
        // Files of several days are of one entity.
        result.entity = DatedName.entity(words.joined(separator: "_"))
        return result
    }

    /// The entity's name without its trailing numbers, or its workload's (``WorkloadName``): an instance that replaces
    /// another one is of its type. The name itself when nothing would be left.
    static func type(of entity: String) -> String {
        let separators: Set<Character> = ["-", "_", ".", " "]
        var type = Substring(WorkloadName.of(entity))
        while let last = type.last, last.isNumber || separators.contains(last) { type.removeLast() }
        return type.isEmpty ? entity : String(type)
    }

    /// Orders runs of digits by their number, so that `enb2` comes before `enb10`; other text by its bytes.
    static func natural(_ a: String, _ b: String) -> Bool {
        let (left, right) = (Array(a.utf8), Array(b.utf8))
        func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
        var (i, j) = (0, 0)
        while i < left.count && j < right.count {
            if isDigit(left[i]) && isDigit(right[j]) {
                let first = left[i...].prefix(while: isDigit)
                let second = right[j...].prefix(while: isDigit)
                let (x, y) = (first.drop { $0 == 0x30 }, second.drop { $0 == 0x30 })
                if x.count != y.count { return x.count < y.count }
                if !x.elementsEqual(y) { return x.lexicographicallyPrecedes(y) }
                (i, j) = (first.endIndex, second.endIndex)
            } else {
                if left[i] != right[j] { return left[i] < right[j] }
                i += 1
                j += 1
            }
        }
        if left.count - i != right.count - j { return left.count - i < right.count - j }
        return a.utf8.lexicographicallyPrecedes(b.utf8)
    }
}
