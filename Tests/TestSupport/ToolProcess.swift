public import Foundation

/// Runs the package's own executables as a user would: real processes, real files.
public enum ToolProcess {
    /// What a finished process left.
    public struct Result: Sendable {
        /// Its exit status; for a process killed by a signal, minus the signal's number.
        public let status: Int32
        /// Everything it wrote to standard output.
        public let output: String
        /// Everything it wrote to standard error.
        public let errors: String

        /// The lines of standard error.
        public var errorLines: [Substring] { errors.split(separator: "\n") }
    }

    /// The folder that holds the executables: beside the running test bundle.
    public static let folder = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()

    /// Runs a tool to its end.
    public static func run(
        _ tool: String, _ arguments: [String], environment: [String: String] = [:], in directory: URL? = nil
    ) throws -> Result {
        let process = Process()
        process.executableURL = folder.appending(path: tool)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
        if let directory { process.currentDirectoryURL = directory }
        process.standardInput = FileHandle.nullDevice
        // Files, not pipes: a process that writes a lot must not wait for the test to read.
        let scratch = try TemporaryFolder()
        let files = try ["output", "errors"].map { name in
            let url = scratch.url.appending(path: name)
            try Data().write(to: url)
            return try FileHandle(forWritingTo: url)
        }
        process.standardOutput = files[0]
        process.standardError = files[1]
        try process.run()
        process.waitUntilExit()
        for file in files { try file.close() }
        func text(_ name: String) throws -> String {
            String(decoding: try Data(contentsOf: scratch.url.appending(path: name)), as: UTF8.self)
        }
        let status =
            process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
        return Result(status: status, output: try text("output"), errors: try text("errors"))
    }
}
