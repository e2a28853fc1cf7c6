import Foundation
import Services
import Synchronization
import TestSupport
import Testing

/// A disk that fills up while a process runs: it ends with one line and status 73, and when there is room again and it is
/// started again, nothing that it had accepted is gone.
@Suite(.serialized, .enabled(if: SmallDisk.isPossible, "mounting a small disk needs root's rights"))
struct FullDiskTests {
    private static func summary(_ fleet: Fleet) -> [String] {
        fleet.alarms.map { "\($0.id) \($0.revision) \($0.state.rawValue)" }.sorted()
    }

    private static func undisturbed() throws -> (alarms: [String], model: [String: Data]) {
        let fleet = try Fleet()
        try fleet.startServer(workers: 2)
        for site in 1...2 { try fleet.startWorker(site) }
        #expect(eventually({ fleet.hasEnded(workers: 2) }), "\(fleet.log("server"))")
        return (summary(fleet), try fleet.model())
    }

    private static func lastLine(_ fleet: Fleet, _ name: String) -> String {
        fleet.log(name).split(separator: "\n").last.map(String.init) ?? ""
    }

    @Test func theServersDiskFillsUp() throws {
        let expected = try Self.undisturbed()
        let disk = try SmallDisk(kilobytes: 8_192)
        let fleet = try Fleet()
        try fleet.startServer(workers: 2, ["--data-folder", disk.path + "/server"])
        try fleet.startWorker(1)
        #expect(
            eventually({ fleet.workers.contains { $0.name == "worker1" } }), "\(fleet.log("server"))")
        // The round that the second worker makes possible cannot be stored.
        try disk.fill()
        try fleet.startWorker(2)
        #expect(fleet.exit(of: "server") == 73, "\(fleet.log("server"))")
        let line = Self.lastLine(fleet, "server")
        #expect(line.hasPrefix("fl-server: ") && line.contains(disk.path), "\(line)")
        #expect(line.contains("full") || line.contains("no space left"), "\(line)")

        try disk.makeRoom()
        try fleet.startServer(workers: 2, ["--data-folder", disk.path + "/server"])
        #expect(eventually({ fleet.hasEnded(workers: 2) }), "\(fleet.log("server"))")
        #expect(Self.summary(fleet) == expected.alarms)
        #expect(fleet.alarms.compactMap(\.sequence) == Array(1...Int64(expected.alarms.count)))
        #expect(try Fleet.weights(disk.path + "/server/model") == expected.model)
    }

    @Test func theDiskFillsUpWhileAlarmsArrive() throws {
        let expected = try Self.undisturbed()
        let disk = try SmallDisk(kilobytes: 8_192)
        let fleet = try Fleet()
        try fleet.startServer(workers: 2, ["--data-folder", disk.path + "/server"])
        for site in 1...2 { try fleet.startWorker(site, ["--rows-per-second", "40"]) }
        #expect(eventually({ !fleet.alarms.isEmpty }), "\(fleet.log("server"))")
        try disk.fill()
        let status = fleet.exit(of: "server", within: 60)
        // A log that has room in its pages may take the last alarms.
        if status == nil {
            #expect(eventually({ fleet.hasEnded(workers: 2) }), "\(fleet.log("server"))")
        } else {
            #expect(status == 73, "\(fleet.log("server"))")
            try disk.makeRoom()
            try fleet.startServer(workers: 2, ["--data-folder", disk.path + "/server"])
            #expect(eventually({ fleet.hasEnded(workers: 2) }), "\(fleet.log("server"))")
        }
        #expect(Self.summary(fleet) == expected.alarms)
        #expect(fleet.alarms.compactMap(\.sequence) == Array(1...Int64(expected.alarms.count)))
    }

    @Test func aWorkersDiskFillsUp() throws {
        let expected = try Self.undisturbed()
        let disk = try SmallDisk(kilobytes: 8_192)
        let fleet = try Fleet()
        try fleet.startServer(workers: 2)
        try fleet.startWorker(1, ["--data-folder", disk.path + "/worker"])
        #expect(
            eventually({ fleet.workers.contains { $0.name == "worker1" } }), "\(fleet.log("worker1"))")
        // The first version, which the second worker makes possible, cannot be kept.
        try disk.fill()
        try fleet.startWorker(2)
        #expect(fleet.exit(of: "worker1") == 73, "\(fleet.log("worker1"))")
        let line = Self.lastLine(fleet, "worker1")
        #expect(line.hasPrefix("fl-worker: ") && line.contains(disk.path), "\(line)")

        try disk.makeRoom()
        try fleet.startWorker(1, ["--data-folder", disk.path + "/worker"])
        #expect(eventually({ fleet.hasEnded(workers: 2) }), "\(fleet.log("worker1"))")
        #expect(Self.summary(fleet) == expected.alarms)
    }

    /// A source whose rows the store does not take any more ends the worker after its start as before it.
    @Test func theDiskFillsUpUnderALiveSource() throws {
        let turn = Atomic(0)
        let endpoint = try HTTPServer(host: "127.0.0.1", port: 0) { _ in
            let row = turn.add(1, ordering: .relaxed).newValue
            return .text(200, (0..<20).map { "metric\($0) \(row * ($0 + 7) % 101)\n" }.joined())
        }
        defer { endpoint.stop() }
        let disk = try SmallDisk(kilobytes: 4_096)
        let fleet = try Fleet(sites: 1)
        let configuration = try fleet.folder.write(
            "live.json",
            #"""
            {"sources": [{"kind": "prometheus-scrape", "targets": ["127.0.0.1:\#(endpoint.port)"],
              "intervalSeconds": 0.02, "entity": "host1", "preset": "none"}], "firstRows": 20}
            """#)
        let worker = ["--config", configuration, "--data-folder", disk.path + "/worker"]
        try fleet.startLiveWorker(worker)
        #expect(eventually({ fleet.log("worker").contains("worker started") }), "\(fleet.log("worker"))")
        try disk.fill()
        #expect(fleet.exit(of: "worker") == 73, "\(fleet.log("worker"))")
        let line = Self.lastLine(fleet, "worker")
        #expect(line.hasPrefix("fl-worker: ") && line.contains("samples.db"), "\(line)")
        try disk.makeRoom()
        try fleet.startLiveWorker(worker)
        let before = turn.load(ordering: .relaxed)
        #expect(eventually({ turn.load(ordering: .relaxed) > before + 20 }))
        #expect(fleet.terminate("worker").status == 0, "\(fleet.log("worker"))")
    }

    /// A confirmation that the disk does not take is refused, the server ends as with any other, and what was confirmed
    /// before is whole.
    @Test func aConfirmationOnAFullDisk() throws {
        let disk = try SmallDisk(kilobytes: 8_192)
        let fleet = try Fleet()
        try fleet.startServer(workers: 2, ["--data-folder", disk.path + "/server"])
        #expect(eventually({ fleet.get("/healthz") != nil }), "\(fleet.log("server"))")
        #expect(fleet.post("/v1/library", FaultLibraryProcessTests.confirmation("first", duty: 0.5)) == .finished)
        let before = try #require(fleet.get("/v1/library?form=file"))
        try disk.fill()
        let outcome = fleet.post("/v1/library", FaultLibraryProcessTests.confirmation("second", duty: 0.6))
        #expect(outcome != .finished, "\(outcome)")
        // Or it has found out by itself, and is ending: then this user's token is gone.
        if case .refused(let status, let line) = outcome, status != 401 {
            #expect(status == 507 && line.contains("library.json"), "\(line)")
        }
        #expect(fleet.exit(of: "server") == 73, "\(fleet.log("server"))")
        #expect(Self.lastLine(fleet, "server").lowercased().contains("no space left"), "\(fleet.log("server"))")
        try disk.makeRoom()
        try fleet.startServer(workers: 2, ["--data-folder", disk.path + "/server"])
        #expect(eventually({ fleet.get("/healthz") != nil }), "\(fleet.log("server"))")
        #expect(fleet.get("/v1/library?form=file") == before)
        #expect(fleet.post("/v1/library", FaultLibraryProcessTests.confirmation("second", duty: 0.6)) == .finished)
    }
}
