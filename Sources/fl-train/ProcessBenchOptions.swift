import CommandLine
import Platform
import Services

/// What the benchmarks with real processes have in common.
enum ProcessBenchOptions {
    static let workers = Option<Int>.optional(
        "workers", "N", "federation, live: fl-worker processes; 2 and 3 when not given", constraint: "1 to 256",
        valid: { (1...256).contains($0) })
    static let format = Option<OutputFormat>.optional(
        "format", "FORMAT",
        "federation, live: how to print the figures; a table and JSON when not given")

    static var all: [any AnyOption] { [workers, format] }

    /// Runs a measurement off Swift's own threads, until it is done or somebody ends it.
    static func run<Result: Sendable>(
        _ console: Console, _ measure: @escaping @Sendable (StopSignal, (String) -> Void) throws -> Result
    ) async throws -> Result {
        let stop = StopSignal()
        stop.catchTermination()
        let result = try await BackgroundThread.run { try measure(stop) { console.progress($0) } }
        console.clearProgress()
        return result
    }
}
