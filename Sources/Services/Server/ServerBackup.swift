import Foundation
import Glibc
import Platform

/// A copy of a server's folder, made while the server runs: a server that is started on the copy goes on from it.
///
/// Each database is copied in one read transaction, in an order in which nothing points to what is not there yet: what was
/// sent on and what was said of alarms before the alarms, and the versions last. Other files are copied until none of them
/// changed meanwhile.
package struct ServerBackup {
    /// What was copied.
    package struct Report: Codable, Equatable, Sendable {
        /// Where the copy lies.
        package var folder: String
        /// The federation.
        package var federation: String
        /// The last version; 0 for none.
        package var version: Int64
        /// Number of the last alarm; 0 for none.
        package var lastAlarm: Int64
        /// Bytes of all files.
        package var bytes: Int
        /// How many files.
        package var files: Int
        /// Whether the server's secret key is in it.
        package var hasKeys: Bool
    }

    /// In the order in which they are copied.
    private static let databases = ["deliveries.db", "operations.db", "alarms.db", "registry.db"]
    private static let keyFiles: Set<String> = ["server.key", "server.next-key"]
    /// What a process makes anew, or what belongs to the process that runs.
    private static let transient: Set<String> = ["lock", "identity.lock"]
    /// What stands between the copy's name and the number of the process that makes it, until it is whole.
    private static let partialMark = ".partial-"
    private static let longestFile = 1 << 32
    private static let deepest = 8
    private static let mostTries = 8

    private let source: String
    private let withKeys: Bool

    /// A copy of the server's folder at `source`.
    ///
    /// - Parameter withKeys: whether the server's secret key goes with it.
    package init(of source: String, withKeys: Bool) {
        self.source = source
        self.withKeys = withKeys
    }

    /// Makes the copy.
    ///
    /// - Parameter target: a folder that is not there yet, or empty.
    /// - Throws: ``ServiceError`` (73) when there is something at `target`, `StorageError` when something cannot be read or
    ///   written; nothing is at `target` then.
    package func write(to target: String) throws -> Report {
        guard FileManager.default.fileExists(atPath: source + "/registry.db") else {
            throw StorageError(
                .missing, operation: "read", path: source + "/registry.db", found: "no such file",
                expected: "the folder of an fl-server")
        }
        // Nobody but the owner looks into what is made here.
        umask(0o077)
        var target = target
        while target.count > 1, target.hasSuffix("/") { target.removeLast() }
        if FileManager.default.fileExists(atPath: target) {
            guard let names = try? FolderContents.names(in: target), names.isEmpty else {
                throw ServiceError(.folder, "\(target): found something, expected no such folder, or an empty one")
            }
        }
        let parent = FileContents.folder(of: target)
        guard !Self.lies(parent, in: source) else {
            throw ServiceError(
                .folder, "\(target): found a place in the folder that is copied, expected one outside \(source)")
        }
        let name = String(target.split(separator: "/").last ?? "")
        AbandonedFiles.remove(from: parent, of: name, mark: Self.partialMark)
        let partial = target + Self.partialMark + "\(getpid())"
        do {
            try FolderContents.makeFolder(partial)
            let report = try fill(partial, as: target)
            // An empty folder is replaced; anything that came meanwhile is not.
            guard unsafe rename(partial, target) == 0 else {
                throw ServiceError(
                    .folder, "\(target): cannot be made: \(unsafe String(cString: strerror(errno)))")
            }
            try FileContents.synchronizeFolder(parent)
            return report
        } catch {
            try? FolderContents.remove(partial)
            throw error
        }
    }

    /// Whether a folder is another one, or lies somewhere in it.
    private static func lies(_ folder: String, in other: String) -> Bool {
        func parts(_ path: String) -> [String] { URL(filePath: path).resolvingSymlinksInPath().pathComponents }
        return parts(folder).starts(with: parts(other))
    }

    private func fill(_ partial: String, as target: String) throws -> Report {
        // The keys and what was said of them belong together; commands that change them wait.
        let store = try IdentityStore(folder: source)
        try store.whileNobodyChanges {
            for name in [IdentityStore.fileName, IdentityStore.fileName + ".sha256", AuditLog.fileName] {
                try copyFile(name, to: partial)
            }
            if withKeys { for name in Self.keyFiles.sorted() { try copyFile(name, to: partial) } }
        }
        for name in Self.databases { try copyDatabase(name, to: partial) }
        try copyOthers(to: partial)
        let registry = try VersionRegistry(path: partial + "/registry.db")
        let report = Report(
            folder: target, federation: try registry.federation().map { "\($0)" } ?? "",
            version: try registry.latestVersion()?.number ?? 0,
            lastAlarm: try AlarmLog(path: partial + "/alarms.db").lastSequence(), bytes: 0, files: 0, hasKeys: withKeys)
        return try counted(report, in: partial)
    }

    private func counted(_ report: Report, in partial: String) throws -> Report {
        var report = report
        for (path, stamp) in try tree(of: partial, skipping: []) {
            // Logs of databases that are open here end with them.
            guard !path.hasSuffix("-wal"), !path.hasSuffix("-shm") else { continue }
            report.bytes += Int(stamp.size)
            report.files += 1
        }
        return report
    }

    /// A copy, opened as a server opens it: what it could not read ends the backup, and it has checksums from the start.
    private func copyDatabase(_ name: String, to partial: String) throws {
        let from = source + "/" + name
        let to = partial + "/" + name
        guard FileManager.default.fileExists(atPath: from) else { return }
        try Database(reading: from).copy(to: to)
        switch name {
        case "deliveries.db": _ = try DeliveryLog(path: to)
        case "operations.db": _ = try OperatorLog(path: to)
        case "alarms.db": _ = try AlarmLog(path: to)
        default: _ = try VersionRegistry(path: to)
        }
    }

    private func copyFile(_ name: String, to partial: String) throws {
        let path = source + "/" + name
        guard FileManager.default.fileExists(atPath: path) else { return }
        try FileContents.writeAtomically(try FileContents.read(path, limit: Self.longestFile), to: partial + "/" + name)
    }

    // MARK: Other files

    private struct Stamp: Equatable {
        var inode: UInt
        var size: Int64
        var seconds: Int
        var nanoseconds: Int
    }

    /// Everything that is neither a database nor about identities, as it was at one moment.
    private func copyOthers(to partial: String) throws {
        var skipped = Self.transient.union(Self.keyFiles).union([
            IdentityStore.fileName, IdentityStore.fileName + ".sha256", AuditLog.fileName,
        ])
        for name in Self.databases { skipped.formUnion(["", "-wal", "-shm", "-sums"].map { name + $0 }) }
        for _ in 0..<Self.mostTries {
            let before = try tree(of: source, skipping: skipped)
            var isWhole = true
            for path in before.keys.sorted() {
                do throws(StorageError) {
                    let bytes = try FileContents.read(source + "/" + path, limit: Self.longestFile)
                    let to = partial + "/" + path
                    if let slash = to.lastIndex(of: "/") { try FolderContents.makeFolder(String(to[..<slash])) }
                    try FileContents.writeAtomically(bytes, to: to)
                } catch {
                    guard error.code == .missing else { throw error }
                    isWhole = false
                }
            }
            if isWhole, try tree(of: source, skipping: skipped) == before { return }
            for path in before.keys { try FolderContents.remove(partial + "/" + path) }
        }
        throw StorageError(
            .busy, operation: "copy", path: source,
            found: "files that changed \(Self.mostTries) times while they were copied",
            expected: "a moment in which none does: try again")
    }

    /// The regular files below a folder, by their paths within it, without those that somebody is just writing.
    private func tree(of folder: String, skipping skipped: Set<String>) throws -> [String: Stamp] {
        var found: [String: Stamp] = [:]
        func look(_ path: String, depth: Int) throws {
            for name in try FolderContents.names(in: path.isEmpty ? folder : folder + "/" + path) {
                let inner = path.isEmpty ? name : path + "/" + name
                guard !skipped.contains(inner), !name.contains(".temporary-") else { continue }
                var status = stat()
                guard unsafe lstat(folder + "/" + inner, &status) == 0 else { continue }
                if status.st_mode & S_IFMT == S_IFDIR {
                    if depth < Self.deepest { try look(inner, depth: depth + 1) }
                } else if status.st_mode & S_IFMT == S_IFREG {
                    found[inner] = Stamp(
                        inode: UInt(status.st_ino), size: Int64(status.st_size), seconds: Int(status.st_mtim.tv_sec),
                        nanoseconds: Int(status.st_mtim.tv_nsec))
                }
            }
        }
        try look("", depth: 0)
        return found
    }
}
