import Platform

/// Documents of series, each with its points.
extension JSONDocument {
    /// A series with all of its points.
    struct ExportedSeries {
        var labels: [(name: String, value: String)]
        var name: String
        var times: [Double]
        var values: [Double]

        /// - Throws: ``TelemetryError`` when times and values are not one for one.
        func add(to assembly: inout SeriesAssembly, path: String, line: Int? = nil) throws {
            guard times.count == values.count else {
                throw TelemetryError(
                    .malformed, path: path, line: line, field: name,
                    found: "\(values.count) values and \(times.count) times", expected: "as many times as values")
            }
            let labels = SeriesLabels(self.labels)
            let name = name.isEmpty ? "value" : name
            let handle = assembly.handle(
                entity: labels.entity, column: name + labels.suffix, fullName: name + labels.fullSuffix)
            let unit = TimeUnit.ofEpoch(times.first ?? 0)
            for (time, value) in zip(times, values) {
                guard time.isFinite, times.first.map({ $0 < 1e8 }) ?? true || unit.epochRange.contains(time) else {
                    throw TelemetryError(
                        .badTime, path: path, line: line, field: name, found: "\(time)",
                        expected: "the unit of the times before")
                }
                try assembly.add(handle, time: unit.seconds(time), value: value)
            }
        }
    }

    /// A line of VictoriaMetrics' export: `{"metric":{…},"values":[…],"timestamps":[…]}`.
    static func exported(_ members: [ParsedJSON.Member]) -> ExportedSeries? {
        guard case .object(let metric)? = member("metric", members),
            case .array(let values)? = member("values", members),
            case .array(let times)? = member("timestamps", members)
        else { return nil }
        return series(metric, times: times, values: values)
    }

    static func series(
        _ metric: [ParsedJSON.Member], times: [ParsedJSON], values: [ParsedJSON]
    ) -> ExportedSeries {
        var labels: [(name: String, value: String)] = []
        var name = ""
        for member in metric {
            guard let text = text(member.value) else { continue }
            if member.key == "__name__" { name = text } else { labels.append((member.key, text)) }
        }
        return ExportedSeries(labels: labels, name: name, times: times.map(number), values: values.map(number))
    }

    /// The series of one element of a list: of Prometheus (`metric`, `values`), Graphite (`target`, `datapoints`),
    /// OpenTSDB (`metric`, `dps`), InfluxQL (`series`), CloudWatch (`Timestamps`, `Values`), Datadog (`pointlist`),
    /// collectd (`dsnames`, `values`); `nil` for an element of another kind.
    func points(_ members: [ParsedJSON.Member]) throws -> [ExportedSeries]? {
        func array(_ name: String) -> [ParsedJSON]? {
            if case .array(let elements)? = Self.member(name, members) { elements } else { nil }
        }
        func pairs(_ elements: [ParsedJSON], timeFirst: Bool) -> (times: [ParsedJSON], values: [ParsedJSON])? {
            var (times, values): ([ParsedJSON], [ParsedJSON]) = ([], [])
            for element in elements {
                guard case .array(let pair) = element, pair.count == 2 else { return nil }
                times.append(pair[timeFirst ? 0 : 1])
                values.append(pair[timeFirst ? 1 : 0])
            }
            return (times, values)
        }
        if let exported = Self.exported(members) { return [exported] }
        if case .object(let metric)? = Self.member("metric", members), let values = array("values"),
            let pairs = pairs(values, timeFirst: true)
        {
            return [Self.series(metric, times: pairs.times, values: pairs.values)]
        }
        if let target = Self.member("target", members).flatMap(Self.text)
            ?? Self.member("metric_name", members).flatMap(Self.text), let points = array("datapoints"),
            let pairs = pairs(points, timeFirst: false)
        {
            return [
                // Ganglia names the host beside its points.
                ExportedSeries(
                    labels: [("host", Self.member("host_name", members).flatMap(Self.text) ?? "")], name: target,
                    times: pairs.times.map(Self.number), values: pairs.values.map(Self.number))
            ]
        }
        if let name = Self.member("metric", members).flatMap(Self.text) {
            var labels: [(name: String, value: String)] = []
            if case .object(let tags)? = Self.member("tags", members) {
                labels = tags.compactMap { tag in Self.text(tag.value).map { (tag.key, $0) } }
            }
            if case .object(let points)? = Self.member("dps", members) {
                return [
                    ExportedSeries(
                        labels: labels, name: name, times: points.map { Double($0.key) ?? .nan },
                        values: points.map { Self.number($0.value) })
                ]
            }
            if let list = array("pointlist"), let pairs = pairs(list, timeFirst: true) {
                if let scope = Self.member("scope", members).flatMap(Self.text) {
                    for tag in scope.split(separator: ",") {
                        let halves = tag.split(separator: ":", maxSplits: 1)
                        if halves.count == 2 { labels.append((String(halves[0]), String(halves[1]))) }
                    }
                }
                return [
                    ExportedSeries(
                        labels: labels, name: name, times: pairs.times.map(Self.number),
                        values: pairs.values.map(Self.number))
                ]
            }
        }
        if let times = array("Timestamps"), let values = array("Values") {
            let name = ["Label", "Id"].lazy.compactMap { Self.member($0, members).flatMap(Self.text) }.first ?? "value"
            return [
                ExportedSeries(labels: [], name: name, times: try times.map(time), values: values.map(Self.number))
            ]
        }
        if let names = array("dsnames"), let values = array("values"), names.count == values.count,
            let stamp = Self.member("time", members)
        {
            let part = { (name: String) in Self.member(name, members).flatMap(Self.text) ?? "" }
            let plugin = [part("plugin"), part("plugin_instance")].filter { !$0.isEmpty }.joined(separator: "-")
            let type = [part("type"), part("type_instance")].filter { !$0.isEmpty }.joined(separator: "-")
            return zip(names, values).map { name, value in
                let source = Self.text(name) ?? "value"
                let column = [plugin, type].joined(separator: "/") + (source == "value" ? "" : "/" + source)
                return ExportedSeries(
                    labels: [("host", part("host"))], name: column, times: [Self.number(stamp)],
                    values: [Self.number(value)])
            }
        }
        if let inner = array("series"), !inner.isEmpty {
            return try inner.flatMap { one -> [ExportedSeries] in
                guard case .object(let members) = one else { return [] }
                return try influx(members)
            }
        }
        if array("columns") != nil && array("values") != nil { return try influx(members) }
        return try charted(members)
    }

    /// One series of an answer to InfluxQL: `{"name":…,"tags":{…},"columns":["time",…],"values":[[…]]}`.
    func influx(_ members: [ParsedJSON.Member]) throws -> [ExportedSeries] {
        guard case .array(let names)? = Self.member("columns", members),
            case .array(let rows)? = Self.member("values", members)
        else { return [] }
        let columns = names.map { Self.text($0) ?? "" }
        guard let place = columns.firstIndex(of: "time") else { return [] }
        let measurement = Self.member("name", members).flatMap(Self.text)
        var labels: [(name: String, value: String)] = []
        if case .object(let tags)? = Self.member("tags", members) {
            labels = tags.compactMap { tag in Self.text(tag.value).map { (tag.key, $0) } }
        }
        var times: [Double] = []
        var cells = columns.map { _ in [Double]() }
        for row in rows {
            guard case .array(let values) = row, values.count == columns.count else { continue }
            times.append(try time(values[place]))
            for column in columns.indices { cells[column].append(Self.number(values[column])) }
        }
        return columns.indices.filter { $0 != place && cells[$0].contains { !$0.isNaN } }.map { column in
            ExportedSeries(
                labels: labels, name: (measurement.map { $0 + "_" } ?? "") + columns[column], times: times,
                values: cells[column])
        }
    }

    /// A time as a number or a text, in seconds or the unit of the number.
    func time(_ value: ParsedJSON) throws -> Double {
        if let number = FlatRecord.number(value), number.isFinite { return number }
        if case .string(let text) = value, let time = TimeFormat(.yearFirst).seconds(text) { return time }
        throw TelemetryError(
            .badTime, path: path, found: Self.text(value).map { "'\($0)'" } ?? "no time", expected: TimeFormat.accepted)
    }
}
