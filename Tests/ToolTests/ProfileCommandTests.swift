import Foundation
import Placement
import TestSupport
import Testing

@Suite struct ProfileCommandTests {
    private static let small = ["--hidden", "8,4", "--window", "8", "--epochs", "2"]

    private static func data(_ folder: TemporaryFolder) throws -> String {
        let data = folder.path("data")
        let made = try ToolProcess.run(
            "fl-train",
            [
                "generate", "--out", data, "--sites", "1", "--entities", "2", "--types", "enb", "--hours", "12",
                "--train",
                "0.9", "--faults", "0",
            ])
        #expect(made.status == 0, "\(made.errors)")
        return data
    }

    @Test func measuresEveryNumberOfWorkers() throws {
        let folder = try TemporaryFolder()
        let (out, plot) = (folder.path("profile.json"), folder.path("profile.svg"))
        let run = try ToolProcess.run(
            "fl-train",
            [
                "profile", "--workers", "1,3", "--repetitions", "4", "--windows", "60", "--rounds", "2", "--out", out,
                "--plot",
                plot, "--format", "json",
            ] + Self.small)
        #expect(run.status == 0, "\(run.errors)")
        let profile = try MeasuredProfile.read(file: out)
        #expect(try JSONDecoder().decode(MeasuredProfile.self, from: Data(run.output.utf8)) == profile)
        #expect(profile.measurements.map(\.workers) == [1, 3])
        #expect(profile.measurements.allSatisfy { $0.seconds.count == 8 && $0.seconds.allSatisfy { $0 > 0 } })
        #expect(profile.measurements.allSatisfy { $0.heldOutLoss.count == 3 })
        let windows = try #require(profile.setting).windows
        #expect(windows > 0 && windows % 60 == 0)
        #expect(profile.measurements.map(\.largestShare) == [windows, windows / 3])
        #expect(profile.trainingTimeBreakpoints.map(\.seconds) == profile.measurements.map(\.firstQuartile))
        #expect(try String(contentsOfFile: plot, encoding: .utf8).contains("Training time of a round"))

        let topology = try ToolProcess.run(
            "fl-place", ["topology", "--training-times", out, "--output", folder.path("instance.json")])
        #expect(topology.status == 0, "\(topology.errors)")
        let instance = try String(contentsOfFile: folder.path("instance.json"), encoding: .utf8)
        #expect(instance.contains("\"workers\": 3") || instance.contains("\"workers\":3"), "\(instance)")
    }

    /// One worker's rounds are `fl-train train --rounds R`: the same loss on what is held out.
    @Test func oneWorkerIsTraining() throws {
        let folder = try TemporaryFolder()
        let data = try Self.data(folder)
        let options = ["--data", data, "--rounds", "2", "--batch", "32", "--seed", "3"] + Self.small
        let profile = try ToolProcess.run(
            "fl-train",
            ["profile", "--workers", "1", "--repetitions", "1", "--windows", "0", "--format", "json"] + options)
        #expect(profile.status == 0, "\(profile.errors)")
        let measured = try JSONDecoder().decode(MeasuredProfile.self, from: Data(profile.output.utf8))
        let training = try ToolProcess.run(
            "fl-train",
            [
                "train", "--out", folder.path("model"), "--patience", "0", "--accelerator", "cpu", "--format", "json",
            ] + options)
        #expect(training.status == 0, "\(training.errors)")
        struct Summary: Decodable {
            struct Group: Decodable {
                var heldOutWindows: Int
                var heldOutLoss: Double
            }
            var groups: [Group]
        }
        let groups = try JSONDecoder().decode(Summary.self, from: Data(training.output.utf8)).groups
        let total = groups.reduce(0) { $0 + $1.heldOutLoss * Double($1.heldOutWindows) }
        let count = groups.reduce(0) { $0 + $1.heldOutWindows }
        let found = try #require(measured.measurements.first?.heldOutLoss.last)
        #expect(abs(found - total / Double(count)) < 1e-9 * found)
    }

    @Test(arguments: [
        (["--workers", "0"], Int32(64), "--workers"), (["--workers", "3...2"], 64, "--workers"),
        (["--workers", "1,,2"], 64, "--workers"), (["--workers", "9", "--windows", "5"], 65, "no group has more than"),
        (["--data", "/nowhere"], 66, "/nowhere"), (["--accelerator", "abacus"], 69, "abacus"),
    ]) func badInputIsNamed(arguments: [String], status: Int32, word: String) throws {
        let run = try ToolProcess.run("fl-train", ["profile", "--repetitions", "1"] + Self.small + arguments)
        #expect(run.status == status, "\(run.errors)")
        #expect(run.errors.contains(word), "\(run.errors)")
    }
}
