import Foundation
import TestSupport
import Testing

/// `--check-config`: what cannot be used is said before anything is started, and nothing is changed.
@Suite struct CheckConfigTests {
    private func check(_ tool: String, _ words: [String]) throws -> ToolProcess.Result {
        try ToolProcess.run(tool, ["--check-config"] + words)
    }

    @Test func aServersConfiguration() throws {
        let folder = try TemporaryFolder()
        let data = folder.path("server")
        let good = try check("fl-server", ["--data-folder", data])
        #expect(good.status == 0 && good.output.hasPrefix("the configuration can be used: data folder "), "\(good)")
        #expect(!FileManager.default.fileExists(atPath: data))
        let file = try folder.write(
            "server.json", #"{"forwarders": [{"kind": "ves", "url": "http://x", "ca": "/no"}]}"#)
        let flaws: [([String], String)] = [
            (["--config", file], "forwarders[0].ca: found /no, expected a file with certificates in PEM"),
            (["--config", folder.path("none")], "cannot be read"),
            (["--no-such"], "--no-such"),
            (["--data-folder", file], "which is a file, expected a folder"),
            (["--data-folder", "/dev/null/x"], "this user cannot make"),
            (["--http", "0.0.0.0:7410"], "which other machines reach"),
            (["--control", "tcp://x"], "no port"),
            (["--certificate", file, "--certificate-key", file], "found"),
            (["--groups", file], "server.json"),
        ]
        for (words, line) in flaws {
            let result = try check("fl-server", words)
            #expect(result.status == 78 && result.errors.contains(line), "\(words): \(result)")
        }
        // What a folder was begun with cannot change under it.
        try folder.write("server/options.json", #"{"seed": "99"}"#)
        let changed = try check("fl-server", ["--data-folder", data])
        #expect(changed.status == 78 && changed.errors.contains("--seed: found 0, but"), "\(changed)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: data) == ["options.json"])
        #expect(try ToolProcess.run("fl-server", ["--help"]).output.contains("--check-config"))
        #expect(try ToolProcess.run("fl-alerts", ["--check-config"]).status == 64)
    }

    /// A configuration that is no JSON is refused with the place.
    @Test func aConfigurationThatIsNoJSON() throws {
        let folder = try TemporaryFolder()
        for (text, line) in [
            ("{\n  \"name\": \"a\",\n  \"data\" [\"x\"]\n}\n", "line 3, column 10: found '[', expected ':'"),
            (#"{"rowsPerSecond": 1e400}"#, "line 1, column 19: found '1e400', expected a number within ±1.8e308"),
        ] {
            let file = try folder.write("worker.json", text)
            let result = try check("fl-worker", ["--config", file])
            #expect(result.status == 78 && result.errors.contains("not valid JSON: \(line)"), "\(result)")
        }
        let nodes = try folder.write("nodes.json", "{\n[]}")
        let engine = try ToolProcess.run("fl-engine", ["run", "--check-config", "--nodes", nodes])
        #expect(engine.status == 78 && engine.errors.contains("line 2, column 1: found '['"), "\(engine)")
    }

    /// The first rows are read; what costs a row or an entity when the worker runs is said, and refused where nothing is left.
    @Test func rowsThatCannotBeRead() throws {
        let folder = try TemporaryFolder()
        func write(_ name: String, bad row: Int?) throws {
            let rows = (0..<400).map { "\($0),\($0 == row ? "oops" : "\($0 % 7)"),\($0 % 5)" }
            try folder.write("m/\(name).csv", "time,a,b\n" + rows.joined(separator: "\n") + "\n")
        }
        let words = ["--name", "a", "--data-folder", folder.path("worker"), "--data", folder.path("m")]
        try write("x", bad: nil)
        try write("y", bad: nil)
        #expect(try !check("fl-worker", words).output.contains("passed over"))
        try write("y", bad: 300)
        let bad = try check("fl-worker", words)
        #expect(bad.status == 0 && bad.output.contains("entities with rows that would be passed over: 1 ("), "\(bad)")
        #expect(bad.output.contains("y.csv") && bad.output.contains("'oops'"), "\(bad)")
    }

    /// A name that no federation takes costs its entity, and nobody else.
    @Test func namesThatNobodySees() throws {
        let folder = try TemporaryFolder()
        let rows = (0..<200).map { "\($0),\($0 % 7),\($0 % 5)" }.joined(separator: "\n")
        for name in ["a", "b\u{202E}", "c\u{7}"] { try folder.write("m/\(name).csv", "time,x,y\n\(rows)\n") }
        let words = ["--name", "w", "--data-folder", folder.path("worker"), "--data", folder.path("m")]
        let said = #"2 entities 'm/b\u{202E}', 'm/c\u{7}': found a name with the character U+202E"#
        let checked = try check("fl-worker", words)
        #expect(checked.status == 0 && checked.output.contains("entities in files: 1, "), "\(checked)")
        #expect(checked.output.contains(said) && !checked.output.contains("\u{202E}"), "\(checked)")
        // It goes on, and asks for its server.
        let ran = try ToolProcess.run(
            "fl-worker",
            words + [
                "--plain", "--connect-timeout", "0.2", "--control", "tcp://127.0.0.1:\(FreePort.one())", "--bulk",
                "tcp://127.0.0.1:\(FreePort.one())",
            ])
        #expect(ran.status == 69 && ran.errors.contains("left out"), "\(ran)")
    }

    @Test func aWorkersConfiguration() throws {
        let folder = try TemporaryFolder()
        let rows = (0..<40).map { "\($0),\($0 % 7),\($0 % 5)" }.joined(separator: "\n")
        let file = try folder.write("m.csv", "time,a,b\n\(rows)\n")
        let common = ["--name", "a", "--data-folder", folder.path("worker"), "--data", file]
        let good = try check("fl-worker", common + ["--http", "127.0.0.1:0"])
        #expect(good.status == 0 && good.output.contains("entities in files: 1, live sources: 0"), "\(good)")
        let rules = try folder.write(
            "worker.json",
            #"{"deviations": [{"metrics": ["a*"], "side": "above"}, {"metrics": ["b"], "leastPercent": 5}]}"#)
        #expect(try check("fl-worker", common + ["--config", rules]).status == 0)
        let flaws: [([String], String)] = [
            (common + ["--method", "tarot"], "tarot"),
            (common + ["--deviations", "{}"], "deviations"),
            (common + ["--deviations", "[3]"], "deviations[0]: found 3, expected an object with metrics"),
            (common + ["--deviations", #"[{"side": "above"}]"#], "deviations[0].metrics: missing, expected 1 to 1000"),
            (
                common + ["--deviations", #"[{"metrics": ["a"]}]"#],
                "deviations[0]: found nothing that it leaves out, expected side"
            ),
            (
                common + ["--deviations", #"[{"metrics": ["a"], "side": "up"}]"#],
                "deviations[0].side: found \"up\", expected one of above, below, both"
            ),
            (
                common + ["--deviations", #"[{"metrics": ["a"], "leastPercents": 5}]"#],
                "deviations[0].leastPercents: unknown (did you mean 'leastPercent'?)"
            ),
            (
                common + ["--deviations", #"[{"metrics": ["a"], "least": -1}]"#],
                "deviations[0].least: found -1, expected a number more than 0"
            ),
            (
                common + ["--method", "autoencoder", "--deviations", #"[{"metrics": ["a"], "least": 1}]"#],
                "deviations[0]: leastPercent and least mean nothing with the method autoencoder"
            ),
            (common + ["--http", "0.0.0.0:80"], "http: found 0.0.0.0:80, which other machines reach"),
            (common + ["--accelerator", "abacus"], "abacus"),
            (["--name", "a"], "nothing to watch"),
            (["--name", "a", "--data", folder.path("none")], "none"),
            (["--name", "a", "--follow", "x/m.csv", "y/m.csv"], "both of entity"),
            (["--name", "a\u{7}", "--data", file], "name: found"),
        ]
        for (words, line) in flaws {
            let result = try check("fl-worker", words)
            #expect(result.status == 78 && result.errors.contains(line), "\(words): \(result)")
        }
        #expect(!FileManager.default.fileExists(atPath: folder.path("worker")))
    }
}
