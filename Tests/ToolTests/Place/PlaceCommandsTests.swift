import Foundation
import TestSupport
import Testing

/// `fl-place` as a user runs it.
@Suite("fl-place")
struct PlaceCommandsTests {
    private static let example = """
        {"nodes": [{"id": "edge-01", "tier": "access", "accelerator": true}, {"id": "edge-02", "tier": "access"},
                   {"id": "core-2", "tier": "core", "canHost": true}],
         "links": [{"a": "edge-01", "b": "core-2", "latencySeconds": 0.0004},
                   {"a": "edge-02", "b": "core-2", "latencySeconds": 0.0006}],
         "trainingTimeBreakpoints": [{"workers": 1, "seconds": 1.1}, {"workers": 4, "seconds": 0.4}],
         "server": "core-2", "targetSeconds": 5.0, "rounds": 5, "acceleratorLimit": 1, "accelerationFactor": 0.5}
        """

    private func place(_ words: String...) throws -> ToolProcess.Result { try ToolProcess.run("fl-place", words) }

    private func object(_ text: String) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test("solve prints the documented object, its keys in order")
    func solve() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("edge.json", Self.example)
        let result = try place("solve", "--instance", file, "--model", "aif-p")
        #expect(result.status == 0 && result.errors.isEmpty)
        let prefix =
            "{\"status\": \"optimal\", \"model\": \"aif-p\", \"objective\": 2, \"server\": \"core-2\","
            + " \"workers\": [\"edge-01\", \"edge-02\"], \"accelerated\": [], \"trainingSeconds\": 0.866666667,"
            + " \"maxLoopSeconds\": 0.867266667, \"spreadSeconds\": 0.0002, \"budgetSeconds\": 1, \"solveSeconds\": "
        #expect(result.output.hasPrefix(prefix))
        let solved = try object(result.output)
        #expect(try #require(solved["solveSeconds"] as? Double) < 1)
    }

    @Test("infeasible instances leave with 3 and an explanation that holds")
    func infeasible() throws {
        let folder = try TemporaryFolder()
        let text = Self.example.replacingOccurrences(of: "\"rounds\": 5", with: "\"rounds\": 50")
        let file = try folder.write("edge.json", text)
        for command in ["solve", "explain"] {
            let result = try place(command, "--instance", file, "--format", "json")
            #expect(result.status == 3)
            let printed = try object(result.output)
            #expect(printed["status"] as? String == "infeasible")
            let explanation = try #require(printed["explanation"] as? [String: Any])
            #expect(explanation["largestRounds"] as? Int == 5)
            let target = try #require(explanation["smallestTargetSeconds"] as? Double)
            let mended = try folder.write(
                "mended.json",
                text.replacingOccurrences(of: "\"targetSeconds\": 5.0", with: "\"targetSeconds\": \(target)"))
            #expect(try place("solve", "--instance", mended).status == 0)
        }
        #expect(try place("solve", "--instance", file, "--format", "table").output.contains("5 rounds or fewer"))
        #expect(try place("compare", "--instance", file).status == 3)
    }

    @Test("What is said of odd instances is true: times that end, a factor not stated, budgets beyond all bounds")
    func oddInstances() throws {
        let folder = try TemporaryFolder()
        let one = try folder.write(
            "one.json",
            #"{"nodes": [{"id": "a", "capacity": 3}], "latencySeconds": [[0]], "trainingTimeSeconds": [1], "#
                + #""targetSeconds": 5, "rounds": 5}"#)
        let short = try place("solve", "--instance", one, "--format", "table")
        #expect(short.status == 3 && short.output.contains("two workers need their training time, p_2"))
        let text =
            #"{"nodes": [{"id": "a", "capacity": 6}, {"id": "b"}], "latencySeconds": [[0, 0.01], [0.01, 0]], "#
            + #""trainingTimeSeconds": [4, 2], "targetSeconds": 1.5, "rounds": 1}"#
        let bare = try folder.write("bare.json", text)
        let told = try place("solve", "--instance", bare, "--format", "table").output
        #expect(told.contains("2 more accelerated workers (an accelerator takes 0.5 of the time)"), "\(told)")
        #expect(told.contains("(1.5 s for 1 round)"))
        let explanation = try #require(
            try object(try place("solve", "--instance", bare).output)["explanation"] as? [String: Any])
        #expect(explanation["accelerationFactor"] as? Double == 0.5)
        let endless = try folder.write("endless.json", text.replacingOccurrences(of: "1.5", with: "1e300"))
        let solved = try object(try place("solve", "--instance", endless).output)
        #expect(solved["budgetSeconds"] as? Double == 1e300)
    }

    @Test("malformed and missing files leave with 65 and 66 and one line that names the file")
    func malformed() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("bad.json", Self.example.replacingOccurrences(of: "0.0004", with: "-0.0004"))
        let result = try place("solve", "--instance", file)
        #expect(result.status == 65 && result.output.isEmpty)
        #expect(result.errorLines.count == 1)
        #expect(result.errors.contains("bad.json: links[0].latencySeconds: "))
        let missing = try place("solve", "--instance", folder.path("none.json"))
        #expect(missing.status == 66 && missing.errorLines.count == 1)
        #expect(try place("solve").status == 64)
    }

    @Test("compare, pareto, explain, and pictures that are SVG")
    func others() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("edge.json", Self.example)
        let compared = try place("compare", "--instance", file)
        #expect(compared.status == 0)
        #expect(compared.output.contains("aif-p-var as published"))
        let picture = folder.path("edge.svg")
        #expect(try place("solve", "--instance", file, "--plot", picture).status == 0)
        #expect(try String(contentsOfFile: picture, encoding: .utf8).contains("core-2"))
        let front = try object(
            try place("pareto", "--instance", file, "--format", "json", "--plot", folder.path("front.svg")).output)
        // The accelerated worker does not pay: it would only widen the spread; so one point remains.
        #expect((front["front"] as? [Any])?.count == 1)
        #expect(try String(contentsOfFile: folder.path("front.svg"), encoding: .utf8).contains("<svg"))
        let explained = try place("explain", "--instance", file)
        #expect(explained.status == 0 && explained.output.contains("smallest target time"))
    }

    @Test("topology draws the published sizes, and what it writes solves")
    func topology() throws {
        let folder = try TemporaryFolder()
        let file = folder.path("mandala.json")
        let made = try place("topology", "--seed", "3", "--output", file, "--format", "json")
        #expect(made.status == 0)
        let summary = try object(made.output)
        #expect(summary["nodes"] as? Int == 26 && summary["hosts"] as? Int == 24 && summary["links"] as? Int == 48)
        #expect((summary["parts"] as? [Int]) == [26])
        let again = folder.path("again.json")
        _ = try place("topology", "--seed", "3", "--output", again)
        #expect(try Data(contentsOf: URL(filePath: file)) == Data(contentsOf: URL(filePath: again)))
        #expect(try place("topology", "--instance", file, "--plot", folder.path("t.svg")).status == 0)
        #expect(try place("solve", "--instance", file).status == 0)
    }

    @Test("sweep gives the same cells for the same seed, as a table, as JSON and as a picture")
    func sweep() throws {
        let folder = try TemporaryFolder()
        let words = ["sweep", "--targets", "2,1.2", "--rounds", "5,10", "--instances", "3", "--format", "json"]
        let first = try ToolProcess.run("fl-place", words + ["--plot", folder.path("sweep.svg")])
        let second = try ToolProcess.run("fl-place", words)
        #expect(first.status == 0 && first.output == second.output)
        let cells = try #require(JSONSerialization.jsonObject(with: Data(first.output.utf8)) as? [[String: Any]])
        #expect(cells.count == 2 * 2 * 4)
        #expect(try String(contentsOfFile: folder.path("sweep.svg"), encoding: .utf8).contains("rounds R"))
    }

    @Test("the table of published claims in the documentation is what the command prints")
    func claims() throws {
        let printed = try place("sweep", "--published").output.trimmingCharacters(in: .newlines)
        let page = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appending(path: "docs/placement.md")
        #expect(try String(contentsOf: page, encoding: .utf8).contains(printed))
    }

    @Test(
        "exported models have the optimum that solve prints, by glpsol",
        .enabled(if: Self.finds("glpsol"), "needs GLPK (apt: glpk-utils)"), arguments: ["lp", "mps"])
    func exportToGLPK(kind: String) throws {
        try compareExport(kind: kind) { file, output in
            let flag = kind == "lp" ? "--lp" : "--freemps"
            try Self.runQuietly("glpsol", [flag, file, "-o", output])
            let text = try String(contentsOfFile: output, encoding: .utf8)
            let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("Objective:") })
            return line.split(separator: " ").dropFirst(3).first.flatMap { Double($0) }
        }
    }

    @Test(
        "exported models have the optimum that solve prints, by cbc",
        .enabled(if: Self.finds("cbc"), "needs CBC (apt: coinor-cbc)"), arguments: ["lp", "mps"])
    func exportToCBC(kind: String) throws {
        try compareExport(kind: kind) { file, output in
            try Self.runQuietly("cbc", [file, "-solve", "-solution", output, "-quit"])
            // "Optimal - objective value 2.00000000"
            let text = try String(contentsOfFile: output, encoding: .utf8)
            #expect(text.hasPrefix("Optimal"))
            return text.split(separator: "\n").first?.split(separator: " ").last.flatMap { Double($0) }
        }
    }

    private func compareExport(kind: String, _ solve: (String, String) throws -> Double?) throws {
        let folder = try TemporaryFolder()
        let instance = folder.path("instance.json")
        #expect(
            try place("topology", "--access-nodes", "4", "--target", "2", "--rounds", "5", "--output", instance).status
                == 0)
        for model in [["baseline"], ["aif-p"], ["aif-p-var"], ["aif-p-var", "--as-published"]] {
            let words = ["--instance", instance, "--model"] + model
            let ours = try object(try ToolProcess.run("fl-place", ["solve"] + words).output)
            let expected = try #require(ours["objective"] as? Double)
            let file = folder.path("model.\(kind)")
            #expect(
                try ToolProcess.run("fl-place", ["export"] + words + ["--to", kind, "--output", file]).status == 0)
            let found = try #require(try solve(file, folder.path("solution.txt")), "\(model) \(kind)")
            #expect(abs(found - expected) < 2e-3, "\(model) \(kind)")
        }
    }

    private static func finds(_ program: String) -> Bool {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
            FileManager.default.isExecutableFile(atPath: "\($0)/\(program)")
        }
    }

    private static func runQuietly(_ program: String, _ words: [String]) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [program] + words
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
    }
}
