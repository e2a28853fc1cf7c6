import Autoencoders
import CommandLine
import Laboratory
import Platform
import Services
import Telemetry
import Watching

/// `fl-train score`: from a model and metric files to scores and alarms.
struct ScoreCommand: Command {
    static let model = Option<String>.required("model", "DIR", "folder of the model")
    static let data = Option<[String]>.required("data", "PATH", "files or folders to score")
    static let out = Option<String>.required("out", "FILE", "where to write the scores, as CSV")
    static let perMetric = Option<Bool>(
        "per-metric", default: false, "also write what every metric adds, for scores.csv to scores.metrics.csv")
    static let method = Option<String>.optional(
        "method", "NAME", "detection method; the model's own default when not given")
    static let part = Option<PartOption>(
        "part", "PART", default: .test, "which part of a set that is split into parts; others are scored whole")
    static let format = Option<OutputFormat>("format", "FORMAT", default: .table, "how to print the summary")

    static let manual = CommandManual(
        name: "score", summary: "score metric files with a model: one row a sample and group, with alarms",
        discussion: """
            Writes index,time,entity,group,score,threshold,alarm: one row for each sample and resource group, and one \
            with group 'site' for the combined score. A score uses its sample and earlier ones only, and streaming the \
            same rows gives the same numbers. An alarm stands where the score exceeds the threshold; both are written so \
            far apart that readers that round, as pandas does, see the same. Files are read in a stream. What the model knows neither by itself nor by \
            its type is said and left out.
            """,
        examples: [
            .init("fl-train score --model model --data metrics/ --out scores.csv", "everything below a folder"),
            .init(
                "fl-train score --model model --data host.csv --out scores.csv --per-metric --method autoencoder",
                "one file with the autoencoders' scores, metric by metric"),
        ],
        options: [model, data, out, perMetric, method, part, format] + DataOptions.reading)

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let model = try MonitoringModel(path: arguments[Self.model])
        let method = arguments[optional: Self.method] ?? model.defaultMethod
        let reader = DataOptions.readerOptions(arguments, over: model.reader)
        let sources = try MetricSources.discover(arguments[Self.data], part: arguments[Self.part], options: reader) {
            console.note($0)
        }
        let backend = try AcceleratorCatalog.backend(named: "auto", onFailure: { console.note($0) })
        let rows = try await BackgroundThread.run { () throws -> [Summary.Entity] in
            let file = try ScoreFileWriter(arguments[Self.out], perMetric: arguments[Self.perMetric])
            var summaries: [Summary.Entity] = []
            var watched = WatchedSources()
            var said = SourceNotes()
            _ = try model.detectors(of: method)
            for (index, source) in sources.enumerated() {
                let opened = try watched.open(source) {
                    let stream = try source.makeReader(options: reader)
                    let monitor = try EntityMonitor(
                        model: model, method: method, site: source.site, entity: source.entity, type: source.type,
                        schema: stream.schema, backend: backend)
                    return (stream, monitor)
                }
                guard var (stream, monitor) = opened else { continue }
                if !monitor.missingColumns.isEmpty {
                    console.note(
                        "\(source.key): \(Quantity.count(monitor.missingColumns.count, "column")) of the model missing "
                            + "here, such as '\(monitor.missingColumns[0])'")
                }
                if let example = monitor.unknownColumns.first {
                    console.note(
                        "\(source.key): \(Quantity.count(monitor.unknownColumns.count, "column")) that the model does not "
                            + "know left out, such as '\(example)'")
                }
                var summary = Summary.Entity(entity: source.key, confidence: monitor.model.confidence)
                var audit = ClockAudit()
                while let frame = try stream.nextChunk(maximumRows: 2048) {
                    let block = try monitor.append(frame)
                    try file.append(
                        block, entity: monitor.entity, metricGroups: monitor.metricGroups, firstIndex: frame.firstRow)
                    summary.add(block)
                    audit.add(frame)
                    console.progress("scoring \(source.key) (\(index + 1) of \(sources.count)): \(summary.rows) rows")
                }
                said.add(audit.notes(stream.layout), of: source.key)
                summaries.append(summary)
            }
            said.say(console)
            try watched.finish(console)
            try file.commit()
            return summaries
        }
        let summary = Summary(method: method, scores: arguments[Self.out], entities: rows)
        switch arguments[Self.format] {
        case .json: try console.printJSON(summary)
        case .table: console.print(summary.text)
        }
    }

    /// What was scored.
    private struct Summary: Encodable {
        struct Entity: Encodable {
            var entity: String
            var rows = 0
            var rowsInAlarm = 0
            var alarms = 0
            /// Of the thresholds that its alarms were decided by.
            var confidence: ConfidenceReport?
            private var standing = false

            enum CodingKeys: String, CodingKey { case entity, rows, rowsInAlarm, alarms, confidence }

            init(entity: String, confidence: ModelConfidence?) {
                self.entity = entity
                self.confidence = confidence.map(ConfidenceReport.init)
            }

            mutating func add(_ block: EntityScores) {
                rows += block.count
                for isAlarm in block.alarms[block.combined] {
                    rowsInAlarm += isAlarm ? 1 : 0
                    alarms += isAlarm && !standing ? 1 : 0
                    standing = isAlarm
                }
            }
        }
        var method: String
        var scores: String
        var entities: [Entity]

        var text: String {
            var table = Table(["entity", "rows", "in alarm", "alarms", "confidence"])
            for entity in entities {
                let share = entity.rows > 0 ? 100 * Double(entity.rowsInAlarm) / Double(entity.rows) : 0
                table.add([
                    entity.entity, "\(entity.rows)", "\(Quantity.fixed(share, 2)) %", "\(entity.alarms)",
                    entity.confidence?.level.rawValue ?? "-",
                ])
            }
            return table.text + "\n\nscores by method '\(method)' in \(scores)"
        }
    }
}
