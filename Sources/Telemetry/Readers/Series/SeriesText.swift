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
        do {
            while let bytes = try nextLine(stream, options, line: line + 1) {
                line += 1
                var text = String(decoding: bytes, as: UTF8.self)
                if text.last == "\r" || text.last == "\r\n" { text.removeLast() }
                guard text.contains(where: { $0 != " " && $0 != "\t" }), !text.hasPrefix("#") else { continue }
                let parsed: SeriesLine? =
                    switch syntax {
                    case .exposition: SeriesLine.exposition(text)
                    case .lineProtocol: SeriesLine.lineProtocol(text)
                    case .graphite: SeriesLine.graphite(text)
                    }
                guard let parsed else {
                    throw TelemetryError(
                        .malformed, path: stream.path, line: line, found: "'\(text.prefix(60))'",
                        expected: "\(syntax.rawValue), as in the lines before")
                }
                guard let time = parsed.time else {
                    throw TelemetryError(
                        .badTime, path: stream.path, line: line, found: "a sample without a time",
                        expected: "a time in every line")
                }
                let labels = SeriesLabels(parsed.labels)
                for point in parsed.points {
                    let handle = assembly.handle(entity: labels.entity, column: point.name + labels.suffix)
                    try assembly.add(handle, time: time, value: point.value)
                }
            }
        } catch let error as TelemetryError {
            guard assembly.points > 0, error.line != nil else { throw error }
            failure = error
        }
        return try assembly.table(
            layout: SourceLayout.series(notes: notes + [syntax.rawValue]), failure: failure, path: stream.path)
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

    /// Labels that say where a series came from, the surest first.
    private static let hosts = [
        "pod", "pod_name", "container_name", "instance", "host", "hostname", "node", "nodename", "server", "vm",
        "machine", "entity", "exported_instance", "InstanceId",
    ]

    init(_ labels: [(name: String, value: String)]) {
        let host = Self.hosts.lazy.compactMap { name in labels.first { $0.name == name && !$0.value.isEmpty } }.first
        entity = host?.value ?? ""
        let rest = labels.filter { label in
            label.name != host?.name && label.name != "job" && label.name != "__name__" && !label.value.isEmpty
                && !(host?.name.hasPrefix("pod") ?? false && ["instance", "node", "uid", "id"].contains(label.name))
        }.sorted { $0.name < $1.name }
        suffix = rest.isEmpty ? "" : "{" + rest.map { "\($0.name)=\"\($0.value)\"" }.joined(separator: ",") + "}"
    }
}

extension SeriesAssembly {
    /// Adds what an exporter sent.
    ///
    /// - Throws: ``TelemetryError`` when there is more than can be held.
    mutating func add(_ sent: PushedSamples) throws {
        for series in sent.series {
            let labels = SeriesLabels(series.series.labels.map { ($0.name, $0.value) })
            let handle = handle(entity: labels.entity, column: series.series.name + labels.suffix)
            for sample in series.samples { try add(handle, time: sample.time, value: sample.value) }
        }
    }

    /// The table that the points make.
    ///
    /// - Throws: ``TelemetryError`` when there is no point, or too many.
    func table(layout: SourceLayout, failure: TelemetryError? = nil, path: String) throws -> AssembledTable {
        let entities = try tables()
        guard !entities.isEmpty else {
            throw TelemetryError(.empty, path: path, found: "no sample", expected: "samples with times")
        }
        return AssembledTable(entities: entities, layout: layout, failure: failure)
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
