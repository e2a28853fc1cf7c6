import Foundation
import Platform

/// Where a benchmark keeps its files.
struct BenchmarkFolder: Sendable {
    let root: String

    init(_ root: String) { self.root = root }

    /// Whether the folder is another one or lies in it, by whatever links either is reached.
    func lies(in folder: String) -> Bool {
        let (own, other) = (Self.resolved(root), Self.resolved(folder))
        return own == other || own.hasPrefix(other.hasSuffix("/") ? other : other + "/")
    }

    /// The path without links, as far as it is there.
    private static func resolved(_ path: String) -> String {
        var url = URL(filePath: path).standardizedFileURL
        var missing: [String] = []
        while url.path != "/", !FileManager.default.fileExists(atPath: url.path) {
            missing.insert(url.lastPathComponent, at: 0)
            url.deleteLastPathComponent()
        }
        let found = url.resolvingSymlinksInPath().path
        return missing.reduce(found) { $0.hasSuffix("/") ? $0 + $1 : $0 + "/" + $1 }
    }

    func path(_ name: String) -> String { root + "/" + name }

    /// Writes a file below the root, with the folders above it.
    func write(_ bytes: [UInt8], to name: String) throws {
        let path = path(name)
        try FolderContents.makeFolder(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]))
        try FileContents.writeAtomically(bytes, to: path)
    }
}
