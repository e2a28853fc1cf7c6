import Platform

/// One JSON value that holds all rows.
struct JSONDocument {
    let path: String
    let options: ReaderOptions
    let notes: [String]

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

    /// Whether an object is one row, and not a document that wraps rows.
    ///
    /// - Parameter isAlone: whether nothing else is in the file: then an object with long lists and no time is no row.
    static func isRow(_ members: [ParsedJSON.Member], isAlone: Bool) -> Bool {
        if exported(members) != nil { return true }
        if member("sysstat", members) != nil || isRefusal(members) { return false }
        let hasTime = members.contains { ColumnNames.times.contains(ColumnNames.plain($0.key)) }
        return wrapped(members) == nil && columns(members) == nil
            && (!isAlone || hasTime || longList(members) == nil)
    }

    /// Whether this is what a server answers that could not.
    private static func isRefusal(_ members: [ParsedJSON.Member]) -> Bool {
        if case .string("error")? = member("status", members) { member("error", members) != nil } else { false }
    }

    /// A line of VictoriaMetrics' export: `{"metric":{…},"values":[…],"timestamps":[…]}`.
    static func exported(_ members: [ParsedJSON.Member]) -> ExportedSeries? {
        guard case .object(let metric)? = member("metric", members),
            case .array(let values)? = member("values", members),
            case .array(let times)? = member("timestamps", members)
        else { return nil }
        return series(metric, times: times, values: values)
    }

    private static func series(
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

    static func member(_ name: String, _ members: [ParsedJSON.Member]) -> ParsedJSON? {
        members.first { $0.key == name }?.value
    }

    /// A row without what Elasticsearch wraps each in.
    static func unwrapped(_ members: [ParsedJSON.Member]) -> [ParsedJSON.Member] {
        if case .object(let source)? = member("_source", members) { source } else { members }
    }

    static func number(_ value: ParsedJSON) -> Double { FlatRecord.number(value) ?? .nan }

    static func text(_ value: ParsedJSON) -> String? {
        switch value {
        case .string(let text): text
        case .number(let number): Int(exactly: number).map(String.init) ?? "\(number)"
        case .bool(let bool): bool ? "true" : "false"
        default: nil
        }
    }

    /// What a document that is no row wraps: the one member with the rows, under a name that is used for it.
    private static func wrapped(_ members: [ParsedJSON.Member]) -> ParsedJSON? {
        let names = [
            "data", "result", "results", "records", "rows", "items", "metrics", "values", "series", "hits", "samples",
            "MetricDataResults", "Datapoints", "points",
        ]
        let hasTime = members.contains { ColumnNames.times.prefix(20).contains(ColumnNames.plain($0.key)) }
        guard !hasTime else { return nil }
        for name in names {
            switch member(name, members) {
            case .array(let elements)?:
                let isRows = elements.contains { element in
                    switch element {
                    case .object, .array: true
                    default: false
                    }
                }
                if isRows { return .array(elements) }
            case .object(let inner)?:
                if let deeper = wrapped(inner) { return deeper }
            default: continue
            }
        }
        return nil
    }

    /// Columns as arrays of the same length, or as objects with the same keys, as pandas writes them.
    private static func columns(_ members: [ParsedJSON.Member]) -> [(name: String, cells: [ParsedJSON])]? {
        guard members.count > 1 else { return nil }
        var result: [(name: String, cells: [ParsedJSON])] = []
        for member in members {
            switch member.value {
            case .array(let cells):
                let isFlat = cells.allSatisfy { cell in
                    switch cell {
                    case .object, .array: false
                    default: true
                    }
                }
                guard isFlat else { return nil }
                result.append((member.key, cells))
            case .object(let cells):
                guard cells.count > 1, cells.allSatisfy({ Double($0.key) != nil }) else { return nil }
                result.append((member.key, cells.map(\.value)))
            default: return nil
            }
        }
        let lengths = Set(result.map(\.cells.count))
        guard lengths.count == 1, let length = lengths.first, length > 1,
            result.contains(where: { ColumnNames.times.contains(ColumnNames.plain($0.name)) })
        else { return nil }
        return result
    }

    /// The table in a document.
    ///
    /// - Throws: ``TelemetryError`` for a document without rows.
    func table(_ value: ParsedJSON) throws -> AssembledTable {
        switch value {
        case .object(let members):
            if let columns = Self.columns(members) { return try rows(columns) }
            try refuse(members)
            if let sysstat = Self.member("sysstat", members) {
                return try SysstatDocument(sysstat, path: path).assembly.table(
                    layout: SourceLayout.series(notes: notes + ["sysstat"]), path: path)
            }
            if Self.member("resourceMetrics", members) != nil {
                var (assembly, sums) = (SeriesAssembly(path: path), OpenTelemetryMetrics())
                try assembly.add(sums.read(parsed: value))
                return try assembly.table(layout: SourceLayout.series(notes: notes + ["OTLP"]), path: path)
            }
            if let rows = try evenRows(members) { return rows }
            if case .object(let inner)? = Self.member("result", members), Self.member("labels", inner) != nil {
                return try table(.object(inner))
            }
            for (heads, body) in [("labels", "data"), ("columns", "data"), ("columns", "values"), ("columns", "rows")] {
                if case .array(let names)? = Self.member(heads, members),
                    case .array(let rows)? = Self.member(body, members)
                {
                    return try table(names: names, rows: rows, index: Self.member("index", members))
                }
            }
            if case .object(let inner)? = Self.member("data", members),
                case .string("vector")? = Self.member("resultType", inner)
            {
                throw TelemetryError(
                    .malformed, path: path, found: "one look at Prometheus (an instant query), no history",
                    expected: "a range query (query_range)")
            }
            if let wrapped = Self.wrapped(members) { return try table(wrapped) }
            if let list = Self.longList(members) {
                throw TelemetryError(
                    .malformed, path: path, found: "a JSON document of a kind that is not known (its list '\(list)')",
                    expected:
                        "an array of objects with times, one object a line, or a known tool's export (docs/data.md)"
                )
            }
            return try records([value])
        case .array(let elements): return try list(elements)
        default:
            throw TelemetryError(
                .malformed, path: path, line: 1, found: "JSON that is not an object", expected: "one JSON object a line"
            )
        }
    }

    /// Rows at even steps, as `rrdtool xport --json` writes them: `{"meta":{"start":…,"step":…,"legend":[…]},"data":[[…]]}`;
    /// `nil` for any other document.
    private func evenRows(_ members: [ParsedJSON.Member]) throws -> AssembledTable? {
        guard case .object(let meta)? = Self.member("meta", members),
            case .array(let rows)? = Self.member("data", members),
            case .array(let legend)? = Self.member("legend", meta),
            let start = Self.member("start", meta).map(Self.number),
            let step = Self.member("step", meta).map(Self.number), start.isFinite, step > 0
        else { return nil }
        let timed = rows.enumerated().map { index, row -> ParsedJSON in
            guard case .array(let cells) = row else { return row }
            return .array([.number(start + Double(index) * step)] + cells)
        }
        return try table(names: [.string("time")] + legend, rows: timed, index: nil)
    }

    /// Refuses by name what is known and holds no history.
    private func refuse(_ members: [ParsedJSON.Member]) throws {
        if Self.isRefusal(members) {
            let reason = Self.member("error", members).flatMap(Self.text) ?? "without a reason"
            throw TelemetryError(
                .malformed, path: path, found: "an answer that tells of an error (\(reason))",
                expected: "an answer with samples")
        }
    }

    /// The path of a list of more than one element, which a document that is one row does not have; `nil`: none.
    private static func longList(_ members: [ParsedJSON.Member], depth: Int = 0) -> String? {
        for member in members {
            switch member.value {
            case .array(let elements) where elements.count > 1: return member.key
            case .array(let elements):
                guard depth < 8, case .object(let inner)? = elements.first else { continue }
                if let path = longList(inner, depth: depth + 1) { return member.key + "." + path }
            case .object(let inner) where depth < 8:
                if let path = longList(inner, depth: depth + 1) { return member.key + "." + path }
            default: continue
            }
        }
        return nil
    }

    private func list(_ elements: [ParsedJSON]) throws -> AssembledTable {
        var assembly = SeriesAssembly(path: path)
        var isSeries = !elements.isEmpty
        for element in elements {
            guard case .object(let members) = element, let series = try points(members) else {
                isSeries = false
                break
            }
            for one in series { try one.add(to: &assembly, path: path) }
        }
        if isSeries && assembly.points > 0 {
            return try assembly.table(
                layout: SourceLayout.series(notes: notes + ["series in a JSON document"]), path: path)
        }
        if case .array(let names)? = elements.first, names.allSatisfy({ if case .string = $0 { true } else { false } })
        {
            return try table(names: names, rows: Array(elements.dropFirst()), index: nil)
        }
        return try records(elements)
    }

    /// The series of one element of a list: of Prometheus (`metric`, `values`), Graphite (`target`, `datapoints`),
    /// OpenTSDB (`metric`, `dps`), InfluxQL (`series`), CloudWatch (`Timestamps`, `Values`), Datadog (`pointlist`),
    /// collectd (`dsnames`, `values`); `nil` for an element of another kind.
    private func points(_ members: [ParsedJSON.Member]) throws -> [ExportedSeries]? {
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
        return nil
    }

    /// One series of an answer to InfluxQL: `{"name":…,"tags":{…},"columns":["time",…],"values":[[…]]}`.
    private func influx(_ members: [ParsedJSON.Member]) throws -> [ExportedSeries] {
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
    private func time(_ value: ParsedJSON) throws -> Double {
        if let number = FlatRecord.number(value), number.isFinite { return number }
        if case .string(var text) = value, let time = text.withUTF8({ TimeFormat(.yearFirst).seconds($0) }) {
            return time
        }
        throw TelemetryError(
            .badTime, path: path, found: Self.text(value).map { "'\($0)'" } ?? "no time", expected: TimeFormat.accepted)
    }

    private func table(names: [ParsedJSON], rows: [ParsedJSON], index: ParsedJSON?) throws -> AssembledTable {
        var columns = names.map { (name: Self.text($0) ?? "", cells: [ParsedJSON]()) }
        for row in rows {
            guard case .array(let cells) = row, cells.count == columns.count else {
                throw TelemetryError(
                    .raggedRow, path: path, found: "a row of another kind",
                    expected: "\(columns.count) values in each row")
            }
            for (column, cell) in cells.enumerated() {
                // netdata's second format: `[value, anomaly rate, flags]`.
                if case .array(let parts) = cell, let value = parts.first {
                    columns[column].cells.append(value)
                } else {
                    columns[column].cells.append(cell)
                }
            }
        }
        if case .array(let labels)? = index, labels.count == rows.count,
            !columns.contains(where: { ColumnNames.times.contains(ColumnNames.plain($0.name)) }),
            labels.allSatisfy({ Self.number($0) >= 1e8 || (Self.text($0)?.contains(":") ?? false) })
        {
            columns.insert((name: "timestamp", cells: labels), at: 0)
        }
        return try self.rows(columns)
    }

    private func rows(_ columns: [(name: String, cells: [ParsedJSON])]) throws -> AssembledTable {
        let count = columns.first?.cells.count ?? 0
        return try records(
            (0..<count).map { row in .object(columns.map { ParsedJSON.Member(key: $0.name, value: $0.cells[row]) }) })
    }

    private func records(_ elements: [ParsedJSON]) throws -> AssembledTable {
        var records = RecordTable(path: path)
        for (index, element) in elements.enumerated() {
            guard case .object(let members) = element else {
                let isArray = if case .array = element { true } else { false }
                throw TelemetryError(
                    .malformed, path: path, line: 1,
                    found: isArray ? "rows without names" : "JSON that is not an object",
                    expected: isArray ? "the names as the first row, or an object a row" : "one JSON object a line")
            }
            try records.add(FlatRecord(Self.unwrapped(members)), line: index + 1)
        }
        guard records.rowCount > 0 else {
            throw TelemetryError(.empty, path: path, found: "a document without rows", expected: "an array of objects")
        }
        return try records.table(options: options, failure: nil, notes: notes + ["one JSON document"])
    }
}
