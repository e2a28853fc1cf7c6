import Autoencoders
import Collection
import CommandLine
import Platform
import Services
import Telemetry
import Watching

/// `fl-worker`.
struct WorkerCommand: Command {
    static let name = Option<String>.required(
        "name", "NAME", "the worker's name, unique in the federation", constraint: "1 to 100 bytes",
        valid: { (1...100).contains($0.utf8.count) })
    static let domain = Option<String>.optional(
        "domain", "NAME",
        "the domain in which samples may travel; workers of one domain share its entities. The site when not given")
    static let site = Option<String>.optional(
        "site", "NAME", "the site; when not given, the site of the data if they are of one site, else the worker's name"
    )
    static let data = Option<[String]>(
        "data", "PATH", default: [],
        "files or folders with metrics; of sets that are split, the training part is learned from")
    static let stream = Option<[String]>(
        "stream", "PATH", default: [],
        "files or folders to score as live streams; the test parts of --data when not given")
    static let dataFolder = Option<String>(
        "data-folder", "DIR", default: "worker-data", "the worker's own folder: its model, and alarms not yet delivered"
    )
    static let dataAddress = Option<String>(
        "data-address", "ADDRESS", default: "tcp://127.0.0.1:*",
        "where other workers of the domain fetch the samples of entities that they serve for this one; port * lets the "
            + "system choose, none offers nothing")
    static let standby = Option<Bool>(
        "standby", default: false,
        "only offer the samples: another worker of the domain trains on them and watches their streams")
    static let mirrorLimit = Option<Int>(
        "mirror-limit", "MEGABYTES", default: 16_384,
        "bytes that copies of other workers' samples may have in the data folder", constraint: "1 to 1000000000",
        valid: { (1...1_000_000_000).contains($0) })
    static let plain = Option<Bool>(
        "plain", default: false,
        "encrypt nothing and ask nobody who he is; on loopback addresses only, with a server that does the same")
    static let newKey = Option<Bool>(
        "new-key", default: false,
        "make a new key at this start, and hand it over to the server with the old one, which is not taken any more then"
    )
    static let enrol = Option<String>.optional(
        "enrol", "TOKEN",
        "the word that 'fl-server enrol' printed: needed once, where the server is on another machine or another user's"
    )
    static let accelerator = Option<String>(
        "accelerator", "NAME", default: "auto",
        "what computes: auto, cpu, cpu-bfloat16, openblas, opencl, opencl:N, opencl:TEXT (of the device's name) or "
            + "reference; 'fl-train devices' lists what is here")
    static let threads = Option<Int>(
        "threads", "N", default: 1, "threads for training; the model does not depend on it", constraint: "1 to 4096",
        valid: { (1...4_096).contains($0) })
    static let rowsPerSecond = Option<Double>(
        "rows-per-second", "N", default: 0, "pace of the streams; 0: as fast as rows can be scored",
        constraint: "at least 0", valid: { $0 >= 0 && $0.isFinite })
    static let tuningEpochs = Option<Int>(
        "tuning-epochs", "N", default: 0,
        "epochs for which the federation's autoencoders are trained on with this worker's samples before they score; the "
            + "server's model stays as it is",
        constraint: "0 to 100000", valid: { (0...100_000).contains($0) })
    static let method = Option<String>(
        "method", "NAME", default: "default", "the detection method that raises alarms")
    static let quietSamples = Option<Int>(
        "quiet-samples", "N", default: 10, "samples without an alarm after which one is cleared",
        constraint: "at least 1", valid: { $0 >= 1 })
    static let connectTimeout = Option<Double>(
        "connect-timeout", "SECONDS", default: 0,
        "leave with an error when no server let it in for so long after the start; 0: keep trying",
        constraint: "at least 0", valid: { $0 >= 0 })
    static let endWithStream = Option<Bool>(
        "end-with-stream", default: false, "end when the streams have ended and every alarm is delivered")

    static let manual = CommandManual(
        name: "", summary: "train and watch beside the data of a site",
        discussion: """
            Registers with the server, sends statistics and takes part in the rounds; raw samples stay here. When the \
            rounds are done it scores its streams with the final model and raises alarms, each with a fingerprint: the \
            metrics that deviate and their shares. While the server is away it goes on scoring and keeps its alarms; \
            each is delivered once. SIGTERM stops it within a second; after a restart it goes on with the model it had.

            Besides files it watches what never ends: files to which rows are appended (--follow), endpoints (--scrape), and \
            every other kind of source in the configuration file ("sources", see docs/live.md). Their rows go into a store in \
            the data folder, are scored as they come, and are learned from as often as the server says (--loop-every).

            Workers of one domain share the entities that they can all reach: each entity is served by one worker, and \
            moves when workers come and go. The entities of a worker that stands by are served by another of its \
            domain, which copies their files; samples never go to another domain.
            """,
        examples: [
            .init("fl-worker --config worker-a.json", "with a configuration file"),
            .init(
                "fl-worker --name a --data Datasets/demo/site1 --data-folder a-data",
                "a worker beside the files of a "
                    + "site"),
            .init("fl-worker --name a --follow /var/log/metrics.csv", "a file to which rows are appended"),
            .init("fl-worker --name a --scrape http://127.0.0.1:9100/metrics", "an endpoint, once a second"),
        ],
        options: [
            name, site, domain, ServiceOptions.control, ServiceOptions.bulk, data, stream, dataFolder, dataAddress,
            standby,
            mirrorLimit, plain, enrol, newKey, accelerator,
            threads, rowsPerSecond, tuningEpochs, method, TrainingOptions.falseAlarms, quietSamples, connectTimeout,
            endWithStream,
            ServiceOptions.logLevel,
        ] + SourceOptions.all + DataOptions.all)

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let reader = DataOptions.readerOptions(arguments)
        let rules = try DataOptions.rules(arguments)
        let configurations = try SourceOptions.configurations(arguments)
        let live = configurations.filter(\.kind.isLive)
        let data = arguments[Self.data] + configurations.flatMap(\.files)
        guard !data.isEmpty || !live.isEmpty else {
            throw CommandLineError(
                .usage,
                "nothing to watch: name files with --data, a file that grows with --follow, endpoints with --scrape, or "
                    + "sources in the configuration file")
        }
        let contents = data.isEmpty ? nil : try DataCatalog.search(data, options: reader)
        let all = contents?.sources ?? []
        let training = data.isEmpty ? [] : try MetricSources.discover(data, part: .train, options: reader)
        let streams =
            arguments[Self.stream].isEmpty
            ? all.filter { $0.part == .test }
            : try MetricSources.discover(arguments[Self.stream], part: .test, options: reader).map {
                $0.named(as: training)
            }
        _ = try DetectorTraining.method(named: arguments[Self.method])
        let log = ServiceOptions.logger("worker", arguments)
        if let line = contents?.passedOverLine { log.warning("files passed over", ["what": line]) }
        let accelerator = arguments[Self.accelerator]
        let makeBackend: @Sendable (Int) throws -> any AcceleratorBackend = { threads in
            try AcceleratorCatalog.backend(named: accelerator, threads: threads) {
                log.warning("accelerator failed", ["what": $0])
            }
        }
        let mirrored = MirroredSources()
        let scoring = LiveScoring(
            training: training, streams: streams, mirrored: mirrored, reader: reader, tool: "fl-worker \(Tool.version)",
            makeBackend: makeBackend)
        let sites = Set(training.map(\.site))
        let ownName = arguments[Self.name]
        let site = arguments[optional: Self.site] ?? (sites.count == 1 ? sites.first : nil) ?? ownName
        var settings = WorkerSettings(name: ownName, site: site)
        settings.domain = arguments[optional: Self.domain] ?? site
        settings.control = arguments[ServiceOptions.control]
        settings.bulk = arguments[ServiceOptions.bulk]
        settings.folder = arguments[Self.dataFolder]
        settings.dataAddress = arguments[Self.dataAddress] == "none" ? nil : arguments[Self.dataAddress]
        settings.standsBy = arguments[Self.standby]
        settings.mirrorLimitBytes = UInt64(arguments[Self.mirrorLimit]) << 20
        settings.isPlain = arguments[Self.plain]
        settings.makesNewKey = arguments[Self.newKey]
        settings.enrolmentToken = try arguments[optional: Self.enrol].map { try EnrolmentToken($0) }
        settings.connectSeconds = arguments[Self.connectTimeout] > 0 ? arguments[Self.connectTimeout] : nil
        settings.rowsPerSecond = arguments[Self.rowsPerSecond]
        settings.tuningEpochs = arguments[Self.tuningEpochs]
        settings.method = arguments[Self.method]
        settings.falseAlarmsPerDay = arguments[TrainingOptions.falseAlarms]
        settings.quietSamples = arguments[Self.quietSamples]
        settings.endsWithStream = arguments[Self.endWithStream]
        // Samples that lie in no file are not copied.
        if training.isEmpty { settings.dataAddress = nil }
        let changes = try RestartOptions([
            "name": settings.name, "site": settings.site, "domain": settings.domain, "method": settings.method,
            "control": settings.control, "bulk": settings.bulk,
            "tuning-epochs": "\(settings.tuningEpochs)", "false-alarms": "\(settings.falseAlarmsPerDay)",
            "reading": String(decoding: try DeterministicJSON.encode(reader, pretty: false), as: UTF8.self),
        ]).takeUp(in: settings.folder, fixed: ["name", "site"])
        if !changes.isEmpty {
            log.warning("options changed", ["what": changes.map(\.description).joined(separator: ", ")])
        }
        let stop = StopSignal()
        stop.catchTermination()
        let chosen = settings
        let entities =
            live.isEmpty
            ? nil
            : try await BackgroundThread.run {
                try LiveStart.entities(arguments, live, site: site, rules: rules, log: log, stop: stop)
            }
        defer { entities?.stop() }
        if stop.isSet { return }
        let learner = try TelemetryLearner(
            sources: training, streams: streams.map(\.key), live: entities, mirrored: mirrored, reader: reader,
            rules: rules,
            threads: arguments[Self.threads], makeBackend: makeBackend)
        let watch = entities.map {
            LiveWatch(
                entities: $0, settings: chosen, rules: rules, tool: "fl-worker \(Tool.version)", log: log,
                makeBackend: makeBackend)
        }
        // Not a draw that any result depends on: it must differ between two starts.
        let incarnation = UInt64.random(in: 1 ... .max)
        try await BackgroundThread.run {
            try WorkerService(
                settings: chosen, learner: learner, scoring: scoring, live: watch, incarnation: incarnation, log: log,
                stop: stop
            ).run()
        }
    }
}
