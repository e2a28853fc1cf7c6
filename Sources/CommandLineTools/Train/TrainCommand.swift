import Accelerators
import Autoencoders
import CommandLineSupport
import Detection
import Monitoring
import Telemetry

/// `fl-train train`: from metric files to a model.
struct TrainCommand: Command {
    private static let defaults = TrainingConfiguration()

    static let data = Option<[String]>.required("data", "PATH", "files or folders to learn from")
    static let out = Option<String>.required(
        "out", "DIR", "folder of the model; an earlier model there is replaced as a whole, anything else is refused")
    static let window = Option<Int>(
        "window", "SAMPLES", default: defaults.window, "T: samples in a window", constraint: "at least 1",
        valid: { $0 >= 1 })
    static let hidden = Option<[Int]>(
        "hidden", "SIZES", default: defaults.hidden, "widths of the encoder's LSTM layers; the decoder mirrors them",
        constraint: "each at least 1", valid: { $0.allSatisfy { $0 >= 1 } })
    static let epochs = Option<Int>(
        "epochs", "N", default: defaults.epochs, "passes over the data in a round, unless stopped early",
        constraint: "at least 1", valid: { $0 >= 1 })
    static let batch = Option<Int>(
        "batch", "WINDOWS", default: defaults.batch, "windows in one step of the optimiser", constraint: "at least 1",
        valid: { $0 >= 1 })
    static let rounds = Option<Int>(
        "rounds", "N", default: defaults.rounds,
        "rounds; each begins with a fresh optimiser, as in a federation with one worker", constraint: "at least 1",
        valid: { $0 >= 1 })
    static let seed = Option<UInt64>("seed", "N", default: defaults.seed, "decides every random draw")
    static let threads = Option<Int>(
        "threads", "N", default: 1, "threads in all; the model does not depend on it", constraint: "1 to 4096",
        valid: { (1...4096).contains($0) })
    static let stride = Option<Int>(
        "stride", "SAMPLES", default: defaults.stride, "samples from one training window to the next",
        constraint: "at least 1", valid: { $0 >= 1 })
    static let learningRate = Option<Double>(
        "learning-rate", "RATE", default: defaults.learningRate, "Adam's step size", constraint: "more than 0",
        valid: { $0 > 0 })
    static let clipNorm = Option<Double>(
        "clip-norm", "NORM", default: defaults.clipNorm ?? 0, "longest gradient that is followed as it is; 0: no limit",
        constraint: "at least 0", valid: { $0 >= 0 })
    static let heldOut = Option<Double>(
        "held-out", "SHARE", default: defaults.heldOutShare,
        "share of each entity's latest samples that is not trained on, for stopping and calibration",
        constraint: "0 to 0.9", valid: { (0...0.9).contains($0) })
    static let patience = Option<Int>(
        "patience", "EPOCHS", default: defaults.patience ?? 0,
        "epochs without a better held-out loss before a round ends; 0: never stop early", constraint: "at least 0",
        valid: { $0 >= 0 })
    static let proximalWeight = Option<Double>(
        "proximal-weight", "MU", default: 0,
        "FedProx: how strongly a round holds a worker's parameters to those it started from; 0: not at all",
        constraint: "0 to 1000000", valid: { (0...1e6).contains($0) })
    static let maximumWindows = Option<Int>(
        "maximum-windows", "N", default: defaults.maximumWindows,
        "windows of one group kept in memory; of more, a seeded sample is trained on", constraint: "at least 1",
        valid: { $0 >= 1 })
    static let accelerator = Option<String>(
        "accelerator", "NAME", default: defaults.accelerator,
        "what computes: auto, cpu, cpu-bfloat16, openblas, opencl, opencl:N, opencl:TEXT (of the device's name) or "
            + "reference; 'fl-train devices' lists what is here")
    static let methods = Option<[String]>(
        "methods", "NAME", default: DetectorTraining.standardMethods.map(\.name),
        "detection methods to calibrate, of which scoring uses the first one unless told otherwise; 'fl-train benchmark "
            + "--help' lists them")
    static let falseAlarms = Option<Double>(
        "false-alarms", "PER-DAY", default: 1, "false alarms that thresholds allow, a day and entity",
        constraint: "from 0.000001 to 1000000", valid: { (1e-6...1e6).contains($0) })
    static let checkpoints = Option<String>.optional(
        "checkpoints", "DIR", "keep the state after every epoch there; a run that finds some goes on from them")
    static let format = Option<OutputFormat>("format", "FORMAT", default: .table, "how to print the summary")

    static let manual = CommandManual(
        name: "train", summary: "learn what normal looks like: one model a resource group, and the detectors",
        discussion: """
            Reads the files (of a set split into parts, the training part), cleans and scales them, trains an LSTM \
            autoencoder for each resource group, and calibrates detectors and thresholds for each entity. The model is \
            a folder with manifest.json, which records every choice, and one <layer>.<group>.safetensors a group, \
            which PyTorch can load.

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
            data, out, window, hidden, epochs, batch, rounds, seed, threads, stride, learningRate, clipNorm, heldOut,
            patience, proximalWeight, maximumWindows, accelerator, methods, falseAlarms, checkpoints, format,
        ] + DataOptions.all)

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let configuration = try Self.configuration(arguments)
        let methods = try Self.methods(arguments[Self.methods])
        let reader = DataOptions.readerOptions(arguments)
        var options = ModelTrainer.DataOptions(rules: try DataOptions.rules(arguments))
        options.reader = reader
        let backend = try AcceleratorCatalog.backend(named: configuration.accelerator) { console.note($0) }
        let store = arguments[optional: Self.checkpoints].map { CheckpointStore(folder: $0) }
        try ModelFolder.checkWritable(arguments[Self.out])
        console.progress("looking for metric files")
        let sources = try Sources.discover(arguments[Self.data], part: .train, options: reader)
        let clock = ContinuousClock()
        let start = clock.now
        let progress = TrainingProgressLine(console)
        let (rules, threads) = (options, arguments[Self.threads])
        let model = try await DetachedThread.run { () throws -> MonitoringModel in
            console.progress("reading \(sources.count) sources")
            let trainer = try ModelTrainer(configuration: configuration, threads: threads) { threads in
                try AcceleratorCatalog.backend(named: configuration.accelerator, threads: threads) { console.note($0) }
            }
            let bundle = try trainer.train(
                sources, options: rules, tool: "fl-train \(Tool.version)", checkpoints: store,
                control: TrainingControl(onProgress: { progress.show($0) }))
            let training = DetectorTraining(
                methods: methods, falseAlarmsPerDay: arguments[Self.falseAlarms], seed: configuration.seed)
            let detectors = try training.detectors(for: bundle, sources: sources, reader: reader, backend: backend) {
                console.progress("calibrating \($2) (\($0 + 1) of \($1))")
            }
            return MonitoringModel(
                bundle: bundle, reader: reader, detectors: detectors, defaultMethod: methods[0].name)
        }
        try model.write(to: arguments[Self.out])
        let seconds = clock.now - start
        try report(model, sources: sources, duration: seconds, arguments, console)
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

    /// The training configuration that the options describe.
    ///
    /// - Throws: `ModelError` for settings that cannot be trained with.
    static func configuration(_ arguments: Arguments) throws -> TrainingConfiguration {
        var configuration = TrainingConfiguration()
        configuration.window = arguments[window]
        configuration.hidden = arguments[hidden]
        configuration.epochs = arguments[epochs]
        configuration.batch = arguments[batch]
        configuration.rounds = arguments[rounds]
        configuration.seed = arguments[seed]
        configuration.stride = arguments[stride]
        configuration.learningRate = arguments[learningRate]
        configuration.clipNorm = arguments[clipNorm] > 0 ? arguments[clipNorm] : nil
        configuration.heldOutShare = arguments[heldOut]
        configuration.patience = arguments[patience] > 0 ? arguments[patience] : nil
        configuration.proximalWeight = arguments[proximalWeight] > 0 ? arguments[proximalWeight] : nil
        configuration.maximumWindows = arguments[maximumWindows]
        configuration.accelerator = arguments[accelerator]
        try configuration.validate()
        return configuration
    }

    private func report(
        _ model: MonitoringModel, sources: [EntitySource], duration: Duration, _ arguments: Arguments,
        _ console: Console
    ) throws {
        let manifest = model.bundle.manifest
        let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
        switch arguments[Self.format] {
        case .json:
            try console.printJSON(
                Summary(
                    model: arguments[Self.out], entities: sources.map(\.key), seconds: seconds,
                    methods: model.detectors.keys.sorted(),
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
            console.print(table.text)
            console.print("")
            console.print(
                "\(Quantity.count(sources.count, "entity", "entities")), "
                    + "\(Quantity.count(manifest.groups.count, "group")) in \(Quantity.seconds(seconds)); "
                    + "model in \(arguments[Self.out])")
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
        var groups: [Group]
    }
}
