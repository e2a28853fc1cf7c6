import Collection
import CommandLine
import Foundation
import Platform
import Services
import Telemetry

/// `fl-train bench-store`: how fast and how small the sample store is.
struct BenchStoreCommand: Command {
    static let rows = Option<Int>(
        "rows", "N", default: 200_000, "rows that are written and read back", constraint: "1000 to 10000000",
        valid: { (1_000...10_000_000).contains($0) })
    static let metrics = Option<Int>(
        "metrics", "N", default: 40, "metrics of a row", constraint: "1 to 10000", valid: { (1...10_000).contains($0) })
    static let piece = Option<Int>(
        "piece", "ROWS", default: 1_000, "rows that are written at a time", constraint: "1 to 100000",
        valid: { (1...100_000).contains($0) })
    static let endpoint = Option<String>.optional(
        "endpoint", "URL", "an endpoint whose samples are written, once a second, in place of made-up rows")
    static let seconds = Option<Int>(
        "seconds", "N", default: 60, "seconds for which the endpoint is asked", constraint: "2 to 86400",
        valid: { (2...86_400).contains($0) })
    static let format = Option<OutputFormat>("format", "FORMAT", default: .json, "how to print the figures")

    static let manual = CommandManual(
        name: "bench-store",
        summary: "measure the sample store: rows a second, bytes of a sample",
        discussion: """
            Writes rows into a new sample store in a temporary folder, opens it again and reads them back; prints \
            rows a second on one thread and the bytes that a sample takes. With --endpoint the rows are those that an \
            endpoint gives.
            """,
        examples: [
            .init("fl-train bench-store", "200,000 made-up rows of 40 metrics"),
            .init(
                "fl-train bench-store --endpoint http://127.0.0.1:9100/metrics --seconds 300 --piece 1",
                "five minutes of a machine"),
        ],
        options: [rows, metrics, piece, endpoint, seconds, format])

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let result = try await BackgroundThread.run { try Self.measureStore(arguments, console) }
        switch arguments[Self.format] {
        case .json: try console.printJSON(result)
        case .table:
            var table = Table(["what", "figure"])
            table.add(["rows × metrics", "\(result.rows) × \(result.metrics)"])
            table.add(["written", "\(Int(result.writtenRowsPerSecond)) rows/s"])
            table.add(["read back", "\(Int(result.readRowsPerSecond)) rows/s"])
            table.add(["both", "\(Int(result.rowsPerSecond)) rows/s"])
            table.add(["bytes of a sample", "\((result.bytesPerSample * 100).rounded() / 100)"])
            table.add(["bytes of the file for a sample", "\((result.fileBytesPerSample * 100).rounded() / 100)"])
            table.add(["every bit came back", "\(result.isIdentical)"])
            console.print(table.text)
        }
    }

    private static func measureStore(_ arguments: Arguments, _ console: Console) throws -> StoreBenchmark.Result {
        let folder = FileManager.default.temporaryDirectory.path + "/faultline-bench-\(UInt32.random(in: 0 ... .max))"
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw StorageError(.unwritable, operation: "create", path: folder, found: "no place for a folder")
        }
        defer { try? FileManager.default.removeItem(atPath: folder) }
        guard let url = arguments[optional: endpoint] else {
            let made = StoreBenchmark.madeUp(rows: arguments[rows], metrics: arguments[metrics], seed: 7)
            return try StoreBenchmark.run(
                data: "made up", columns: made.columns, rows: made.rows, piece: arguments[piece], folder: folder)
        }
        let history = try HistoryReader.preview(
            SourceConfiguration(kind: .scrape), url: url, rules: GroupRules.builtIn(), turns: arguments[seconds],
            pause: 1
        ) { console.progress("asked \($0) of \(arguments[seconds]) times") }.history
        guard let entity = history.entities.max(by: { $0.rows.rowCount < $1.rows.rowCount }) else {
            throw ServiceError(.data, "\(url): no metric in the answer")
        }
        return try StoreBenchmark.run(
            data: "\(url), preset \(history.preset)", columns: entity.columns,
            rows: (0..<entity.rows.rowCount).map { entity.rows[$0] }, piece: arguments[piece], folder: folder)
    }
}
