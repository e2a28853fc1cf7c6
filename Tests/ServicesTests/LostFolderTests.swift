import Foundation
import TestSupport
import Testing

/// A folder that is deleted under its process: what is written there from then on would be lost, so the process ends.
@Suite struct LostFolderTests {
    /// Deletes a folder in which files come and go.
    private func delete(_ path: String) {
        while FileManager.default.fileExists(atPath: path) { try? FileManager.default.removeItem(atPath: path) }
    }

    @Test func aWorkerWithoutItsFolderEnds() throws {
        let fleet = try Fleet(sites: 1)
        try fleet.startWorker(1, ["--plain"])
        #expect(eventually { fleet.log("worker1").contains("worker started") }, "\(fleet.log("worker1"))")
        delete(fleet.folder.path("worker1"))
        #expect(fleet.exit(of: "worker1") == 73, "\(fleet.log("worker1"))")
        let lines = fleet.log("worker1").split(separator: "\n").filter { $0.hasPrefix("fl-worker: ") }
        #expect(lines.count == 1 && lines.first?.contains("was deleted or replaced") ?? false, "\(lines)")
    }

    /// Before there are rows enough to begin, too.
    @Test func aWorkerThatWaitsForSamplesEnds() throws {
        let fleet = try Fleet(sites: 1)
        let grows = try fleet.folder.write("grows.csv", "time,load\n1700000000,1\n")
        try fleet.startLiveWorker(["--plain", "--follow", grows])
        #expect(eventually { fleet.log("worker").contains("waiting for the first samples") }, "\(fleet.log("worker"))")
        delete(fleet.folder.path("worker"))
        let file = try #require(FileHandle(forWritingAtPath: grows))
        try file.seekToEnd()
        try file.write(contentsOf: Data("1700000001,2\n".utf8))
        try file.close()
        #expect(fleet.exit(of: "worker") == 73, "\(fleet.log("worker"))")
    }
}
