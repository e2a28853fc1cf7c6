import CommandLine
import Foundation
import Platform
import Services

/// An `fl-server` that is measured, and its workers: processes of their own on this machine, whose folders and ports are
/// nobody else's.
final class LoopbackFederation {
    /// What all of a measurement's processes have their folders in; goes away with this.
    let work: URL
    private let ports: [Int]
    private var process: LoopbackProcess?
    /// The workers that were started.
    private(set) var workers: [LoopbackProcess] = []

    /// Makes the folders and finds free ports.
    ///
    /// - Throws: ``CommandLineError`` when there are none.
    init() throws {
        work = FileManager.default.temporaryDirectory.appending(path: "faultline-\(UUID().uuidString)")
        ports = try LoopbackPorts.free(3)
        do {
            let mode: [FileAttributeKey: Any] = [.posixPermissions: 0o700]
            for folder in [work, work.appending(path: "runtime")] {
                try FileManager.default.createDirectory(
                    at: folder, withIntermediateDirectories: true, attributes: mode)
            }
        } catch {
            throw CommandLineError(.cannotCreate, "\(work.path): cannot be made")
        }
    }

    deinit {
        end()
        try? FileManager.default.removeItem(at: work)
    }

    /// The server's data folder.
    var folder: String { work.appending(path: "server").path }
    /// Where keys are found: nothing of another server of this user is seen or touched.
    var environment: [String: String] { ["XDG_RUNTIME_DIR": work.appending(path: "runtime").path] }
    var httpPort: Int { ports[0] }
    var control: String { "tcp://127.0.0.1:\(ports[1])" }
    var bulk: String { "tcp://127.0.0.1:\(ports[2])" }

    /// Starts it and waits until it answers.
    ///
    /// - Throws: ``CommandLineError`` with its last words when it does not.
    func start(_ arguments: [String]) throws {
        let process = LoopbackProcess(
            tool: "fl-server", name: "fl-server",
            arguments: [
                "--http", "127.0.0.1:\(ports[0])", "--control", control, "--bulk", bulk, "--data-folder", folder,
                "--log-level", "warning",
            ] + arguments, environment: environment, log: work.appending(path: "server.log"))
        try process.start()
        self.process = process
        let deadline = ContinuousClock.now + .seconds(60)
        while (try? rounds(latest: 1)) == nil {
            try requireLife()
            guard ContinuousClock.now < deadline else {
                throw CommandLineError(.unavailable, "fl-server does not answer: \(process.lastWords)")
            }
            Thread.sleep(forTimeInterval: 0.02)
        }
    }

    /// Starts a worker, whose data folder is called like it.
    ///
    /// - Throws: ``CommandLineError`` when there is no tool to start.
    func startWorker(_ name: String, _ arguments: [String]) throws {
        let worker = LoopbackProcess(
            tool: "fl-worker", name: name,
            arguments: [
                "--name", name, "--control", control, "--bulk", bulk, "--data-folder", work.appending(path: name).path,
                "--log-level", "warning",
            ] + arguments, environment: environment, log: work.appending(path: "\(name).log"))
        try worker.start()
        workers.append(worker)
    }

    /// What the server has used so far.
    func figures() throws -> ProcessFigures {
        guard let process, let figures = ProcessFigures(of: process.identifier) else {
            throw CommandLineError(.software, "fl-server is gone: \(process?.lastWords ?? "")")
        }
        return figures
    }

    /// - Throws: ``CommandLineError`` when a process has ended.
    func requireLife() throws {
        try process?.requireLife()
        for worker in workers { try worker.requireLife() }
    }

    /// Ends the workers, all at once.
    func endWorkers() {
        for worker in workers { worker.interrupt() }
        for worker in workers { worker.end() }
    }

    /// Ends all processes.
    func end() {
        endWorkers()
        process?.end()
    }

    // MARK: What it says

    /// `/v1/rounds`.
    struct Rounds: Decodable {
        var version: UInt64
        var waitingFor: String?
        var rounds: [RoundEntry]
    }

    /// The latest rounds, oldest first.
    func rounds(latest count: Int) throws -> Rounds {
        var body: [UInt8] = []
        let outcome = HTTPClient.get(host: "127.0.0.1", port: ports[0], path: "/v1/rounds?limit=\(count)") {
            body += $0
            return true
        }
        guard outcome == .finished else {
            throw CommandLineError(.unavailable, "fl-server does not answer over HTTP: \(outcome)")
        }
        return try JSONDecoder().decode(Rounds.self, from: Data(body))
    }
}
