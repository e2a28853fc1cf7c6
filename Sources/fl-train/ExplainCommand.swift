import Autoencoders
import CommandLine
import FoundationEssentials
import Platform
import Services
import Telemetry
import Watching

/// `fl-train explain`: the fingerprint of what happened at a time.
struct ExplainCommand: Command {
    static let model = Option<String>.required("model", "DIR", "folder of the model")
    static let data = Option<[String]>.required("data", "PATH", "files or folders with the entity's rows")
    static let at = Option<String>.required(
        "at", "TIME", "the time: seconds of the data's own clock, a date (2025-11-14T11:00:00), or #ROW",
        constraint: "seconds, a date or #row", valid: { Moment($0) != nil })
    static let entity = Option<String>.optional(
        "entity", "NAME", "the entity, as 'site/entity' or 'entity'; needed when the data hold several")
    static let method = Option<String>.optional(
        "method", "NAME", "detection method; the model's own default when not given")
    static let part = Option<PartOption>(
        "part", "PART", default: .test, "which part of a set that is split into parts; others are read whole")
    static let plot = Option<String>.optional("plot", "FILE", "draw the radiography as SVG")
    static let coverage = Option<Double>(
        "coverage", "SHARE", default: Fingerprint.Options().coverage,
        "share of the deviation that the listed metrics make up", constraint: "more than 0, at most 1",
        valid: { $0 > 0 && $0 <= 1 })
    static let format = Option<OutputFormat>("format", "FORMAT", default: .table, "how to print the fingerprint")

    static let manual = CommandManual(
        name: "explain",
        summary: "say what was wrong at a time: which layers, groups and metrics, since when, how much",
        discussion: """
            Scores the entity's rows up to the time and a little further, takes the alarm that stands then (or the \
            minutes around it when none does) and prints its fingerprint: the smallest set of metrics that makes up \
            90 % of the deviation, their side and shape over time, which group moved first, and the suspects. --plot \
            draws the radiography: groups and metrics over time, with thresholds.
            """,
        examples: [
            .init("fl-train explain --model model --data host.csv --at 1507380", "what happened at that second"),
            .init(
                "fl-train explain --model model --data metrics/ --entity site-a/enb0 --at '#6210' --plot fault.svg",
                "row 6210 of one entity, with a picture"),
        ],
        options: [model, data, at, entity, method, part, plot, coverage, format] + DataOptions.reading)

    /// Rows read at a time, and how many such blocks are kept before and after the time.
    private static let blockRows = 1024
    private static let keptBlocks = 12
    /// Rows around a time without an alarm that are explained instead.
    private static let margin = 10

    func run(_ arguments: Arguments, _ console: Console) async throws {
        guard let moment = Moment(arguments[Self.at]) else { return }
        let model = try MonitoringModel(path: arguments[Self.model])
        let method = arguments[optional: Self.method] ?? model.defaultMethod
        let reader = DataOptions.readerOptions(arguments, over: model.reader)
        let sources = try MetricSources.discover(arguments[Self.data], part: arguments[Self.part], options: reader)
        let source = try choose(sources, arguments[optional: Self.entity])
        var options = Fingerprint.Options()
        options.leastRows = Fingerprint.announcedRows
        options.coverage = arguments[Self.coverage]
        let found = try await BackgroundThread.run { [options] in
            try Self.explain(
                source, model: model, method: method, moment: moment, reader: reader, options: options, console: console
            )
        }
        if let plot = arguments[optional: Self.plot] {
            try FileContents.writeAtomically(Array(found.picture.utf8), to: plot)
        }
        switch arguments[Self.format] {
        case .json: try console.printJSON(Explanation(alarm: found.isAlarm, fingerprint: found.fingerprint))
        case .table:
            console.print(Self.text(found))
            if let plot = arguments[optional: Self.plot] { console.print("\nradiography in \(plot)") }
        }
    }

    private func choose(_ sources: [EntitySource], _ name: String?) throws -> EntitySource {
        let matching = name.map { name in sources.filter { $0.key == name || $0.entity == name } } ?? sources
        if matching.count == 1 { return matching[0] }
        let keys = sources.map(\.key)
        let listed = keys.prefix(8).joined(separator: ", ") + (keys.count > 8 ? ", …" : "")
        guard let name else {
            throw CommandLineError.usage("--entity: the data hold \(keys.count) entities; choose one of \(listed)")
        }
        throw CommandLineError.usage(
            "--entity: found \(matching.isEmpty ? "no" : "several") entities named '\(name)', expected one of \(listed)"
        )
    }

    private struct Found: Sendable {
        var fingerprint: Fingerprint
        var isAlarm: Bool
        var picture: String
    }

    private static func explain(
        _ source: EntitySource, model: MonitoringModel, method: String, moment: Moment, reader: ReaderOptions,
        options: Fingerprint.Options, console: Console
    ) throws -> Found {
        var stream = try source.makeReader(options: reader)
        var monitor = try EntityMonitor(
            model: model, method: method, site: source.site, entity: source.entity, type: source.type,
            schema: stream.schema,
            backend: try AcceleratorCatalog.backend(named: "auto", onFailure: { console.note($0) }))
        var blocks: [(first: Int, scores: EntityScores)] = []
        var place: Int?
        var after = 0
        var (rows, firstTime, lastTime) = (0, Double.nan, Double.nan)
        while after < keptBlocks, let frame = try stream.nextChunk(maximumRows: blockRows) {
            let scores = try monitor.append(frame)
            if rows == 0 { firstTime = scores.times.first ?? .nan }
            lastTime = scores.times.last ?? lastTime
            rows = frame.firstRow + scores.count
            console.progress("scoring \(source.key): \(rows) rows")
            blocks.append((frame.firstRow, scores))
            if place != nil {
                after += 1
            } else if let row = moment.row(in: scores.times, firstIndex: frame.firstRow, start: firstTime) {
                place = row
            } else if blocks.count > keptBlocks {
                blocks.removeFirst()
            }
        }
        guard let place, var all = blocks.first?.scores else {
            throw CommandLineError(
                .data,
                "--at: found nothing at \(moment) in \(source.key), expected a time from \(firstTime) to "
                    + "\(lastTime) s or a row below \(rows)")
        }
        for block in blocks.dropFirst() { all.append(block.scores) }
        let first = blocks[0].first
        let row = place - first
        let rule = try model.detectors(of: method).model(for: source.key, type: source.type).method.alarmRule
        let event = rule.events(all.alarms[all.combined]).first { $0.contains(row) }
        let window = event ?? max(0, row - margin)..<min(all.count, row + margin + 1)
        let fingerprint = Fingerprint(
            of: window, in: all, groups: monitor.metricGroups, entity: source.key, firstIndex: first, options: options)
        return Found(
            fingerprint: fingerprint, isAlarm: event != nil,
            picture: Radiography(of: fingerprint, in: all, firstIndex: first).svg())
    }

    private static func text(_ found: Found) -> String {
        let print = found.fingerprint
        let duration = Quantity.seconds(print.endTime - print.startTime)
        var lines = [
            found.isAlarm
                ? "\(print.entity): alarm from \(number(print.startTime)) s, rows \(print.startIndex) to "
                    + "\(print.endIndex - 1), \(duration)"
                : "\(print.entity): no alarm stands then; rows \(print.startIndex) to \(print.endIndex - 1)",
            "peak score \(Quantity.number(print.peakScore))"
                + (print.firstGroup.map { ", first moved: \($0)" } ?? ", nothing deviates"),
        ]
        var groups = Table(["group", "share", "onset", "peak", "lasts"])
        for part in print.groups {
            groups.add([
                part.group, percent(part.share), "row \(part.shape.onsetIndex)", "row \(part.shape.peakIndex)",
                Quantity.seconds(part.shape.durationSeconds),
            ])
        }
        var metrics = Table(["metric", "group", "share", "side", "onset", "peak", "lasts"])
        for part in print.parts {
            metrics.add([
                part.metric, part.group, percent(part.share), part.side > 0 ? "above" : part.side < 0 ? "below" : "-",
                "row \(part.shape.onsetIndex)", "row \(part.shape.peakIndex)",
                Quantity.seconds(part.shape.durationSeconds),
            ])
        }
        if !groups.isEmpty { lines += ["", groups.text] }
        if !metrics.isEmpty { lines += ["", metrics.text] }
        let suspects = print.causes.filter { $0.score > 0 }.prefix(5).map(\.metric)
        if !suspects.isEmpty { lines += ["", "suspects: " + suspects.joined(separator: ", ")] }
        return lines.joined(separator: "\n")
    }

    private static func percent(_ share: Double) -> String { "\(Quantity.fixed(100 * share, 1)) %" }

    private static func number(_ value: Double) -> String { Quantity.number(value, digits: 13) }

    private struct Explanation: Encodable {
        var alarm: Bool
        var fingerprint: Fingerprint
    }
}

/// A place in an entity's rows: a row, or the first sample at or after a time.
enum Moment: Sendable, CustomStringConvertible {
    case row(Int)
    case time(Double)

    /// `#ROW`, seconds, or a date in UTC.
    init?(_ text: String) {
        if text.hasPrefix("#") {
            guard let row = Int(text.dropFirst()), row >= 0 else { return nil }
            self = .row(row)
        } else if let seconds = Double(text) {
            guard seconds.isFinite else { return nil }
            self = .time(seconds)
        } else {
            var date = text.split(separator: " ").joined(separator: "T")
            // The hour, or the seconds, may be left out.
            if date.count == 10 { date += "T00:00:00" } else if date.count == 16 { date += ":00" }
            if !date.hasSuffix("Z"), !date.dropFirst(11).contains(where: { $0 == "+" || $0 == "-" }) { date += "Z" }
            guard let parsed = try? Date(date, strategy: .iso8601) else { return nil }
            self = .time(parsed.timeIntervalSince1970)
        }
    }

    var description: String {
        switch self {
        case .row(let row): "row \(row)"
        case .time(let time): "time \(time) s"
        }
    }

    /// The row it names, if it is among these, the first of which is row `firstIndex`; the data begin at `start`.
    func row(in times: [Double], firstIndex: Int, start: Double) -> Int? {
        switch self {
        case .row(let row):
            return row >= firstIndex && row < firstIndex + times.count ? row : nil
        case .time(let time):
            // A time before the first sample is not in the data.
            guard time >= start else { return nil }
            return times.firstIndex { $0 >= time }.map { firstIndex + $0 }
        }
    }
}
