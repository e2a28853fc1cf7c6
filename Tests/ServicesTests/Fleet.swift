import Foundation
import Laboratory
import Services
import Telemetry
import TestSupport
import Watching

/// Real processes of one federation on this machine.
final class Fleet {
    let folder: TemporaryFolder
    let data: String
    private(set) var running: [String: Process] = [:]
    private(set) var ports: [Int] = []

    /// Two sites of one entity each, some hundred rows to learn from, two faults each in the rest, or the given ones.
    init(sites: Int = 2, faults: FaultSelection = .count(2)) throws {
        folder = try TemporaryFolder()
        data = folder.path("data")
        let scenario = SyntheticScenario(
            seed: 5, sites: sites, entitiesPerSite: 1, types: [.enb], hours: 18, stepSeconds: 120, trainingShare: 0.6,
            faults: faults, severity: 6...7)
        _ = try DataGenerator(scenario).write(to: data, replacing: true)
        ports = (0..<3).map { _ in FreePort.one() }
    }

    deinit {
        for name in running.keys { kill(name) }
        // A process that is killed leaves what it put down.
        for path in [LocalDoor.enrolmentPath(ports[1]), LocalDoor.tokenPath(http)] { unlink(path) }
    }

    var http: Int { ports[0] }
    var endpoints: [String] { Self.endpoints([ports[1], ports[2]]) }
    private static func endpoints(_ ports: [Int]) -> [String] {
        ["--control", "tcp://127.0.0.1:\(ports[0])", "--bulk", "tcp://127.0.0.1:\(ports[1])"]
    }

    func startServer(workers: Int, rounds: Int = 2, _ more: [String] = []) throws {
        try start(
            "server", "fl-server",
            [
                "--http", "127.0.0.1:\(http)", "--data-folder", folder.path("server"), "--minimum-workers",
                "\(workers)", "--rounds", "\(rounds)", "--epochs", "1", "--hidden", "8,4", "--heartbeat", "0.2",
                "--log-level",
                "info",
            ] + endpoints, more)
    }

    /// A worker that reaches its site's files, or in a shared domain those of all sites; the server through relays of
    /// its two endpoints, if there are some.
    func startWorker(
        _ site: Int, sharing domain: String? = nil, through relays: [TCPRelay] = [], _ more: [String] = []
    ) throws {
        var reach = domain.map { ["--domain", $0, "--data", data] } ?? ["--data", "\(data)/site\(site)"]
        if relays.count == 2 {
            // At a relay's port lies nothing to enrol with: to the worker its server is another machine's.
            let made = try ToolProcess.run(
                "fl-server",
                ["enrol", "--data-folder", folder.path("server"), "--name", "worker\(site)", "--site", "site\(site)"])
            reach += ["--enrol", made.output.trimmingCharacters(in: .whitespacesAndNewlines)]
        }
        try start(
            "worker\(site)", "fl-worker",
            reach + [
                "--name", "worker\(site)", "--data-folder",
                folder.path("worker\(site)"), "--log-level", "info",
            ] + (relays.count == 2 ? Self.endpoints(relays.map { $0.port }) : endpoints), more)
    }

    /// A worker of sources that never end.
    func startLiveWorker(_ more: [String]) throws {
        try start(
            "worker", "fl-worker",
            ["--name", "live", "--data-folder", folder.path("worker"), "--log-level", "info"] + endpoints, more)
    }

    /// Starts a tool with the fleet's options, but for those that a test gives itself: an option given twice is an error.
    private func start(_ name: String, _ tool: String, _ usual: [String], _ more: [String]) throws {
        let given = Set(more.filter { $0.hasPrefix("--") })
        var isKept = true
        let kept = usual.filter { word in
            if word.hasPrefix("--") { isKept = !given.contains(word) }
            return isKept
        }
        try start(name, tool, kept + more)
    }

    func start(
        _ name: String, _ tool: String, _ arguments: [String], environment: [String: String] = [:]
    ) throws {
        let process = Process()
        if !environment.isEmpty {
            process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        }
        process.executableURL = ToolProcess.folder.appending(path: tool)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        let log = folder.path(name + ".log")
        if !FileManager.default.fileExists(atPath: log) { try Data().write(to: URL(filePath: log)) }
        let file = try FileHandle(forWritingTo: URL(filePath: log))
        try file.seekToEnd()
        process.standardOutput = file
        process.standardError = file
        try process.run()
        running[name] = process
    }

    /// kill -9, and waits for the end.
    func kill(_ name: String) {
        guard let process = running.removeValue(forKey: name) else { return }
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Sends a signal to a process, which goes on.
    func signal(_ name: String, _ number: Int32) {
        if let process = running[name] { Glibc.kill(process.processIdentifier, number) }
    }

    /// SIGTERM; the exit status and how long it took.
    func terminate(_ name: String) -> (status: Int32, duration: Duration) {
        guard let process = running.removeValue(forKey: name) else { return (-1, .zero) }
        let start = ContinuousClock.now
        process.terminate()
        process.waitUntilExit()
        return (process.terminationStatus, ContinuousClock.now - start)
    }

    /// Waits for the end of a process for some seconds; its exit status.
    func exit(of name: String, within seconds: Int = 30) -> Int32? {
        guard let process = running[name], eventually(within: seconds, { !process.isRunning }) else { return nil }
        running[name] = nil
        return process.terminationStatus
    }

    func log(_ name: String) -> String {
        (try? String(contentsOfFile: folder.path(name + ".log"), encoding: .utf8)) ?? ""
    }

    // MARK: What the server says

    func get(_ path: String, headers: [String: String] = [:]) -> String? {
        var body: [UInt8] = []
        let outcome = HTTPClient.get(host: "127.0.0.1", port: http, path: path, headers: headers) {
            body += $0
            return true
        }
        return outcome == .finished ? String(decoding: body, as: UTF8.self) : nil
    }

    /// What the server answers to JSON, with its status.
    func post(_ path: String, _ json: String) -> HTTPClient.Outcome {
        HTTPClient.post(host: "127.0.0.1", port: http, path: path, json: json) { _ in true }
    }

    /// The whole of what a connection gets for some bytes, head and all.
    func raw(_ request: String) -> String { RawHTTP.exchange(http, Array(request.utf8)) }

    private struct Rounds: Decodable {
        var version: UInt64
        var finished: Bool
        var rounds: [RoundEntry]
    }
    private struct Workers: Decodable { var workers: [WorkerEntry] }
    private struct Page: Decodable { var alarms: [AlarmEvent] }

    private func decode<Value: Decodable>(_ path: String) -> Value? {
        get(path).flatMap { try? JSONDecoder().decode(Value.self, from: Data($0.utf8)) }
    }

    var version: UInt64 { (decode("/v1/rounds") as Rounds?)?.version ?? 0 }
    var rounds: [RoundEntry] { (decode("/v1/rounds") as Rounds?)?.rounds ?? [] }
    var workers: [WorkerEntry] { (decode("/v1/workers") as Workers?)?.workers ?? [] }
    var placement: PlacementReport? { decode("/v1/placement") }
    var alarms: [AlarmEvent] { (decode("/v1/alarms?since=0") as Page?)?.alarms ?? [] }

    /// Whether every stream has ended with every alarm delivered.
    func hasEnded(workers count: Int) -> Bool {
        let workers = workers
        return workers.count == count
            && workers.allSatisfy { $0.state == "active" && $0.activity == "scoring" && $0.streamEnded }
    }

    /// The weights of the server's final model, by file.
    func model() throws -> [String: Data] { try Self.weights(folder.path("server/model")) }

    static func weights(_ folder: String) throws -> [String: Data] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".safetensors") }
        return try Dictionary(
            uniqueKeysWithValues: names.map { ($0, try Data(contentsOf: URL(filePath: folder + "/" + $0))) })
    }
}
