import Foundation
import TestSupport
import Testing

/// The commands of `fl-train` one after another, as a user runs them on data of their own.
@Suite struct TrainJourneyTests {
    private static let small = ["--hidden", "6,3", "--epochs", "3", "--window", "8", "--seed", "5"]

    /// Two entities, ten hours of training and ten with two faults each.
    private static let data: Result<TemporaryFolder, any Error> = Result {
        let folder = try TemporaryFolder()
        let made = try ToolProcess.run(
            "fl-train",
            [
                "generate", "--out", folder.path("data"), "--seed", "1", "--sites", "1", "--entities", "2", "--hours",
                "20",
                "--types", "enb", "--train", "0.5", "--faults", "cpu-saturation,process-crash", "--severity", "8",
            ])
        #expect(made.status == 0, "\(made.errors)")
        return folder
    }

    private func run(_ words: [String]) throws -> ToolProcess.Result {
        let result = try ToolProcess.run("fl-train", words)
        #expect(result.status == 0, "\(words): \(result.errors)")
        // That ten hours and 600 rows are little is all there is to say.
        #expect(result.errorLines.allSatisfy { $0.contains("are few") || $0.contains("less than a day") })
        return result
    }

    private func object(_ text: String) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    /// Every file of a folder by its name.
    private func files(_ path: String) throws -> [String: Data] {
        let names = try FileManager.default.contentsOfDirectory(atPath: path)
        return try Dictionary(
            uniqueKeysWithValues: names.map { ($0, try Data(contentsOf: URL(filePath: path).appending(path: $0))) })
    }

    @Test func fromDataToAnExplainedAlarm() throws {
        let (data, folder) = (try Self.data.get().path("data"), try TemporaryFolder())
        let (model, scores) = (folder.path("model"), folder.path("scores.csv"))
        let seen = try object(try run(["inspect", data, "--format", "json"]).output)
        let groups = try #require(seen["groups"] as? [[String: Any]])
        #expect(groups.contains { $0["name"] as? String == "physical.cpu" && $0["metrics"] is [String] })

        let trained = try object(
            try run(["train", "--data", data, "--out", model, "--format", "json"] + Self.small).output)
        #expect((trained["entities"] as? [String])?.count == 2)
        let names = try files(model).keys
        #expect(names.contains("manifest.json") && names.contains("physical.cpu.safetensors"))

        let scored = try object(
            try run([
                "score", "--model", model, "--data", data, "--out", scores, "--per-metric", "--format", "json",
            ]).output)
        let lines = try String(contentsOfFile: scores, encoding: .utf8).split(separator: "\n")
        #expect(lines[0] == "index,time,entity,group,score,threshold,alarm")
        let rows = try #require(scored["entities"] as? [[String: Any]]).compactMap { $0["rows"] as? Int }
        let modelGroups = try #require(trained["groups"] as? [[String: Any]]).count
        #expect(rows.count == 2 && lines.count == 1 + rows.reduce(0, +) * (modelGroups + 1))
        let metricLines = try String(contentsOfFile: folder.path("scores.metrics.csv"), encoding: .utf8)
        #expect(metricLines.hasPrefix("index,time,entity,group,metric,deviation,cause,side,place,extent\n"))

        let measures = try object(
            try run(["evaluate", "--scores", scores, "--labels", data, "--format", "json"]).output)
        let mean = try #require(measures["mean"] as? [String: Double])
        #expect(try #require(mean["aucPR"]) > 0.3 && (mean["hitRate150"] ?? 0) > 0)
        let entities = try #require(measures["entities"] as? [[String: Any]])
        #expect(entities.allSatisfy { $0["samples"] as? Int == rows[0] })

        let picture = folder.path("fault.svg")
        let causes = try String(contentsOfFile: data + "/site1/enb0_interpretation.csv", encoding: .utf8)
        let start = try #require(causes.split(separator: "\n")[1].split(separator: ",").first)
        let explained = try object(
            try run([
                "explain", "--model", model, "--data", data, "--entity", "site1/enb0", "--at", "#\(start)", "--plot",
                picture, "--format", "json",
            ]).output)
        #expect(explained["fingerprint"] is [String: Any])
        #expect(try String(contentsOfFile: picture, encoding: .utf8).contains("</svg>"))

        let (windows, errors) = (folder.path("w.f32"), folder.path("e.json"))
        _ = try run([
            "export", "--model", model, "--data", data, "--group", "physical.cpu", "--count", "32", "--windows",
            windows,
            "--errors", errors,
        ])
        let exported = try object(String(contentsOfFile: errors, encoding: .utf8))
        #expect((exported["errors"] as? [Double])?.count == 32)
        #expect(try Data(contentsOf: URL(filePath: windows)).count.isMultiple(of: 32 * 8 * 4))
    }

    @Test func sameBytesAgainWithMoreThreadsAndFromAFile() throws {
        let (data, folder) = (try Self.data.get().path("data"), try TemporaryFolder())
        for (name, more) in [("a", ["--threads", "1"]), ("b", ["--threads", "1"]), ("c", ["--threads", "2"])] {
            _ = try run(["train", "--data", data, "--out", folder.path(name)] + Self.small + more)
        }
        let settings: [String: Any] = [
            "data": [data], "out": folder.path("d"), "hidden": [6, 3], "epochs": 3, "window": 8, "seed": 5,
        ]
        let file = folder.path("train.json")
        try JSONSerialization.data(withJSONObject: settings).write(to: URL(filePath: file))
        _ = try run(["train", "--config", file])
        // The command line wins over the file.
        _ = try run(["train", "--config", file, "--seed", "6", "--out", folder.path("e")])
        let first = try files(folder.path("a"))
        #expect(first.count > 2)
        for name in ["b", "c", "d"] { #expect(try files(folder.path(name)) == first, "\(name)") }
        #expect(try files(folder.path("e")) != first)
    }

    @Test func killedAndResumedEndsWithTheSameBytes() throws {
        let (data, folder) = (try Self.data.get().path("data"), try TemporaryFolder())
        let longer = Self.small.map { $0 == "3" ? "12" : $0 }
        let words = ["train", "--data", data] + longer + ["--patience", "0", "--methods", "autoencoder"]
        _ = try run(words + ["--out", folder.path("whole")])
        let checkpoints = folder.path("checkpoints")
        let interrupted = words + ["--out", folder.path("resumed"), "--checkpoints", checkpoints]
        let process = Process()
        process.executableURL = ToolProcess.folder.appending(path: "fl-train")
        process.arguments = interrupted
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        // As soon as there is a first checkpoint; the training has eleven epochs of it and more groups to go.
        func hasCheckpoint() -> Bool {
            (try? FileManager.default.contentsOfDirectory(atPath: checkpoints))?.contains { !$0.hasPrefix(".") }
                ?? false
        }
        #expect(eventually { !process.isRunning || hasCheckpoint() })
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        #expect(process.terminationReason == .uncaughtSignal && hasCheckpoint())
        #expect(!FileManager.default.fileExists(atPath: folder.path("resumed")))
        _ = try run(interrupted)
        #expect(try files(folder.path("resumed")) == files(folder.path("whole")))
        // Checkpoints of other settings are not taken up silently.
        let other = try ToolProcess.run("fl-train", interrupted.map { $0 == "5" ? "6" : $0 })
        #expect(other.status == 65, "\(other.errors)")
        #expect(other.errors.contains("another configuration"))
        #expect(try files(folder.path("resumed")) == files(folder.path("whole")))
    }

    @Test func everyHelpHasExamplesWithOptionsThatExist() throws {
        let overview = try run(["--help"]).output
        for command in [
            "inspect", "generate", "inject", "train", "score", "evaluate", "explain", "export", "benchmark", "devices",
            "bench", "bench-readers",
        ] {
            #expect(overview.contains("  \(command)"), "\(command)")
            let help = try run([command, "--help"]).output
            #expect(help.contains("fl-train \(command)") && help.split(separator: "\n").allSatisfy { $0.count <= 120 })
            for option in help.matches(of: /fl-train [a-z-]+ .*/).flatMap({ $0.output.matches(of: /--[a-z-]+/) }) {
                #expect(help.contains("  \(option.output)"), "\(command): \(option.output)")
            }
            _ = try object(try run([command, "--print-config"]).output)
        }
    }

    @Test func scoresGoIntoAPipe() throws {
        let (data, folder) = (try Self.data.get().path("data"), try TemporaryFolder())
        _ = try run(["train", "--data", data, "--out", folder.path("model"), "--methods", "zscore"] + Self.small)
        let process = Process()
        process.executableURL = ToolProcess.folder.appending(path: "fl-train")
        process.arguments = ["score", "--model", folder.path("model"), "--data", data, "--out", "/dev/stdout"]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let text = String(decoding: try #require(try pipe.fileHandleForReading.readToEnd()), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(
            text.hasPrefix("index,time,entity,group,score,threshold,alarm\n0,") && text.contains("by method 'zscore'"))
    }
}
