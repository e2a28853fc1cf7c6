import CommandLine
import Foundation
import Numerics
import Platform
package import Services

/// One real `fl-server` and real `fl-worker` processes on this machine, encrypted as they are shipped, on generated samples:
/// what a round costs.
package struct FederationBench: Sendable {
    /// What was measured.
    package struct Result: Encodable, Sendable {
        /// Workers.
        package var workers: Int
        /// Rounds of training that count; the first is left out.
        package var rounds: Int
        /// Passes over the samples in each.
        package var epochs: Int
        /// Parameters of the model.
        package var parameters: Int
        /// Training windows of each worker.
        package var windows: Int
        /// Median seconds of a round, from its opening until its version is made: announcement, fetching, local training,
        /// upload, gate, sum. What its commit waits for the disk is not in it.
        package var roundSecondsMedian: Double
        /// The longest round.
        package var roundSecondsMaximum: Double
        /// Median seconds for which a round's commit waited for the disk.
        package var syncSecondsMedian: Double
        /// Largest resident size of the server.
        package var serverPeakBytes: Int
        /// Largest resident size of the largest worker.
        package var workerPeakBytes: Int
    }

    /// Windows that each worker trains on, and those of one step of the optimiser: what `federation_flower.py` has.
    private static let (windows, batch) = (800, 64)
    private static let heldOutShare = 0.05
    /// Time without a new round after which it is given up.
    private static let patience: Duration = .seconds(300)

    private let workers: Int
    private let rounds: Int
    private let epochs: Int
    private let shape: FleetShape

    /// A measurement.
    ///
    /// - Parameter parameters: of the model; the nearest that there is.
    package init(workers: Int, rounds: Int, epochs: Int, parameters: Int) {
        self.workers = workers
        self.rounds = rounds
        self.epochs = epochs
        shape = FleetShape(parameters: parameters)
    }

    /// Runs it to the end.
    ///
    /// - Parameters:
    ///   - progress: hears how it goes, in a line.
    ///   - stop: ends it before.
    /// - Throws: ``CommandLineError`` when a process ends by itself or no round comes; ``ExitStatus`` when it was stopped.
    package func run(stop: StopSignal, progress: (String) -> Void) throws -> Result {
        let server = try LoopbackFederation()
        defer { server.end() }
        try server.start(
            shape.options + [
                "--minimum-workers", "\(workers)", "--maximum-workers", "\(max(16, workers))",
                // Ended from here: when all rounds are done workers begin to watch, which is not measured.
                "--rounds", "1000000", "--epochs", "\(epochs)", "--patience", "0", "--batch", "\(Self.batch)",
                "--held-out", "\(Self.heldOutShare)",
            ])
        for number in 0..<workers {
            try server.startWorker(
                "worker-\(number)",
                [
                    "--site", "site\(number)", "--data", try writeSamples(number, in: server.work), "--data-address",
                    "none", "--threads", "1",
                ])
        }
        var (done, lastNews) = (-1, ContinuousClock.now)
        while done < rounds + 1 {
            Thread.sleep(forTimeInterval: 0.2)
            if stop.isSet { throw ExitStatus(code: 130) }
            try server.requireLife()
            let state = try server.rounds(latest: 1)
            // Round 0 is the statistics.
            let now = state.rounds.last.map { Int($0.round) } ?? -1
            if now > done { (done, lastNews) = (now, .now) }
            progress(done < 0 ? state.waitingFor ?? "" : "round \(done) of \(rounds + 1)")
            guard ContinuousClock.now - lastNews < Self.patience else {
                throw CommandLineError(
                    .software, "no round ended for five minutes; the server waits for \(state.waitingFor ?? "nothing")")
            }
        }
        let figures = try server.figures()
        let largest = server.workers.compactMap { ProcessFigures(of: $0.identifier)?.peakBytes }.max() ?? 0
        let log = try server.rounds(latest: 10_000).rounds.filter { $0.committed && $0.kind == "training" }
        let counted = log.dropFirst().prefix(rounds)
        let seconds = counted.map(\.seconds).sorted()
        let syncs = counted.compactMap(\.syncSeconds).sorted()
        guard let slowest = seconds.last, !syncs.isEmpty else {
            throw CommandLineError(.software, "found no record of a round of training")
        }
        return Result(
            workers: workers, rounds: counted.count, epochs: epochs, parameters: shape.parameters,
            windows: Int(clamping: counted.first?.contributions.first?.samples ?? 0),
            roundSecondsMedian: seconds.quantile(0.5), roundSecondsMaximum: slowest,
            syncSecondsMedian: syncs.quantile(0.5), serverPeakBytes: figures.peakBytes, workerPeakBytes: largest)
    }

    /// A site's file: random metrics, as many rows as make the windows to train on with those held out after them.
    private func writeSamples(_ number: Int, in work: URL) throws -> String {
        let folder = work.appending(path: "data/site\(number)")
        let rows = Int((Double(Self.windows + FleetShape.window - 1) / (1 - Self.heldOutShare)).rounded(.down))
        var generator = CounterBasedGenerator(seed: 1, purpose: "federation bench", number)
        var text = "timestamp," + (0..<FleetShape.features).map { "cpu_\($0)" }.joined(separator: ",") + "\n"
        for row in 0..<rows {
            text += "\(1_700_000_000 + row)"
            for _ in 0..<FleetShape.features { text += ",\(Float(generator.uniform()))" }
            text += "\n"
        }
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try Data(text.utf8).write(to: folder.appending(path: "host0_train.csv"))
        } catch {
            throw CommandLineError(.cannotCreate, "\(folder.path): cannot be written")
        }
        return folder.path
    }
}
