import CommandLine
import Laboratory
import Telemetry

/// `fl-train generate`: synthetic data with labelled faults.
struct GenerateCommand: Command {
    static let out = Option<String>.required("out", "DIR", "the folder to write to; it is made when there is none")
    static let seed = Option<UInt64>("seed", "NUMBER", default: 0, "the same seed and options give the same bytes")
    static let sites = Option<Int>("sites", "NUMBER", default: 3, "how many sites", constraint: "1 to 1000") {
        (1...1_000).contains($0)
    }
    static let entities = Option<Int>(
        "entities", "NUMBER", default: 5, "how many entities each site has", constraint: "1 to 1000"
    ) { (1...1_000).contains($0) }
    static let types = Option<String>(
        "types", "TYPES", default: SyntheticEntityType.allCases.map(\.rawValue).joined(separator: ","),
        "kinds of entities, with commas, taken in turn",
        constraint: "some of \(SyntheticEntityType.allCases.map(\.rawValue).joined(separator: ", "))"
    ) { Self.types($0) != nil }
    static let hours = Option<Double>(
        "hours", "HOURS", default: 120, "time that the data cover, training and test part together",
        constraint: "more than 0"
    ) { $0 > 0 }
    static let step = Option<Double>(
        "step", "SECONDS", default: 60, "time from one row to the next", constraint: "0.001 to 86400"
    ) { $0 >= 0.001 && $0 <= 86_400 }
    static let train = Option<Double>(
        "train", "SHARE", default: 0.6, "share of the rows in the training part, which has no faults",
        constraint: "0.1 to 0.95"
    ) { $0 >= 0.1 && $0 <= 0.95 }
    static let faults = Option<String>(
        "faults", "NUMBER|NAMES", default: "6",
        "faults in each entity's test part: how many, or which (names with commas, or 'all'), each where it fits",
        constraint: "a number, names, or 'all'"
    ) { FaultOptions.selection($0) != nil }
    static let missing = Option<Double>(
        "missing", "SHARE", default: 0.0005, "probability that a gap of one to four missing values begins at a cell",
        constraint: "0 to 0.2"
    ) { $0 >= 0 && $0 <= 0.2 }

    static let manual = CommandManual(
        name: "generate",
        summary: "write 5G3E-style data with labelled faults",
        discussion: """
            Makes up several sites that differ in size, hours of work and noise, with eNB hosts, terminals, core \
            functions in containers and edge servers. Their metrics follow the site's daily demand and the entity's \
            own load, memory, disk and radio conditions, so that they are correlated within and across groups and \
            layers; they have noise, drift, counters, constants and missing values. Names are those of 5G3E, \
            node_exporter and cAdvisor.

            Faults lie in the test part only, never two at once on an entity. Their size is given in standard \
            deviations that each metric has over the training part (of a counter: its increments from row to row).

            For each entity there are <site>/<entity>_train.csv, <entity>_test.csv with a label column, and \
            <entity>_interpretation.csv: start and end row of each fault in the test part, the metrics that it moved, \
            and its name. manifest.json, written last, has the parameters, each metric's standard deviation, what each \
            fault did to each metric, and checksums.

            \(FaultOptions.catalogText)
            """,
        examples: [
            .init("fl-train generate --out demo --seed 1", "three sites of five entities, five days, six faults each"),
            .init(
                "fl-train generate --out leaks --faults memory-leak,session-leak --severity 2-4",
                "two kinds of faults, between two and four standard deviations"),
            .init(
                "fl-train generate --out big --sites 10 --entities 20 --hours 720 --step 30", "a month of 200 entities"),
        ],
        options: [
            out, seed, sites, entities, types, hours, step, train, faults, FaultOptions.severity, missing,
            FaultOptions.force, FaultOptions.format,
        ])

    func run(_ arguments: Arguments, _ console: Console) async throws {
        guard let selection = FaultOptions.selection(arguments[Self.faults]),
            let severity = FaultOptions.range(arguments[FaultOptions.severity]),
            let types = Self.types(arguments[Self.types])
        else { throw CommandLineError.usage("--faults, --severity or --types cannot be understood") }
        let scenario = SyntheticScenario(
            seed: arguments[Self.seed], sites: arguments[Self.sites], entitiesPerSite: arguments[Self.entities],
            types: types, hours: arguments[Self.hours], stepSeconds: arguments[Self.step],
            trainingShare: arguments[Self.train], faults: selection, severity: severity,
            missingShare: arguments[Self.missing])
        let folder = arguments[Self.out]
        let manifest = try DataGenerator(scenario).write(to: folder, replacing: arguments[FaultOptions.force]) {
            console.progress("generating: \($0) of \($1) entities")
        }
        console.clearProgress()
        try DatasetSummary(manifest, folder: folder).print(as: arguments[FaultOptions.format], on: console)
    }

    private static func types(_ text: String) -> [SyntheticEntityType]? {
        let names = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        let types = names.compactMap(SyntheticEntityType.init(rawValue:))
        return types.count == names.count && !types.isEmpty ? types : nil
    }
}
