import Foundation
import TestSupport
import Testing

/// What a worker holds that waits for its server and learns by itself meanwhile.
@Suite(.serialized) struct WorkerMemoryTests {
    private static let columns = 700

    /// A row of metrics of several kinds; every fourth counts.
    private func line(_ row: Int) -> String {
        let values = (0..<Self.columns).map { column in
            "\(Double((row * (7 + column) * 31) % (101 + column % 13)) / 10 + Double(column % 4 == 1 ? row * column : 0))"
        }
        return "\(1_767_225_600 + row)," + values.joined(separator: ",") + "\n"
    }

    /// Bytes that a process holds: of its own (`RssAnon`), or of files such as its code (`RssFile`).
    private func bytes(_ kind: String, _ process: Process) -> Int? {
        let status = try? String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)
        let line = status?.split(separator: "\n").first { $0.hasPrefix(kind + ":") }
        return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }.map { $0 << 10 }
    }

    private func start(following file: String, log: String, in folder: TemporaryFolder) throws -> Process {
        let process = Process()
        process.executableURL = ToolProcess.folder.appending(path: "fl-worker")
        process.arguments = [
            "--name", "w", "--follow", file, "--plain", "--data-folder", folder.path("worker"), "--control",
            "tcp://127.0.0.1:\(FreePort.one())", "--bulk", "tcp://127.0.0.1:\(FreePort.one())", "--first-rows", "8",
        ]
        process.standardError = try FileHandle(forWritingTo: URL(filePath: log))
        try process.run()
        return process
    }

    /// Detectors are fitted three times, each time to twice as many rows. 520 rows are 3 MB; some 30 MB are held between fits.
    /// Were what a fit needs kept for later, in an arena for each thread, it would be ten times that (280 MB).
    @Test func whatAFitNeedsIsGivenBack() throws {
        let folder = try TemporaryFolder()
        let file = folder.path("rows.csv")
        let header = "time," + (0..<Self.columns).map { "m\($0)" }.joined(separator: ",") + "\n"
        try Data(header.utf8).write(to: URL(filePath: file))
        let log = folder.path("log")
        try Data().write(to: URL(filePath: log))
        let process = try start(following: file, log: log, in: folder)
        defer {
            process.terminate()
            process.waitUntilExit()
        }
        let rows = try FileHandle(forWritingTo: URL(filePath: file))
        try rows.seekToEnd()
        for (count, range) in [(1, 0..<130), (2, 130..<260), (3, 260..<520)] {
            try rows.write(contentsOf: Data(range.map(line).joined().utf8))
            let fitted = eventually(within: 240) {
                let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
                return text.split(separator: "\n").count { $0.contains("watching with what was learned here") } >= count
            }
            #expect(fitted, "\((try? String(contentsOfFile: log, encoding: .utf8)) ?? "")")
        }
        #expect(
            eventually { (bytes("RssAnon", process) ?? .max) < 100 << 20 },
            "\(bytes("RssAnon", process) ?? 0) bytes are held")
    }
}
