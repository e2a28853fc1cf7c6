import CommandLine
import Laboratory
import Services
import Telemetry

/// `fl-train inject`: labelled faults in copies of real files.
struct InjectCommand: Command {
    static let data = Option<[String]>.required("data", "PATH", "files or folders with metric files")
    static let out = Option<String>.required("out", "DIR", "the folder to write to; it is made when there is none")
    static let seed = Option<UInt64>(
        "seed", "NUMBER", default: 0, "the same seed, data and options give the same bytes")
    static let faults = Option<String>(
        "faults", "NUMBER|NAMES", default: "all",
        "faults for each entity: how many, or which (names with commas, or 'all'), each where it fits",
        constraint: "a number, names, or 'all'"
    ) { FaultOptions.selection($0) != nil }
    static let from = Option<Double>(
        "from", "SHARE", default: 0.7,
        "share of the rows before the first fault; they stay as they are and become the training part",
        constraint: "0.1 to 0.95"
    ) { $0 >= 0.1 && $0 <= 0.95 }

    static let manual = CommandManual(
        name: "inject",
        summary: "put labelled faults into copies of real files",
        discussion: """
            Reads metric files as they are and writes copies in which faults occur, with labels: for measuring \
            detection on real data that has no labels of its own. Which metrics a fault moves follows from their names \
            and resource groups (see 'inspect'), its size from the standard deviation that each metric has before the \
            first fault. Shares and per cents stay within their limits, counters never fall. A fault that fits no \
            metric of an entity is left out there, and the summary says so.

            The layout of the output is that of 'generate'. Rows before the first fault keep their values exactly. \
            Labelled test parts are passed over: they may hold anomalies already.

            \(FaultOptions.catalogText)
            """,
        examples: [
            .init(
                "fl-train inject --data 5g3e/version1/RAN_level --out faulty --seed 1 --faults 4 --severity 4",
                "four faults in the last 30 % of each file"),
            .init(
                "fl-train inject --data host.csv --out faulty --faults cpu-saturation,memory-leak --from 0.5",
                "two faults, one file"),
        ],
        options: [data, out, seed, faults, FaultOptions.severity, from, FaultOptions.force, FaultOptions.format]
            + DataOptions.all)

    func run(_ arguments: Arguments, _ console: Console) async throws {
        guard let selection = FaultOptions.selection(arguments[Self.faults]),
            let severity = FaultOptions.range(arguments[FaultOptions.severity])
        else { throw CommandLineError.usage("--faults or --severity cannot be understood") }
        let options = DataOptions.readerOptions(arguments)
        let injector = try FaultInjector(
            seed: arguments[Self.seed], faults: selection, severity: severity, from: arguments[Self.from],
            rules: DataOptions.rules(arguments))
        let sources = try DataCatalog.discover(arguments[Self.data], options: options)
        let folder = arguments[Self.out]
        let (manifest, passedOver) = try injector.write(
            sources, options: options, to: folder, replacing: arguments[FaultOptions.force]
        ) { console.progress("injecting: \($0) of \($1) entities") }
        console.clearProgress()
        try DatasetSummary(manifest, folder: folder, passedOver: passedOver).print(
            as: arguments[FaultOptions.format], on: console)
    }
}
