import CommandLine
import Laboratory
import Services
import Telemetry

/// `fl-train bench-readers`: how fast metric files are read on one core.
struct BenchReadersCommand: Command {
    static let data = Option<[String]>.positional("data", "DATA", "files or folders to read")
    static let repetitions = Option<Int>(
        "repetitions", "N", default: 7, "measurements of each set of files; the median counts",
        constraint: "1 to 1000", valid: { (1...1000).contains($0) })
    static let format = Option<OutputFormat>("format", "FORMAT", default: .table, "how to print the figures")

    static let manual = CommandManual(
        name: "bench-readers",
        summary: "measure how fast metric files are read, in megabytes a second on one core",
        discussion: """
            Reads the files of each folder and kind once to warm the cache, and then as often as asked, from the first \
            byte to finished tables of numbers. A megabyte is 1,000,000 bytes. scripts/bench-readers runs it side by \
            side with pandas.
            """,
        examples: [.init("fl-train bench-readers $FAULTLINE_DATASETS/smd", "the files of one folder")],
        options: [data, repetitions, format] + DataOptions.reading)

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let benchmark = try ReaderBenchmark(
            paths: arguments[Self.data], options: DataOptions.readerOptions(arguments))
        let start = ContinuousClock.now
        let results = try benchmark.run(repetitions: arguments[Self.repetitions]) {
            let elapsed = (ContinuousClock.now - start).components
            return Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
        }
        switch arguments[Self.format] {
        case .json: try console.printJSON(results)
        case .table:
            var table = Table(["files", "number", "bytes", "rows", "MB/s"])
            for result in results {
                table.add([
                    result.name, "\(result.files.count)", "\(result.bytes)", "\(result.rows)",
                    "\((result.megabytesPerSecond * 10).rounded() / 10)",
                ])
            }
            console.print(table.text)
        }
    }
}
