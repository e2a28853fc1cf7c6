import Platform

/// One JSON value that holds all rows.
struct JSONDocument {
    let path: String
    let options: ReaderOptions
    let notes: [String]

    /// Whether an object is one row, and not a document that wraps rows.
    ///
    /// - Parameter isAlone: whether nothing else is in the file: then an object with long lists and no time is no row.
    static func isRow(_ members: [ParsedJSON.Member], isAlone: Bool) -> Bool {
        if exported(members) != nil { return true }
        if member("sysstat", members) != nil || isRefusal(members) { return false }
        let hasTime = members.contains { ColumnNames.times.contains(ColumnNames.plain($0.key)) }
        return wrapped(members) == nil && columns(members) == nil
            && (!isAlone || keyed(members) == nil && (hasTime || longList(members) == nil))
    }

    /// Whether this is what a server answers that could not.
    private static func isRefusal(_ members: [ParsedJSON.Member]) -> Bool {
        if case .string("error")? = member("status", members) { member("error", members) != nil } else { false }
    }

    static func member(_ name: String, _ members: [ParsedJSON.Member]) -> ParsedJSON? {
        members.first { $0.key == name }?.value
    }

    /// A row without what Elasticsearch, Splunk or Kafka wraps each in.
    static func unwrapped(_ members: [ParsedJSON.Member]) -> [ParsedJSON.Member] {
        if case .object(let source)? = member("_source", members) { return source }
        if member("preview", members) != nil, case .object(let result)? = member("result", members) { return result }
        return message(members) ?? members
    }

    /// What a message of Kafka holds, as `kcat -J` prints it, with its key, and with its time where it has none of its own. Where
    /// and as which one it was written says nothing of what is measured.
    private static func message(_ members: [ParsedJSON.Member]) -> [ParsedJSON.Member]? {
        let envelope: Set<String> = [
            "partition", "offset", "payload", "value", "broker", "tstype", "timestampType", "headers", "leader_epoch",
        ]
        guard member("topic", members) != nil, member("partition", members) != nil, member("offset", members) != nil,
            let payload = member("payload", members) ?? member("value", members)
        else { return nil }
        let beside = members.filter { !envelope.contains($0.key) }
        let inner: [ParsedJSON.Member]
        switch payload {
        case .object(let members): inner = members
        case .string(let text): inner = object(inText: text) ?? [ParsedJSON.Member(key: "payload", value: payload)]
        case .number, .bool: inner = [ParsedJSON.Member(key: "value", value: payload)]
        default: inner = []
        }
        let names = Set(inner.map(\.key))
        let isTimed = hasTime(inner)
        return inner
            + beside.filter { member in
                guard !names.contains(member.key) else { return false }
                return !(isTimed && ColumnNames.times.contains(ColumnNames.plain(member.key)))
            }
    }

    /// The object that a text spells; `nil` for another text.
    static func object(inText text: String) -> [ParsedJSON.Member]? {
        var text = text
        return text.withUTF8 { bytes in
            guard let first = bytes.first(where: { $0 > 0x20 }), first == 0x7B,
                case .object(let members)? = try? ParsedJSON(parsing: bytes), !members.isEmpty
            else { return nil }
            return members
        }
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
            "MetricDataResults", "Datapoints", "points", "tables",
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

    /// The table in a document.
    ///
    /// - Throws: ``TelemetryError`` for a document without rows.
    func table(_ value: ParsedJSON) throws -> AssembledTable {
        switch value {
        case .object(let members):
            if let columns = Self.columns(members) { return try rows(columns) }
            if let rows = Self.keyed(members) { return try records(rows) }
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
            if let rows = try typedRows(members) { return rows }
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
            if let table = try toolTable(members) { return table }
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
        if elements.count == 1, case .object(let members) = elements[0], let table = try typedRows(members) {
            return table
        }
        let objects = Self.objects(.array(elements)) ?? []
        if !objects.isEmpty,
            objects.allSatisfy({ Self.member("metric", $0) != nil && Self.member("points", $0) != nil }),
            let table = try toolTable([ParsedJSON.Member(key: "timeSeries", value: .array(elements))])
        {
            return table
        }
        if let spread = Self.spread(elements) { return try records(spread) }
        if let list = Self.pointList(of: objects) {
            throw TelemetryError(
                .malformed, path: path,
                found: "a JSON document of a kind that is not known (an array of objects without a time, each with a "
                    + "list of its own: '\(list)')",
                expected: "an array of objects with times, one object a line, or a known tool's export (docs/data.md)")
        }
        return try records(elements)
    }

    /// The list with points in each of some objects that have no time themselves: series, of which none is a row; `nil` where they
    /// are none.
    private static func pointList(of objects: [[ParsedJSON.Member]]) -> String? {
        func isTimed(_ members: [ParsedJSON.Member], depth: Int = 0) -> Bool {
            hasTime(members)
                || depth < 4
                    && members.contains { member in object(member.value).map { isTimed($0, depth: depth + 1) } ?? false
                    }
        }
        guard let first = objects.first, !objects.contains(where: { isTimed($0) }) else { return nil }
        let lists = first.filter { member in
            objects.allSatisfy { members in
                switch self.member(member.key, members) {
                case .array(let elements)?:
                    elements.count > 1
                        && elements.allSatisfy { element in
                            switch element {
                            case .array, .object: true
                            default: false
                            }
                        }
                case .object(let inner)?: longList(inner) != nil
                default: false
                }
            }
        }
        return lists.first?.key
    }
}
