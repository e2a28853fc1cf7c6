import Foundation
import TestSupport
import Testing

/// Measurements of a federation, on real processes: small ones.
@Suite struct FleetCommandsTests {
    private func json(_ arguments: [String]) throws -> [String: Double] {
        let run = try ToolProcess.run("fl-train", arguments)
        #expect(run.status == 0, "\(run.errors)")
        return try JSONDecoder().decode([String: Double].self, from: Data(run.output.utf8))
    }

    @Test func aRoundBetweenProcesses() throws {
        let figures = try json([
            "bench", "federation", "--workers", "2", "--rounds", "2", "--epochs", "0", "--parameters", "20000",
            "--format",
            "json",
        ])
        #expect(figures["workers"] == 2 && figures["rounds"] == 2 && figures["epochs"] == 0)
        #expect(figures["windows"] == 800, "\(figures)")
        // More than is sent without asking.
        #expect((17_000...23_000).contains(figures["parameters"] ?? 0))
        let (median, maximum) = (figures["roundSecondsMedian"] ?? 0, figures["roundSecondsMaximum"] ?? 0)
        #expect(median > 0 && median <= maximum && maximum < 30)
        #expect((figures["syncSecondsMedian"] ?? 0) > 0)
        for name in ["serverPeakBytes", "workerPeakBytes"] { #expect((figures[name] ?? 0) > 4e6, "\(figures)") }
    }

    /// Twenty workers in one process, each with its own key: every version and every update of each has travelled.
    @Test func aFleet() throws {
        let figures = try json([
            "simulate-fleet", "--workers", "20", "--rounds", "2", "--parameters", "4000", "--heartbeat", "1",
        ])
        #expect(figures["workers"] == 20 && figures["rounds"] == 2)
        let bytes = 20 * 2 * (figures["parameters"] ?? 0) * 4
        #expect(bytes > 0 && (figures["bytesSent"] ?? 0) > bytes && (figures["bytesReceived"] ?? 0) > bytes)
        #expect((figures["bytesSent"] ?? 0) < 8 * bytes, "\(figures)")
        #expect((figures["roundSeconds"] ?? 0) > 0 && (figures["roundsPerSecond"] ?? 0) > 0)
        #expect((figures["serverCPUSeconds"] ?? 0) > 0)
        let (peak, idle) = (figures["serverPeakBytes"] ?? 0, figures["serverIdleBytes"] ?? 0)
        #expect(idle > 4e6 && idle <= peak)
    }

    @Test func optionsOfTheOtherMeasurementAreRefused() throws {
        for (arguments, named) in [
            (["bench", "federation", "--features", "3"], "--features"),
            (["bench", "engine", "--workers", "2"], "--workers"),
            (["bench", "federation", "--epochs", "-1"], "--epochs"),
            (["simulate-fleet", "--workers", "0"], "--workers"),
        ] {
            let run = try ToolProcess.run("fl-train", arguments)
            #expect(run.status == 64 && run.errors.contains(named), "\(arguments): \(run.errors)")
        }
    }
}
