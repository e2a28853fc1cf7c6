import Foundation
import TestSupport
import Testing

@Suite struct ReferencePagesTests {
    /// `make reference` writes the pages; a page that differs was not written again after an option changed.
    @Test(arguments: ["fl-train", "fl-place", "fl-server", "fl-worker", "fl-alerts", "fl-engine"])
    func thePagesAreThoseOfTheTools(tool: String) throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(contentsOf: root.appending(path: "docs/reference/\(tool).md"), encoding: .utf8)
        let printed = try ToolProcess.run(tool, ["--reference"])
        #expect(printed.status == 0)
        #expect(printed.output == page, "run 'make reference'")
    }

    @Test(arguments: ["fl-train", "fl-place", "fl-server", "fl-worker", "fl-alerts", "fl-engine"])
    func everyToolKnowsItsVersion(tool: String) throws {
        let printed = try ToolProcess.run(tool, ["--version"])
        #expect(printed.status == 0)
        #expect(printed.output == "\(tool) 0.1.0\n")
    }

    /// A shell understands the completions, roff's requests are those of the page alone, and no option is left out.
    @Test(arguments: ["fl-train", "fl-place", "fl-server", "fl-worker", "fl-alerts", "fl-engine"])
    func manualPagesAndCompletionsHaveEveryOption(tool: String) throws {
        let folder = try TemporaryFolder()
        let page = try ToolProcess.run(tool, ["--man"]).output
        let requests = Set(
            page.split(separator: "\n").filter { $0.hasPrefix(".") || $0.hasPrefix("'") }.map { $0.prefix(3) })
        #expect(requests.isSubset(of: [".TH", ".SH", ".SS", ".TP", ".PP", ".B ", ".I ", ".br"]), "\(requests)")
        // What reads roff without being told of UTF-8 reads it too.
        #expect(page.utf8.count { $0 > 127 } == 0)
        let options = try ToolProcess.run(tool, ["--reference"]).output.matches(of: /\| `--([a-z0-9-]+)/).map {
            String($0.1)
        }
        #expect(options.count > 5)
        for shell in ["bash", "zsh", "fish"] {
            let script = try ToolProcess.run(tool, ["--completions", shell]).output
            for option in options {
                #expect(script.contains(shell == "fish" ? "-l \(option) " : "--\(option)"), "\(option)")
            }
            // The file that zsh loads at the first completion answers that one as well.
            let last = script.split(separator: "\n").last ?? ""
            #expect(shell != "zsh" || last == "_bash_complete -o filenames -F _\(tool.replacing("-", with: "_"))")
            guard shell == "bash" else { continue }
            let file = try folder.write("completion", script)
            let process = Process()
            process.executableURL = URL(filePath: "/bin/bash")
            process.arguments = ["-n", file]
            try process.run()
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
        }
        for option in options { #expect(page.contains("\\-\\-" + option.replacing("-", with: "\\-")), "\(option)") }
        #expect(try ToolProcess.run(tool, ["--completions", "csh"]).status == 64)
    }

    /// The model that comes with the source scores the data that come with it.
    @Test func theShippedModelScoresTheShippedData() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let folder = try TemporaryFolder()
        for method in ["default", "autoencoder"] {
            let result = try ToolProcess.run(
                "fl-train",
                [
                    "score", "--model", "Models/demo", "--data", "Datasets/demo/site1", "--out",
                    folder.path("scores.csv"), "--method", method,
                ], in: root)
            #expect(result.status == 0, "\(result.errors)")
            let rows = try String(contentsOf: folder.url.appending(path: "scores.csv"), encoding: .utf8)
            let site = rows.split(separator: "\n").filter { $0.contains(",site,") }
            #expect(site.count == 3 * 720)
        }
    }
}
