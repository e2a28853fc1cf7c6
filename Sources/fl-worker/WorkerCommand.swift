import Autoencoders
import Collection
import CommandLine
import Foundation
import Platform
import Services
import Telemetry
import Watching

/// `fl-worker`.
struct WorkerCommand: CheckableCommand {
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
    static let enrolFile = Option<String>.optional(
        "enrol-file", "FILE",
        "a file with that word, or a descriptor such as /dev/fd/3: what starts workers hands it over so")
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
    static let http = Option<String>.optional(
        "http", "HOST:PORT",
        "where /healthz and /metrics are served, on this machine only; port 0 lets the system choose, nowhere when not given",
        constraint: "HOST:PORT", valid: { ServiceOptions.address($0) != nil })
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

            --check-config looks whether options, files and folders can be used, and changes nothing. SIGHUP reads the \
            configuration again: log-level changes at once; of other options the log says that they need a restart. Files with \
            tokens of sources are read whenever they are used.
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
            mirrorLimit, plain, enrol, enrolFile, newKey, accelerator,
            threads, rowsPerSecond, tuningEpochs, method, TrainingOptions.falseAlarms, DeviationOptions.deviations,
            quietSamples, connectTimeout, endWithStream, http,
            ServiceOptions.logLevel,
        ] + SourceOptions.all + DataOptions.all)

    func run(_ arguments: Arguments, _ console: Console) async throws {
        // Before there are threads: each of them would have an arena of its own.
        FreeMemory.keepLittle()
        let watched = try Watched(arguments)
        let (reader, live, training) = (watched.reader, watched.live, watched.training)
        let rules = try DataOptions.rules(arguments)
        _ = try DetectorTraining.method(named: arguments[Self.method])
        let figures = WorkerFigures()
        let log = ServiceOptions.logger("worker", arguments, sink: figures.counting(StandardErrorSink()))
        if let line = watched.contents?.passedOverLine { log.warning("files passed over", ["what": line]) }
        for line in watched.notes { log.info("parts of a set", ["what": line]) }
        for line in watched.left { log.warning("left out: a name that no federation takes", ["what": line]) }
        let accelerator = arguments[Self.accelerator]
        let makeBackend: @Sendable (Int) throws -> any AcceleratorBackend = { threads in
            try AcceleratorCatalog.backend(named: accelerator, threads: threads) {
                log.warning("accelerator failed", ["what": $0])
            }
        }
        let mirrored = MirroredSources()
        let scoring = LiveScoring(
            training: training, streams: watched.streams, mirrored: mirrored, reader: reader,
            tool: "fl-worker \(Tool.version)", figures: figures, makeBackend: makeBackend)
        let site = Self.site(arguments, of: training)
        var settings = try Self.settings(arguments, site: site)
        // Samples that lie in no file are not copied.
        if training.isEmpty { settings.dataAddress = nil }
        let changes = try Self.restartOptions(settings, reader).takeUp(
            in: settings.folder, fixed: Self.fixedOptions)
        if !changes.isEmpty {
            log.warning("options changed", ["what": changes.map(\.description).joined(separator: ", ")])
        }
        let stop = StopSignal()
        stop.catchTermination()
        StopSignal.outliveBrokenPipes()
        let notification = ServiceNotification()
        let configuration = ConfigurationReload(arguments, log: log, notification: notification)
        let hangup = ReloadSignal()
        hangup.take {
            configuration.perform { _, now in
                _ = try Self.settings(now, site: site)
                return [:]
            }
        }
        hangup.catchHangup()
        let chosen = settings
        let failures = FirstFailure(ending: stop)
        // Whoever asks how it is hears that it waits for its first samples.
        let http = try chosen.http.map { try WorkerHTTP(settings: chosen, figures: figures).start($0) }
        defer { http?.stop() }
        let entities =
            live.isEmpty
            ? nil
            : try await BackgroundThread.run {
                try LiveStart.entities(
                    arguments, live, site: site, rules: rules, figures: figures, log: log, stop: stop,
                    failures: failures, notification)
            }
        defer { entities?.stop() }
        if let failure = failures.first { throw failure }
        if stop.isSet { return }
        let learner = try TelemetryLearner(
            sources: training, streams: watched.streams.map(\.key), live: entities, mirrored: mirrored, reader: reader,
            rules: rules,
            threads: arguments[Self.threads], log: log, makeBackend: makeBackend)
        let watch = entities.map {
            LiveWatch(
                entities: $0, settings: chosen, rules: rules, tool: "fl-worker \(Tool.version)", log: log,
                figures: figures, makeBackend: makeBackend)
        }
        // Not a draw that any result depends on: it must differ between two starts.
        let incarnation = UInt64.random(in: 1 ... .max)
        do {
            try await BackgroundThread.run {
                try WorkerService(
                    settings: chosen, learner: learner, scoring: scoring, live: watch, figures: figures,
                    incarnation: incarnation, log: log, stop: stop, http: http, notification: notification
                ).run()
            }
        } catch {
            throw failures.first ?? error
        }
        if let failure = failures.first { throw failure }
    }

    private static func settings(_ arguments: Arguments, site: String) throws -> WorkerSettings {
        var settings = WorkerSettings(name: arguments[name], site: site)
        settings.domain = arguments[optional: domain] ?? site
        settings.control = arguments[ServiceOptions.control]
        settings.bulk = arguments[ServiceOptions.bulk]
        settings.folder = arguments[dataFolder]
        settings.dataAddress = arguments[dataAddress] == "none" ? nil : arguments[dataAddress]
        settings.standsBy = arguments[standby]
        settings.mirrorLimitBytes = UInt64(arguments[mirrorLimit]) << 20
        settings.isPlain = arguments[plain]
        settings.makesNewKey = arguments[newKey]
        settings.enrolmentToken = try word(arguments).map { try EnrolmentToken($0) }
        settings.connectSeconds = arguments[connectTimeout] > 0 ? arguments[connectTimeout] : nil
        settings.rowsPerSecond = arguments[rowsPerSecond]
        settings.tuningEpochs = arguments[tuningEpochs]
        settings.method = arguments[method]
        settings.falseAlarmsPerDay = arguments[TrainingOptions.falseAlarms]
        settings.deviations = try DeviationOptions.rules(
            arguments, methods: [try DetectorTraining.method(named: arguments[method])])
        settings.quietSamples = arguments[quietSamples]
        settings.endsWithStream = arguments[endWithStream]
        settings.http = arguments[optional: http].flatMap { ServiceOptions.address($0) }
        return settings
    }

    /// The word to enrol with, wherever it stands.
    private static func word(_ arguments: Arguments) throws -> String? {
        if let word = arguments[optional: enrol] {
            guard arguments[ifGiven: enrolFile] == nil else {
                throw CommandLineError.usage("expected --enrol or --enrol-file, found both")
            }
            return word
        }
        guard let path = arguments.file(enrolFile) else { return nil }
        guard let file = FileHandle(forReadingAtPath: path), let bytes = try? file.read(upToCount: 4_096) else {
            throw CommandLineError(
                .configuration, "--enrol-file \(path): cannot be read, expected what 'fl-server enrol' printed")
        }
        return String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
    }

    private static func site(_ arguments: Arguments, of sources: [EntitySource]) -> String {
        let sites = Set(sources.map(\.site))
        return arguments[optional: site] ?? (sites.count == 1 ? sites.first : nil) ?? arguments[name]
    }

    /// What a restart is held against.
    private static func restartOptions(
        _ settings: WorkerSettings, _ reader: ReaderOptions
    ) throws -> RestartOptions {
        RestartOptions([
            "name": settings.name, "site": settings.site, "domain": settings.domain, "method": settings.method,
            "control": settings.control, "bulk": settings.bulk,
            "tuning-epochs": "\(settings.tuningEpochs)", "false-alarms": "\(settings.falseAlarmsPerDay)",
            "deviations": String(
                decoding: try DeterministicJSON.encode(settings.deviations, pretty: false), as: UTF8.self),
            "reading": String(decoding: try DeterministicJSON.encode(reader, pretty: false), as: UTF8.self),
        ])
    }

    /// What a folder belongs to.
    private static let fixedOptions: Set<String> = ["name", "site"]

    /// What is watched: files, and sources that never end.
    private struct Watched {
        let reader: ReaderOptions
        let live: [SourceConfiguration]
        let contents: DataCatalog.Contents?
        let training: [EntitySource]
        let streams: [EntitySource]
        /// How names of parts were understood, in words.
        let notes: [String]
        /// Entities that are left out for their names, in words.
        let left: [String]

        /// - Throws: `CommandLineError` where there is nothing, `TelemetryError` where it cannot be read.
        init(_ arguments: Arguments) throws {
            reader = DataOptions.readerOptions(arguments)
            let configurations = try SourceOptions.configurations(arguments)
            live = configurations.filter(\.kind.isLive)
            let data = arguments[WorkerCommand.data] + configurations.flatMap(\.files)
            guard !data.isEmpty || !live.isEmpty else {
                throw CommandLineError(
                    .usage,
                    "nothing to watch: name files with --data, a file that grows with --follow, endpoints with --scrape, "
                        + "or sources in the configuration file")
            }
            let contents = data.isEmpty ? nil : try DataCatalog.search(data, options: reader)
            self.contents = contents
            var notes: [String] = []
            let training =
                try data.isEmpty
                ? []
                : MetricSources.discover(data, part: .train, options: reader) { line in
                    if line != contents?.passedOverLine { notes.append(line) }
                }
            let sound = MetricSources.sound(training)
            if sound.sources.isEmpty, live.isEmpty, let left = sound.left {
                throw CommandLineError(.configuration, left)
            }
            self.training = sound.sources
            self.notes = notes
            let found =
                arguments[WorkerCommand.stream].isEmpty
                ? MetricSources.judged(contents?.sources ?? [])
                : try MetricSources.discover(arguments[WorkerCommand.stream], part: .test, options: reader).map {
                    $0.named(as: training)
                }
            let judged = MetricSources.sound(found)
            streams = judged.sources
            left = Array(Set([sound.left, judged.left].compactMap { $0 })).sorted()
        }
    }

    func check(_ arguments: Arguments) async throws -> String {
        let watched = try Watched(arguments)
        _ = try DataOptions.rules(arguments)
        _ = try DetectorTraining.method(named: arguments[Self.method])
        let settings = try Self.settings(arguments, site: Self.site(arguments, of: watched.training))
        try WorkerService.check(settings)
        try ServiceCheck.endpoints([settings.control, settings.bulk])
        try ServiceCheck.folder(settings.folder)
        _ = try Self.restartOptions(settings, watched.reader).compared(
            with: settings.folder, fixed: Self.fixedOptions)
        _ = try AcceleratorCatalog.backend(named: arguments[Self.accelerator], threads: 1) { _ in }
        try LiveSources.check(watched.live, site: settings.site)
        let rows = try FirstRows(of: watched.training + watched.streams, options: watched.reader)
        let remarks = watched.left.map { "left out: \($0)" } + [rows.line].compactMap { $0 }
        return "the configuration can be used: data folder \(settings.folder), entities in files: "
            + "\(watched.training.count), live sources: \(watched.live.count)"
            + remarks.map { "; \($0)" }.joined()
    }
}
