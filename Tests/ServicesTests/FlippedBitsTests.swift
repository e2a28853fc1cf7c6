import Foundation
import Platform
import Services
import TestSupport
import Testing

/// One bit flips in each file of a real server's and a real worker's folder in turn: it is noticed at the next start, and
/// one line names the file. What can be made anew is, anything else ends the start with what to do.
@Suite(.serialized) struct FlippedBitsTests {
    /// The files below a folder that hold something, by their paths in it.
    private static func files(_ folder: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: folder).sorted().filter { path in
            var isFolder: ObjCBool = false
            let whole = "\(folder)/\(path)"
            guard FileManager.default.fileExists(atPath: whole, isDirectory: &isFolder), !isFolder.boolValue else {
                return false
            }
            let size = try FileManager.default.attributesOfItem(atPath: whole)[.size] as? Int ?? 0
            return size > 0 && !path.hasSuffix("lock") && !path.hasSuffix("-shm") && !path.hasSuffix("-wal")
        }
    }

    private static func copy(_ from: String, _ to: String) throws {
        try? FileManager.default.removeItem(atPath: to)
        try FileManager.default.copyItem(atPath: from, toPath: to)
    }

    /// In the first half: behind it sums may have those of the file before, by which a crash between the two is survived.
    private static func flip(_ path: String) throws {
        var bytes = Array(try Data(contentsOf: URL(filePath: path)))
        bytes[bytes.count / 4] ^= 4
        try Data(bytes).write(to: URL(filePath: path))
    }

    /// The part of a file's name that a line about it has: sums and their file are one.
    private static func stem(_ path: String) -> String {
        var name = path.split(separator: "/").first.map(String.init) ?? path
        for ending in ["-sums", ".sha256"] where name.hasSuffix(ending) { name.removeLast(ending.count) }
        return name
    }

    private static func isSaid(_ text: String, _ path: String) -> Bool {
        text.split(separator: "\n").contains {
            ($0.contains("level=warning") || $0.contains("level=error") || $0.hasPrefix("fl-"))
                && $0.contains(stem(path))
        }
    }

    @Test func everyFlippedBitIsNoticed() throws {
        let fleet = try Fleet(sites: 1)
        let target = ["--target-seconds", "60"]
        try fleet.startServer(workers: 1, target)
        try fleet.startWorker(1)
        #expect(eventually({ fleet.hasEnded(workers: 1) }), "\(fleet.log("server"))\(fleet.log("worker1"))")
        #expect(eventually({ !fleet.alarms.isEmpty }))
        #expect(fleet.terminate("worker1").status == 0)
        #expect(fleet.terminate("server").status == 0)
        let (server, worker) = (fleet.folder.path("server"), fleet.folder.path("worker1"))
        let (soundServer, soundWorker) = (fleet.folder.path("sound-server"), fleet.folder.path("sound-worker"))
        try Self.copy(server, soundServer)
        try Self.copy(worker, soundWorker)
        var unnoticed: [String] = []

        let ofServer = try Self.files(server)
        #expect(Set(["placement.json", "server.key", "registry.db"]).isSubset(of: ofServer), "\(ofServer)")
        for file in ofServer {
            try Self.copy(soundServer, server)
            try Self.flip("\(server)/\(file)")
            let before = fleet.log("server").count
            try fleet.startServer(workers: 1, target)
            let isNoticed = eventually { Self.isSaid(String(fleet.log("server").dropFirst(before)), file) }
            if let status = fleet.exit(of: "server", within: isNoticed ? 1 : 0), status != 65, status != 78 {
                unnoticed.append("server/\(file): status \(status)")
            }
            fleet.kill("server")
            if !isNoticed { unnoticed.append("server/\(file)") }
        }

        try Self.copy(soundServer, server)
        try fleet.startServer(workers: 1, target)
        #expect(eventually({ fleet.get("/healthz") != nil }))
        let ofWorker = try Self.files(worker)
        #expect(ofWorker.contains("state.json") && ofWorker.contains("worker.key"))
        #expect(ofWorker.contains { $0.hasPrefix("streams/") && $0.hasSuffix(".state") })
        for file in ofWorker {
            try Self.copy(soundWorker, worker)
            try Self.flip("\(worker)/\(file)")
            let before = fleet.log("worker1").count
            try fleet.startWorker(1)
            let isNoticed = eventually { Self.isSaid(String(fleet.log("worker1").dropFirst(before)), file) }
            if let status = fleet.exit(of: "worker1", within: 0), status != 65, status != 78 {
                unnoticed.append("worker/\(file): status \(status)")
            }
            fleet.kill("worker1")
            if !isNoticed { unnoticed.append("worker/\(file)") }
        }
        let count = ofServer.count + ofWorker.count
        #expect(unnoticed.isEmpty, "of \(count): \(unnoticed)")
        print("flipped bits noticed: \(count - unnoticed.count) of \(count)")
    }
}
