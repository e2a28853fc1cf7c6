import Autoencoders
package import Federation
import Foundation
import Platform
import Synchronization
package import Telemetry

/// Copies of other workers' samples in a worker's folder: `mirror/<holder>/<entity>/` with the files and, once all are
/// there, compared and safe on the disk, `copy.json` with their sizes and SHA-256.
///
/// What an earlier start left counts only when every byte is still what `copy.json` says (``verify(isCancelled:)``).
///
/// Names come from others: nothing of them reaches the disk but letters, digits and a few signs, behind a checksum that
/// keeps different names apart. Thread-safe as long as each holder is written by one thread.
package final class MirrorFolder: Sendable {
    /// What `copy.json` says.
    struct Manifest: Codable, Equatable {
        struct File: Codable, Equatable {
            var part: String
            var name: String
            /// Bytes that were compared with the holder's; `nil` while the copy is on its way.
            var bytes: UInt64?
            /// SHA-256 of them.
            var digest: String?
        }
        var holder: String
        var entity: String
        var type: String
        var reading: String
        var trainingFormat: String
        var streamFormat: String
        var files: [File]

        /// Whether both are of the same files, whatever is there of them.
        func isOfSameFiles(as other: Manifest) -> Bool {
            func bare(_ manifest: Manifest) -> Manifest {
                var result = manifest
                result.files = manifest.files.map { File(part: $0.part, name: $0.name) }
                return result
            }
            return bare(self) == bare(other)
        }
    }

    private struct Key: Hashable {
        var holder: String
        var entity: String
    }

    private struct Entry {
        var manifest: Manifest
        var bytes: UInt64
        var isWhole = false
        /// Whether an earlier start left it and nobody has compared it yet.
        var isUnverified = false
        /// The state of each file's SHA-256, of a copy that is whole.
        var hashes: [SHA256] = []
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        var assigned: Set<Key> = []
    }

    private static let manifestName = "copy.json"
    private let root: String
    private let limit: UInt64
    private let reading: String
    private let state = Mutex(State())
    /// What is wrong with lists of copies that cannot be used, by folder.
    private let damagedLists: [(folder: String, reason: String)]

    /// The copies below a folder, with what earlier starts left there.
    ///
    /// - Parameters:
    ///   - limit: bytes that all copies may have.
    ///   - reading: how this worker reads files; copies that are read otherwise are of no use.
    package init(_ root: String, limit: UInt64, reading: String) {
        self.root = root
        self.limit = limit
        self.reading = reading
        var damaged: [(folder: String, reason: String)] = []
        var found: [Manifest] = []
        for holder in Self.names(root) {
            for entity in Self.names("\(root)/\(holder)") {
                let folder = "\(root)/\(holder)/\(entity)"
                do {
                    let bytes = try SealedFile.read("\(folder)/\(Self.manifestName)", limit: 1 << 24)
                    let manifest = try DeterministicJSON.decode(Manifest.self, from: bytes)
                    if "\(root)/\(Self.safe(manifest.holder))/\(Self.safe(manifest.entity))" == folder {
                        found.append(manifest)
                    }
                } catch let error as StorageError where error.code == .missing {
                    // A copy that was never whole.
                } catch {
                    damaged.append(("\(holder)/\(entity)", "\(error)"))
                }
            }
        }
        damagedLists = damaged
        for manifest in found where manifest.reading == reading {
            let total = manifest.files.reduce(UInt64(0)) { $0 &+ ($1.bytes ?? 0) }
            state.withLock {
                $0.entries[Key(holder: manifest.holder, entity: manifest.entity)] = Entry(
                    manifest: manifest, bytes: total, isUnverified: true)
            }
        }
    }

    /// Compares what earlier starts left with its checksums; takes as long as it takes to read it all.
    ///
    /// - Parameters:
    ///   - found: called when one more copy can be used.
    ///   - damaged: called with an entity and what is wrong with its copy, which is fetched again when it is needed.
    package func verify(
        isCancelled: () -> Bool, found: () -> Void, damaged: (_ entity: String, _ reason: String) -> Void
    ) {
        for list in damagedLists { damaged(list.folder, list.reason) }
        for (key, entry) in state.withLock({ $0.entries }).sorted(by: { $0.key.entity < $1.key.entity })
        where entry.isUnverified {
            if isCancelled() { return }
            let result = Result { try hashes(of: entry.manifest) }
            let isWhole = state.withLock { state in
                // A mirror may have begun to compare it with its holder meanwhile.
                guard state.entries[key]?.isUnverified == true else { return false }
                guard case .success(let hashes) = result else {
                    state.entries[key] = nil
                    return false
                }
                state.entries[key]?.isUnverified = false
                state.entries[key]?.isWhole = true
                state.entries[key]?.hashes = hashes
                return true
            }
            if isWhole { found() }
            if case .failure(let error) = result { damaged(key.entity, "\(error)") }
        }
    }

    /// The state of each file's SHA-256 when it is what the manifest says; rows that came later and were not yet
    /// recorded are cut off.
    private func hashes(of manifest: Manifest) throws -> [SHA256] {
        try zip(manifest.files, Self.paths(manifest, in: folder(manifest.holder, manifest.entity))).map { file, path in
            guard let bytes = file.bytes, let digest = file.digest else {
                throw ServiceError(.data, "\(path): no checksum was recorded")
            }
            guard let size = FileBytes.size(of: path), size >= bytes else {
                throw ServiceError(.data, "\(path): shorter than the \(bytes) bytes that were written")
            }
            if size > bytes { try FileBytes.truncate(path, to: bytes) }
            let hash = try FileBytes.hash(path, count: bytes)
            guard hash.hexadecimalDigest() == digest else {
                throw ServiceError(.data, "\(path): not what was written; it is fetched again")
            }
            return hash
        }
    }

    private static func names(_ folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }

    /// A name that can stand in any folder, different for different names.
    static func safe(_ name: String) -> String {
        let kept = name.unicodeScalars.prefix(60).map { scalar in
            let isPlain = scalar.isASCII && scalar.properties.isAlphabetic
            return isPlain || ("0"..."9").contains(scalar) || "._-".unicodeScalars.contains(scalar)
                ? Character(scalar) : "_"
        }
        return SHA256.hexadecimalDigest(of: name.utf8).prefix(12) + "-" + String(kept)
    }

    private func folder(_ holder: String, _ entity: String) -> String {
        "\(root)/\(Self.safe(holder))/\(Self.safe(entity))"
    }

    private static func paths(_ manifest: Manifest, in folder: String) -> [String] {
        manifest.files.enumerated().map { "\(folder)/\($0.offset)-\($0.element.part)-\(safe($0.element.name))" }
    }

    private func path(_ holder: String, _ entity: String, _ file: Int) throws -> String {
        guard let entry = state.withLock({ $0.entries[Key(holder: holder, entity: entity)] }),
            entry.manifest.files.indices.contains(file)
        else { throw ServiceError(.data, "no copy of \(entity) was begun") }
        return Self.paths(entry.manifest, in: folder(holder, entity))[file]
    }

    /// Which copies are wanted; others may go when there is no room.
    func assign(_ sources: [SampleSource]) {
        let wanted = sources.flatMap { source in source.entities.map { Key(holder: source.holder, entity: $0) } }
        state.withLock { $0.assigned = Set(wanted) }
    }

    /// The copies that can be used, one for each entity: that of the holder which is assigned, or else any.
    package var copies: [(entity: String, training: EntitySource?, stream: EntitySource?)] {
        let state = state.withLock { $0 }
        var chosen: [String: Key] = [:]
        for (key, entry) in state.entries.sorted(by: { $0.key.holder < $1.key.holder }) where entry.isWhole {
            if chosen[key.entity] == nil || state.assigned.contains(key) { chosen[key.entity] = key }
        }
        return chosen.keys.sorted().compactMap { entity in
            guard let key = chosen[entity], let manifest = state.entries[key]?.manifest else { return nil }
            return (
                entity, source(manifest, .training, part: .train, format: manifest.trainingFormat),
                source(manifest, .stream, part: .test, format: manifest.streamFormat)
            )
        }
    }

    private func source(
        _ manifest: Manifest, _ wanted: SampleListing.Part, part: EntitySource.Part, format: String
    ) -> EntitySource? {
        guard let slash = manifest.entity.lastIndex(of: "/") else { return nil }
        let paths = Self.paths(manifest, in: folder(manifest.holder, manifest.entity))
        let files = zip(manifest.files, paths).filter { $0.0.part == "\(wanted)" }.map(\.1)
        guard !files.isEmpty else { return nil }
        return EntitySource(
            site: String(manifest.entity[..<slash]),
            entity: String(manifest.entity[manifest.entity.index(after: slash)...]), type: manifest.type, part: part,
            files: files, format: SourceFormat(rawValue: format) ?? .generic)
    }

    // MARK: What a mirror does

    /// Makes room for a copy and says what is there of it.
    ///
    /// - Throws: ``ServiceError`` or `StorageError` when there is no room, or when the holder reads its files otherwise.
    package func open(holder: String, entity: String, listing: SampleListing) throws -> (
        lengths: [UInt64], isWhole: Bool
    ) {
        guard listing.reading == reading else {
            throw ServiceError(
                .configuration,
                "\(holder) reads its files with other options (separator, time, labels) than this worker")
        }
        guard entity.contains("/") else { throw ServiceError(.data, "\(entity) names no site") }
        let key = Key(holder: holder, entity: entity)
        let manifest = Manifest(
            holder: holder, entity: entity, type: listing.type, reading: listing.reading,
            trainingFormat: listing.trainingFormat, streamFormat: listing.streamFormat,
            files: listing.files.map { Manifest.File(part: "\($0.part)", name: $0.name) })
        let folder = folder(holder, entity)
        let known = state.withLock { $0.entries[key] }
        let isSame = known?.manifest.isOfSameFiles(as: manifest) ?? false
        let isWhole = known?.isWhole == true && isSame
        if !isSame { try FolderContents.remove(folder) }
        let bytes = listing.files.reduce(UInt64(0)) { sum, file in
            let (next, overflow) = sum.addingReportingOverflow(file.size)
            return overflow ? .max : next
        }
        if !isWhole { try makeRoom(for: bytes, besides: key) }
        try FolderContents.makeFolder(folder)
        var lengths: [UInt64] = []
        for (index, path) in Self.paths(manifest, in: folder).enumerated() {
            var length = FileBytes.size(of: path) ?? 0
            if !isWhole, length > listing.files[index].size { length = 0 }
            if !isWhole { try FileBytes.truncate(path, to: length) }
            lengths.append(length)
        }
        state.withLock { state in
            if isWhole {
                state.entries[key]?.bytes = lengths.reduce(0, +)
            } else {
                state.entries[key] = Entry(manifest: manifest, bytes: bytes)
            }
        }
        return (lengths, isWhole)
    }

    /// Lets copies go that nobody wants any more, if there is no room otherwise.
    private func makeRoom(for bytes: UInt64, besides key: Key) throws {
        while true {
            let (used, victim) = state.withLock { state in
                let others = state.entries.filter { $0.key != key }
                let victim = others.keys.filter { !state.assigned.contains($0) }
                    .min { ($0.holder, $0.entity) < ($1.holder, $1.entity) }
                return (others.values.reduce(UInt64(0)) { $0 &+ $1.bytes }, victim)
            }
            if used <= limit, bytes <= limit - used { return }
            guard let victim else {
                throw ServiceError(
                    .folder,
                    "the copy of \(key.entity) needs \(bytes >> 20) MB, and \((limit - min(used, limit)) >> 20) MB of "
                        + "mirror-limit are left")
            }
            state.withLock { $0.entries[victim] = nil }
            try FolderContents.remove(folder(victim.holder, victim.entity))
        }
    }

    package func append(holder: String, entity: String, file: Int, offset: UInt64, bytes: [UInt8]) throws {
        let path = try path(holder, entity, file)
        let key = Key(holder: holder, entity: entity)
        if state.withLock({ $0.entries[key]?.isWhole }) == true {
            // Appended rows were not foreseen when room was made.
            let used = state.withLock { state in
                state.entries[key]?.bytes += UInt64(bytes.count)
                return state.entries.values.reduce(UInt64(0)) { $0 &+ $1.bytes }
            }
            guard used <= limit else {
                state.withLock { $0.entries[key]?.bytes -= UInt64(bytes.count) }
                throw ServiceError(.folder, "mirror-limit leaves no room for what was appended to \(entity)")
            }
        }
        try FileBytes.append(bytes, to: path, at: offset)
        guard state.withLock({ $0.entries[key]?.isWhole }) == true else { return }
        try FileBytes.synchronize(path)
        let manifest = state.withLock { state -> Manifest? in
            guard var entry = state.entries[key], entry.hashes.indices.contains(file) else { return nil }
            entry.hashes[file].update(bytes)
            entry.manifest.files[file].bytes = offset + UInt64(bytes.count)
            entry.manifest.files[file].digest = entry.hashes[file].hexadecimalDigest()
            state.entries[key] = entry
            return entry.manifest
        }
        if let manifest { try write(manifest) }
    }

    private func write(_ manifest: Manifest) throws {
        let folder = folder(manifest.holder, manifest.entity)
        try SealedFile.write(DeterministicJSON.encode(manifest), to: "\(folder)/\(Self.manifestName)")
    }

    func digest(holder: String, entity: String, file: Int, offset: UInt64, length: Int) throws -> [UInt8] {
        try FileBytes.digest(try path(holder, entity, file), at: offset, count: length)
    }

    func clear(holder: String, entity: String, file: Int) throws {
        try FileBytes.truncate(try path(holder, entity, file), to: 0)
    }

    /// Every file is there and compared: when all of it is safe on the disk, the copy can be used, also after a restart.
    package func complete(holder: String, entity: String) throws {
        let key = Key(holder: holder, entity: entity)
        guard var manifest = state.withLock({ $0.entries[key]?.manifest }) else { return }
        var hashes: [SHA256] = []
        for (index, path) in Self.paths(manifest, in: folder(holder, entity)).enumerated() {
            try FileBytes.synchronize(path)
            let bytes = FileBytes.size(of: path) ?? 0
            let hash = try FileBytes.hash(path, count: bytes)
            manifest.files[index].bytes = bytes
            manifest.files[index].digest = hash.hexadecimalDigest()
            hashes.append(hash)
        }
        try write(manifest)
        state.withLock { state in
            state.entries[key]?.manifest = manifest
            state.entries[key]?.hashes = hashes
            state.entries[key]?.isWhole = true
            state.entries[key]?.isUnverified = false
        }
    }
}
