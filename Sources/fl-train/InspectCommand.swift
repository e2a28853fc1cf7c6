import CommandLine
import Services
import Telemetry

/// `fl-train inspect`: what is in a set of metric files.
struct InspectCommand: Command {
    static let data = Option<[String]>.positional("data", "DATA", "files or folders to look at")
    static let format = Option<OutputFormat>("format", "FORMAT", default: .table, "how to print the findings")
    static let gapFactor = Option<Double>(
        "gap-factor", "FACTOR", default: 5, "a step longer than this many median steps counts as a gap",
        constraint: "more than 1", valid: { $0 > 1 })

    static let manual = CommandManual(
        name: "inspect",
        summary: "show what is in metric files: entities, columns, groups, clocks, gaps, constants",
        discussion: """
            Reads every file once, in a stream, and says what training would see: the entities and their sites, the \
            kind of each file, rows, columns, clock and gaps; the resource groups that the metrics fall into; metrics \
            that are constant or missing throughout, which the models leave out; columns that are not numbers.
            """,
        examples: [
            .init("fl-train inspect metrics/", "every file below a folder"),
            .init("fl-train inspect host.csv --separator ';' --format json", "one file, for a program"),
        ],
        options: [data, format, gapFactor] + DataOptions.all)

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let options = DataOptions.readerOptions(arguments)
        let rules = try DataOptions.rules(arguments)
        console.progress("looking for metric files")
        let sources = try DataCatalog.discover(arguments[Self.data], options: options)
        var statistics = TelemetryStatistics()
        var layouts: [SourceLayout] = []
        var widths: [Int] = []
        var clocks: [ClockFindings] = []
        for (index, source) in sources.enumerated() {
            console.progress("reading \(index + 1) of \(sources.count): \(source.key)")
            let reader = try source.makeReader(options: options)
            layouts.append(reader.layout)
            widths.append(reader.schema.count)
            var own = TelemetryStatistics()
            try own.add(source, rules: rules, options: options)
            clocks.append(own.types[source.type]?.clocks[source.key] ?? ClockFindings())
            statistics.merge(own)
        }
        let pipeline = CleaningPipeline(fitting: statistics, rules: rules)
        let findings = Findings(
            entities: zip(sources.indices, sources).map { index, source in
                Findings.Entity(
                    source: source, layout: layouts[index], columns: widths[index], clock: clocks[index],
                    gapFactor: arguments[Self.gapFactor])
            },
            groups: pipeline.groups.map { group in
                Findings.Group(
                    name: group.group.name, metrics: group.metrics, constantMetrics: group.constantMetrics,
                    types: group.types)
            })
        switch arguments[Self.format] {
        case .json: try console.printJSON(findings)
        case .table: console.print(findings.text)
        }
    }
}

/// What `inspect` found, as `--format json` prints it.
private struct Findings: Encodable {
    struct Entity: Encodable {
        var site: String
        var entity: String
        var type: String
        var part: String
        var format: String
        var files: [String]
        var rows: UInt64
        var columns: Int
        var medianStepSeconds: Double?
        var jitterSeconds: Double?
        var longestStepSeconds: Double?
        var spanSeconds: Double?
        var gaps: UInt64
        var duplicateTimes: UInt64
        var backwardSteps: UInt64
        var labelColumn: String?
        var interpretationFile: String?
        var textColumns: [String]
        var ignoredColumns: [String]

        init(source: EntitySource, layout: SourceLayout, columns: Int, clock: ClockFindings, gapFactor: Double) {
            site = source.site
            entity = source.entity
            type = source.type
            part = source.part.rawValue
            format = layout.format.rawValue
            files = source.files
            rows = clock.rows
            self.columns = columns
            medianStepSeconds = clock.medianStep
            jitterSeconds = clock.jitter
            longestStepSeconds = clock.longestStep
            if let first = clock.firstTime, let last = clock.lastTime { spanSeconds = last - first }
            gaps = clock.gaps(factor: gapFactor)
            duplicateTimes = clock.duplicates
            backwardSteps = clock.backwardSteps
            labelColumn = layout.labelColumn
            interpretationFile = source.interpretationFile
            textColumns = layout.textColumns
            ignoredColumns = layout.ignoredColumns
        }
    }

    struct Group: Encodable {
        var name: String
        var metrics: [String]
        var constantMetrics: [String]
        var types: [String]
    }

    var entities: [Entity]
    var groups: [Group]

    /// For people.
    var text: String {
        var clocks = Table([
            "site", "entity", "type", "part", "kind", "rows", "columns", "step", "jitter", "gaps", "span",
        ])
        for entity in entities {
            clocks.add([
                entity.site, entity.entity, entity.type, entity.part, entity.format, "\(entity.rows)",
                "\(entity.columns)", Quantity.seconds(entity.medianStepSeconds), Quantity.seconds(entity.jitterSeconds),
                "\(entity.gaps)", Quantity.seconds(entity.spanSeconds),
            ])
        }
        var metrics = Table(["group", "types", "metrics", "constant", "which"])
        for group in groups {
            metrics.add([
                group.name, group.types.joined(separator: " "), "\(group.metrics.count)",
                "\(group.constantMetrics.count)", Self.listed(group.metrics),
            ])
        }
        var lines = ["\(Quantity.count(entities.count, "entity", "entities"))", "", clocks.text, ""]
        lines += ["\(Quantity.count(groups.count, "resource group"))", "", metrics.text]
        let constants = groups.filter { !$0.constantMetrics.isEmpty }
        if !constants.isEmpty {
            lines += ["", "constant or missing throughout (left out of the models, watched for any change):"]
            lines += constants.map { "  \($0.name): \(Self.listed($0.constantMetrics, limit: 12))" }
        }
        let notNumbers = Set(entities.flatMap(\.textColumns)).sorted()
        if !notNumbers.isEmpty { lines += ["", "columns of text, left out: \(Self.listed(notNumbers, limit: 12))"] }
        return lines.joined(separator: "\n")
    }

    private static func listed(_ names: [String], limit: Int = 5) -> String {
        names.prefix(limit).joined(separator: ", ") + (names.count > limit ? ", …" : "")
    }
}
