import Autoencoders
package import CommandLine
import Foundation
import Placement
import Platform
import Services
import Telemetry

/// `fl-train profile`: how long a round takes with how many workers, and what that does to the model.
package struct ProfileCommand: Command {
    private static let data = Option<[String]>(
        "data", "PATH", default: [], "files or folders to learn from; unless given, generated data of one site")
    private static let workers = Option<String>(
        "workers", "K|A...B", default: "1...8", "numbers of workers to measure: a list with commas, or a range",
        constraint: "numbers from 1 to 1024, such as 4, 1,2,4 or 1...8", valid: { counts($0) != nil })
    private static let repetitions = Option<Int>(
        "repetitions", "N", default: 15, "how often each number of workers is measured", constraint: "1 to 10000",
        valid: { (1...10_000).contains($0) })
    private static let windows = Option<Int>(
        "windows", "N", default: 800, "windows of each group that the workers share; 0: all there are",
        constraint: "0 or more", valid: { $0 >= 0 })
    private static let epochs = Option<Int>(
        "epochs", "N", default: 10, "passes over the windows in a round; none is left out", constraint: "at least 1",
        valid: { $0 >= 1 })
    private static let rounds = Option<Int>(
        "rounds", "N", default: 1, "rounds of a repetition", constraint: "at least 1", valid: { $0 >= 1 })
    private static let batch = Option<Int>(
        "batch", "WINDOWS", default: 0, "windows in one step of the optimiser; 0: all of a worker's",
        constraint: "0 or more", valid: { $0 >= 0 })
    private static let threads = Option<Int>(
        "threads", "N", default: 1, "threads of each worker", constraint: "1 to 4096",
        valid: { (1...4096).contains($0) })
    private static let accelerator = Option<String>.optional(
        "accelerator", "NAME",
        "measure this device too, and its time as a share of the CPU's; 'fl-train devices' lists what is here")
    private static let out = Option<String>.optional(
        "out", "FILE", "write the profile as JSON, for fl-server and fl-place")
    private static let plot = Option<String>.optional(
        "plot", "FILE.svg", "draw the times, a box for each k, and the loss")
    private static let format = Option<OutputFormat>("format", "FORMAT", default: .table, "how to print the result")

    /// Name, help and options.
    package static let manual = CommandManual(
        name: "profile", summary: "measure the time of a round by number of workers, for placement",
        discussion: """
            Runs real rounds of federated training with 1, 2, … workers that share the windows of every group evenly, \
            and prints the distribution of the times of a round: the time of its slowest worker, without transfers. \
            Where there are more workers than cores they train one after another, as if each had a core of its own. \
            The repetitions go over all numbers of workers in turn, so that a slow moment of the machine does not fall \
            on one of them; each has other initial parameters.

            p_k, the training-time profile that placement takes, goes through the first quartiles and is linear between \
            them. Beside it stands the loss on what is held out: the same rounds get less far when the data are spread \
            thin, and no time shows that.

            The defaults are the published ones: all of 800 windows in one step, 10 epochs, 1 round.
            """,
        examples: [
            .init("fl-train profile --out profile.json --plot profile.svg", "this machine, generated data"),
            .init(
                "fl-train profile --data metrics/ --windows 0 --batch 64 --workers 1,2,4 --rounds 3",
                "one's own data, as fl-server trains on it"),
        ],
        options: [
            data, workers, repetitions, windows, epochs, rounds, batch, threads, TrainingOptions.window,
            TrainingOptions.hidden,
            TrainingOptions.stride, TrainingOptions.learningRate, TrainingOptions.heldOut, TrainingOptions.seed,
            accelerator, out,
            plot, format,
        ] + DataOptions.all)

    /// A command that gets its arguments when it runs.
    package init() {}

    /// Runs it.
    package func run(_ arguments: Arguments, _ console: Console) async throws {
        let configuration = try Self.configuration(arguments)
        guard let counts = Self.counts(arguments[Self.workers]) else {
            throw CommandLineError.usage("--workers: found '\(arguments[Self.workers])'")
        }
        let name = arguments[optional: Self.accelerator]
        if let name { _ = try AcceleratorCatalog.backend(named: name, threads: arguments[Self.threads]) }
        let document = try await BackgroundThread.run { () throws -> MeasuredProfile in
            console.progress("reading")
            let groups = try Self.groups(arguments, configuration)
            return try Self.measure(groups, configuration, counts, accelerator: name, arguments, console)
        }
        let report = ProfileReport(profile: document)
        if let file = arguments[optional: Self.out] {
            try FileContents.writeAtomically(try document.encoded(), to: file)
        }
        if let file = arguments[optional: Self.plot] {
            try FileContents.writeAtomically(Array(report.picture.svg().utf8), to: file)
        }
        switch arguments[Self.format] {
        case .json: try console.printJSON(document)
        case .table: console.print(report.text)
        }
    }

    // MARK: What is trained

    private static func configuration(_ arguments: Arguments) throws -> TrainingConfiguration {
        var configuration = TrainingConfiguration()
        configuration.window = arguments[TrainingOptions.window]
        configuration.hidden = arguments[TrainingOptions.hidden]
        configuration.stride = arguments[TrainingOptions.stride]
        configuration.learningRate = arguments[TrainingOptions.learningRate]
        configuration.heldOutShare = arguments[TrainingOptions.heldOut]
        configuration.seed = arguments[TrainingOptions.seed]
        configuration.epochs = arguments[epochs]
        configuration.rounds = arguments[rounds]
        configuration.patience = nil
        configuration.accelerator = "cpu"
        try configuration.validate()
        return configuration
    }

    /// The windows of every group, cleaned and scaled as a federation of one worker would.
    private static func groups(
        _ arguments: Arguments, _ configuration: TrainingConfiguration
    ) throws -> [GroupTrainingData] {
        let paths = arguments[data]
        guard paths.isEmpty else { return try groups(below: paths, arguments, configuration) }
        let folder = FileManager.default.temporaryDirectory.appending(path: "fl-train-profile-\(getpid())")
        defer { try? FileManager.default.removeItem(at: folder) }
        // As many rows as give the windows wanted, a minute apart.
        let wanted = arguments[windows] > 0 ? arguments[windows] : 800
        let rows = Double(wanted * configuration.stride + 2 * configuration.window) / (1 - configuration.heldOutShare)
        let scenario = SyntheticScenario(
            seed: configuration.seed, sites: 1, entitiesPerSite: 1, types: [.enb], hours: (rows / 0.9 + 100) / 60,
            stepSeconds: 60, trainingShare: 0.9, faults: .count(0))
        _ = try DataGenerator(scenario).write(to: folder.path, replacing: true)
        return try groups(below: [folder.path], arguments, configuration)
    }

    private static func groups(
        below paths: [String], _ arguments: Arguments, _ configuration: TrainingConfiguration
    ) throws -> [GroupTrainingData] {
        let reader = DataOptions.readerOptions(arguments)
        let rules = try DataOptions.rules(arguments)
        let sources = try MetricSources.discover(paths, part: .train, options: reader)
        var statistics = TelemetryStatistics()
        for source in sources { try statistics.add(source, rules: rules, options: reader) }
        let context = try FederationContext.fitted(to: statistics, rules: rules, configuration: configuration)
        var collector = TrainingCollector(
            pipeline: context.pipeline, scalers: context.scalers, configuration: configuration)
        for source in sources { try collector.append(source, options: reader) }
        var groups = try collector.finish().groups
        let limit = arguments[windows]
        guard limit > 0 else { return groups }
        for index in groups.indices { groups[index].data = groups[index].data.prefix(windows: limit) }
        return groups
    }

    // MARK: Measuring

    private static func measure(
        _ groups: [GroupTrainingData], _ configuration: TrainingConfiguration, _ counts: [Int], accelerator: String?,
        _ arguments: Arguments, _ console: Console
    ) throws -> MeasuredProfile {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let threads = arguments[Self.threads]
        func profiler(_ name: String) -> RoundProfiler {
            RoundProfiler(
                groups: groups, configuration: configuration, batch: arguments[batch], threads: threads, cores: cores
            ) { try AcceleratorCatalog.backend(named: name, threads: $0) }
        }
        let main = profiler("cpu")
        let other = accelerator.map(profiler)
        if let largest = counts.last, largest > main.mostWorkers {
            throw CommandLineError(
                .data,
                "--workers: found \(largest), but no group has more than \(main.mostWorkers) windows to share; "
                    + "expected at most as many workers as windows")
        }
        let repetitions = arguments[repetitions]
        var seconds = [[Double]](repeating: [], count: counts.count)
        var faster = seconds
        var losses = [[[Double]]](repeating: [], count: counts.count)
        // Not measured: the first run pays for memory that the others find in place.
        _ = try main.repetition(workers: counts[0], seed: configuration.seed)
        _ = try other?.repetition(workers: counts[0], seed: configuration.seed)
        for repetition in 0..<repetitions {
            let seed = configuration.seed &+ UInt64(repetition)
            for (place, count) in counts.enumerated() {
                console.progress("repetition \(repetition + 1) of \(repetitions), \(count) workers")
                let found = try main.repetition(workers: count, seed: seed)
                seconds[place] += found.seconds
                if !found.heldOutLoss.isEmpty { losses[place].append(found.heldOutLoss) }
                if let other { faster[place] += try other.repetition(workers: count, seed: seed).seconds }
            }
        }
        let measurements = counts.indices.map { place in
            MeasuredProfile.Measurement(
                workers: counts[place], simultaneous: main.isSimultaneous(workers: counts[place]),
                largestShare: main.largestShare(workers: counts[place]), seconds: seconds[place],
                heldOutLoss: mean(losses[place]))
        }
        let device = try AcceleratorCatalog.backend(named: accelerator ?? "cpu", threads: threads).device
        let setting = MeasuredProfile.Setting(
            data: arguments[data].isEmpty ? "generated" : arguments[data].joined(separator: " "),
            windows: groups.reduce(0) { $0 + $1.data.trainingStarts.count }, epochs: configuration.epochs,
            rounds: configuration.rounds, batch: arguments[batch], window: configuration.window,
            hidden: configuration.hidden, threads: threads, cores: cores,
            accelerator: "\(device.backend) (\(device.name))")
        return MeasuredProfile(
            setting: setting, measurements: measurements,
            accelerationFactor: accelerator.map { _ in factor(of: faster, over: seconds) })
    }

    /// The median over k of the ratio of the first quartiles: α.
    private static func factor(of faster: [[Double]], over seconds: [[Double]]) -> Double {
        let ratios = zip(faster, seconds).map { faster, seconds in
            func quartile(_ times: [Double]) -> Double {
                MeasuredProfile.Measurement(
                    workers: 1, simultaneous: true, largestShare: 0, seconds: times, heldOutLoss: []
                ).firstQuartile
            }
            return quartile(faster) / quartile(seconds)
        }.sorted()
        return ratios[ratios.count / 2]
    }

    /// Element by element, over the repetitions.
    private static func mean(_ curves: [[Double]]) -> [Double] {
        guard let first = curves.first else { return [] }
        return first.indices.map { index in curves.reduce(0) { $0 + $1[index] } / Double(curves.count) }
    }

    /// The numbers of workers of `4`, `1,2,4` or `1...8`: ascending, each once.
    static func counts(_ text: String) -> [Int]? {
        func number(_ text: Substring) -> Int? { Int(text).flatMap { (1...1_024).contains($0) ? $0 : nil } }
        if let dots = text.firstRange(of: "...") {
            guard let low = number(text[..<dots.lowerBound]), let high = number(text[dots.upperBound...]), low <= high
            else { return nil }
            return Array(low...high)
        }
        var counts: Set<Int> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let count = number(part) else { return nil }
            counts.insert(count)
        }
        return counts.isEmpty ? nil : counts.sorted()
    }
}
