import CommandLine
package import Foundation
import Services

/// A process of one of this project's tools, which lies beside the one that starts it.
package final class LoopbackProcess {
    /// What it is called in messages.
    package let name: String
    /// What it says, if that is kept.
    package let log: URL?
    /// How often it was started again.
    package private(set) var restarts = -1
    private let tool: String
    private let arguments: [String]
    private let environment: [String: String]
    private var process: Process?

    /// A process that is not started yet.
    ///
    /// - Parameters:
    ///   - environment: what is added to this process's own.
    ///   - log: where its standard output and error go; `nil`: where this process's go.
    package init(
        tool: String, name: String, arguments: [String], environment: [String: String] = [:], log: URL?
    ) {
        self.tool = tool
        self.name = name
        self.arguments = arguments
        self.environment = environment
        self.log = log
    }

    /// Whether it runs.
    package var isRunning: Bool { process?.isRunning ?? false }

    /// Its number; 0 before it was started.
    package var identifier: Int32 { process?.processIdentifier ?? 0 }

    /// Starts it, or starts it again.
    ///
    /// - Throws: ``CommandLineError`` (69) when the tool is not there, and what the system says otherwise.
    package func start() throws {
        let process = Process()
        let folder = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        let executable = folder.appending(path: tool)
        guard FileManager.default.isExecutableFile(atPath: executable.path) else {
            throw CommandLineError(.unavailable, "\(tool): found none in \(folder.path), expected it beside this tool")
        }
        process.executableURL = executable
        process.arguments = arguments
        if !environment.isEmpty {
            process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        }
        process.standardInput = FileHandle.nullDevice
        if let log {
            if !FileManager.default.fileExists(atPath: log.path) { try Data().write(to: log) }
            let file = try FileHandle(forWritingTo: log)
            try file.seekToEnd()
            process.standardOutput = file
            process.standardError = file
        }
        try process.run()
        self.process = process
        restarts += 1
    }

    /// Waits for its own end.
    package func wait() { process?.waitUntilExit() }

    /// Asks it to end, and does not wait.
    package func interrupt() {
        if let process, process.isRunning { process.terminate() }
    }

    /// Ends it: gently, and after two seconds by force.
    package func end() {
        guard let process, process.isRunning else { return }
        process.terminate()
        for _ in 0..<40 where process.isRunning { Thread.sleep(forTimeInterval: 0.05) }
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
    }

    /// - Throws: ``CommandLineError`` with its last words when it has ended.
    package func requireLife() throws {
        guard isRunning else { throw CommandLineError(.software, "\(name) ended by itself: \(lastWords)") }
    }

    /// The last line that it said; empty where nothing was kept.
    package var lastWords: String {
        guard let log, let text = try? String(contentsOf: log, encoding: .utf8) else { return "" }
        return text.split(separator: "\n").last.map(String.init) ?? ""
    }
}

/// Ports of this machine that nobody uses.
package enum LoopbackPorts {
    /// So many different ports.
    package static func free(_ count: Int) throws -> [Int] {
        var sockets: [Int32] = []
        defer { for socket in sockets { close(socket) } }
        return try (0..<count).map { _ in
            let descriptor = socket(AF_INET, SocketKind.stream, 0)
            sockets.append(descriptor)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let status = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                    bind(descriptor, generic, length) == 0 && getsockname(descriptor, generic, &length) == 0
                }
            }
            guard status else { throw CommandLineError(.unavailable, "no free port on 127.0.0.1") }
            return Int(UInt16(bigEndian: address.sin_port))
        }
    }
}
