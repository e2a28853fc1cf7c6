import Foundation
import Laboratory
import Telemetry
import TestSupport
import Testing

/// `fl-train generate` and `fl-train inject` as a user runs them.
struct GenerateAndInjectTests {
    private func run(_ words: String...) throws -> ToolProcess.Result { try ToolProcess.run("fl-train", words) }

    private func object(_ text: String) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test func generateThenInspectThenInject() throws {
        let folder = try TemporaryFolder()
        let data = folder.path("data")
        let made = try run(
            "generate", "--out", data, "--seed", "3", "--sites", "1", "--entities", "2", "--hours", "20", "--faults",
            "cpu-saturation,link-flap", "--severity", "4", "--format", "json")
        #expect(made.status == 0 && made.errors.isEmpty)
        let summary = try object(made.output)
        let entities = try #require(summary["entities"] as? [[String: Any]])
        #expect(entities.count == 2 && summary["files"] as? Int == 7)
        let faults = try #require(entities[0]["faults"] as? [[String: Any]])
        #expect(Set(faults.compactMap { $0["fault"] as? String }) == ["cpu-saturation", "link-flap"])
        #expect(faults.allSatisfy { $0["severity"] as? Double == 4 })

        let seen = try run("inspect", data, "--format", "json")
        #expect(seen.status == 0 && seen.output.contains("physical.cpu"))

        let copies = folder.path("copies")
        let injected = try run(
            "inject", "--data", data, "--out", copies, "--seed", "1", "--faults", "2", "--from", "0.5")
        #expect(injected.status == 0)
        #expect(injected.output.contains("passed over") && injected.output.contains("a test part"))
        let manifest = try #require(DatasetManifest.read(folder: folder.url.appending(path: "copies")))
        #expect(manifest.entities.map(\.faults.count) == [2, 2])
        #expect(manifest.differences(in: folder.url.appending(path: "copies")).isEmpty)
    }

    @Test func outputIsReplacedOnlyWhenAsked() throws {
        let folder = try TemporaryFolder()
        let data = folder.path("data")
        let words = ["generate", "--out", data, "--sites", "1", "--entities", "1", "--hours", "10", "--faults", "0"]
        #expect(try ToolProcess.run("fl-train", words).status == 0)
        let again = try ToolProcess.run("fl-train", words)
        #expect(again.status == 73 && again.errorLines.count == 1 && again.errors.contains("--force"))
        #expect(try ToolProcess.run("fl-train", words + ["--force"]).status == 0)
    }

    @Test(arguments: [
        (["generate"], Int32(64), "--out"),
        (["generate", "--out", "x", "--faults", "cpu-saturatoin"], 64, "cpu-saturatoin"),
        (["generate", "--out", "x", "--severity", "9-2"], 64, "--severity"),
        (["generate", "--out", "x", "--types", "enb,car"], 64, "--types"),
        (["generate", "--out", "x", "--hours", "1e9"], 64, "rows"),
        (["generate", "--out", "x", "--hours", "10", "--faults", "100"], 65, "faults"),
        (["generate", "--out", "/proc/none/x"], 73, "/proc/none/x"),
        (["inject", "--data", "/no/such", "--out", "x"], 66, "/no/such"),
    ])
    func mistakesGetOneLineAndAStatus(_ words: [String], _ status: Int32, _ part: String) throws {
        let folder = try TemporaryFolder()
        let result = try ToolProcess.run("fl-train", words, in: folder.url)
        #expect(result.status == status, "\(result.errors)")
        #expect(result.errors.contains(part))
        #expect(result.errorLines.count <= 2 && result.output.isEmpty)
    }

    @Test func helpNamesEveryFault() throws {
        for command in ["generate", "inject"] {
            let help = try run(command, "--help")
            #expect(help.status == 0)
            for kind in FaultKind.catalog { #expect(help.output.contains(kind.name), "\(kind.name)") }
        }
    }
}
