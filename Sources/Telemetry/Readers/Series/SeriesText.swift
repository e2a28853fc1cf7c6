/// Texts with a point, or some, of named series in each line.
enum SeriesText {
    /// Reads a text to its end.
    ///
    /// - Throws: ``TelemetryError`` for a line of another kind.
    static func read(
        _ stream: ByteStream, _ syntax: TextShape.SeriesSyntax, options: ReaderOptions, notes: [String]
    ) throws -> AssembledTable {
        var assembly = SeriesAssembly(path: stream.path)
        var line = 0
        var failure: TelemetryError?
        var skipped: SkippedRows?
        var texts: Set<String> = []
        var unit: TimeUnit?
        /// One line.
        func take(_ text: String) throws {
            let parsed: SeriesLine? =
                switch syntax {
                case .exposition: SeriesLine.exposition(text)
                case .lineProtocol: SeriesLine.lineProtocol(text)
                case .graphite: SeriesLine.graphite(text)
                case .telnet: SeriesLine.telnet(text)
                }
            guard let parsed else {
                throw TelemetryError(
                    .malformed, path: stream.path, line: line, found: "'\(text.prefix(60))'",
                    expected: "\(syntax.rawValue), as in the other lines")
            }
            guard let time = parsed.time else {
                throw TelemetryError(
                    .badTime, path: stream.path, line: line, found: "a sample without a time",
                    expected: "a time in every line")
            }
            if let own = parsed.unit {
                if let unit, unit != own {
                    throw TelemetryError(
                        .badTime, path: stream.path, line: line,
                        found: "a time in \(own.rawValue) after \(unit.rawValue)",
                        expected: "one unit in a file")
                }
                unit = own
            }
            texts.formUnion(parsed.texts)
            let labels = SeriesLabels(parsed.labels)
            for point in parsed.points {
                let handle = assembly.handle(
                    entity: labels.entity, column: point.name + labels.suffix, fullName: point.name + labels.fullSuffix)
                try assembly.add(handle, time: time, value: point.value)
            }
        }
        do {
            while let bytes = try nextLine(stream, options, line: line + 1) {
                line += 1
                var text = String(decoding: bytes, as: UTF8.self)
                if text.last == "\r" || text.last == "\r\n" { text.removeLast() }
                guard text.contains(where: { $0 != " " && $0 != "\t" }), !text.hasPrefix("#") else { continue }
                do {
                    try take(text)
                } catch let error as TelemetryError where options.skipsBadRows && error.line != nil {
                    let row = SkippedRows(count: 1, first: error)
                    if skipped?.add(row) == nil { skipped = row }
                }
            }
        } catch let error as TelemetryError {
            guard assembly.points > 0, error.line != nil else { throw error }
            failure = error
        }
        var layout = SourceLayout.series(notes: notes + [syntax.rawValue])
        layout.textColumns = texts.sorted()
        return try assembly.table(layout: layout, failure: failure, skipped: skipped, path: stream.path)
    }

    private static func nextLine(_ stream: ByteStream, _ options: ReaderOptions, line: Int) throws -> [UInt8]? {
        var searched = 0
        while true {
            if let feed = stream.unread[searched...].firstIndex(of: 0x0A) {
                let bytes = Array(stream.unread[..<feed])
                stream.consume(feed + 1)
                return bytes
            }
            searched = stream.count
            if stream.isAtEnd {
                guard stream.count > 0 else { return nil }
                let bytes = Array(stream.unread)
                stream.consume(stream.count)
                return bytes
            }
            guard stream.count <= options.maximumLineBytes else {
                throw TelemetryError(
                    .limitExceeded, path: stream.path, line: line,
                    found: "a line of more than \(options.maximumLineBytes) bytes",
                    expected: "lines up to that length (the limit can be set)")
            }
            try stream.fill()
        }
    }
}

/// What the labels of a series say: which entity it belongs to, and what is left to tell it from its like.
struct SeriesLabels {
    let entity: String
    /// `{cpu="0",mode="idle"}`, sorted; empty without labels.
    let suffix: String
    /// The same with the labels that say nothing unless series differ by them alone: the job, the node of a pod.
    let fullSuffix: String

    /// Labels that say where a series came from, the surest first.
    private static let hosts = [
        "pod", "pod_name", "container_name", "instance", "host", "hostname", "node", "nodename", "server", "vm",
        "machine", "entity", "exported_instance", "InstanceId",
    ]

    init(_ labels: [(name: String, value: String)]) {
        let host = Self.hosts.lazy.compactMap { name in labels.first { $0.name == name && !$0.value.isEmpty } }.first
        entity = host?.value ?? ""
        let all = labels.filter { $0.name != host?.name && $0.name != "__name__" && !$0.value.isEmpty }
            .sorted { $0.name < $1.name }
        let isPod = host?.name.hasPrefix("pod") ?? false
        suffix = Self.written(
            all.filter { $0.name != "job" && !(isPod && ["instance", "node", "uid", "id"].contains($0.name)) })
        fullSuffix = Self.written(all)
    }

    private static func written(_ labels: [(name: String, value: String)]) -> String {
        labels.isEmpty ? "" : "{" + labels.map { "\($0.name)=\"\($0.value)\"" }.joined(separator: ",") + "}"
    }
}

extension SeriesAssembly {
    /// Adds what an exporter sent.
    ///
    /// - Throws: ``TelemetryError`` when there is more than can be held.
    mutating func add(_ sent: PushedSamples) throws {
        for series in sent.series {
            let labels = SeriesLabels(series.series.labels.map { ($0.name, $0.value) })
            let name = series.series.name
            let handle = handle(entity: labels.entity, column: name + labels.suffix, fullName: name + labels.fullSuffix)
            for sample in series.samples { try add(handle, time: sample.time, value: sample.value) }
        }
    }

    /// The table that the points make.
    ///
    /// - Throws: ``TelemetryError`` when there is no point, or too many.
    func table(
        layout: SourceLayout, failure: TelemetryError? = nil, skipped: SkippedRows? = nil, path: String
    ) throws -> AssembledTable {
        let entities = try tables()
        guard !entities.isEmpty else {
            throw TelemetryError(.empty, path: path, found: "no sample", expected: "samples with times")
        }
        return AssembledTable(entities: entities, layout: layout, failure: failure, skipped: skipped)
    }
}

extension SourceLayout {
    /// The layout of series that each point names.
    static func series(notes: [String]) -> SourceLayout {
        SourceLayout(
            format: .series, separator: nil, clock: .number(column: "timestamp", unit: .seconds), labelColumn: nil,
            textColumns: [], ignoredColumns: [], notes: notes)
    }
}
