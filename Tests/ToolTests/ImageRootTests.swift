import Foundation
import TestSupport
import Testing

/// `scripts/image-root`: the tools start in the root file system that it makes, and nothing else is replaced.
@Suite struct ImageRootTests {
    private static let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "scripts/image-root").path

    private static func run(_ program: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [program] + arguments
        let folder = try TemporaryFolder()
        let path = try folder.write("output", "")
        let file = try FileHandle(forWritingTo: URL(filePath: path))
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = file
        process.standardError = file
        try process.run()
        process.waitUntilExit()
        return (process.terminationStatus, try String(contentsOfFile: path, encoding: .utf8))
    }

    /// Whether a chroot with a /proc can be had here.
    private static let canBeEntered: Bool = {
        let user = geteuid() == 0 ? [] : ["--map-root-user"]
        return (try? run("unshare", user + ["--mount", "mount", "--rbind", "/proc", "/proc"]).status) == 0
    }()

    @Test(.enabled(if: canBeEntered, "no file system can be mounted here"))
    func toolsStartInIt() throws {
        let folder = try TemporaryFolder()
        let made = try Self.run(
            Self.script,
            ["--binaries", ToolProcess.folder.path, "--out", folder.path("root"), "--tools", "fl-alerts", "--check"])
        #expect(made.status == 0, "\(made.output)")
        #expect(made.output.contains("fl-alerts 0.1.0\nbash and chown start\n"), "\(made.output)")
    }

    @Test func whatIsNoImageStays() throws {
        let folder = try TemporaryFolder()
        try folder.write("mine/letter", "dear")
        let binaries = ToolProcess.folder.path
        let refused = try Self.run(
            Self.script, ["--binaries", binaries, "--out", folder.path("mine"), "--tools", "fl-alerts"])
        #expect(refused.status == 73)
        #expect(FileManager.default.fileExists(atPath: folder.path("mine/letter")))
        #expect(try Self.run(Self.script, ["--binaries", folder.path("none")]).status == 66)
        #expect(try Self.run(Self.script, ["--nonsense"]).status == 64)
    }
}
