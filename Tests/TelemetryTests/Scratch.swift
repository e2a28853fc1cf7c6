import Foundation
import Telemetry

/// A folder of its own for one test, gone when the test is over.
final class Scratch {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "faultline-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file and returns its path.
    @discardableResult
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let url = URL(filePath: path).appending(path: name)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
        return url.path
    }

    /// Writes a text file and returns its path.
    @discardableResult
    func write(_ name: String, _ text: String) throws -> String { try write(name, Array(text.utf8)) }

    /// Writes a text and reads it as one source.
    func read(_ text: String, name: String = "host1.csv", options: ReaderOptions = ReaderOptions()) throws
        -> MetricFrame
    {
        try Self.source([try write(name, text)]).read(options: options)
    }

    /// A source over some files.
    static func source(_ files: [String], type: String = "host") -> EntitySource {
        EntitySource(site: "here", entity: type + "1", type: type, part: .all, files: files, format: .generic)
    }
}
