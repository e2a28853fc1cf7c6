import CommandLine
import Foundation
import Platform
import Services
import Telemetry

/// `fl-demo`.
struct DemoCommand: Command {
    static let data = Option<String>(
        "data", "DIR", default: "Datasets/demo", "a folder with one folder of metric files for each site")
    static let work = Option<String>(
        "work", "DIR", default: ".build/demo", "where the processes keep their data; emptied first")
    static let rounds = Option<Int>(
        "rounds", "N", default: 5, "rounds of training", constraint: "at least 1", valid: { $0 >= 1 })
    static let epochs = Option<Int>(
        "epochs", "N", default: 2, "passes over the data in a round", constraint: "at least 1", valid: { $0 >= 1 })
    static let hidden = Option<[Int]>(
        "hidden", "SIZES", default: [16, 8], "widths of the encoder's layers", constraint: "each at least 1",
        valid: { $0.allSatisfy { $0 >= 1 } })
    static let stride = Option<Int>(
        "stride", "SAMPLES", default: 1, "samples from one training window to the next", constraint: "at least 1",
        valid: { $0 >= 1 })
    static let rowsPerSecond = Option<Double>(
        "rows-per-second", "N", default: 30, "pace of the live streams; 0: as fast as they can be scored",
        constraint: "at least 0", valid: { $0 >= 0 })
    static let seed = Option<UInt64>("seed", "N", default: 1, "of the models, and of faults put into unlabelled data")

    static let manual = CommandManual(
        name: "", summary: "run the main job on this machine",
        discussion: """
            Starts fl-server, one fl-worker for each site below --data, and fl-alerts, all on this machine. The workers \
            train together for some rounds, then score the rest of their streams, in which faults occur; alarms appear \
            as they are raised. In the end it says what was found, and what travelled.

            Data without labels get faults: copies in the work folder, with faults in the last part of every file. A \
            process that dies is started again.
            """,
        examples: [
            .init("fl-demo", "on the data set that comes with the source"),
            .init("fl-demo --data 5g3e/version1/RAN_level", "on real files, with faults put into their last part"),
        ],
        options: [data, work, rounds, epochs, hidden, stride, rowsPerSecond, seed])

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let stop = StopSignal()
        stop.catchTermination()
        try await BackgroundThread.run {
            let demo = try Demo(arguments, console: console, stop: stop)
            try demo.run()
        }
    }
}
