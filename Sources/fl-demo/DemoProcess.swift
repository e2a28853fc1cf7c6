import CommandLine
import Foundation

/// One of the demo's processes.
final class DemoProcess {
    let name: String
    let log: URL?
    /// How often it was started again.
    private(set) var restarts = -1
    private let tool: String
    private let arguments: [String]
    private var process: Process?

    init(tool: String, name: String, arguments: [String], log: URL?) {
        self.tool = tool
        self.name = name
        self.arguments = arguments
        self.log = log
    }

    var isRunning: Bool { process?.isRunning ?? false }

    /// Starts it, or starts it again.
    func start() throws {
        let process = Process()
        // The tools lie beside this one.
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appending(path: tool)
        process.arguments = arguments
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
    func wait() { process?.waitUntilExit() }

    /// Ends it: gently, and after two seconds by force.
    func end() {
        guard let process, process.isRunning else { return }
        process.terminate()
        for _ in 0..<40 where process.isRunning { Thread.sleep(forTimeInterval: 0.05) }
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
    }
}

/// Ports of this machine that nobody uses.
enum LoopbackPorts {
    /// So many different ports.
    static func free(_ count: Int) throws -> [Int] {
        var sockets: [Int32] = []
        defer { for socket in sockets { close(socket) } }
        return try (0..<count).map { _ in
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
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
