import CommandLine
import Engines
import Foundation
import Platform
import Services
import Synchronization

/// `fl-engine run`.
struct RunCommand: CheckableCommand {
    private static let once = Option<Bool>(
        "once", default: false, "look once, do what follows, and end; a wish has not to hold for a while then")
    private static let dryRun = Option<Bool>(
        "dry-run", default: false, "tell the federation about the nodes, but ask nothing of the engine")
    private static let format = Option<OutputFormat>(
        "format", "FORMAT", default: .table, "how --once prints: a table, or one JSON value")
    private static let http = Option<String>.optional(
        "http", "HOST:PORT",
        "where /healthz and /metrics are served, to whoever asks; port 0 lets the system choose, nowhere when not given",
        constraint: "HOST:PORT", valid: { ServiceOptions.address($0) != nil })

    static let manual = CommandManual(
        name: "run", summary: "make the engine run what placement decides",
        discussion: """
            Every few seconds it looks at the engine's nodes and jobs, tells the federation which nodes could run a worker, asks \
            what is wanted on each, and starts and ends jobs until the engine runs exactly that. The server has to place \
            (fl-server --target-seconds).

            A worker has one change in flight at a time. Nothing that runs is ended before what takes its place is there, nor so \
            that a round would have fewer workers than it needs. What the engine refuses goes back into placement, with the \
            engine's words, and the next best placement follows. Of copies that an engine left behind one has the lease; the others are turned away.

            It keeps nothing: it may be killed and started at any time, and goes on with the jobs that are there. Two at a time \
            on the same federation would get in each other's way. SIGTERM ends it and leaves the jobs as they are; SIGHUP reads the \
            nodes file again.
            """,
        examples: [
            .init("fl-engine run --nodes nodes.json", "Slurm, with the server on this machine"),
            .init("fl-engine run --config engine.json --http 127.0.0.1:7420", "with a configuration file"),
            .init("fl-engine run --nodes nodes.json --once --dry-run", "what it would do first"),
        ],
        options: EngineOptions.all + [EngineOptions.every, once, dryRun, format, http, ServiceOptions.logLevel])

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let log = ServiceOptions.logger("engine", arguments)
        let isOnce = arguments[Self.once]
        let stop = StopSignal()
        let isDry = arguments[Self.dryRun]
        let notification = ServiceNotification()
        // Asked by the thread that works while it waits for an engine or a server: it is alive then, however slow they are.
        let controller = try EngineOptions.controller(arguments, settles: !isOnce, acts: !isDry, log: log) {
            notification.alive()
            return stop.isSet
        }
        if isOnce {
            let (isJSON, ttl) = (arguments[Self.format] == .json, Self.validity(arguments))
            return try await BackgroundThread.run {
                var controller = controller
                var cycle = try controller.look(publishes: ttl, waits: true)
                if !isDry { controller.perform(&cycle) }
                try PlanReport(cycle, wasDone: !isDry).print(asJSON: isJSON, console)
                if let failure = cycle.failures.first { throw CommandLineError(.unavailable, failure) }
                guard cycle.withdrawn == 0 else {
                    throw CommandLineError(.unavailable, "there was no time for \(cycle.withdrawn) more; run it again")
                }
            }
        }
        stop.catchTermination()
        StopSignal.outliveBrokenPipes()
        let figures = EngineFigures(every: .seconds(arguments[EngineOptions.every]))
        let server = try arguments[optional: Self.http].flatMap { ServiceOptions.address($0) }.map { address in
            try EngineHTTP(figures: figures).start(address)
        }
        defer { server?.stop() }
        if let server { log.notice("serving", ["http": "\(server.port)"]) }
        let fleets = Mutex<EngineFleet?>(nil)
        let configuration = ConfigurationReload(arguments, changeable: ["nodes"], log: log, notification: notification)
        let hangup = ReloadSignal()
        hangup.take {
            configuration.perform { _, now in
                let fleet = try EngineOptions.fleet(now)
                fleets.withLock { $0 = fleet }
                return [:]
            }
        }
        hangup.catchHangup()
        try await BackgroundThread.run {
            var loop = EngineLoop(
                controller: controller, every: arguments[EngineOptions.every], validity: Self.validity(arguments),
                isDry: isDry, figures: figures, log: log)
            loop.run(until: stop, notification) { fleets.withLock { $0.take() } }
        }
    }

    /// Seconds for which the federation believes what it was told, longer than a turn at a slow engine: a controller that is
    /// dead for so long is missed.
    private static func validity(_ arguments: Arguments) -> Int {
        Int(min(3_600, max(60, (arguments[EngineOptions.every] * 10).rounded(.up))))
    }

    func check(_ arguments: Arguments) async throws -> String {
        let log = Logger(label: "engine", minimum: .error, sink: StandardErrorSink())
        _ = try EngineOptions.controller(arguments, settles: true, acts: false, log: log)
        try EngineOptions.checkFiles(arguments)
        let members = try EngineOptions.fleet(arguments).members(of: [])
        return "the configuration can be used: engine \(arguments[EngineOptions.engine].rawValue), nodes "
            + (members.isEmpty ? "those of the engine" : "\(members.count)")
    }
}
