import Foundation
import Services
import TestSupport
import Testing

/// `fl-engine` between a real server and commands of Slurm that are scripts.
@Suite(.serialized) struct EngineControllerTests {
    /// Commands that know one idle node and no job, and write down what is submitted.
    private struct Commands {
        let folder: String
        private let file: String

        init(in place: TemporaryFolder) throws {
            folder = place.path("commands")
            file = place.path("submitted")
            try Data().write(to: URL(filePath: file))
            for (name, body) in [
                ("sinfo", "echo 'n1|idle|(null)|none'"), ("squeue", ""), ("scancel", ""),
                ("sbatch", "cat >>'\(file)'; echo 17"),
            ] {
                let path = try place.write("commands/\(name)", "#!/bin/sh\n\(body)\n")
                try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
            }
        }

        var submitted: String { (try? String(contentsOfFile: file, encoding: .utf8)) ?? "" }
    }

    private func arguments(_ fleet: Fleet, _ commands: Commands, _ more: [String]) throws -> [String] {
        let nodes = try fleet.folder.write(
            "nodes.json",
            #"{"defaults": {"domain": "all"}, "nodes": [{"name": "n1", "worker": "worker1", "site": "site1"}]}"#)
        return [
            "run", "--nodes", nodes, "--server", "127.0.0.1:\(fleet.http)", "--slurm",
            #"{"commands": "\#(commands.folder)"}"#,
        ] + fleet.endpoints + more
    }

    /// Whom an operator shut out the controller does not let in again, until the operator does.
    @Test func whomAnOperatorShutOutNothingIsStartedFor() throws {
        let fleet = try Fleet(sites: 1)
        let commands = try Commands(in: fleet.folder)
        try fleet.startServer(workers: 1, rounds: 1_000, ["--target-seconds", "4000"])
        #expect(eventually { fleet.get("/healthz") != nil })
        let folder = ["--data-folder", fleet.folder.path("server")]
        let token = fleet.folder.path("engine.token")
        #expect(
            try ToolProcess.run("fl-server", ["keys", "token", "--role", "admin", "--out", token] + folder).status == 0)
        try fleet.startWorker(1)
        #expect(eventually { fleet.workers.contains { $0.name == "worker1" } }, "\(fleet.log("server"))")
        #expect(fleet.terminate("worker1").status == 0)
        #expect(try ToolProcess.run("fl-server", ["keys", "revoke", "--name", "worker1"] + folder).status == 0)

        let once = try arguments(
            fleet, commands, ["--enrol-workers", "--token-file", token, "--once", "--format", "json"])
        let refused = try ToolProcess.run("fl-engine", once)
        #expect(refused.status == 69, "\(refused)")
        #expect(
            refused.errors.contains(
                "start of worker1: name: the worker 'worker1' was shut out; a token of 'fl-server enrol' lets it in again"
            ),
            "\(refused)")
        #expect(commands.submitted.isEmpty)

        #expect(
            try ToolProcess.run("fl-server", ["enrol", "--name", "worker1", "--site", "site1"] + folder).status == 0)
        let taken = try ToolProcess.run("fl-engine", once)
        #expect(taken.status == 0 && commands.submitted.contains("--enrol-file /dev/fd/3"), "\(taken)")
    }

    /// So does an engine.
    @Test func aControllerEndsWhileItsEngineSaysNothing() throws {
        let fleet = try Fleet(sites: 1)
        let commands = try Commands(in: fleet.folder)
        let begun = fleet.folder.path("begun")
        try fleet.folder.write("commands/squeue", "#!/bin/sh\ntouch '\(begun)'\nsleep 600\n")
        try fleet.start("engine", "fl-engine", try arguments(fleet, commands, ["--every", "0.2"]))
        #expect(eventually { FileManager.default.fileExists(atPath: begun) }, "\(fleet.log("engine"))")
        let (status, duration) = fleet.terminate("engine")
        #expect(status == 0 && duration < .seconds(15), "\(duration) \(fleet.log("engine"))")
    }

    /// A server that does not answer holds nobody who is to end.
    @Test func aControllerEndsWhileItsServerSaysNothing() throws {
        let fleet = try Fleet(sites: 1)
        let commands = try Commands(in: fleet.folder)
        try fleet.startServer(workers: 1, rounds: 1_000, ["--target-seconds", "4000"])
        #expect(eventually { fleet.get("/healthz") != nil })
        try fleet.start("engine", "fl-engine", try arguments(fleet, commands, ["--every", "0.2"]))
        #expect(eventually { !commands.submitted.isEmpty }, "\(fleet.log("engine"))")
        let server = try #require(fleet.running["server"]).processIdentifier
        kill(server, SIGSTOP)
        #expect(eventually { Self.somebodyIsConnected(to: fleet.http) }, "\(fleet.log("engine"))")
        defer { kill(server, SIGCONT) }
        let (status, duration) = fleet.terminate("engine")
        #expect(status == 0 && duration < .seconds(15), "\(duration) \(fleet.log("engine"))")
    }
    /// Whether a connection to a port of this machine stands.
    private static func somebodyIsConnected(to port: Int) -> Bool {
        let end = ":" + String(port + 0x1_0000, radix: 16, uppercase: true).dropFirst()
        // The list comes in pieces, of which Foundation takes the first for all.
        let file = open("/proc/net/tcp", O_RDONLY)
        defer { close(file) }
        var (text, piece) = ([UInt8](), [UInt8](repeating: 0, count: 1 << 16))
        while case let count = read(file, &piece, piece.count), count > 0 { text += piece[..<count] }
        return String(decoding: text, as: UTF8.self).split(separator: "\n").contains { line in
            let fields = line.split(separator: " ")
            return fields.count > 3 && fields[2].hasSuffix(end) && fields[3] == "01"
        }
    }
}
