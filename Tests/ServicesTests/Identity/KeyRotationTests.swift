import Foundation
import Services
import TestSupport
import Testing

/// The server's own key changes under a worker that enrolled with a token.
@Suite struct KeyRotationTests {
    private let fleet: Fleet

    init() throws { fleet = try Fleet(sites: 1) }

    private func keys(_ arguments: String...) throws -> ToolProcess.Result {
        try ToolProcess.run("fl-server", arguments + ["--data-folder", fleet.folder.path("server")])
    }

    private func serverKey() -> String {
        ((try? keys("keys", "show").output) ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// What the worker has written down.
    private func known(_ field: String) -> String? {
        let file = URL(filePath: fleet.folder.path("worker1/worker.key"))
        let record = (try? Data(contentsOf: file)).flatMap { try? JSONSerialization.jsonObject(with: $0) }
        return (record as? [String: Any])?[field] as? String
    }

    private func startWorker(_ more: [String] = []) throws {
        // Nothing of this user's lies there: the server is another machine's to it.
        let elsewhere = fleet.folder.path("runtime")
        try FileManager.default.createDirectory(atPath: elsewhere, withIntermediateDirectories: true)
        try fleet.start(
            "worker1", "fl-worker",
            [
                "--name", "worker1", "--data", "\(fleet.data)/site1", "--data-folder", fleet.folder.path("worker1"),
                "--log-level", "info",
            ] + fleet.endpoints + more, environment: ["XDG_RUNTIME_DIR": elsewhere])
    }

    private func isIn() -> Bool { fleet.workers.contains { $0.name == "worker1" && $0.state == "active" } }

    @Test func workersLearnTheNextKey() throws {
        try fleet.startServer(workers: 1)
        #expect(eventually({ fleet.get("/healthz") != nil }), "\(fleet.log("server"))")
        let word = try keys("enrol", "--name", "worker1", "--site", "site1").output
        try startWorker(["--enrol", word.trimmingCharacters(in: .whitespacesAndNewlines)])
        #expect(eventually { isIn() }, "\(fleet.log("worker1"))")
        let first = serverKey()

        // While both run.
        #expect(try keys("keys", "rotate-server", "--after", "2s").status == 0)
        #expect(try keys("keys", "rotate-server").status == 78, "one at a time")
        #expect(eventually { known("nextServer") != nil || known("server") != first })
        #expect(eventually { serverKey() != first })
        let second = serverKey()
        #expect(eventually { known("server") == second && isIn() }, "\(fleet.log("worker1"))")
        #expect(known("nextServer") == nil)

        // The server is away when it is time.
        #expect(try keys("keys", "rotate-server", "--after", "3s").status == 0)
        let due = ContinuousClock.now + .seconds(4)
        #expect(eventually { known("nextServer") != nil })
        fleet.kill("server")
        #expect(eventually { ContinuousClock.now >= due })
        try fleet.startServer(workers: 1)
        #expect(eventually { known("server") != second && isIn() }, "\(fleet.log("worker1"))")
        #expect(known("server") == serverKey())

        // The worker starts anew, and its own key is enough.
        fleet.kill("worker1")
        try startWorker()
        #expect(eventually { fleet.log("worker1").components(separatedBy: "registered").count > 1 && isIn() })
        #expect(try keys("audit").output.contains("next key taken"))
        #expect(try keys("audit", "--verify").status == 0)
    }
}
