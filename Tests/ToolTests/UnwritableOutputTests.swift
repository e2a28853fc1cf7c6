import Foundation
import TestSupport
import Testing

@Suite struct UnwritableOutputTests {
    /// Runs a command line of a shell in which `tools` is the folder of the executables.
    private func shell(_ line: String) throws -> (status: Int32, errors: String) {
        let folder = try TemporaryFolder()
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", "exec 2>\"$1\"; \(line)", "sh", folder.path("errors")]
        process.environment = ProcessInfo.processInfo.environment.merging(["tools": ToolProcess.folder.path]) { $1 }
        try process.run()
        process.waitUntilExit()
        return (process.terminationStatus, try String(contentsOfFile: folder.path("errors"), encoding: .utf8))
    }

    @Test("What could not be printed is no success", arguments: ["fl-train --version", "fl-server --print-config"])
    func aFullDisk(_ command: String) throws {
        let result = try shell("\"$tools\"/\(command) >/dev/full")
        #expect(result.status == 73 && result.errors.contains("standard output: No space left"), "\(result)")
    }

    @Test("A reader that has seen enough is no trouble")
    func aReaderThatGoesAway() throws {
        let result = try shell("{ \"$tools\"/fl-train --reference; echo $? >&2; } | true")
        #expect(["0\n", "141\n"].contains(result.errors), "\(result)")
    }
}
