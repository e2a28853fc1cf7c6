import CommandLine
import Laboratory
import Platform
import Services

/// `fl-train bench federation`: what a round of a federation costs on this machine.
enum FederationBenchOptions {
    static let rounds = Option<Int>(
        "rounds", "R", default: 20, "federation: rounds of training that count; one more comes before them",
        constraint: "1 to 9000", valid: { (1...9_000).contains($0) })
    static let epochs = Option<Int>(
        "epochs", "E", default: 1, "federation: passes over the windows in a round; 0: what all the rest of it costs",
        constraint: "0 to 1000", valid: { (0...1_000).contains($0) })
    static let parameters = Option<Int>(
        "parameters", "P", default: 75_000,
        "federation: parameters of the model; the nearest that an encoder of 2h and h units has",
        constraint: "500 to 10000000", valid: { (500...10_000_000).contains($0) })
    /// What says nothing of other benchmarks.
    static var own: [any AnyOption] { [rounds, epochs, parameters] }

    static func run(_ arguments: Arguments, _ console: Console) async throws {
        let bench = FederationBench(
            workers: arguments[optional: ProcessBenchOptions.workers] ?? 2, rounds: arguments[rounds],
            epochs: arguments[epochs],
            parameters: arguments[parameters])
        let result = try await ProcessBenchOptions.run(console) { stop, progress in
            try bench.run(stop: stop, progress: progress)
        }
        switch arguments[optional: ProcessBenchOptions.format] ?? .table {
        case .json: try console.printJSON(result)
        case .table:
            var table = Table(["what", "how much"])
            table.add(["workers", "\(result.workers)"])
            table.add(["rounds, epochs in each", "\(result.rounds), \(result.epochs)"])
            table.add(["parameters, windows of a worker", "\(result.parameters), \(result.windows)"])
            table.add(["a round, median", Quantity.seconds(result.roundSecondsMedian)])
            table.add(["the longest", Quantity.seconds(result.roundSecondsMaximum)])
            table.add(["its commit waits for the disk, median", Quantity.seconds(result.syncSecondsMedian)])
            table.add(["memory of the server, at most", Quantity.bytes(result.serverPeakBytes)])
            table.add(["memory of a worker, at most", Quantity.bytes(result.workerPeakBytes)])
            console.print(table.text)
        }
    }
}
