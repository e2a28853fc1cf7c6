import CommandLine
import Laboratory
import Platform
import Services

/// `fl-train simulate-fleet`: how many workers a server carries.
struct SimulateFleetCommand: Command {
    static let workers = Option<Int>(
        "workers", "N", default: 1_000, "workers, each with a key and two connections of its own",
        constraint: "1 to 16000", valid: { (1...16_000).contains($0) })
    static let rounds = Option<Int>(
        "rounds", "R", default: 1, "rounds of training", constraint: "1 to 1000", valid: { (1...1_000).contains($0) })
    static let parameters = Option<Int>(
        "parameters", "P", default: 75_000,
        "parameters of the model; the nearest that an encoder of 2h and h units has",
        constraint: "500 to 10000000", valid: { (500...10_000_000).contains($0) })
    static let heartbeat = Option<Double>(
        "heartbeat", "SECONDS", default: 10, "time between heartbeats of a worker: 1 on a LAN, 10 on a WAN",
        constraint: "0.1 to 3600", valid: { (0.1...3_600).contains($0) })
    static let format = Option<OutputFormat>("format", "FORMAT", default: .json, "how to print the figures")

    static let manual = CommandManual(
        name: "simulate-fleet", summary: "measure how many workers one server carries",
        discussion: """
            Starts one fl-server in a folder of its own and connects so many workers to it from this process, over real \
            sockets, encrypted, each with a key of its own that was enrolled before. They register, send statistics, and \
            take part in rounds: each fetches every version and sends an update of full size. They have no samples and \
            train nothing, and their updates are made once for all of them, so that what is measured is the server.

            bytesSent and bytesReceived are those of all messages, as workers see them, before encryption. A round's seconds \
            go from its opening until its version is durable. Contributions are not kept (kept-rounds 0). Both processes \
            need two descriptors a worker.
            """,
        examples: [
            .init("fl-train simulate-fleet --workers 1000 --rounds 3", "a thousand workers, three rounds"),
            .init("fl-train simulate-fleet --workers 10000 --parameters 75000", "ten thousand"),
        ],
        options: [workers, rounds, parameters, heartbeat, format])

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let fleet = FleetSimulation(
            workers: arguments[Self.workers], rounds: arguments[Self.rounds], parameters: arguments[Self.parameters],
            heartbeat: arguments[Self.heartbeat])
        let result = try await ProcessBenchOptions.run(console) { stop, progress in
            try fleet.run(stop: stop, progress: progress)
        }
        switch arguments[Self.format] {
        case .json: try console.printJSON(result)
        case .table:
            var table = Table(["what", "how much"])
            table.add(["workers, rounds", "\(result.workers), \(result.rounds)"])
            table.add(["parameters", "\(result.parameters)"])
            table.add(["registration of all", Quantity.seconds(result.registrationSeconds)])
            table.add(["the round of statistics", Quantity.seconds(result.statisticsSeconds)])
            table.add(["a round of training, median", Quantity.seconds(result.roundSeconds)])
            table.add(["its commit waits for the disk, median", Quantity.seconds(result.syncSecondsMedian)])
            table.add(["memory of the server, at most", Quantity.bytes(result.serverPeakBytes)])
            table.add(["memory of the server, idle", Quantity.bytes(result.serverIdleBytes)])
            table.add(["processor time of the server", Quantity.seconds(result.serverCPUSeconds)])
            table.add(["bytes to the server", Quantity.bytes(result.bytesSent)])
            table.add(["bytes from the server", Quantity.bytes(result.bytesReceived)])
            console.print(table.text)
        }
    }
}
