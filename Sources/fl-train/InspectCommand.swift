import CommandLine
import Platform
import Services
import Telemetry
import Watching

/// `fl-train inspect`: what is in a set of metric files.
struct InspectCommand: Command {
    static let data = Option<[String]>.positional("data", "DATA", default: [], "files or folders to look at")
    static let format = Option<OutputFormat>("format", "FORMAT", default: .table, "how to print the findings")
    static let gapFactor = Option<Double>(
        "gap-factor", "FACTOR", default: 5, "a step longer than this many usual ones counts as a gap",
        constraint: "more than 1", valid: { $0 > 1 })

    static let manual = CommandManual(
        name: "inspect",
        summary: "show what is in metric files: entities, columns, groups, clocks, gaps, constants",
        discussion: """
            Reads every file once, in a stream, and says what training would see: the entities and their sites, the \
            kind of each file, rows, columns, clock and gaps; the resource groups that the metrics fall into; metrics \
            that are constant or missing throughout, which the models leave out; columns that are not numbers.

            With --prometheus it looks at an endpoint in place of files: a Prometheus by its history, or any endpoint \
            with metrics by asking it twice, so that one sees what a preset makes of it before anything is learned.
            """,
        examples: [
            .init("fl-train inspect metrics/", "every file below a folder"),
            .init("fl-train inspect host.csv --separator ';' --format json", "one file, for a program"),
            .init("fl-train inspect --prometheus http://127.0.0.1:9100/metrics", "what a preset makes of an endpoint"),
            .init(
                #"fl-train inspect --prometheus http://127.0.0.1:9090 --query '{job="node"}' --last 7d"#,
                "a week of history"),
        ],
        options: [data, format, gapFactor, PrometheusOptions.prometheus] + PrometheusOptions.all + DataOptions.all)

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let options = DataOptions.readerOptions(arguments)
        let rules = try DataOptions.rules(arguments)
        console.progress("looking for metric files")
        let endpoint = try await PrometheusOptions.look(arguments, rules: rules, console)
        guard endpoint != nil || !arguments[Self.data].isEmpty else {
            throw CommandLineError(
                .usage, "missing DATA: files or folders to look at, or an endpoint with --prometheus")
        }
        let contents =
            arguments[Self.data].isEmpty
            ? DataCatalog.Contents(sources: [], passedOver: [])
            : try DataCatalog.search(arguments[Self.data], options: options)
        for line in contents.notes { console.note(line) }
        let sources = (endpoint?.sources ?? []) + contents.sources
        var statistics = TelemetryStatistics()
        var layouts: [SourceLayout] = []
        var widths: [Int] = []
        var clocks: [ClockFindings] = []
        var audits: [ClockAudit] = []
        for (index, source) in sources.enumerated() {
            console.progress("reading \(index + 1) of \(sources.count): \(source.key)")
            let reader = try source.makeReader(options: options)
            layouts.append(reader.layout)
            widths.append(reader.schema.count)
            var own = TelemetryStatistics()
            var audit = ClockAudit()
            try own.add(source, rules: rules, options: options) { audit.add($0) }
            audits.append(audit)
            clocks.append(own.types[source.type]?.clocks[source.key] ?? ClockFindings())
            statistics.merge(own)
        }
        let pipeline = CleaningPipeline(fitting: statistics, rules: rules)
        let findings = Findings(
            preset: endpoint?.preset, seriesLeftOut: endpoint?.seriesLeftOut,
            entities: zip(sources.indices, sources).map { index, source in
                Findings.Entity(
                    source: source, layout: layouts[index], columns: widths[index], clock: clocks[index],
                    audit: audits[index], gapFactor: arguments[Self.gapFactor])
            },
            passedOver: contents.passedOver,
            leftOut: Set(statistics.types.values.flatMap { rules.leftOut(of: $0.columnNames) }).sorted(),
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
        var tellingLabels: [String]
        var interpretationFile: String?
        var textColumns: [String]
        var ignoredColumns: [String]
        /// `rows`, `number` with its unit, or how the texts are written.
        var clock: String
        /// Seconds since 1970; `null` without an absolute clock.
        var firstTimeSeconds: Double?
        var lastTimeSeconds: Double?
        var units: [String: String]
        var entityColumns: [String]
        var seriesColumns: [String]
        var notes: [String]
        /// The best that a model which learns from it can have; `nil` of a part that nothing is learned from.
        var confidence: ModelConfidence?

        private enum CodingKeys: String, CodingKey {
            case site, entity, type, part, format, files, rows, columns, medianStepSeconds, jitterSeconds
            case longestStepSeconds, spanSeconds, gaps, duplicateTimes, backwardSteps, labelColumn, interpretationFile
            case tellingLabels, textColumns, ignoredColumns, clock, firstTimeSeconds, lastTimeSeconds, units,
                entityColumns
            case seriesColumns, notes, confidence
        }

        /// Writes every field; a time that is not known is `null`.
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(site, forKey: .site)
            try container.encode(entity, forKey: .entity)
            try container.encode(type, forKey: .type)
            try container.encode(part, forKey: .part)
            try container.encode(format, forKey: .format)
            try container.encode(files, forKey: .files)
            try container.encode(rows, forKey: .rows)
            try container.encode(columns, forKey: .columns)
            try container.encodeIfPresent(medianStepSeconds, forKey: .medianStepSeconds)
            try container.encodeIfPresent(jitterSeconds, forKey: .jitterSeconds)
            try container.encodeIfPresent(longestStepSeconds, forKey: .longestStepSeconds)
            try container.encodeIfPresent(spanSeconds, forKey: .spanSeconds)
            try container.encode(gaps, forKey: .gaps)
            try container.encode(duplicateTimes, forKey: .duplicateTimes)
            try container.encode(backwardSteps, forKey: .backwardSteps)
            try container.encodeIfPresent(labelColumn, forKey: .labelColumn)
            try container.encode(tellingLabels, forKey: .tellingLabels)
            try container.encodeIfPresent(interpretationFile, forKey: .interpretationFile)
            try container.encode(textColumns, forKey: .textColumns)
            try container.encode(ignoredColumns, forKey: .ignoredColumns)
            try container.encode(clock, forKey: .clock)
            try container.encode(firstTimeSeconds, forKey: .firstTimeSeconds)
            try container.encode(lastTimeSeconds, forKey: .lastTimeSeconds)
            try container.encode(units, forKey: .units)
            try container.encode(entityColumns, forKey: .entityColumns)
            try container.encode(seriesColumns, forKey: .seriesColumns)
            try container.encode(notes, forKey: .notes)
            try container.encodeIfPresent(confidence.map(ConfidenceReport.init), forKey: .confidence)
        }

        init(
            source: EntitySource, layout: SourceLayout, columns: Int, clock: ClockFindings, audit: ClockAudit,
            gapFactor: Double
        ) {
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
            tellingLabels = layout.tellingLabels
            interpretationFile = source.interpretationFile
            textColumns = layout.textColumns
            ignoredColumns = layout.ignoredColumns
            self.clock =
                switch layout.clock {
                case .rows(let seconds): "row number, \(Quantity.seconds(seconds)) apart"
                case .number(let column, let unit): "\(column), \(unit.rawValue)"
                case .text(let column): "\(column), \(layout.timeFormat ?? "text")"
                }
            let isAbsolute = audit.isAbsolute(layout)
            firstTimeSeconds = isAbsolute ? clock.firstTime : nil
            lastTimeSeconds = isAbsolute ? clock.lastTime : nil
            units = layout.units
            entityColumns = layout.entityColumns
            seriesColumns = layout.seriesColumns
            notes = audit.notes(layout, namesTexts: false) + [audit.labelledNote(layout)].compactMap(\.self)
            if source.part != .test, let step = clock.meanStep {
                confidence = ConfidenceReport.best(trainingDays: Double(clock.rows) * step / 86_400)
            }
        }
    }

    struct Group: Encodable {
        var name: String
        var metrics: [String]
        var constantMetrics: [String]
        var types: [String]
    }

    /// Of an endpoint: the kind that it was found to be of, and how many series nobody wants.
    var preset: String?
    var seriesLeftOut: Int?
    var entities: [Entity]
    var passedOver: [DataCatalog.Contents.PassedOver]
    /// Metrics that say nothing of the entity.
    var leftOut: [String]
    var groups: [Group]

    /// For people.
    var text: String {
        var clocks = Table([
            "site", "entity", "type", "part", "kind", "rows", "columns", "time", "step", "jitter", "gaps", "repeated",
            "back", "span",
        ])
        for entity in entities {
            clocks.add([
                entity.site, entity.entity, entity.type, entity.part, entity.format, "\(entity.rows)",
                "\(entity.columns)", entity.clock, Quantity.seconds(entity.medianStepSeconds),
                Quantity.seconds(entity.jitterSeconds), "\(entity.gaps)", "\(entity.duplicateTimes)",
                "\(entity.backwardSteps)", Quantity.seconds(entity.spanSeconds),
            ])
        }
        var metrics = Table(["group", "types", "metrics", "constant", "which"])
        for group in groups {
            metrics.add([
                group.name, group.types.joined(separator: " "), "\(group.metrics.count)",
                "\(group.constantMetrics.count)", Self.listed(group.metrics),
            ])
        }
        var lines: [String] = []
        if let preset {
            let rest = seriesLeftOut.map { ", \($0) series left out" } ?? ""
            lines += ["preset \(preset.isEmpty ? "none" : preset)\(rest)", ""]
        }
        let distinct = Set(entities.map { "\($0.site)/\($0.entity)" }).count
        let parts = distinct == entities.count ? "" : " in \(entities.count) parts"
        lines += ["\(Quantity.count(distinct, "entity", "entities"))\(parts)", "", clocks.text, ""]
        let best = entities.compactMap { entity in entity.confidence.map { ("\(entity.site)/\(entity.entity)", $0) } }
        if !best.isEmpty {
            lines += ConfidenceReport.lines(Dictionary(best) { first, _ in first }, word: "confidence at best") + [""]
        }
        lines += ["\(Quantity.count(groups.count, "resource group"))", "", metrics.text]
        let noted = entities.filter { !$0.notes.isEmpty }
        if !noted.isEmpty { lines.append("") }
        for entity in noted {
            lines += entity.notes.map { PrintableText.line("\(entity.site)/\(entity.entity): \($0)") }
        }
        if let line = DataCatalog.Contents(sources: [], passedOver: passedOver).passedOverLine { lines += ["", line] }
        if !leftOut.isEmpty {
            lines += [
                "",
                "left out, since they say nothing of the entity (\(leftOut.count)): \(Self.listed(leftOut, limit: 6))",
            ]
        }
        let constants = groups.filter { !$0.constantMetrics.isEmpty }
        if !constants.isEmpty {
            lines += [
                "",
                "constant or missing throughout (left out of the models, watched for changes by a hundredth and more):",
            ]
            lines += constants.map { "  \($0.name): \(Self.listed($0.constantMetrics, limit: 12))" }
        }
        let labels = Set(entities.compactMap(\.labelColumn)).sorted()
        if !labels.isEmpty { lines += ["", "labels, no metrics: \(Self.listed(labels, limit: 12))"] }
        let notNumbers = Set(entities.flatMap(\.textColumns)).sorted()
        if !notNumbers.isEmpty { lines += ["", "columns of text, left out: \(Self.listed(notNumbers, limit: 12))"] }
        let names = Set(entities.flatMap(\.ignoredColumns)).filter { !$0.isEmpty }.sorted()
        if !names.isEmpty {
            lines += ["", "columns that only number rows or name things, left out: \(Self.listed(names, limit: 12))"]
        }
        return lines.joined(separator: "\n")
    }

    private static func listed(_ names: [String], limit: Int = 5) -> String {
        names.prefix(limit).joined(separator: ", ") + (names.count > limit ? ", …" : "")
    }
}
