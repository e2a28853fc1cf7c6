import Foundation
import Services
import TestSupport
import Testing

@Suite struct DescriptorLimitTests {
    @Test func asManyWorkersFitAsWereAskedFor() {
        for workers in [3_000, 10_000, 100_000] {
            let needed = DescriptorLimit.needed(workers: workers)
            #expect(needed > 2 * workers && DescriptorLimit.workers(within: needed) == workers)
        }
        #expect(DescriptorLimit.workers(within: 100) == 0)
    }

    /// A limit is never lowered, and what is said is what holds.
    @Test func raisingNeverLowers() {
        let before = DescriptorLimit.raise(to: 0)
        #expect(before > 0)
        #expect(DescriptorLimit.raise(to: 16) == before)
        #expect(DescriptorLimit.raise(to: 4_096) >= before)
    }

    /// Where hard limits are low and cannot be raised, one line says so; the message library would end the process by a signal.
    @Test(
        .enabled(
            if: (try? Self.shell("ulimit -n 24; ulimit -Hn 64", [])) != 0,
            "who may raise hard limits has no too low one"),
        arguments: ["fl-server", "fl-worker"])
    func tooFewToStartWithIsSaid(tool: String) throws {
        let folder = try TemporaryFolder()
        _ = try folder.write("data/a_train.csv", "time,x\n" + (0..<64).map { "\($0),\($0 % 7)\n" }.joined())
        let isServer = tool == "fl-server"
        let arguments = isServer ? ["--http", "127.0.0.1:0"] : ["--name", "a", "--data", folder.path("data")]
        let errors = folder.path("errors")
        let status = try Self.shell(
            "ulimit -n 24; exec \"$@\" 2> '\(errors)'",
            [ToolProcess.folder.appending(path: tool).path, "--data-folder", folder.path("state")] + arguments)
        let said = try String(contentsOfFile: errors, encoding: .utf8)
        #expect(status == 69, "\(said)")
        #expect(said.contains("allows 24 descriptors, expected at least 128"), "\(said)")
    }

    /// The status of a command line.
    private static func shell(_ command: String, _ arguments: [String]) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = ["-c", command, "bash"] + arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    }
}
