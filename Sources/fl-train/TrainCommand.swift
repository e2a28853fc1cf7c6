import Autoencoders
import CommandLine
import Platform
import Services
import Telemetry
import Watching

/// `fl-train train`: from metric files to a model.
struct TrainCommand: Command {
    static let data = Option<[String]>.required("data", "PATH", "files or folders to learn from")
    static let out = Option<String>.required(
        "out", "DIR", "folder of the model; an earlier model there is replaced as a whole, anything else is refused")
    static let threads = Option<Int>(
        "threads", "N", default: 1, "threads in all; the model does not depend on it", constraint: "1 to 4096",
        valid: { (1...4096).contains($0) })
    static let methods = Option<[String]>(
        "methods", "NAME", default: DetectorTraining.standardMethods.map(\.name),
        "detection methods to calibrate, of which scoring uses the first one unless told otherwise: 'autoencoder', or one "
            + "that 'fl-train benchmark --help' lists")
    static let trainingShare = Option<Double>.optional(
        "training-share", "SHARE",
        "learn from this share of the rows, the first ones, of each source that has no training part of its own",
        constraint: "0.01 to 1", valid: { (0.01...1).contains($0) })
    static let checkpoints = Option<String>.optional(
        "checkpoints", "DIR", "keep the state after every epoch there; a run that finds some goes on from them")
    static let format = Option<OutputFormat>("format", "FORMAT", default: .table, "how to print the summary")

    static let manual = CommandManual(
        name: "train", summary: "learn what normal looks like: one model a resource group, and the detectors",
        discussion: """
            Reads the files (of a set split into parts, the training part), cleans and scales them, trains an LSTM \
            autoencoder for each resource group, and calibrates detectors and thresholds for each entity. The model is \
            a folder with manifest.json, which records every choice, and one <layer>.<group>.safetensors a group, \
            which PyTorch can load. An entity of which there is too little is said and left to what others of its type \
            do; what does not vary has no autoencoder.

            The same data, options and build give the same bytes, whatever the number of threads. With --checkpoints a \
            stopped run goes on where it was and ends with the same bytes as one that was never stopped.
            """,
        examples: [
            .init("fl-train train --data metrics/ --out model", "everything below a folder, with the defaults"),
            .init(
                "fl-train train --data a.csv b.csv --out model --window 30 --hidden 32,16 --threads 2",
                "two files, a smaller network, both cores"),
        ],
        options: [
            data, out, TrainingOptions.window, TrainingOptions.hidden, TrainingOptions.epochs, TrainingOptions.batch,
            TrainingOptions.rounds, TrainingOptions.seed, threads, TrainingOptions.stride,
            TrainingOptions.learningRate, TrainingOptions.clipNorm, TrainingOptions.heldOut, TrainingOptions.patience,
            TrainingOptions.proximalWeight, TrainingOptions.maximumWindows, TrainingOptions.accelerator, methods,
            TrainingOptions.falseAlarms, DeviationOptions.deviations, trainingShare, checkpoints, format,
        ] + DataOptions.all)

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let configuration = try TrainingOptions.configuration(arguments)
        let methods = try Self.methods(arguments[Self.methods])
        let deviations = try DeviationOptions.rules(arguments, methods: [methods[0]])
        let reader = DataOptions.readerOptions(arguments)
        var options = ModelTrainer.DataOptions(rules: try DataOptions.rules(arguments))
        options.reader = reader
        let backend = try AcceleratorCatalog.backend(named: configuration.accelerator) { console.note($0) }
        let store = arguments[optional: Self.checkpoints].map { CheckpointStore(folder: $0) }
        try ModelFolder.checkWritable(arguments[Self.out])
        console.progress("looking for metric files")
        let found = try MetricSources.discover(arguments[Self.data], part: .train, options: reader) {
            console.note($0)
        }
        let sources = found.map { source in
            var source = source
            if source.part == .all { source.leadingShare = arguments[optional: Self.trainingShare] }
            return source
        }
        let clock = ContinuousClock()
        let start = clock.now
        let progress = TrainingProgressLine(console)
        let (rules, threads) = (options, arguments[Self.threads])
        let model = try await BackgroundThread.run { () throws -> MonitoringModel in
            console.progress("reading \(sources.count) sources")
            try Self.sayWhatIsThere(sources, reader: reader, console)
            let trainer = try ModelTrainer(configuration: configuration, threads: threads) { threads in
                try AcceleratorCatalog.backend(named: configuration.accelerator, threads: threads) { console.note($0) }
            }
            var bundle = try trainer.train(
                sources, options: rules, tool: "fl-train \(Tool.version)", checkpoints: store,
                control: TrainingControl(onProgress: { progress.show($0) }))
            console.progress("looking what is usual")
            try bundle.learnUsualRanges(from: sources, options: reader)
            var training = DetectorTraining(
                methods: methods, falseAlarmsPerDay: arguments[TrainingOptions.falseAlarms], seed: configuration.seed)
            training.deviations = deviations
            let (detectors, main) = try Self.detectors(training, bundle, sources, reader, backend, console)
            if bundle.manifest.groups.isEmpty {
                console.note(
                    "no autoencoder: nothing varies, or not for \(configuration.window) samples without a gap; detectors "
                        + "watch without")
            }
            let incidents = try IncidentModel(
                learning: sources, pipeline: try bundle.pipeline(), reader: reader,
                falseAlarmsPerDay: training.falseAlarmsPerDay)
            return MonitoringModel(
                bundle: bundle, reader: reader, detectors: detectors, defaultMethod: main, incidents: incidents)
        }
        try model.write(to: arguments[Self.out])
        let seconds = clock.now - start
        try report(model, sources: sources, duration: seconds, arguments, console)
    }

    /// Says what is worth knowing about the data before anything is learned from them: how times were read, what is out
    /// of order, whether there is too little.
    private static func sayWhatIsThere(
        _ sources: [EntitySource], reader options: ReaderOptions, _ console: Console
    ) throws {
        var said = SourceNotes()
        var hasNumbers = false
        for source in sources {
            var audit = ClockAudit()
            var reader = try source.makeReader(options: options)
            while let frame = try reader.nextChunk(maximumRows: 1 << 16) {
                audit.add(frame)
                hasNumbers = hasNumbers || frame.values.contains(where: \.isFinite)
            }
            said.add(audit.notes(reader.layout, isTraining: true), of: source.key)
        }
        guard hasNumbers else {
            throw CommandLineError(.data, "\(sources[0].key): found no finite number, expected metrics with values")
        }
        said.say(console)
    }

    /// Fits the detectors, and says of which entities too little is known for one.
    ///
    /// - Returns: the detectors by method, and the method that scoring uses.
    private static func detectors(
        _ training: DetectorTraining, _ bundle: ModelBundle, _ sources: [EntitySource], _ reader: ReaderOptions,
        _ backend: any AcceleratorBackend, _ console: Console
    ) throws -> (detectors: [String: DetectorSet], main: String) {
        var unfitted = UnfittedEntities()
        let found = try training.detectors(
            for: bundle, sources: sources, reader: reader, backend: backend,
            progress: { console.progress("calibrating \($2) (\($0 + 1) of \($1))") },
            onFailure: { try unfitted.add($0, $1) })
        let (detectors, main) = try unfitted.kept(of: found, training.methods)
        for note in unfitted.notes(detectors[main]) { console.note(note) }
        if main != training.methods[0].name {
            console.note("scoring uses '\(main)' unless told otherwise: '\(training.methods[0].name)' fits no entity")
        }
        return (detectors, main)
    }

    /// The detection methods of these names, each once.
    private static func methods(_ names: [String]) throws -> [DetectionMethod] {
        var methods: [DetectionMethod] = []
        for method in try names.map({ try DetectorTraining.method(named: $0) }) {
            guard !methods.contains(where: { $0.name == method.name }) else {
                throw CommandLineError.usage("--methods: found '\(method.name)' twice, expected each name once")
            }
            methods.append(method)
        }
        return methods
    }

    private func report(
        _ model: MonitoringModel, sources: [EntitySource], duration: Duration, _ arguments: Arguments,
        _ console: Console
    ) throws {
        let manifest = model.bundle.manifest
        let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
        let confidence = (model.detectors[model.defaultMethod]?.entities ?? [:]).compactMapValues(\.confidence)
        switch arguments[Self.format] {
        case .json:
            try console.printJSON(
                Summary(
                    model: arguments[Self.out], entities: sources.map(\.key), seconds: seconds,
                    methods: model.detectors.keys.sorted(),
                    confidence: confidence.mapValues(ConfidenceReport.init),
                    groups: manifest.groups.map { group in
                        Summary.Group(
                            name: group.name, metrics: group.metrics, trainingWindows: group.trainingWindows,
                            heldOutWindows: group.heldOutWindows, parameters: group.shape.parameterCount,
                            epochs: group.curve.count, loss: group.curve.last?.loss, heldOutLoss: group.heldOutLoss)
                    }))
        case .table:
            var table = Table([
                "group", "metrics", "parameters", "windows", "held out", "epochs", "loss", "held-out loss",
            ])
            for group in manifest.groups {
                table.add([
                    group.name, "\(group.metrics.count)", "\(group.shape.parameterCount)", "\(group.trainingWindows)",
                    "\(group.heldOutWindows)", "\(group.curve.count)",
                    group.curve.last.map { Quantity.number($0.loss, digits: 4) } ?? "-",
                    group.heldOutLoss.map { Quantity.number($0, digits: 4) } ?? "-",
                ])
            }
            if !manifest.groups.isEmpty { console.print(table.text + "\n") }
            console.print(
                "\(Quantity.count(sources.count, "entity", "entities")), "
                    + "\(Quantity.count(manifest.groups.count, "group")) in \(Quantity.seconds(seconds)); "
                    + "model in \(arguments[Self.out])")
            for line in ConfidenceReport.lines(confidence) { console.print(line) }
        }
    }

    private struct Summary: Encodable {
        struct Group: Encodable {
            var name: String
            var metrics: [String]
            var trainingWindows: Int
            var heldOutWindows: Int
            var parameters: Int
            var epochs: Int
            var loss: Double?
            var heldOutLoss: Double?
        }
        var model: String
        var entities: [String]
        var seconds: Double
        var methods: [String]
        /// Of each entity's thresholds, by the method that scoring uses.
        var confidence: [String: ConfidenceReport]
        var groups: [Group]
    }
}
