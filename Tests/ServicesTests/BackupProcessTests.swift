import Foundation
import Services
import TestSupport
import Testing

/// A copy of a running server's folder, and a server that goes on from it.
@Suite struct BackupProcessTests {
    private let fleet: Fleet

    init() throws { fleet = try Fleet(sites: 2) }

    private func server(_ arguments: String...) throws -> ToolProcess.Result {
        try ToolProcess.run("fl-server", arguments)
    }

    private struct Replayed: Decodable {
        var same: Int
        var different: Int
    }

    private func replay(_ folder: String) throws -> Replayed {
        let run = try server("replay", "--data-folder", folder, "--format", "json")
        return try JSONDecoder().decode(Replayed.self, from: Data(run.output.utf8))
    }

    @Test func aServerGoesOnFromACopy() throws {
        try fleet.startServer(workers: 2, rounds: 2, ["--loop-every", "1s"])
        for site in [1, 2] { try fleet.startWorker(site) }
        // In the middle of rounds, not between them.
        #expect(eventually { fleet.version >= 3 }, "\(fleet.log("server"))")
        let copy = fleet.folder.path("copy")
        let run = try server(
            "backup", "--data-folder", fleet.folder.path("server"), "--out", copy, "--with-keys", "--format", "json")
        #expect(run.status == 0, "\(run.errors)")
        let report = try JSONDecoder().decode(ServerBackup.Report.self, from: Data(run.output.utf8))
        #expect(report.version >= 3 && report.hasKeys && report.folder == copy)
        let replayed = try replay(copy)
        #expect(replayed.different == 0 && replayed.same >= 1)
        #expect(try server("audit", "--data-folder", copy, "--verify").status == 0)
        #expect(try server("keys", "list", "--data-folder", copy).output.contains("worker1"))

        // The server goes on; then it is lost, and the copy takes its place.
        #expect(eventually { fleet.version > UInt64(report.version) })
        fleet.kill("server")
        try FileManager.default.moveItem(atPath: fleet.folder.path("server"), toPath: fleet.folder.path("lost"))
        try FileManager.default.moveItem(atPath: copy, toPath: fleet.folder.path("server"))
        try fleet.startServer(workers: 2, rounds: 2, ["--loop-every", "1s"])
        #expect(eventually { fleet.workers.count { $0.state == "active" } == 2 }, "\(fleet.log("server"))")
        #expect(eventually { fleet.version > UInt64(report.version) + 1 }, "\(fleet.log("server"))")
        #expect(!fleet.log("server").contains("enrolled again"))
        #expect(try replay(fleet.folder.path("server")).different == 0)
    }

    @Test func theKeyStaysBehind() throws {
        try fleet.startServer(workers: 1, rounds: 1)
        try fleet.startWorker(1)
        #expect(eventually { fleet.version >= 1 }, "\(fleet.log("server"))")
        let copy = fleet.folder.path("copy")
        #expect(try server("backup", "--data-folder", fleet.folder.path("server"), "--out", copy).status == 0)
        #expect(!FileManager.default.fileExists(atPath: copy + "/server.key"))
        let secret = try String(contentsOfFile: fleet.folder.path("server/server.key"), encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        for path in try FileManager.default.subpathsOfDirectory(atPath: copy) {
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: copy + "/" + path, isDirectory: &isFolder), !isFolder.boolValue
            else { continue }
            let bytes = try Data(contentsOf: URL(filePath: copy + "/" + path))
            #expect(bytes.range(of: Data(secret.utf8)) == nil, "\(path)")
            let mode = try FileManager.default.attributesOfItem(atPath: copy + "/" + path)[.posixPermissions] as? Int
            #expect((mode ?? 0) & 0o077 == 0, "\(path)")
        }
        // Workers of this machine hand their keys over to the server on the copy by themselves.
        fleet.kill("server")
        try FileManager.default.moveItem(atPath: fleet.folder.path("server"), toPath: fleet.folder.path("lost"))
        try FileManager.default.moveItem(atPath: copy, toPath: fleet.folder.path("server"))
        try fleet.startServer(workers: 1, rounds: 1)
        #expect(eventually { fleet.workers.contains { $0.state == "active" } }, "\(fleet.log("worker1"))")
    }

    @Test func whatCannotBeCopiedIsSaid() throws {
        let nothing = try server(
            "backup", "--data-folder", fleet.folder.path("none"), "--out", fleet.folder.path("copy"))
        #expect(nothing.status == 66 && nothing.errors.contains("none/registry.db"), "\(nothing)")
        try fleet.startServer(workers: 1)
        #expect(eventually { fleet.get("/healthz") != nil })
        let taken = try server(
            "backup", "--data-folder", fleet.folder.path("server"), "--out", fleet.folder.path("data"))
        #expect(taken.status == 73 && taken.errors.contains("expected no such folder"), "\(taken)")
        #expect(!FileManager.default.fileExists(atPath: fleet.folder.path("copy")))
    }
}
