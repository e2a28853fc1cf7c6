import Federation
import Foundation
import Services
import TestSupport
import Testing

/// Files named as people name them, beside files of another type: every process goes on, restarts too.
@Suite(.serialized) struct OddNamesTests {
    /// Renames the entity of one site; the type of it is then another than the other site's.
    private func rename(_ fleet: Fleet, site: Int, to entity: String) throws {
        let folder = "\(fleet.data)/site\(site)"
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name.hasSuffix(".csv") {
            let rest = name.drop { $0 != "_" }
            try FileManager.default.moveItem(atPath: "\(folder)/\(name)", toPath: "\(folder)/\(entity)\(rest)")
        }
    }

    @Test(arguments: [
        "é0", "edge server0", "@@@@@@@@0", String(repeating: "x", count: 105) + "0", "antenne-süd.v2@nord0", "基地局0",
        "e\u{301}0",
    ])
    func aFederationWithSuchAName(_ name: String) throws {
        let fleet = try Fleet(sites: 2, faults: .count(1))
        try rename(fleet, site: 1, to: name)
        try fleet.startServer(workers: 2, rounds: 1, ["--stride", "8"])
        for site in 1...2 { try fleet.startWorker(site) }
        #expect(
            eventually(within: 60, { fleet.hasEnded(workers: 2) }), "\(fleet.log("server")) \(fleet.log("worker1"))")
        // What is on the disk is read by those that wrote it, and by others.
        for process in ["server", "worker1"] { #expect(fleet.terminate(process).status == 0) }
        try fleet.startServer(workers: 2, rounds: 1, ["--stride", "8"])
        try fleet.startWorker(1)
        #expect(
            eventually(within: 60, { fleet.hasEnded(workers: 2) }), "\(fleet.log("server")) \(fleet.log("worker1"))")
        let explained = try ToolProcess.run(
            "fl-train",
            ["explain", "--model", fleet.folder.path("worker1/model"), "--data", "\(fleet.data)/site1", "--at", "#20"])
        #expect(explained.status == 0, "\(explained.errors)")
    }

    @Test func aNameThatNobodySeesIsRefusedAtTheStart() throws {
        let fleet = try Fleet(sites: 1, faults: .count(1))
        try rename(fleet, site: 1, to: "enb\u{202E}0")
        // Who only looks sees it written out.
        let inspected = try ToolProcess.run("fl-train", ["inspect", "\(fleet.data)/site1"])
        #expect(inspected.status == 0 && inspected.output.contains(#"enb\u{202E}0"#), "\(inspected.errors)")
        #expect(!inspected.output.contains("\u{202E}"))
        try fleet.startWorker(1, sharing: nil, ["--connect-timeout", "1"])
        #expect(fleet.exit(of: "worker1") == 78)
        let line = fleet.log("worker1").split(separator: "\n").last.map(String.init) ?? ""
        #expect(line.contains("U+202E") && !line.contains("\u{202E}"), "\(line)")
    }
}
