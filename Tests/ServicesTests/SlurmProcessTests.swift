import Foundation
import Services
import TestSupport
import Testing

/// A real Slurm of four nodes on this machine, in which `fl-engine` runs the workers of a federation.
@Suite(.serialized, .enabled(if: SlurmCluster.isHere, SlurmCluster.absence)) struct SlurmProcessTests {
    /// From an empty cluster to alarms: two of four nodes train and serve, the others hold their samples; a controller that was
    /// killed goes on with the jobs that are there; a drained node's work moves away; whoever ends the controller leaves the
    /// jobs alone.
    @Test func aFederationRunsAsJobs() throws {
        let fleet = try Fleet(sites: 4)
        let cluster = try SlurmCluster(in: fleet.folder)
        // The controller first, which would go on asking for jobs.
        defer {
            for name in fleet.running.keys { fleet.kill(name) }
            cluster.stop()
        }
        let nodes = try fleet.folder.write(
            "nodes.json",
            """
            {"defaults": {"site": "site{node}", "domain": "all",
                          "arguments": ["--data", "\(fleet.data)/{site}", "--data-folder", "\(fleet.folder.path("{worker}"))"]},
             "nodes": [\((1...4).map { #"{"name": "n\#($0)", "worker": "worker\#($0)", "site": "site\#($0)"}"# }.joined(separator: ", "))]}
            """)
        try fleet.startServer(workers: 2, rounds: 80, ["--target-seconds", "4000", "--settle", "1"])
        #expect(eventually({ fleet.get("/healthz") != nil }), "\(fleet.log("server"))")
        // What a server puts down for tools of its own user enrols nobody.
        let token = fleet.folder.path("engine.token")
        let made = try ToolProcess.run(
            "fl-server",
            [
                "keys", "token", "--role", "admin", "--name", "engine", "--out", token, "--data-folder",
                fleet.folder.path("server"),
            ])
        #expect(made.status == 0, "\(made)")
        let engine =
            [
                "run", "--nodes", nodes, "--server", "127.0.0.1:\(fleet.http)", "--every", "0.3", "--settle", "1",
                "--enrol-workers", "--token-file", token, "--slurm",
                #"{"program": "\#(ToolProcess.folder.appending(path: "fl-worker").path)", "output": "\#(fleet.folder.path("job-%j.log"))"}"#,
            ] + fleet.endpoints
        try fleet.start("engine", "fl-engine", engine, environment: cluster.environment)
        #expect(
            eventually({ cluster.roles == ["holder": 2, "worker": 2] && fleet.placement?.decision?.reason == .started }
            ),
            "\(cluster.jobs) \(fleet.log("engine")) \(fleet.log("server"))")
        let chosen = Set(cluster.jobs.filter { $0.role == "worker" }.map(\.worker))
        #expect(chosen == Set(fleet.placement?.decision?.active.map(\.name) ?? []))

        // Another controller knows the jobs, and starts nothing.
        fleet.kill("engine")
        let before = Set(cluster.jobs.map(\.id))
        let plan = try ToolProcess.run(
            "fl-engine", ["plan", "--format", "json"] + engine.dropFirst().filter { $0 != "--every" && $0 != "0.3" },
            environment: cluster.environment)
        #expect(plan.status == 0 && plan.output.contains(#""runs" : "worker, running""#), "\(plan)")
        let said = decisions(fleet)
        try fleet.start("engine", "fl-engine", engine, environment: cluster.environment)
        #expect(eventually({ decisions(fleet) > said }), "\(fleet.log("engine"))")
        #expect(Set(cluster.jobs.map(\.id)) == before, "\(cluster.jobs)")

        // What an operator empties hosts nothing after a while, and rounds go on elsewhere.
        let victim = try #require(cluster.jobs.first { $0.role == "worker" })
        try cluster.ask("scontrol", ["update", "nodename=\(victim.node)", "state=drain", "reason=test"])
        #expect(
            eventually({
                let jobs = cluster.jobs
                return !jobs.contains { $0.node == victim.node } && jobs.filter { $0.role == "worker" }.count == 2
            }), "\(cluster.jobs) \(fleet.log("engine"))")
        // When it is given back, what is there is offered again; then the rounds end, and every site is watched.
        try cluster.ask("scontrol", ["update", "nodename=\(victim.node)", "state=resume"])
        #expect(
            eventually(within: 60, { cluster.roles == ["holder": 2, "worker": 2] }),
            "\(cluster.jobs) \(fleet.log("engine"))")
        #expect(
            eventually(within: 90, { Set(fleet.alarms.map(\.site)).count == 4 }),
            "\(fleet.alarms.map(\.site)) \(fleet.log("server"))")
        #expect(fleet.rounds.filter { $0.kind == "training" && $0.committed }.count == 80)
        for round in fleet.rounds {
            #expect(Set(round.contributions.map(\.worker)).count == round.contributions.count)
        }
        #expect(fleet.terminate("engine").status == 0)
        #expect(cluster.jobs.filter { $0.role == "worker" }.count == 2)
    }
}

/// How often a controller said which decision it follows.
private func decisions(_ fleet: Fleet) -> Int {
    fleet.log("engine").components(separatedBy: "msg=decision").count - 1
}

/// Slurm's daemons, by `scripts/slurm-cluster`.
private final class SlurmCluster {
    struct Job {
        var id: String
        var node: String
        var worker: String
        var role: String
    }

    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    static let absence: Comment = "Slurm is not installed (scripts/install-dependencies --tests), or this is not root"
    static var isHere: Bool {
        getuid() == 0
            && ["/usr/sbin/munged", "/usr/sbin/slurmctld", "/usr/sbin/slurmd", "/usr/bin/sbatch"].allSatisfy {
                FileManager.default.isExecutableFile(atPath: $0)
            }
    }

    /// Keeps it for as long as the daemons run.
    private let place: TemporaryFolder
    private var folder: String { place.path("slurm") }
    private let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "scripts/slurm-cluster").path
    var environment: [String: String] { ["SLURM_CONF": folder + "/slurm.conf"] }

    init(in folder: TemporaryFolder) throws {
        place = folder
        let port = FreePort.inARow(5)
        let result = try run(script, ["start", self.folder, "4", "0", "\(port)"], keepsErrors: true)
        guard result.status == 0 else {
            stop()
            throw Failure(description: "slurm-cluster start: \(result)")
        }
    }

    /// Ends jobs and daemons.
    func stop() { _ = try? run(script, ["stop", folder]) }

    /// Jobs that run.
    var jobs: [Job] {
        guard let text = try? ask("squeue", ["--noheader", "--states=RUNNING", "--format=%i|%N|%k"]) else { return [] }
        return text.split(separator: "\n").compactMap { line in
            let columns = line.split(separator: "|").map(String.init)
            guard columns.count == 3 else { return nil }
            let words = columns[2].split(separator: " ").map(String.init)
            return Job(
                id: columns[0], node: columns[1], worker: words.last ?? "", role: words.count > 2 ? words[2] : "")
        }
    }

    var roles: [String: Int] { Dictionary(jobs.map { ($0.role, 1) }, uniquingKeysWith: +) }

    @discardableResult
    func ask(_ command: String, _ arguments: [String]) throws -> String { try run(command, arguments).output }

    private func run(
        _ command: String, _ arguments: [String], keepsErrors: Bool = false
    ) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [command] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let pipe = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = pipe
        process.standardError = keepsErrors ? pipe : FileHandle.nullDevice
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }
}
