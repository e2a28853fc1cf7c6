import Foundation
import Platform
import Services
package import Telemetry

/// Asks a Prometheus for the history of its entities, once, for what is done offline.
package struct HistoryReader {
    /// An entity with its rows.
    package struct Entity: Sendable {
        /// Its name.
        package var name: String
        /// Its type.
        package var type: String
        /// Its columns.
        package var columns: [String]
        /// Its rows.
        package var rows: SampleBlock
    }

    /// What was found.
    package struct History: Sendable {
        /// The entities, in the order in which they came.
        package var entities: [Entity]
        /// The kind of endpoint that they are of, by job.
        package var preset: String
        /// Seconds between two rows as asked for.
        package var stepSeconds: Double
        /// What is to be said of the samples.
        package var findings: [DataQualityFinding]

        /// The entities as sources, of a site called `prometheus`.
        package var sources: [EntitySource] {
            entities.map { entity in
                var source = EntitySource(
                    site: "prometheus", entity: entity.name, type: entity.type, part: .all, files: [], format: .generic)
                source.rows = ProvidedRows(RowsInMemory(columns: entity.columns, rows: entity.rows))
                return source
            }
        }
    }

    /// Reads history.
    ///
    /// - Parameters:
    ///   - configuration: a source of kind `prometheus-query`.
    ///   - now: seconds since 1970, the end of what is asked for.
    ///   - progress: hears which share is done, 0…1.
    /// - Throws: `TelemetryError` or `ServiceError` that says what the peer answers, or why it does not.
    package static func read(
        _ configuration: SourceConfiguration, rules: GroupRules, now: Double, progress: (Double) -> Void = { _ in }
    ) throws -> History {
        do {
            let client = try PrometheusClient(configuration)
            let plan = try client.plan()
            let span = DurationText.seconds(configuration.last ?? "1h") ?? 3_600
            var settings = SourceIntake.Settings(
                source: configuration.title, preset: try LiveSources.preset(configuration, try PresetCatalog.builtIn()),
                rules: rules)
            settings.sampler.intervalSeconds = plan.stepSeconds
            settings.maximumMetrics = configuration.maximumMetrics
            (settings.entity, settings.type) = (configuration.entity, configuration.type)
            var intake = SourceIntake(settings)
            var blocks: [SampleBlock] = []
            var findings: [DataQualityFinding] = []
            let queries = RangeQueries.cover(from: now - span, to: now, step: plan.stepSeconds, points: plan.points)
            for (index, query) in queries.enumerated() {
                for series in try client.range(query).series {
                    for sample in series.samples {
                        intake.push(series.series, sample.value, at: sample.time, kinds: plan.kinds, arrival: now)
                    }
                }
                intake.closeAll(kinds: plan.kinds, arrival: now)
                let taken = intake.take()
                findings += taken.findings
                while blocks.count < intake.entities.count { blocks.append(SampleBlock(columnCount: 0)) }
                for row in taken.rows { blocks[row.entity].append(row.row) }
                progress(Double(index + 1) / Double(queries.count))
            }
            let entities = zip(intake.entities, blocks).compactMap { entity, rows in
                rows.rowCount > 0
                    ? Entity(name: entity.name, type: entity.type, columns: entity.columns, rows: rows) : nil
            }
            guard !entities.isEmpty else {
                throw TelemetryError(
                    .noData, path: configuration.url, found: "no sample that a metric can be made of",
                    expected: "another --query or a longer --last")
            }
            return History(
                entities: entities, preset: intake.presets.map(\.name).joined(separator: ", "),
                stepSeconds: plan.stepSeconds, findings: findings)
        } catch let error as PrometheusAnswer.Refused {
            throw ServiceError(.unavailable, "\(configuration.url ?? ""): \(error.description)")
        } catch let error as HTTPFetcher.Failure {
            throw ServiceError(.unavailable, "\(configuration.url ?? ""): \(error.description)")
        }
    }

    /// What an endpoint gives when it is asked several times: twice, so that rates have a value.
    ///
    /// - Parameters:
    ///   - pause: seconds between two turns.
    ///   - progress: hears how many are done.
    /// - Throws: `ServiceError` where it does not answer, or not with metrics.
    package static func preview(
        _ configuration: SourceConfiguration, url: String, rules: GroupRules, turns: Int = 2, pause: Double,
        progress: (Int) -> Void = { _ in }
    ) throws -> (history: History, leftOut: Int) {
        guard let target = ScrapeTarget(url) else {
            throw ServiceError(.configuration, "'\(url)' is no http or https address")
        }
        let fetcher = try HTTPFetcher()
        var options = HTTPFetcher.Options(configuration)
        options.accept = "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
        var settings = SourceIntake.Settings(
            source: url, preset: try LiveSources.preset(configuration, try PresetCatalog.builtIn()), rules: rules)
        settings.maximumMetrics = configuration.maximumMetrics
        var intake = SourceIntake(settings)
        let place = SeriesResolver.Target(entity: target.instance, type: configuration.type, labels: target.labels)
        var blocks: [SampleBlock] = []
        var findings: [DataQualityFinding] = []
        for turn in 0..<turns {
            progress(turn)
            if turn > 0 { Thread.sleep(forTimeInterval: pause) }
            let time = Date().timeIntervalSince1970
            do {
                let answer = try fetcher.get(target.url, options)
                guard answer.status == 200 else {
                    throw ServiceError(.unavailable, "\(target.url): it answers with status \(answer.status)")
                }
                let exposition = Exposition(
                    parsing: answer.body, isOpenMetrics: answer.type.hasPrefix("application/openmetrics-text"))
                intake.take(exposition, on: place, at: time)
            } catch let error as HTTPFetcher.Failure {
                throw ServiceError(.unavailable, "\(target.url): \(error.description)")
            }
            let taken = intake.take()
            findings += taken.findings
            while blocks.count < intake.entities.count { blocks.append(SampleBlock(columnCount: 0)) }
            for row in taken.rows { blocks[row.entity].append(row.row) }
        }
        guard !intake.entities.isEmpty else {
            throw ServiceError(
                .data, "\(target.url): no metric in the answer; is it Prometheus' text format or OpenMetrics?")
        }
        let entities = zip(intake.entities, blocks).map { entity, rows in
            Entity(name: entity.name, type: entity.type, columns: entity.columns, rows: rows)
        }
        return (
            History(
                entities: entities, preset: intake.presets.map(\.name).joined(separator: ", "), stepSeconds: pause,
                findings: findings),
            intake.unwantedSeries
                + findings.reduce(0) { $0 + ($1.kind == .overBound && $1.isRaised ? $1.count : 0) }
        )
    }
}

extension HistoryReader.Entity {
    /// The rows as a table with a header: `time` in seconds since 1970, then the columns; what is missing is empty.
    package var table: [UInt8] {
        var bytes = Array((["time"] + columns.map(SeparatedField.text)).joined(separator: ",").utf8) + [0x0A]
        for row in 0..<rows.rowCount {
            let sample = rows[row]
            let fields =
                [Self.text(sample.time)] + sample.values.map { $0.isNaN ? "" : Self.text($0) }
                + [String](repeating: "", count: columns.count - sample.values.count)
            bytes += Array(fields.joined(separator: ",").utf8)
            bytes.append(0x0A)
        }
        return bytes
    }

    private static func text(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
    }
}

/// Rows that lie in memory, for whoever reads sources.
private final class RowsInMemory: RowProvider {
    private let columns: [String]
    private let rows: SampleBlock

    init(columns: [String], rows: SampleBlock) {
        self.columns = columns
        self.rows = rows
    }

    func makeReader() -> any FrameReader { Reader(schema: columns, rows: rows) }
    func countRows() -> Int { rows.rowCount }
    var byteCount: Int { rows.rowCount * columns.count * 8 }

    private struct Reader: FrameReader {
        let schema: [String]
        let layout = SourceLayout.live
        let rows: SampleBlock
        var next = 0

        mutating func nextChunk(maximumRows: Int) -> MetricFrame? {
            let end = min(rows.rowCount, next + min(maximumRows, 4_096))
            guard next < end else { return nil }
            defer { next = end }
            var values: [Double] = []
            values.reserveCapacity((end - next) * schema.count)
            for row in next..<end {
                values += rows[row].values
                for _ in rows.columnCount..<schema.count { values.append(.nan) }
            }
            return MetricFrame(schema: schema, firstRow: next, times: Array(rows.times[next..<end]), values: values)
        }
    }
}
