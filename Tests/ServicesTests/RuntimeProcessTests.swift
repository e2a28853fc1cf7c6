import Foundation
import Platform
import Services
import TestSupport
import Testing

/// Versions that are taken again and options that change while the real server runs, over HTTP and from the terminal.
@Suite(.serialized) struct RuntimeProcessTests {
    /// A server with a worker, all rounds done, and a token of an administrator.
    private final class Place {
        let fleet: Fleet
        let token: String
        private let file: String

        init(rounds: Int = 2, _ more: [String] = []) throws {
            fleet = try Fleet(sites: 1)
            try fleet.startServer(workers: 1, rounds: rounds, more)
            try fleet.startWorker(1)
            file = fleet.folder.path("admin.token")
            let made = try ToolProcess.run(
                "fl-server",
                [
                    "keys", "token", "--role", "admin", "--name", "chief", "--out", file, "--data-folder",
                    fleet.folder.path("server"),
                ])
            #expect(made.status == 0, "\(made.errors)")
            token = try String(contentsOfFile: file, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
            #expect(waitsUntilDone(), "\(fleet.log("server"))\(fleet.log("worker1"))")
        }

        func waitsUntilDone() -> Bool {
            eventually { fleet.get("/v1/rounds")?.contains(#""finished":true"#) ?? false }
        }

        func tool(_ words: String...) throws -> ToolProcess.Result {
            try ToolProcess.run("fl-server", words + ["--server", "127.0.0.1:\(fleet.http)", "--token-file", file])
        }

        func ask(
            _ method: String, _ path: String, _ body: String = "", type: String = "application/merge-patch+json"
        ) -> (status: Int, headers: [String: String], body: String) {
            RawHTTP.exchange(fleet.http, method, path, token: token, type: type, body)
        }

        func replay() throws -> ToolProcess.Result {
            try ToolProcess.run("fl-server", ["replay", "--data-folder", fleet.folder.path("server")])
        }

        /// What is wrong with the audit log, or nothing.
        func audit() throws -> ToolProcess.Result {
            try ToolProcess.run("fl-server", ["audit", "--verify", "--data-folder", fleet.folder.path("server")])
        }

        func restart() throws {
            fleet.kill("server")
            try fleet.startServer(workers: 1, rounds: 2)
        }
    }

    @Test func versionsAreRestoredFromTheTerminal() throws {
        let place = try Place()
        let fleet = place.fleet
        let last = fleet.version
        try #require(last == 3)
        // Nobody but an administrator.
        let local = LocalDoor.token(http: fleet.http)
        #expect(RawHTTP.exchange(fleet.http, "POST", "/v1/versions/2/restore", token: local).status == 403)
        #expect(RawHTTP.exchange(fleet.http, "POST", "/v1/versions/2/restore").status == 401)
        #expect(place.ask("POST", "/v1/versions/99/restore").status == 404)
        #expect(place.ask("GET", "/v1/versions/2/restore").status == 405)
        let current = place.ask("POST", "/v1/versions/3/restore")
        #expect(current.status == 409 && current.body.contains("version 3 is the current one"), "\(current)")
        let done = try place.tool("versions", "restore", "--version", "2")
        #expect(done.output == "version 2 is the current one again, as version 4\n", "\(done)")
        #expect(fleet.version == 4)
        let entry = try #require(fleet.rounds.last)
        #expect(entry.kind == "restoration" && entry.restores == 2 && entry.restoredBy == "chief")
        #expect(entry.modelDigest == fleet.rounds.first { $0.version == 2 && $0.modelDigest != nil }?.modelDigest)
        let again = place.ask("POST", "/v1/versions/2/restore")
        #expect(again.status == 409 && again.body.contains("has the bytes of version 2 already"), "\(again)")
        // Workers watch with it, and the folder for others has it.
        #expect(eventually { fleet.workers.first?.version == 4 }, "\(fleet.log("worker1"))")
        let list = try place.tool("versions")
        #expect(list.output.contains("version 2, as chief asked") && list.output.contains("current"), "\(list)")
        #expect(try place.tool("versions", "restore").status == 64)
        // The log says the same, before and after a restart right away.
        #expect(try place.replay().status == 0)
        try place.restart()
        #expect(place.waitsUntilDone() && fleet.version == 4, "\(fleet.log("server"))")
        let replayed = try place.replay()
        #expect(replayed.status == 0 && replayed.output.contains("4"), "\(replayed)")
        if BrowserPage.browser != nil { try restoreOnThePage(place) }
        let audit = try ToolProcess.run("fl-server", ["audit", "--data-folder", fleet.folder.path("server")])
        #expect(audit.output.contains("chief: version 2 restored as version 4"), "\(audit.output)")
        #expect(try place.audit().status == 0)
    }

    /// The page's way: the version's button, and what it asks.
    private func restoreOnThePage(_ place: Place) throws {
        let page = try BrowserPage("http://127.0.0.1:\(place.fleet.http)/#token=\(place.token)")
        let button = "document.querySelector('[aria-label=\"Restore version 1\"]')"
        #expect(page.wait(until: button), "\(page.console)")
        _ = try page.value("\(button).click()")
        #expect(page.wait(until: "document.getElementById('dialog').open"))
        _ = try page.value("document.querySelector('#dialog button.first').click()")
        #expect(page.wait(until: "document.getElementById('panels').innerText.includes('version 1 again, as chief')"))
        #expect(place.fleet.version == 5 && page.console.isEmpty, "\(page.console)")
        #expect(try place.replay().status == 0)
    }

    @Test func optionsChangeWhileItRuns() throws {
        let place = try Place()
        let fleet = place.fleet
        let shown = try place.tool("configure")
        #expect(shown.output.contains("epochs") && shown.output.contains("learning-rate"), "\(shown)")
        // All or none, with what to do about the others.
        for (body, words) in [
            (#"{"epochs": 2, "window": 9}"#, "window: cannot change while the server runs: the models of this"),
            (#"{"dataFolder": "x"}"#, "change it in the configuration file, then restart"),
            (#"{"forwarders": []}"#, "then SIGHUP"), (#"{"targetSeconds": 9}"#, "/v1/placement/target"),
            (#"{"epoch": 2}"#, "did you mean 'epochs'"), (#"{"learning-rate": 2}"#, "expected its key, learningRate"),
            (#"{"epochs": -1}"#, "epochs: found the number -1"), (#"{"quorum": 9}"#, "quorum: 9 contributions"),
            (#"{}"#, "found no option"), (#"[1]"#, "expected a JSON object"),
        ] {
            let answer = place.ask("PATCH", "/v1/configuration", body)
            #expect(answer.status == 400 && answer.body.contains(words), "\(body): \(answer)")
        }
        #expect(place.ask("PATCH", "/v1/configuration", #"{"epochs":2}"#, type: "text/plain").status == 415)
        let local = LocalDoor.token(http: fleet.http)
        let patched = RawHTTP.exchange(fleet.http, "PATCH", "/v1/configuration", token: local, #"{"epochs":2}"#)
        #expect(patched.status == 403)
        #expect(!(fleet.get("/v1/configuration") ?? "").contains("chief"), "nothing has changed")
        // More rounds than there were: they go on, with what workers hear.
        let before = fleet.version
        let done = try place.tool(
            "configure", "--set", "rounds=4", "epochs=2", "learning-rate=0.002", "false-alarms=0.5")
        #expect(done.status == 0 && done.output.contains("chief"), "\(done)")
        #expect(
            eventually { fleet.version == before + 1 && fleet.get("/healthz")!.contains(#""finished":true"#) },
            "\(fleet.log("server"))")
        #expect(
            eventually { fleet.log("worker1").contains("false alarms that thresholds allow") },
            "\(fleet.log("worker1"))")
        let configurations = Set(fleet.rounds.filter { $0.version <= before }.compactMap(\.configuration))
        let last = try #require(fleet.rounds.last { $0.kind == "training" })
        #expect(!configurations.contains(try #require(last.configuration)), "a round's record names its configuration")
        // Over a restart, which says where it differs; each version is what its record says.
        try place.restart()
        #expect(place.waitsUntilDone())
        #expect(
            fleet.log("server").contains("the configuration was changed while the server ran")
                && fleet.log("server").contains("learningRate 0.001 → 0.002 (by chief)"), "\(fleet.log("server"))")
        #expect(try place.replay().status == 0)
        // Taken back.
        let reset = place.ask("PATCH", "/v1/configuration", #"{"epochs": null, "falseAlarms": null}"#)
        #expect(reset.status == 200, "\(reset)")
        let said = (fleet.get("/v1/configuration") ?? "")
        #expect(said.components(separatedBy: "chief").count == 3, "\(said)")
        #expect(
            eventually { fleet.log("worker1").contains(#"perDay="as it was started with""#) },
            "\(fleet.log("worker1"))")
        let audit = try ToolProcess.run("fl-server", ["audit", "--data-folder", fleet.folder.path("server")])
        #expect(audit.output.contains("chief: epochs 1 → 2, falseAlarms null → 0.5"), "\(audit.output)")
        #expect(try place.audit().status == 0)
        // What is not what was written is named, and the server does not guess.
        fleet.kill("server")
        try Data("{}".utf8).write(to: URL(filePath: fleet.folder.path("server/changes.json")))
        let refused = try ToolProcess.run(
            "fl-server", ["--check-config", "--data-folder", fleet.folder.path("server")])
        #expect(refused.status == 78 && refused.errors.contains("changes.json"), "\(refused)")
    }
}
