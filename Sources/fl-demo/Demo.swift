import CommandLine
import Foundation
import Laboratory
import Platform
import Services
import Telemetry
import Watching

/// The demo: its processes from the first to the last, and what they tell of themselves over HTTP.
final class Demo {
    private let arguments: Arguments
    private let console: Console
    private let stop: StopSignal
    private let work: URL
    private var processes: [LoopbackProcess] = []
    private let clock = ContinuousClock()
    private let started: ContinuousClock.Instant

    init(_ arguments: Arguments, console: Console, stop: StopSignal) throws {
        self.arguments = arguments
        self.console = console
        self.stop = stop
        started = clock.now
        work = URL(filePath: arguments[DemoCommand.work]).standardizedFileURL
        let marker = work.appending(path: "faultline-demo")
        let manager = FileManager.default
        if manager.fileExists(atPath: work.path) {
            // Only a folder that the demo made is emptied.
            let isOwn = manager.fileExists(atPath: marker.path)
            let isEmpty = (try? manager.contentsOfDirectory(atPath: work.path).isEmpty) ?? false
            guard isOwn || isEmpty else {
                throw CommandLineError(
                    .cannotCreate, "--work \(work.path): not empty, and not a folder of the demo; choose another")
            }
            try? manager.removeItem(at: work)
        }
        do {
            try manager.createDirectory(at: work, withIntermediateDirectories: true)
            try Data().write(to: marker)
        } catch {
            throw CommandLineError(.cannotCreate, "--work \(work.path): cannot be written")
        }
    }

    func run() throws {
        defer { for process in processes { process.end() } }
        let sources = try prepareData()
        let sites = Dictionary(grouping: sources, by: \.site).sorted { $0.key < $1.key }
        let streams = sources.filter { $0.part == .test }
        guard !streams.isEmpty else {
            throw CommandLineError(.data, "\(arguments[DemoCommand.data]): no part to score; expected test parts")
        }
        let ports = try LoopbackPorts.free(3)
        let http = ports[0]
        console.print(
            "\(Quantity.count(sites.count, "site")), \(Quantity.count(streams.count, "entity", "entities")): one server, "
                + "\(Quantity.count(sites.count, "worker")), http://127.0.0.1:\(http)")
        try startServer(ports, workers: sites.count)
        for (site, members) in sites { try startWorker(site, members, ports: ports) }
        try train(http: http)
        let trained = clock.now
        try follow(http: http, streams: streams, workers: sites.count)
        let summary = try DemoSummary(
            rounds: DemoAPI.rounds(http), alarms: DemoAPI.alarms(http), sources: sources, workers: sites.count,
            trainingSeconds: (trained - started).seconds, seconds: (clock.now - started).seconds)
        let picture = try draw(summary, streams: streams)
        console.print("")
        console.write(summary.text + "\n")
        if let picture { console.print("radiography  \(picture)") }
        console.print("model        \(work.appending(path: "server/model").path)")
    }

    // MARK: Data

    private func prepareData() throws -> [EntitySource] {
        let path = arguments[DemoCommand.data]
        var sources = try DataCatalog.discover([path])
        if !sources.contains(where: { $0.part == .test }) {
            console.print("no labels in \(path): putting faults into copies of its files")
            let folder = work.appending(path: "data").path
            let injector = try FaultInjector(
                seed: arguments[DemoCommand.seed], faults: .count(3), severity: 5...8, from: 0.7,
                rules: GroupRules.load(extending: nil))
            _ = try injector.write(sources, options: ReaderOptions(), to: folder, replacing: true) {
                self.console.progress("injecting: \($0) of \($1) entities")
            }
            console.clearProgress()
            sources = try DataCatalog.discover([folder])
        }
        return sources
    }

    // MARK: Processes

    private func start(_ tool: String, name: String, _ words: [String], logs: Bool = true) throws {
        let process = LoopbackProcess(
            tool: tool, name: name, arguments: words,
            log: logs ? work.appending(path: "\(name).log") : nil)
        try process.start()
        processes.append(process)
    }

    private func startServer(_ ports: [Int], workers: Int) throws {
        try start(
            "fl-server", name: "server",
            [
                "--http", "127.0.0.1:\(ports[0])", "--control", "tcp://127.0.0.1:\(ports[1])", "--bulk",
                "tcp://127.0.0.1:\(ports[2])", "--data-folder", work.appending(path: "server").path,
                "--minimum-workers", "\(workers)", "--rounds", "\(arguments[DemoCommand.rounds])", "--epochs",
                "\(arguments[DemoCommand.epochs])", "--hidden",
                arguments[DemoCommand.hidden].map(String.init).joined(separator: ","), "--stride",
                "\(arguments[DemoCommand.stride])", "--seed", "\(arguments[DemoCommand.seed])", "--heartbeat", "0.5",
                "--log-level", "info",
            ])
    }

    private func startWorker(_ site: String, _ sources: [EntitySource], ports: [Int]) throws {
        try start(
            "fl-worker", name: "worker-\(site)",
            [
                "--name", "worker-\(site)", "--site", site, "--control", "tcp://127.0.0.1:\(ports[1])", "--bulk",
                "tcp://127.0.0.1:\(ports[2])", "--data-folder", work.appending(path: "worker-\(site)").path,
                "--rows-per-second", "\(arguments[DemoCommand.rowsPerSecond])", "--log-level", "info", "--data",
            ] + Set(sources.flatMap(\.files).map { URL(filePath: $0).deletingLastPathComponent().path }).sorted())
    }

    /// Starts again what has died.
    private func keepAlive() throws {
        for process in processes where !process.isRunning {
            guard process.restarts < 5 else {
                throw CommandLineError(
                    .software, "\(process.name) died again and again\(process.log.map { "; see \($0.path)" } ?? "")")
            }
            console.note("\(process.name) died; starting it again")
            try process.start()
        }
    }

    /// Looks at the server until `body` has seen enough.
    private func watch(_ body: () throws -> Bool) throws {
        while try !body() {
            if stop.isSet { throw ExitStatus(code: 130) }
            try keepAlive()
            Thread.sleep(forTimeInterval: 0.2)
        }
    }

    // MARK: Phases

    private func train(http: Int) throws {
        var shown = 0
        let total = arguments[DemoCommand.rounds]
        try watch {
            guard let rounds = try? DemoAPI.rounds(http) else { return false }
            for entry in rounds.rounds.dropFirst(shown) { show(entry) }
            shown = max(shown, rounds.rounds.count)
            if let open = rounds.open {
                console.progress(
                    "round \(open.round) of \(total) (\(open.kind)): \(open.accepted) contributions, "
                        + Quantity.seconds((clock.now - started).seconds))
            }
            return rounds.finished
        }
        console.clearProgress()
    }

    private func show(_ entry: DemoAPI.Round) {
        guard entry.committed else {
            console.print("round \(entry.round) abandoned: \(entry.abandonedBecause ?? "")")
            return
        }
        let bytes = entry.contributions.reduce(0) { $0 + $1.bytes }
        var line = "round \(entry.round)  \(entry.kind)"
        if let before = entry.lossBefore { line += "  loss \(Quantity.number(before, digits: 4))" }
        if entry.kind == "training", let after = entry.lossAfter {
            line += " → \(Quantity.number(after, digits: 4)) locally"
        }
        console.print(line + "  \(Quantity.seconds(entry.seconds)), \(Quantity.bytes(Int(bytes))) of updates")
    }

    private func follow(http: Int, streams: [EntitySource], workers: Int) throws {
        console.print("\nstreams run; alarms as they come (fl-alerts --follow):")
        try start("fl-alerts", name: "alerts", ["--server", "127.0.0.1:\(http)", "--follow"], logs: false)
        try watch {
            guard let now = try? DemoAPI.workers(http) else { return false }
            let active = now.filter { $0.state == "active" && $0.activity == "scoring" }
            let scored = active.reduce(0) { $0 + $1.scoredSamples }
            console.progress(
                scored == 0
                    ? "workers calibrate their detectors, \(Quantity.seconds((clock.now - started).seconds))"
                    : "scored \(scored) samples")
            return active.count == workers && active.allSatisfy(\.streamEnded)
        }
        // The feed is a moment behind the log.
        Thread.sleep(forTimeInterval: 0.5)
        console.clearProgress()
        processes.last?.end()
        processes.removeLast()
    }

    /// The radiography of the worst alarm that a fault explains.
    private func draw(_ summary: DemoSummary, streams: [EntitySource]) throws -> String? {
        guard let worst = summary.worst,
            let source = streams.first(where: { $0.key == "\(worst.site)/\(worst.entity)" })
        else { return nil }
        let picture = work.appending(path: "radiography.svg").path
        let process = LoopbackProcess(
            tool: "fl-train", name: "explain",
            arguments: [
                "explain", "--model", work.appending(path: "worker-\(worst.site)/model").path, "--entity", source.key,
                "--at", "#\(worst.at.index)", "--plot", picture, "--data",
            ] + source.files, log: work.appending(path: "explain.log"))
        try process.start()
        process.wait()
        return FileManager.default.fileExists(atPath: picture) ? picture : nil
    }
}
