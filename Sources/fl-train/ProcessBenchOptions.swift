import CommandLine
import Services

/// What the benchmarks with real processes have in common.
enum ProcessBenchOptions {
    static let workers = Option<Int>.optional(
        "workers", "N", "federation, live: fl-worker processes; 2 and 3 when not given", constraint: "1 to 256",
        valid: { (1...256).contains($0) })
    static let format = Option<OutputFormat>.optional(
        "format", "FORMAT",
        "federation, live: how to print the figures; a table and JSON when not given, as engine prints")

    static var all: [any AnyOption] { [workers, format] }
}
