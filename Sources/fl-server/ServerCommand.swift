import Autoencoders
import CommandLine
import Federation
import Forwarding
import Placement
import Platform
import Services
import Telemetry
import Watching

/// `fl-server`.
struct ServerCommand: CheckableCommand {
    private static let federation = ServerConfiguration()

    static let http = Option<String>(
        "http", "HOST:PORT", default: "127.0.0.1:7410", "where HTTP is served; port 0 lets the system choose",
        constraint: "HOST:PORT", valid: { ServiceOptions.address($0) != nil })
    static let dataFolder = Option<String>(
        "data-folder", "DIR", default: "server-data", "the server's own folder: registry, alarms, the final model")
    static let plain = Option<Bool>(
        "plain", default: false,
        "encrypt nothing and ask nobody who he is; on loopback addresses only")
    static let certificate = Option<String>(
        "certificate", "FILE", default: "",
        "certificate of the HTTP endpoint, in PEM: needed, with its key, where other machines reach it")
    static let certificateKey = Option<String>(
        "certificate-key", "FILE", default: "", "the certificate's private key, in PEM")
    static let rounds = Option<Int>(
        "rounds", "N", default: Int(federation.rounds), "rounds of training", constraint: "1 to 1000000",
        valid: { (1...1_000_000).contains($0) })
    static let loopEvery = Option<String>.optional(
        "loop-every", "TIME",
        "learn again and again: the time from the beginning of one learning loop (statistics, rounds, evaluation) to that "
            + "of the next, as 2m; one loop when not given",
        constraint: "a time such as 2m", valid: { DurationText.seconds($0) != nil })
    static let loopSamples = Option<Int>(
        "loop-samples", "ROWS", default: 0,
        "rows of each live entity that a loop learns from, the latest; 0: all that its worker has",
        constraint: "0 to 10000000", valid: { (0...10_000_000).contains($0) })
    static let loops = Option<Int>(
        "loops", "N", default: 0, "learning loops in all, where they repeat; 0: without an end",
        constraint: "0 to 1000000", valid: { (0...1_000_000).contains($0) })
    static let evaluate = Option<Bool>(
        "evaluate", default: federation.evaluates, "end with a round in which every worker judges the final model")
    static let minimumWorkers = Option<Int>(
        "minimum-workers", "N", default: federation.minimumWorkers,
        "active workers that a round waits for; with a target, the workers that the first placement waits for",
        constraint: "at least 1", valid: { $0 >= 1 })
    static let quorum = Option<Int>(
        "quorum", "N", default: 0, "contributions without which a round is abandoned; 0: as many as minimum-workers",
        constraint: "at least 0", valid: { $0 >= 0 })
    static let roundDeadline = Option<Double>(
        "round-deadline", "SECONDS", default: federation.roundDeadline.seconds, "time that a round has",
        constraint: "more than 0", valid: { $0 > 0 && $0 < 1e7 })
    static let heartbeat = Option<Double>(
        "heartbeat", "SECONDS", default: federation.heartbeatInterval.seconds,
        "time between heartbeats: 1 on a LAN, 10 on a WAN", constraint: "0.01 to 3600",
        valid: { (0.01...3_600).contains($0) })
    static let missedHeartbeats = Option<Int>(
        "missed-heartbeats", "N", default: federation.missedHeartbeats,
        "heartbeats that may be missed before a worker counts as lost", constraint: "1 to 1000",
        valid: { (1...1_000).contains($0) })
    static let maximumWorkers = Option<Int>(
        "maximum-workers", "N", default: federation.maximumWorkers, "most workers at a time",
        constraint: "1 to 100000", valid: { (1...100_000).contains($0) })
    static let connectionsPerAddress = Option<Int>(
        "connections-per-address", "N", default: 0,
        "connections that one address may hold, two for each worker behind it; an eighth of them may be unfinished "
            + "handshakes, a tenth may come anew each second; 0: four times maximum-workers",
        constraint: "0 to 10000000",
        valid: { (0...10_000_000).contains($0) })
    static let messagesPerSecond = Option<Double>(
        "messages-per-second", "N", default: federation.messages.messagesPerSecond,
        "messages that one worker may send; what exceeds it is dropped", constraint: "at least 10",
        valid: { $0 >= 10 && $0 <= 1e9 })
    static let megabytesPerSecond = Option<Double>(
        "megabytes-per-second", "N", default: federation.messages.bytesPerSecond / 1_048_576,
        "megabytes that one worker may send; what exceeds it is dropped", constraint: "at least 1",
        valid: { $0 >= 1 && $0 <= 1e9 })
    static let maximumContribution = Option<Int>(
        "maximum-contribution", "MEGABYTES", default: federation.maximumContributionBytes >> 20,
        "largest contribution that is taken", constraint: "1 to 4095", valid: { (1...4_095).contains($0) })
    static let maximumModel = Option<Int>(
        "maximum-model", "MEGABYTES", default: federation.maximumModelBytes >> 20, "largest model version",
        constraint: "1 to 4095", valid: { (1...4_095).contains($0) })
    static let piece = Option<Int>(
        "piece", "KILOBYTES", default: federation.pieceBytes >> 10, "largest size of the pieces in which models travel",
        constraint: "1 to 4096", valid: { (1...4_096).contains($0) })
    static let largestChange = Option<Double>(
        "largest-change", "NORM", default: federation.gate.largestChange,
        "Euclidean norm of a group's change of parameters above which a contribution is rejected",
        constraint: "more than 0", valid: { $0 > 0 })
    static let largestParameter = Option<Double>(
        "largest-parameter", "VALUE", default: Double(federation.gate.largestParameter),
        "magnitude of a parameter above which a contribution is rejected", constraint: "0 to 65536",
        valid: { $0 > 0 && $0 <= 65_536 })
    static let sampleCap = Option<Int>(
        "sample-cap", "WINDOWS", default: Int(federation.gate.sampleCap),
        "a worker's samples of a group above this count as this", constraint: "1 to 268435456",
        valid: { (1...268_435_456).contains($0) })
    static let aggregation = Option<AggregationOption>(
        "aggregation", "RULE", default: .average,
        "how the workers' parameters become one model: average (weighted by samples), norm-clipping (the same, with changes "
            + "scaled down to what is usual), median, trimmed-mean (without a fifth of the workers at each end), or multi-krum "
            + "(the mean of those nearest to each other); the last three count every worker once and hold all contributions "
            + "of a round")
    static let assumedAttackers = Option<Int>.optional(
        "assumed-attackers", "N",
        "for multi-krum: so many workers may mean ill, and are left out of each group; as many as it stands against when "
            + "not given", constraint: "at least 0", valid: { $0 >= 0 })
    static let clipRatio = Option<Double>.optional(
        "clip-ratio", "RATIO",
        "for norm-clipping: changes are scaled down to this many times the median of the round; 1 when not given",
        constraint: "more than 0", valid: { $0 > 0 && $0 <= 1e6 })
    static let relativeChange = Option<Double>(
        "relative-change", "RATIO", default: federation.gate.round.largestRatio ?? 0,
        "a contribution that changes a group by more than this many times what is usual (the median of the others in the "
            + "round, or of the rounds before where there are fewer than three) is refused, or scaled down where as many times more "
            + "samples are behind it; 0: none is",
        constraint: "0, or at least 1", valid: { $0 == 0 || ($0 >= 1 && $0 <= 1e6) })
    static let weightRatio = Option<Double>(
        "weight-ratio", "RATIO", default: federation.gate.round.weightRatio,
        "from three workers on, a worker's samples of a group count for at most this many times the median",
        constraint: "at least 1", valid: { $0 >= 1 && $0 <= 1e9 })
    static let largestShare = Option<Double>(
        "largest-share", "SHARE", default: federation.gate.round.largestShare,
        "from three workers, or sites, on, the largest part of a group's weight that one of them may have",
        constraint: "more than 0, at most 1", valid: { $0 > 0 && $0 <= 1 })
    static let excludeAfter = Option<Int>(
        "exclude-after", "ROUNDS", default: federation.excludeAfter,
        "rounds in a row in which a worker is refused before it is left out for a while; 0: it never is",
        constraint: "0 to 1000", valid: { (0...1_000).contains($0) })
    static let rollbackRatio = Option<Double>(
        "rollback-ratio", "RATIO", default: federation.rollbackRatio ?? 0,
        "a version with which most sites lose more than this many times what they lost with the last good one is taken "
            + "back; 0: none is", constraint: "0, or at least 1", valid: { $0 == 0 || ($0 >= 1 && $0 <= 1e6) })
    static let targetSeconds = Option<Double>(
        "target-seconds", "SECONDS", default: 0,
        "T: all rounds of training shall take no longer; the fewest workers that do it are chosen, the others stand by; "
            + "0: all work", constraint: "0 to 1e9", valid: { $0 >= 0 && $0 <= 1e9 })
    static let placementModel = Option<String>(
        "placement-model", "MODEL", default: PlacementModel.aifP.rawValue,
        "what is minimised: baseline, aif-p or aif-p-var; see docs/placement.md",
        constraint: PlacementModel.allCases.map(\.rawValue).joined(separator: ", "),
        valid: { PlacementModel(rawValue: $0) != nil })
    static let profile = Option<String>(
        "profile", "FILE", default: "",
        "training times by number of workers, as fl-train profile writes them; without, all work until they are measured"
    )
    static let acceleratorLimit = Option<Int>(
        "accelerator-limit", "N", default: -1, "accelerators that may be used at once; -1: as many as there are",
        constraint: "at least -1", valid: { $0 >= -1 })
    static let accelerationFactor = Option<Double>(
        "acceleration-factor", "FACTOR", default: 0.5,
        "training time with an accelerator over that without, where neither workers nor the profile measured it",
        constraint: "more than 0, less than 1", valid: { $0 > 0 && $0 < 1 })
    static let settle = Option<Double>(
        "settle", "SECONDS", default: 30, "time that a better placement must stay better before it is taken",
        constraint: "0 to 1e6", valid: { $0 >= 0 && $0 <= 1e6 })
    static let candidatePatience = Option<Double>(
        "candidate-patience", "SECONDS", default: 60,
        "time that a node which placement has chosen may take until its worker is here; others are tried then",
        constraint: "1 to 1e6", valid: { $0 >= 1 && $0 <= 1e6 })
    static let keptRounds = Option<Int>(
        "kept-rounds", "N", default: 2, "rounds whose contributions are kept, so that they can be replayed",
        constraint: "at least 0", valid: { $0 >= 0 })
    static let keptVersions = Option<Int>(
        "kept-versions", "N", default: Retention().versions, "model versions that are kept, the latest",
        constraint: "at least 1", valid: { $0 >= 1 })
    static let keptLog = Option<Int>(
        "kept-log", "N", default: Retention().rounds, "rounds that are kept in the log, the latest",
        constraint: "at least 1", valid: { $0 >= 1 })
    static let keptAbandoned = Option<Int>(
        "kept-abandoned", "N", default: Retention().abandonedRounds,
        "abandoned rounds that are kept in the log, the latest", constraint: "at least 0", valid: { $0 >= 0 })
    static let keptWorkers = Option<String>(
        "kept-workers", "TIME", default: "365d",
        "time after which the name of a worker that is away is forgotten; at most 4096 names are kept",
        constraint: "a time such as 90d, up to 36500d", valid: { retentionSeconds($0) != nil })
    static let keptAlarms = Option<String>(
        "kept-alarms", "TIME", default: "365d",
        "time after which alarms, and how far workers had sent theirs, are forgotten; at most 1000000 events are kept",
        constraint: "a time such as 90d, up to 36500d", valid: { retentionSeconds($0) != nil })

    private static func retentionSeconds(_ text: String) -> Int64? {
        DurationText.seconds(text).flatMap { (1...3_153_600_000).contains($0) ? Int64($0) : nil }
    }

    static let epochs = Option<Int>(
        "epochs", "N", default: TrainingConfiguration().epochs,
        "passes over the data in a round, unless stopped early; 0: nothing is trained, to see what all the rest of a round "
            + "costs", constraint: "0 to 1000000", valid: { (0...1_000_000).contains($0) })

    static let falseAlarms = Option<Double>.optional(
        "false-alarms", "PER-DAY",
        "false alarms that the thresholds of every worker allow, a day and entity; each worker's own where not given",
        constraint: "from 0.000001 to 1000000", valid: { Assignment.falseAlarmsRange.contains($0) })

    static let dependencies = Option<String>(
        "dependencies", "FILE", default: "",
        "who depends on whom, so that alarms are put together as incidents and these say where they began: CSV with the "
            + "columns Source, Target and Weight")

    static let forwarders = Option<ForwarderList>(
        "forwarders", "JSON", default: .none,
        "where alarms are sent on to: webhooks, an Alertmanager, syslog, ONAP VES, 3GPP FaultMnS, Grafana, mail, MQTT, ZeroMQ; "
            + "see docs/operating.md"
    )

    static let calendars = Option<CalendarList>(
        "calendars", "JSON", default: .none,
        "calendars of maintenance at an address (iCalendar): while their events last, alarms that fit are not sent on; see "
            + "docs/operating.md")

    static let manual = CommandManual(
        name: "", summary: "coordinate a federation",
        discussion: """
            Waits for workers, merges their statistics, and runs rounds of federated averaging; raw samples never come \
            here. Keeps every model version, the log of rounds and the alarms in its data folder, and goes on where it \
            was after a restart. The final model is written as a folder that fl-train can score with.

            With loop-every it learns again and again, on the latest samples of workers whose sources never end; a loop whose \
            version is worse on the samples held out than the one before is kept out.

            With target-seconds it chooses, from measured training times and round trips, the fewest workers that end all \
            rounds in time; the others stand by and take over when one is lost, slows down, or the target changes \
            (POST {"targetSeconds": T, "rounds": R} to /v1/placement/target; /v1/placement shows decisions and reasons).

            Serves over HTTP: a page for operators at /, /metrics, /v1/alarms/stream (server-sent events; Last-Event-ID \
            replays), /v1/alarms?since=N, /v1/incidents, /v1/workers, /v1/rounds, /v1/placement, /healthz. SIGTERM \
            stops it within a second.

            Everything between server and workers is encrypted. Workers of the same user on the same machine enrol by \
            themselves; others with a token that 'fl-server enrol' prints. 'fl-server keys' and 'fl-server audit' say who \
            may take part, and what became of it.

            window, hidden, epochs and the other training options say how the workers train. A restart in the same data \
            folder may change what is not part of the models (rounds, epochs, deadlines, …; changes are logged); another \
            window, hidden, seed, stride, held-out, maximum-windows or groups is refused. All options can stand in \
            a JSON file; --print-config prints one to start from, and --check-config looks whether all of it can be used. \
            SIGHUP reads it again: log-level, forwarders, calendars, and certificate with its key change at once, for new connections; what \
            'fl-server configure' changes too holds from the next round on; of other options the log says that they need a \
            restart.
            """,
        examples: [
            .init("fl-server --config server.json", "with a configuration file"),
            .init(
                "fl-server --data-folder run1 --minimum-workers 3 --rounds 8",
                "three workers, eight rounds, the rest "
                    + "as it is"),
        ],
        options: [
            ServiceOptions.control, ServiceOptions.bulk, http, dataFolder, plain, certificate, certificateKey, rounds,
            loopEvery,
            loopSamples, loops, evaluate,
            minimumWorkers, quorum, roundDeadline, heartbeat, missedHeartbeats, maximumWorkers, connectionsPerAddress,
            messagesPerSecond, megabytesPerSecond, maximumContribution,
            maximumModel, piece, largestChange, largestParameter, sampleCap, aggregation, assumedAttackers,
            clipRatio, relativeChange, weightRatio, largestShare, excludeAfter, rollbackRatio, keptRounds,
            keptVersions, keptLog, keptAbandoned, keptWorkers, keptAlarms,
            falseAlarms, dependencies, forwarders, calendars,
            targetSeconds,
            placementModel, profile, acceleratorLimit, accelerationFactor, settle, candidatePatience,
            TrainingOptions.window,
            TrainingOptions.hidden, epochs, TrainingOptions.batch, TrainingOptions.stride,
            TrainingOptions.learningRate, TrainingOptions.clipNorm, TrainingOptions.heldOut, TrainingOptions.patience,
            TrainingOptions.proximalWeight,
            TrainingOptions.maximumWindows, TrainingOptions.seed, DataOptions.groups, ServiceOptions.logLevel,
        ])

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let log = ServiceOptions.logger("server", arguments)
        let runtime = try Self.runtime(arguments, log)
        let started = arguments
        let (arguments, settings) = try runtime.takenUp()
        let changes = try Self.restartOptions(arguments, settings).takeUp(in: settings.folder, fixed: Self.fixedOptions)
        if !changes.isEmpty {
            log.warning("options changed", ["what": changes.map(\.description).joined(separator: ", ")])
        }
        if let differences = runtime.differences {
            log.warning("the configuration was changed while the server ran", ["what": differences])
        }
        let (stop, hangup, notification) = (StopSignal(), ReloadSignal(), ServiceNotification())
        stop.catchTermination()
        StopSignal.outliveBrokenPipes()
        hangup.catchHangup()
        try await BackgroundThread.run {
            let service = try ServerService(
                settings: settings, tool: "fl-server \(Tool.version)", log: log, stop: stop, runtime: runtime,
                notification: notification)
            Self.reload(started, service.reload, runtime, at: hangup, notification, log: log)
            try service.run()
        }
    }

    func check(_ arguments: Arguments) async throws -> String {
        let log = Logger(label: "check", minimum: .error, sink: StandardErrorSink())
        let (arguments, settings) = try Self.runtime(arguments, log).takenUp()
        try ServiceCheck.endpoints([settings.control, settings.bulk])
        try ServerService.check(settings)
        try ServiceCheck.folder(settings.folder)
        _ = try Self.restartOptions(arguments, settings).compared(with: settings.folder, fixed: Self.fixedOptions)
        return "the configuration can be used: data folder \(settings.folder), HTTP at \(arguments[Self.http]), "
            + "forwarders: \(settings.forwarders.count)"
    }

    static func settings(_ arguments: Arguments) throws -> ServerSettings {
        var settings = ServerSettings(rules: try DataOptions.rules(arguments))
        settings.control = arguments[ServiceOptions.control]
        settings.bulk = arguments[ServiceOptions.bulk]
        if let (host, port) = ServiceOptions.address(arguments[http]) {
            settings.httpHost = host
            settings.httpPort = port
        }
        settings.folder = arguments[dataFolder]
        settings.isPlain = arguments[plain]
        settings.aggregation = arguments[aggregation].rule
        let pair = (certificate: arguments.file(certificate) ?? "", key: arguments.file(certificateKey) ?? "")
        guard pair.certificate.isEmpty == pair.key.isEmpty else {
            throw CommandLineError.usage("--certificate and --certificate-key are given both, or none of them")
        }
        if !pair.certificate.isEmpty { settings.certificate = pair }
        settings.keptRounds = arguments[keptRounds]
        settings.retention.versions = arguments[keptVersions]
        settings.retention.rounds = arguments[keptLog]
        settings.retention.abandonedRounds = arguments[keptAbandoned]
        settings.retention.workerSeconds = retentionSeconds(arguments[keptWorkers]) ?? settings.retention.workerSeconds
        settings.retention.alarmSeconds = retentionSeconds(arguments[keptAlarms]) ?? settings.retention.alarmSeconds
        var federation = ServerConfiguration()
        federation.rounds = UInt32(clamping: arguments[rounds])
        if let text = arguments[optional: loopEvery], let seconds = DurationText.seconds(text), arguments[loops] != 1 {
            federation.loops.every = .milliseconds(Int64(min(seconds, 1e9) * 1_000))
        }
        federation.loops.loops = arguments[loops] > 0 ? UInt32(arguments[loops]) : nil
        federation.loops.samples = arguments[loopSamples]
        federation.evaluates = arguments[evaluate]
        federation.minimumWorkers = arguments[minimumWorkers]
        federation.quorum = arguments[quorum] == 0 ? arguments[minimumWorkers] : arguments[quorum]
        guard federation.quorum <= federation.minimumWorkers else {
            throw CommandLineError(
                .configuration,
                "quorum: \(federation.quorum) contributions cannot come from \(federation.minimumWorkers) "
                    + "workers; expected at most minimum-workers")
        }
        federation.roundDeadline = .seconds(arguments[roundDeadline])
        federation.heartbeatInterval = .seconds(arguments[heartbeat])
        federation.missedHeartbeats = arguments[missedHeartbeats]
        federation.maximumWorkers = arguments[maximumWorkers]
        let connections =
            arguments[connectionsPerAddress] > 0 ? arguments[connectionsPerAddress] : arguments[maximumWorkers] * 4
        settings.connections = ConnectionQuota.Limits(connections: connections, handshakes: max(8, connections / 8))
        federation.messages.messagesPerSecond = arguments[messagesPerSecond]
        federation.messages.bytesPerSecond = arguments[megabytesPerSecond] * 1_048_576
        federation.maximumContributionBytes = arguments[maximumContribution] << 20
        federation.maximumModelBytes = arguments[maximumModel] << 20
        federation.pieceBytes = arguments[piece] << 10
        federation.gate.largestChange = arguments[largestChange]
        federation.gate.largestParameter = Float(arguments[largestParameter])
        federation.gate.sampleCap = UInt64(arguments[sampleCap])
        federation.gate.round = try roundGate(arguments)
        federation.excludeAfter = arguments[excludeAfter]
        federation.falseAlarmsPerDay = arguments[optional: falseAlarms]
        federation.rollbackRatio = arguments[rollbackRatio] > 0 ? arguments[rollbackRatio] : nil
        settings.assumedAttackers = arguments[optional: assumedAttackers]
        settings.federation = federation
        settings.placement = try placement(arguments)
        if !arguments[dependencies].isEmpty {
            settings.dependencies = try DependencyGraph(contentsOf: arguments[dependencies])
        }
        settings.forwarders = try arguments[forwarders].forwarders()
        settings.calendars = try arguments[calendars].calendars()
        settings.subscriber = FaultManagementForwarder.subscriber
        settings.training = try TrainingOptions.configuration(arguments)
        settings.training.rounds = arguments[rounds]
        return settings
    }

    /// What contributions must be beside one another.
    private static func roundGate(_ arguments: Arguments) throws -> RoundGate {
        let rule = arguments[aggregation].rule
        guard rule == .multiKrum || arguments[optional: assumedAttackers] == nil else {
            throw CommandLineError(
                .configuration,
                "assumed-attackers: means nothing with --aggregation \(rule.rawValue), only with multi-krum")
        }
        guard rule == .normClipping || arguments[optional: clipRatio] == nil else {
            throw CommandLineError(
                .configuration, "clip-ratio: means nothing with --aggregation \(rule.rawValue), only with norm-clipping"
            )
        }
        var gate = RoundGate()
        gate.largestRatio = arguments[relativeChange] > 0 ? arguments[relativeChange] : nil
        gate.clippingRatio = rule == .normClipping ? arguments[optional: clipRatio] ?? 1 : nil
        gate.weightRatio = arguments[weightRatio]
        gate.largestShare = arguments[largestShare]
        return gate
    }

    /// What the models of a folder follow from.
    static let fixedOptions: Set<String> = [
        "window", "hidden", "seed", "stride", "held-out", "maximum-windows", "groups",
    ]

    /// What a restart in the same folder is held against.
    private static func restartOptions(_ arguments: Arguments, _ settings: ServerSettings) throws -> RestartOptions {
        let training = settings.training
        return RestartOptions([
            "window": "\(arguments[TrainingOptions.window])",
            "hidden": arguments[TrainingOptions.hidden].map(String.init).joined(separator: ","),
            "seed": "\(arguments[TrainingOptions.seed])", "stride": "\(arguments[TrainingOptions.stride])",
            "held-out": "\(arguments[TrainingOptions.heldOut])",
            "maximum-windows": "\(arguments[TrainingOptions.maximumWindows])",
            "groups": SHA256.hexadecimalDigest(of: try DeterministicJSON.encode(settings.rules)),
            "epochs": "\(training.epochs)", "batch": "\(arguments[TrainingOptions.batch])",
            "learning-rate": "\(arguments[TrainingOptions.learningRate])",
            "clip-norm": "\(arguments[TrainingOptions.clipNorm])",
            "patience": "\(arguments[TrainingOptions.patience])",
            "proximal-weight": "\(arguments[TrainingOptions.proximalWeight])", "rounds": "\(arguments[rounds])",
            "loop-every": arguments[optional: loopEvery] ?? "", "loop-samples": "\(arguments[loopSamples])",
            "loops": "\(arguments[loops])",
            "evaluate": "\(arguments[evaluate])", "minimum-workers": "\(arguments[minimumWorkers])",
            "quorum": "\(arguments[quorum])", "round-deadline": "\(arguments[roundDeadline])",
            "target-seconds": "\(arguments[targetSeconds])", "placement-model": arguments[placementModel],
            "kept-versions": "\(arguments[keptVersions])", "kept-log": "\(arguments[keptLog])",
            "kept-abandoned": "\(arguments[keptAbandoned])", "kept-workers": arguments[keptWorkers],
            "kept-alarms": arguments[keptAlarms], "kept-rounds": "\(arguments[keptRounds])",
            "aggregation": arguments[aggregation].rawValue,
            "false-alarms": arguments[optional: falseAlarms].map { "\($0)" } ?? "",
        ])
    }
}
