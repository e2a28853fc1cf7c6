import Collection
import CommandLine
import Foundation
import Platform
import Services
import Telemetry

/// `fl-train fetch`: a Prometheus' history as files.
struct FetchCommand: Command {
    static let url = Option<String>.positional("prometheus", "URL", "the Prometheus, such as http://127.0.0.1:9090")
    static let out = Option<String>.required("out", "DIR", "where the files go, one an entity")
    static let site = Option<String>("site", "NAME", default: "site", "the site: the folder's name below DIR")
    static let format = Option<OutputFormat>("format", "FORMAT", default: .table, "how to print what was written")

    static let manual = CommandManual(
        name: "fetch",
        summary: "write a Prometheus' history to files, one an entity, for everything that works offline",
        discussion: """
            Asks by range queries, in pieces that the endpoint answers, and makes rows of the series as a worker does: by \
            a preset, with counters, histograms and folding. The files have a column time, in seconds since 1970, and are \
            read by every other command.
            """,
        examples: [
            .init(
                #"fl-train fetch http://127.0.0.1:9090 --query '{job="node"}' --last 7d --out history"#,
                "a week of all machines"),
            .init("fl-train train --data history --out model", "and a model of it"),
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
        let source = PrometheusOptions.source(arguments, url: arguments[Self.url])
        let rules = try DataOptions.rules(arguments)
        let history = try await BackgroundThread.run {
            try HistoryReader.read(source, rules: rules, now: Date().timeIntervalSince1970) {
                console.progress("asking: \(Int($0 * 100)) %")
            }
        }
        let folder = "\(arguments[Self.out])/\(arguments[Self.site])"
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw StorageError(.unwritable, operation: "create", path: folder, found: "no place for a folder")
        }
        var written: [Written] = []
        for entity in history.entities {
            let path = "\(folder)/\(entity.fileName).csv"
            try FileContents.writeAtomically(entity.table, to: path)
            written.append(
                Written(
                    entity: entity.name, type: entity.type, rows: entity.rows.rowCount, columns: entity.columns.count,
                    file: path))
        }
        switch arguments[Self.format] {
        case .json: try console.printJSON(written)
        case .table:
            var table = Table(["entity", "type", "rows", "columns", "file"])
            for one in written { table.add([one.entity, one.type, "\(one.rows)", "\(one.columns)", one.file]) }
            console.print(table.text)
        }
    }
}
