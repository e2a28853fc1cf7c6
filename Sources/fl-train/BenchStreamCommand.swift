import CommandLine
import Foundation
import Laboratory
import Platform
import Services

/// `fl-train bench-stream`: what a row costs on its way from file to alarm.
struct BenchStreamCommand: Command {
    static let metrics = Option<Int>(
        "metrics", "N", default: 40, "metrics of a row", constraint: "1 to 10000", valid: { (1...10_000).contains($0) })
    static let rows = Option<Int>(
        "rows", "N", default: 20_000, "rows of the stream", constraint: "100 to 10000000",
        valid: { (100...10_000_000).contains($0) })
    static let chunk = Option<Int>(
        "chunk", "N", default: 64, "rows that are taken at a time", constraint: "1 to 100000",
        valid: { (1...100_000).contains($0) })
    static let method = Option<String>("method", "NAME", default: "default", "the detection method that decides alarms")
    static let repetitions = Option<Int>(
        "repetitions", "N", default: 3, "measurements of each part; the shortest counts", constraint: "1 to 1000",
        valid: { (1...1000).contains($0) })
    static let format = Option<OutputFormat>("format", "FORMAT", default: .table, "how to print the figures")

    static let manual = CommandManual(
        name: "bench-stream", summary: "measure what a row costs on its way from file to alarm, part by part",
        discussion: """
            Makes up metrics, learns from 1,500 rows of them, and takes a stream of others the way a worker does. Prints \
            microseconds of processor time a row: reading, cleaning, the autoencoders, the detector's own arithmetic, the \
            rest, and all of it; 'road' is what is left without the autoencoders' and the detector's arithmetic.
            """,
        examples: [
            .init("fl-train bench-stream --method zscore", "40 metrics and a detector that costs next to nothing"),
            .init("fl-train bench-stream --metrics 1000 --rows 2000", "a row of 1,000 metrics"),
        ],
        options: [metrics, rows, chunk, method, repetitions, format])

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/bench-stream-\(UUID().uuidString)"
        defer { try? FolderContents.remove(folder) }
        let benchmark = StreamBenchmark(
            metrics: arguments[Self.metrics], rows: arguments[Self.rows], chunk: arguments[Self.chunk],
            method: arguments[Self.method], repetitions: arguments[Self.repetitions])
        let result = try await BackgroundThread.run { try benchmark.run(in: folder) }
        switch arguments[Self.format] {
        case .json: try console.printJSON(result)
        case .table:
            var table = Table(["part", "µs a row"])
            for (name, value) in [
                ("reading", result.reading), ("cleaning", result.cleaning), ("autoencoders", result.autoencoders),
                ("detector", result.detector), ("rest", result.rest), ("total", result.total), ("road", result.road),
            ] { table.add([name, Quantity.fixed(value, 2)]) }
            console.print(table.text)
        }
    }
}
