import CommandLine
import Foundation
import Platform
import Services
import Synchronization
import Watching

/// `fl-train bench live`: real server and workers, each of which scrapes an endpoint once a second. The endpoint breaks now
/// and then; measured is the time from a sample to the alarm event on the server's feed, and what it costs.
struct BenchLive {
    static let metrics = Option(
        "metrics", "M", default: 1000, "live: metrics that a worker watches", constraint: "from 8 to 10000"
    ) { (8...10_000).contains($0) }
    static let seconds = Option(
        "seconds", "N", default: 120, "live: seconds that are measured, after those of learning",
        constraint: "from 20 to 86400"
    ) { (20...86_400).contains($0) }
    static let learning = Option(
        "learning", "N", default: 150, "live: seconds for which samples come before a fault",
        constraint: "from 100 to 86400"
    ) { (100...86_400).contains($0) }
    /// What says nothing of other benchmarks.
    static let own: [any AnyOption] = [metrics, seconds, learning]

    /// What was measured.
    struct Result: Encodable {
        /// Workers, and metrics of each.
        var workers: Int
        var metrics: Int
        /// Seconds measured, and rows of all workers in them.
        var seconds: Double
        var rows: Int
        /// Alarm events that came in them.
        var events: Int
        /// Milliseconds from when the endpoint gave a sample to when the event that it made was read from the feed.
        var latencyP50Milliseconds: Double?
        var latencyP99Milliseconds: Double?
        var latencyMaximumMilliseconds: Double?
        /// Processor time over wall time, of all workers and of the server.
        var workerCores: Double
        var serverCores: Double
        /// Mebibytes, the largest of the workers and the server's.
        var workerResidentMebibytes: Double
        var serverResidentMebibytes: Double
        /// Bytes of `samples.db` for each sample in it, over all workers.
        var bytesPerSample: Double
    }

    /// One worker's endpoint: what it gave when, by the row's time in milliseconds since 1970.
    private final class Exporter: Sendable {
        private struct State {
            var row = 0
            var faultBegins = Int.max
            var given: [Int64: ContinuousClock.Instant] = [:]
        }
        /// Rows from one fault to the next, and rows of one.
        static let period = 30
        static let faultRows = 6

        private let metrics: Int
        private let seed: UInt64
        private let state = Mutex(State())

        init(metrics: Int, seed: Int) {
            self.metrics = metrics
            self.seed = UInt64(seed + 1)
        }

        var rows: Int { state.withLock { $0.row } }

        /// From the next row on there are faults.
        func breakNowAndThen() { state.withLock { $0.faultBegins = $0.row } }

        /// When the sample of a time was given.
        func moment(_ milliseconds: Int64) -> ContinuousClock.Instant? { state.withLock { $0.given[milliseconds] } }

        /// The next row, with its time.
        func text() -> String {
            let now = Int64(Date.now.timeIntervalSince1970 * 1_000)
            let (row, isBroken) = state.withLock { state -> (Int, Bool) in
                defer { state.row += 1 }
                let since = state.row - state.faultBegins
                return (state.row, since >= 0 && since % Self.period < Self.faultRows)
            }
            var noise = SplitMix(state: seed &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(row))
            var text = ""
            text.reserveCapacity(metrics * 48)
            let load = noise.next() + Double(row % 30) / 15
            for metric in 0..<metrics {
                let fault = isBroken && metric % 4 == 0 ? 25.0 : 0
                text += "bench_m\(metric) \(load * Double(metric % 7) + noise.next() + fault) \(now)\n"
            }
            state.withLock { state in
                state.given[now] = .now
                if state.given.count > 4_096 { state.given = state.given.filter { $0.key > now - 600_000 } }
            }
            return text
        }
    }

    private struct SplitMix {
        var state: UInt64
        mutating func next() -> Double {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return Double((z ^ (z >> 31)) >> 11) * 0x1p-53
        }
    }

    /// Runs it and prints.
    static func run(_ arguments: Arguments, _ console: Console) async throws {
        let bench = BenchLive(
            count: arguments[optional: ProcessBenchOptions.workers] ?? 3, metrics: arguments[metrics],
            learning: arguments[learning],
            seconds: arguments[seconds])
        let result = try await BackgroundThread.run { try bench.measure { console.progress($0) } }
        switch (arguments[optional: ProcessBenchOptions.format] ?? .json) {
        case .json: try console.printJSON(result)
        case .table:
            func text(_ value: Double?) -> String { value.map { Quantity.number($0) } ?? "none" }
            var table = Table(["figure", "value"])
            table.add(["rows", "\(result.rows)"])
            table.add(["alarm events", "\(result.events)"])
            table.add(["sample to event, p50", "\(text(result.latencyP50Milliseconds)) ms"])
            table.add(["sample to event, p99", "\(text(result.latencyP99Milliseconds)) ms"])
            table.add(["workers' processor", "\(text(result.workerCores)) cores"])
            table.add(["server's processor", "\(text(result.serverCores)) cores"])
            table.add(["largest worker", "\(text(result.workerResidentMebibytes)) MiB"])
            table.add(["server", "\(text(result.serverResidentMebibytes)) MiB"])
            table.add(["bytes of a sample", text(result.bytesPerSample)])
            console.print(table.text)
        }
    }

    let count: Int
    let metrics: Int
    let learning: Int
    let seconds: Int

    func measure(_ progress: (String) -> Void) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.path + "/fl-bench-live-\(getpid())"
        try FolderContents.makeFolder(folder)
        defer { try? FolderContents.remove(folder) }
        let exporters = (0..<count).map { Exporter(metrics: metrics, seed: $0) }
        let endpoints = try exporters.map { exporter in
            try HTTPServer(host: "127.0.0.1", port: 0) { _ in .text(200, exporter.text()) }
        }
        defer { for endpoint in endpoints { endpoint.stop() } }
        // Ports that were free a moment ago.
        let ports = try (0..<3).map { _ in
            try HTTPServer(host: "127.0.0.1", port: 0) { _ in .text(200, "") }
        }
        let (http, control, bulk) = (ports[0].port, ports[1].port, ports[2].port)
        for port in ports { port.stop() }
        var processes: [Process] = []
        defer { for process in processes { end(process) } }
        let links = ["--control", "tcp://127.0.0.1:\(control)", "--bulk", "tcp://127.0.0.1:\(bulk)"]
        processes.append(
            try start(
                "fl-server",
                ["--http", "127.0.0.1:\(http)", "--data-folder", folder + "/server", "--minimum-workers", "\(count)"]
                    + ["--rounds", "1", "--epochs", "1", "--hidden", "8,4"] + links, log: folder + "/server.log"))
        for (index, endpoint) in endpoints.enumerated() {
            let configuration = """
                {"sources": [{"kind": "prometheus-scrape", "targets": ["127.0.0.1:\(endpoint.port)"], "preset": "none",
                  "intervalSeconds": 1, "site": "bench\(index)", "entity": "host", "type": "host"}]}
                """
            try FileContents.writeAtomically(Array(configuration.utf8), to: folder + "/worker\(index).json")
            processes.append(
                try start(
                    "fl-worker",
                    ["--name", "w\(index)", "--data-folder", folder + "/w\(index)", "--config"]
                        + [folder + "/worker\(index).json"] + links, log: folder + "/w\(index).log"))
        }
        try pass(learning, of: "learning", processes, folder, progress)
        let feed = Feed()
        let reader = BackgroundThread(name: "feed") { isCancelled in
            var parser = EventStreamParser()
            _ = HTTPClient.get(host: "127.0.0.1", port: http, path: "/v1/alarms/stream") { bytes in
                for event in parser.append(bytes) { feed.take(event.data) }
                return !isCancelled()
            }
        }
        defer {
            reader.cancel()
            reader.join(upTo: .seconds(5))
        }
        for exporter in exporters { exporter.breakNowAndThen() }
        let (began, rows) = (ContinuousClock.now, exporters.map(\.rows).reduce(0, +))
        let before = processes.map { processorSeconds(of: $0) }
        try pass(seconds, of: "measuring", processes, folder, progress)
        let wall = (ContinuousClock.now - began) / .seconds(1)
        let used = zip(processes, before).map { processorSeconds(of: $0) - $1 }
        let resident = processes.map { Self.resident($0) }
        let measured = exporters.map(\.rows).reduce(0, +) - rows
        let latencies = feed.events.compactMap { event -> Double? in
            guard event.arrived >= began, let index = Int(event.site.dropFirst("bench".count)),
                exporters.indices.contains(index), let given = exporters[index].moment(event.milliseconds)
            else { return nil }
            return (event.arrived - given) / .milliseconds(1)
        }.sorted()
        for process in processes { end(process) }
        processes = []
        let stored = (0..<count).reduce(0) { sum, index in
            sum
                + ((try? FileManager.default.attributesOfItem(atPath: "\(folder)/w\(index)/samples.db")[.size] as? Int)
                    ?? 0)
        }
        let samples = exporters.map(\.rows).reduce(0, +) * metrics
        func quantile(_ share: Double) -> Double? {
            latencies.isEmpty ? nil : latencies[min(latencies.count - 1, Int(share * Double(latencies.count)))]
        }
        return Result(
            workers: count, metrics: metrics, seconds: wall, rows: measured, events: latencies.count,
            latencyP50Milliseconds: quantile(0.5), latencyP99Milliseconds: quantile(0.99),
            latencyMaximumMilliseconds: latencies.last, workerCores: used.dropFirst().reduce(0, +) / wall,
            serverCores: used[0] / wall, workerResidentMebibytes: resident.dropFirst().max() ?? 0,
            serverResidentMebibytes: resident[0], bytesPerSample: Double(stored) / Double(max(1, samples)))
    }

    /// Events with when they were read.
    private final class Feed: Sendable {
        struct Event: Sendable {
            var site: String
            var milliseconds: Int64
            var arrived: ContinuousClock.Instant
        }
        private let taken = Mutex<[Event]>([])
        var events: [Event] { taken.withLock { $0 } }

        func take(_ text: String) {
            let now = ContinuousClock.now
            guard let event = try? AlarmEvent(decoding: Array(text.utf8)), event.quality == nil else { return }
            let milliseconds = Int64((event.at.time * 1_000).rounded())
            taken.withLock { $0.append(Event(site: event.site, milliseconds: milliseconds, arrived: now)) }
        }
    }

    private func pass(
        _ count: Int, of what: String, _ processes: [Process], _ folder: String, _ progress: (String) -> Void
    ) throws {
        for second in 0..<count {
            Thread.sleep(forTimeInterval: 1)
            progress("\(what): \(second + 1) of \(count) s")
            for process in processes where !process.isRunning {
                let name = process.arguments?.first == "--http" ? "server" : process.arguments?[1] ?? ""
                let log = (try? FileContents.read("\(folder)/\(name).log", limit: 1 << 20)) ?? []
                let last = String(decoding: log, as: UTF8.self).split(separator: "\n").last ?? ""
                throw CommandLineError(
                    .software, "\(name) ended by itself with status \(process.terminationStatus): \(last)")
            }
        }
    }

    private func start(_ tool: String, _ arguments: [String], log: String) throws -> Process {
        let process = Process()
        // The tools lie beside this one.
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appending(path: tool)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        try FileContents.writeAtomically([], to: log)
        let file = try FileHandle(forWritingTo: URL(filePath: log))
        process.standardOutput = file
        process.standardError = file
        try process.run()
        return process
    }

    private func end(_ process: Process) {
        guard process.isRunning else { return }
        process.terminate()
        for _ in 0..<200 where process.isRunning { Thread.sleep(forTimeInterval: 0.05) }
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
    }

    /// Processor time of a process, in seconds.
    private func processorSeconds(of process: Process) -> Double {
        let fields =
            Self.text("/proc/\(process.processIdentifier)/stat").split(separator: ")").last?
            .split(separator: " ") ?? []
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Resident mebibytes of a process.
    private static func resident(_ process: Process) -> Double {
        let line = text("/proc/\(process.processIdentifier)/status").split(separator: "\n")
            .first { $0.hasPrefix("VmRSS:") }
        return (line?.split(separator: " ").dropFirst().first.flatMap { Double($0) } ?? 0) / 1_024
    }

    private static func text(_ path: String) -> String {
        String(decoding: (try? Data(contentsOf: URL(filePath: path))) ?? Data(), as: UTF8.self)
    }
}
