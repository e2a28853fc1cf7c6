import CommandLine
import Laboratory
import Platform
import Services

/// `fl-train bench live`: from a sample to the alarm that it makes, on this machine.
enum LiveBenchOptions {
    static let metrics = Option<Int>(
        "metrics", "M", default: 1000, "live: metrics that a worker watches", constraint: "8 to 10000",
        valid: { (8...10_000).contains($0) })
    static let seconds = Option<Int>(
        "seconds", "N", default: 120, "live: seconds that are measured, after those of learning",
        constraint: "20 to 86400", valid: { (20...86_400).contains($0) })
    static let learning = Option<Int>(
        "learning", "N", default: 150, "live: seconds for which samples come before a fault",
        constraint: "100 to 86400", valid: { (100...86_400).contains($0) })

    /// What says nothing of other benchmarks.
    static var own: [any AnyOption] { [metrics, seconds, learning] }

    static func run(_ arguments: Arguments, _ console: Console) async throws {
        let bench = LiveBench(
            workers: arguments[optional: ProcessBenchOptions.workers] ?? 3, metrics: arguments[metrics],
            learning: arguments[learning], seconds: arguments[seconds])
        let result = try await ProcessBenchOptions.run(console) { stop, progress in
            try bench.run(stop: stop, progress: progress)
        }
        switch arguments[optional: ProcessBenchOptions.format] ?? .json {
        case .json: try console.printJSON(result)
        case .table:
            func milliseconds(_ value: Double?) -> String { Quantity.seconds(value.map { $0 / 1_000 }) }
            var table = Table(["what", "how much"])
            table.add(["rows of all workers", "\(result.rows)"])
            table.add(["alarm events", "\(result.events)"])
            table.add(["from a sample to its event, median", milliseconds(result.latencyP50Milliseconds)])
            table.add(["99 % of them within", milliseconds(result.latencyP99Milliseconds)])
            table.add(["processors of all workers", Quantity.number(result.workerCores)])
            table.add(["processors of the server", Quantity.number(result.serverCores)])
            table.add(["memory of the largest worker", Quantity.bytes(result.workerResidentBytes)])
            table.add(["memory of the server", Quantity.bytes(result.serverResidentBytes)])
            table.add(["bytes of a sample on the disk", Quantity.number(result.bytesPerSample)])
            console.print(table.text)
        }
    }
}
