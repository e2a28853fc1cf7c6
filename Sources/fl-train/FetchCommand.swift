import Collection
import CommandLine
import Foundation
import Platform
import Services
import Telemetry

/// `fl-train fetch`: a Prometheus' history, or what a worker has seen, as files.
struct FetchCommand: Command {
    static let url = Option<String>.positional(
        "source", "URL", "the Prometheus, such as http://127.0.0.1:9090, or the data folder of a worker")
    static let out = Option<String>.required("out", "DIR", "where the files go, one an entity")
    static let site = Option<String>.optional(
        "site", "NAME",
        "of a Prometheus: the folder's name below DIR, 'site' when not given; of a worker: only that site")
    static let format = Option<OutputFormat>("format", "FORMAT", default: .table, "how to print what was written")

    static let manual = CommandManual(
        name: "fetch",
        summary: "write a Prometheus' history, or what a worker has seen, to files for everything offline",
        discussion: """
            Asks by range queries, in pieces that the endpoint answers, and makes rows of the series as a worker does: by \
            a preset, with counters, histograms and folding. The files have a column time, in seconds since 1970, and are \
            read by every other command. Of a worker the rows are those that it has taken from its live sources, before \
            anything was cleaned or scaled; it may go on running, and --last is counted from each entity's last row. A file's \
            name says entity and type, as in redis.type=target.csv, so that entities are called what they are called live.
            """,
        examples: [
            .init(
                #"fl-train fetch http://127.0.0.1:9090 --query '{job="node"}' --last 7d --out history"#,
                "a week of all machines"),
            .init("fl-train train --data history --out model", "and a model of it"),
            .init("fl-train fetch /var/lib/faultline/worker --last 2h --out seen", "the last two hours of a worker"),
        ],
        options: [url, out, site, format] + PrometheusOptions.all + [DataOptions.groups])

    private struct Written: Encodable {
        var entity: String
        var type: String
        var rows: Int
        var columns: Int
        var file: String
    }

    func run(_ arguments: Arguments, _ console: Console) async throws {
        var isFolder: ObjCBool = false
        _ = FileManager.default.fileExists(atPath: arguments[Self.url], isDirectory: &isFolder)
        let written =
            isFolder.boolValue ? try stored(arguments, console) : try await asked(arguments, console)
        switch arguments[Self.format] {
        case .json: try console.printJSON(written)
        case .table:
            var table = Table(["entity", "type", "rows", "columns", "file"])
            for one in written { table.add([one.entity, one.type, "\(one.rows)", "\(one.columns)", one.file]) }
            console.print(table.text)
        }
    }

    /// The history of a Prometheus.
    private func asked(_ arguments: Arguments, _ console: Console) async throws -> [Written] {
        let named = arguments[Self.url]
        guard ScrapeTarget(named, path: "") != nil else {
            throw ServiceError(
                .configuration,
                "'\(named)' is no folder of a worker, and no address of a Prometheus, such as http://127.0.0.1:9090")
        }
        let source = PrometheusOptions.source(arguments, url: named)
        let rules = try DataOptions.rules(arguments)
        let history = try await BackgroundThread.run {
            do {
                return try HistoryReader.read(source, rules: rules, now: Date().timeIntervalSince1970) {
                    console.progress("asking: \(Int($0 * 100)) %")
                }
            } catch let error as ServiceError where error.code == .unavailable && !named.contains("://") {
                throw ServiceError(.unavailable, "\(error.description); a folder '\(named)' is not there either")
            }
        }
        let site = arguments[optional: Self.site] ?? "site"
        return try history.entities.map { try write($0, of: site, to: arguments[Self.out], console) }
    }

    /// What a worker has in its folder.
    private func stored(_ arguments: Arguments, _ console: Console) throws -> [Written] {
        let unused: [(String, Bool)] = [
            ("query", arguments[optional: PrometheusOptions.query] != nil),
            ("step", arguments[optional: PrometheusOptions.step] != nil),
            ("preset", arguments[optional: PrometheusOptions.preset] != nil),
        ]
        if let option = unused.first(where: \.1)?.0 {
            throw CommandLineError.usage("--\(option) is for a Prometheus; \(arguments[Self.url]) is a folder")
        }
        let history = try StoredHistory(folder: arguments[Self.url])
        let last = arguments[optional: PrometheusOptions.last].flatMap { DurationText.seconds($0) }
        let site = arguments[optional: Self.site]
        let wanted = history.entities.filter { site == nil || $0.site == site }
        guard !wanted.isEmpty else {
            let sites = Set(history.entities.map(\.site)).sorted().joined(separator: ", ")
            throw ServiceError(
                .data,
                "\(arguments[Self.url]): no rows"
                    + (sites.isEmpty ? " of live sources" : " of that site, only of \(sites)"))
        }
        var written: [Written] = []
        for (number, entity) in wanted.enumerated() {
            console.progress("writing: \(number) of \(wanted.count) entities")
            let rows = try history.rows(of: entity, last: last)
            written.append(try write(rows, of: entity.site, to: arguments[Self.out], console))
        }
        return written
    }

    /// Writes the file of an entity, from whose name readers take entity and type again.
    private func write(
        _ entity: HistoryReader.Entity, of site: String, to out: String, _ console: Console
    ) throws -> Written {
        let siteName = NameRule.fileName(for: site)
        let folder = "\(out)/\(siteName)"
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw StorageError(.unwritable, operation: "create", path: folder, found: "no place for a folder")
        }
        let stem = EntityFileName.stem(entity: entity.name, type: entity.type)
        let path = "\(folder)/\(stem).csv"
        try FileContents.writeAtomically(entity.table, to: path)
        let offline = "\(siteName)/\(EntityFileName.entity(of: stem))"
        if offline != "\(site)/\(entity.name)" {
            console.note("\(site)/\(entity.name) is called \(offline) by whoever reads the files")
        }
        return Written(
            entity: entity.name, type: entity.type, rows: entity.rows.rowCount, columns: entity.columns.count,
            file: path)
    }
}
