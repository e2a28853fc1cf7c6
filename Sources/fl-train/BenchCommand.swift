import Autoencoders
import CommandLine
import FoundationEssentials
import Laboratory
import Numerics
import Platform

/// `fl-train bench engine`: the speed of training and scoring on this machine; `fl-train bench federation`: what a round
/// costs.
struct BenchCommand: Command {
    private static let subject = Option<BenchmarkSubject>.positional("subject", "engine", "what to measure")
    private static let features = Option(
        "features", "F", default: 32, "metrics of a window", constraint: "from 1 to 100000"
    ) { (1...100_000).contains($0) }
    private static let window = Option(
        "window", "SAMPLES", default: 20, "samples of a window", constraint: "from 1 to 100000"
    ) { (1...100_000).contains($0) }
    private static let hidden = Option(
        "hidden", "H,H,…", default: [64, 32], "hidden units of the encoder's layers", constraint: "each from 1 to 10000"
    ) { $0.allSatisfy { (1...10_000).contains($0) } }
    private static let windows = Option(
        "windows", "COUNT", default: 8000, "windows of an epoch", constraint: "at least 1"
    ) { $0 > 0 && $0 <= 100_000_000 }
    private static let batch = Option(
        "batch", "B,B,…", default: [64, 800], "windows a step", constraint: "each at least 1"
    ) { $0.allSatisfy { $0 > 0 && $0 <= 10_000_000 } }
    private static let threads = Option(
        "threads", "N,N,…", default: [1, 2], "threads of the engine", constraint: "each from 1 to 1024"
    ) { $0.allSatisfy { (1...1024).contains($0) } }
    private static let modes = Option(
        "mode", "MODE,MODE", default: "train,infer", "train, infer or both", constraint: "train, infer or both"
    ) { parseModes($0) != nil }
    private static let repetitions = Option(
        "repetitions", "COUNT", default: 7, "measured repetitions, after one that is not", constraint: "at least 1"
    ) { $0 > 0 }
    private static let accelerator = Option(
        "accelerator", "NAME", default: "auto",
        "device to measure: auto, cpu, cpu-bfloat16, openblas, opencl[:DEVICE] or reference; 'fl-train devices' lists them"
    )
    private static let fit = Option<String>.optional(
        "fit", "SIZE,SIZE",
        "instead, how the time of training grows with windows, window, epochs or features: slope, intercept and R² of the "
            + "line through the medians", valid: { parseSeries($0) != nil })

    /// Name, help and options.
    static let manual = CommandManual(
        name: "bench", summary: "measure the speed of training and scoring, or the cost of a federation's round",
        discussion: """
            Trains and scores LSTM autoencoders on random windows and prints one JSON object a line: mode, threads, \
            batch, the shortest and the median wall-clock time of a repetition, its median processor time (seconds) \
            and windows per second, then the floating-point operations that a window needs, those reached per second, \
            the peak of as many threads as measured by a loop of multiply-adds, the share of it, and the largest \
            resident size of the process so far.

            A repetition is one epoch over all windows (train), or 20 calls on one batch (infer; 200 for a batch of 1).

            With --fit, one object a size that grows, the others staying at 640 windows of 20 samples and 32 metrics, one \
            epoch, and the first of --batch and --threads: the sizes, the median seconds at each, the share of the peak at \
            each, and the line through them.

            'federation' starts one fl-server and so many fl-worker on loopback, encrypted as they are shipped, in folders of \
            their own. Each worker has 800 windows of 20 samples of 32 random metrics. The first round is left out. A \
            round's seconds go from its opening until its version is made; what the commit then waits for the disk is \
            syncSecondsMedian, beside it. With --epochs 0 nothing is trained: what is left is the cost of the protocol.

            'bench live' starts fl-server and fl-workers on this machine, each of which scrapes an endpoint of its own once a \
            second. After the seconds of learning the endpoints break every half minute for six seconds; one JSON object \
            says how long it took from a sample to the alarm event that it made (milliseconds), what server and workers \
            took (cores, bytes) and the bytes that a sample takes on the disk.
            """,
        examples: [
            .init("fl-train bench live --workers 3 --metrics 1000", "from a sample to its alarm, with real processes"),
            .init("fl-train bench engine", "training and scoring with one and two threads"),
            .init("fl-train bench engine --mode infer --batch 1,256 --threads 1", "scoring, live and in bulk"),
            .init(
                "fl-train bench federation --workers 8 --rounds 50 --epochs 0", "what a round costs without training"),
            .init(
                "fl-train bench engine --fit windows,window,epochs,features --threads 1", "whether cost grows linearly"),
        ],
        options: [
            subject, features, window, hidden, windows, batch, threads, modes, repetitions, accelerator, fit,
        ] + ProcessBenchOptions.all + FederationBenchOptions.own + LiveBenchOptions.own)
    private static let ofEngine: [any AnyOption] = [
        features, window, hidden, windows, batch, threads, modes, repetitions, accelerator, fit,
    ]

    /// Makes the command.
    init() {}

    /// Measures and prints.
    func run(_ arguments: Arguments, _ console: Console) async throws {
        let ofOthers: [any AnyOption] =
            switch arguments[Self.subject] {
            case .engine: ProcessBenchOptions.all + FederationBenchOptions.own + LiveBenchOptions.own
            case .federation: Self.ofEngine + LiveBenchOptions.own
            case .live: Self.ofEngine + FederationBenchOptions.own
            }
        if let name = arguments.firstGiven(of: ofOthers) {
            throw CommandLineError.usage(
                "--\(name): says nothing of 'bench \(arguments[Self.subject].rawValue)'; see 'fl-train bench --help'")
        }
        switch arguments[Self.subject] {
        case .engine: break
        case .federation: return try await FederationBenchOptions.run(arguments, console)
        case .live: return try await LiveBenchOptions.run(arguments, console)
        }
        let shape = AutoencoderShape(
            features: arguments[Self.features], window: arguments[Self.window], hidden: arguments[Self.hidden])
        if let excess = shape.excess {
            throw CommandLineError.usage("bench: found \(excess.found), expected \(excess.expected)")
        }
        if let series = arguments[optional: Self.fit].flatMap(Self.parseSeries) {
            return try fit(series, arguments, console)
        }
        let samples = Double(max(arguments[Self.windows], arguments[Self.batch].reduce(0, max)))
        let gibibytes = samples * Double(shape.window) * Double(shape.features) * 4 / 0x1p30
        guard gibibytes <= 8 else {
            throw CommandLineError.usage(
                "--windows: found \(Quantity.number(gibibytes)) GiB of random windows, expected at most 8 GiB")
        }
        let benchmark = EngineBenchmark(
            shape: shape, windows: arguments[Self.windows], repetitions: arguments[Self.repetitions])
        for (place, threads) in arguments[Self.threads].enumerated() {
            let backend = try AcceleratorCatalog.backend(named: arguments[Self.accelerator], threads: threads)
            // The threads of a device that is not the CPU are its own matter: it is measured once.
            if place > 0, backend.device.threads != threads { continue }
            for mode in Self.parseModes(arguments[Self.modes]) ?? [] {
                for batch in arguments[Self.batch] {
                    let result = try benchmark.run(mode, backend: backend, batch: batch)
                    let isShort = mode == .train && backend.device.precision == "bfloat16"
                    let peak = EngineBenchmark.peakGigaflops(isShort ? .bfloat16 : .float32)
                    console.print(Self.line(result, backend: backend, peak: peak * Double(threads)).description)
                }
            }
        }
    }

    private func fit(_ series: [EngineScaling.Series], _ arguments: Arguments, _ console: Console) throws {
        let threads = arguments[Self.threads][0]
        let backend = try AcceleratorCatalog.backend(named: arguments[Self.accelerator], threads: threads)
        let scaling = EngineScaling(
            hidden: arguments[Self.hidden], batch: arguments[Self.batch][0], repetitions: arguments[Self.repetitions])
        let isShort = backend.device.precision == "bfloat16"
        for series in series {
            let result = try scaling.run(series, backend: backend)
            let peak = EngineBenchmark.peakGigaflops(isShort ? .bfloat16 : .float32) * Double(threads)
            let line = JSONValue.object([
                "fit": .string(series.rawValue), "sizes": .array(result.sizes.map { .number(Double($0)) }),
                "seconds": .array(result.seconds.map { .number($0) }), "slope": .number(result.line.slope),
                "intercept": .number(result.line.intercept), "rSquared": .number(result.line.determination),
                "largestDeviation": .number(result.line.largestDeviation),
                "shareOfPeak": .array(result.gigaflops.map { .number(peak > 0 ? $0 / peak : 0) }),
                "accelerator": .string(backend.device.backend), "device": .string(backend.device.name),
            ])
            console.print(line.description)
        }
    }

    private static func parseSeries(_ text: String) -> [EngineScaling.Series]? {
        let series = text.split(separator: ",").map { EngineScaling.Series(rawValue: String($0)) }
        return series.isEmpty || series.contains(nil) ? nil : series.compactMap(\.self)
    }

    private static func parseModes(_ text: String) -> [EngineBenchmark.Mode]? {
        let modes = text.split(separator: ",").map { EngineBenchmark.Mode(rawValue: String($0)) }
        return modes.isEmpty || modes.contains(nil) ? nil : modes.compactMap(\.self)
    }

    private static func line(
        _ result: EngineBenchmark.Result, backend: any AcceleratorBackend, peak: Double
    ) -> JSONValue {
        .object([
            "mode": .string(result.mode), "threads": .number(Double(result.threads)),
            "batch": .number(Double(result.batch)), "wallMinimum": .number(result.wallMinimum),
            "wallMedian": .number(result.wallMedian), "cpuMedian": .number(result.cpuMedian),
            "windowsPerSecond": .number(result.windowsPerSecond),
            "operationsPerWindow": .number(result.operationsPerWindow), "gigaflops": .number(result.gigaflops),
            "peakGigaflops": .number(peak), "shareOfPeak": .number(peak > 0 ? result.gigaflops / peak : 0),
            "peakResidentMebibytes": .number(Double(EngineBenchmark.peakResidentBytes) / 1_048_576),
            "accelerator": .string(backend.device.backend), "device": .string(backend.device.name),
        ])
    }
}

/// What `bench` can measure.
private enum BenchmarkSubject: String, ChoiceOptionValue {
    /// Training and scoring.
    case engine
    /// A round between real processes.
    case federation
    /// Live watching, from sample to alarm.
    case live
}
