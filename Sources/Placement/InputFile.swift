import Foundation

/// The bytes of a file that somebody names on a command line.
enum InputFile {
    /// More than that is read of no pipe.
    private static let longestPipe = 4 << 30

    /// Reads a file, or a pipe, such as `/dev/stdin`, to its end.
    ///
    /// - Throws: `PlacementError` that names the file.
    static func read(_ path: String) throws(PlacementError) -> Data {
        if let data = try? Data(contentsOf: URL(filePath: path), options: .mappedIfSafe) { return data }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue,
            let file = FileHandle(forReadingAtPath: path)
        else { throw unreadable(path) }
        var data = Data()
        do {
            while let more = try file.read(upToCount: 1 << 20), !more.isEmpty, data.count <= longestPipe {
                data.append(more)
            }
        } catch { throw unreadable(path) }
        guard data.count <= longestPipe else { throw unreadable(path) }
        return data
    }

    private static func unreadable(_ path: String) -> PlacementError {
        PlacementError(.unreadableFile, file: path, field: "", reason: "the file cannot be read")
    }
}
