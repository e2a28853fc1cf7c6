import Foundation
import TestSupport
import Testing

/// What the services say to systemd, each as a process of its own.
@Suite(.serialized) struct SystemdTests {
    private let folder: TemporaryFolder
    private let systemd: NotifySocket

    init() throws {
        folder = try TemporaryFolder()
        systemd = try NotifySocket(in: folder)
    }

    private func start(_ tool: String, _ words: [String], watchdog: Int = 200_000) throws -> Process {
        let process = Process()
        process.executableURL = ToolProcess.folder.appending(path: tool)
        process.arguments = words
        process.environment = ProcessInfo.processInfo.environment.merging([
            "NOTIFY_SOCKET": systemd.path, "WATCHDOG_USEC": "\(watchdog)", "XDG_RUNTIME_DIR": folder.url.path,
        ]) { $1 }
        process.standardInput = FileHandle.nullDevice
        let log = folder.path("log")
        try Data().write(to: URL(filePath: log))
        process.standardError = try FileHandle(forWritingTo: URL(filePath: log))
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        return process
    }

    private var log: String { (try? String(contentsOfFile: folder.path("log"), encoding: .utf8)) ?? "" }
    private func says(_ line: String) -> Bool { eventually { systemd.all.contains(line) } }

    /// A reload in the right order, then an end.
    private func reloadsAndEnds(_ process: Process) {
        systemd.forget()
        kill(process.processIdentifier, SIGHUP)
        #expect(says("READY=1"), "\(systemd.all) \(log)")
        let steps = systemd.all.filter { $0.hasPrefix("RELOADING=1\nMONOTONIC_USEC=") || $0 == "READY=1" }
        #expect(steps.count == 2 && steps.last == "READY=1", "\(systemd.all)")
        process.terminate()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0 && systemd.all.contains("STOPPING=1"), "\(log)")
    }

    @Test func aServer() throws {
        let server = try start(
            "fl-server",
            [
                "--data-folder", folder.path("server"), "--http", "127.0.0.1:0", "--control",
                "tcp://127.0.0.1:\(FreePort.one())", "--bulk", "tcp://127.0.0.1:\(FreePort.one())",
            ])
        defer { server.terminate() }
        #expect(says("READY=1"), "\(log)")
        #expect(eventually { systemd.all.contains { $0.hasPrefix("STATUS=version 0, active workers: 0") } })
        #expect(eventually { systemd.all.count { $0 == "WATCHDOG=1" } >= 3 })
        reloadsAndEnds(server)
    }

    /// It is ready when it takes samples, though it waits for more of them, and says what it waits for.
    @Test func aWorker() throws {
        let rows = folder.path("rows.csv")
        let control = "tcp://127.0.0.1:\(FreePort.one())"
        let worker = try start(
            "fl-worker",
            [
                "--name", "w", "--follow", rows, "--data-folder", folder.path("worker"), "--control", control,
                "--bulk", "tcp://127.0.0.1:\(FreePort.one())", "--first-rows", "8",
            ])
        defer { worker.terminate() }
        #expect(says("STATUS=waiting for the first samples of the sources: 0 of 8 rows"), "\(log)")
        #expect(says("READY=1") && eventually { systemd.all.count { $0 == "WATCHDOG=1" } >= 3 }, "\(log)")
        let lines = (0..<20).map { "\(1_767_225_600 + $0),\($0 % 7),\($0 % 5)" }
        try Data(("time,a,b\n" + lines.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: rows))
        #expect(says("STATUS=waiting for the server at \(control), no version yet"), "\(systemd.all) \(log)")
        // The thread that now does the work says so too, and nobody says twice that it is ready.
        systemd.forget()
        #expect(eventually { systemd.all.count { $0 == "WATCHDOG=1" } >= 3 })
        #expect(!systemd.all.contains("READY=1"))
        reloadsAndEnds(worker)
    }

    /// It is ready when it has looked once, whatever came of it.
    @Test func anEngine() throws {
        try folder.write("nodes.json", #"{"nodes": [{"name": "n1"}]}"#)
        for command in ["sinfo", "squeue", "scontrol", "sbatch", "scancel"] {
            let path = try folder.write("slurm/\(command)", "#!/bin/sh\necho 'slurmctld is away' >&2\nexit 1\n")
            chmod(path, 0o755)
        }
        let engine = try start(
            "fl-engine",
            [
                "run", "--nodes", folder.path("nodes.json"), "--server", "127.0.0.1:\(FreePort.one())", "--slurm",
                #"{"commands": "\#(folder.path("slurm"))"}"#,
            ])
        defer { engine.terminate() }
        #expect(says("READY=1"), "\(log)")
        let said = systemd.all
        let status = try #require(said.firstIndex { $0.hasPrefix("STATUS=") }, "\(said)")
        #expect(status < (said.firstIndex(of: "READY=1") ?? 0) && said[status].contains("slurmctld is away"), "\(said)")
        #expect(eventually { systemd.all.count { $0 == "WATCHDOG=1" } >= 3 })
        reloadsAndEnds(engine)
    }

    /// What is not given as a file is the credential of the option's name, if the unit has one.
    @Test func credentials() throws {
        try folder.write("credentials/enrol-file", "no-such-word\n")
        try folder.write("credentials/scrape", "secret\n")
        let given = ["CREDENTIALS_DIRECTORY": folder.path("credentials")]
        func check(_ words: [String], _ environment: [String: String]) throws -> ToolProcess.Result {
            try ToolProcess.run(
                "fl-worker", ["--check-config", "--name", "w", "--data-folder", folder.path("worker")] + words,
                environment: environment)
        }
        let follow = ["--follow", folder.path("rows.csv")]
        #expect(try check(follow, [:]).status == 0)
        let bad = try check(follow, given)
        #expect(bad.status == 78 && bad.errors.contains("fl-server enrol"), "\(bad)")
        // What is given counts.
        let other = try check(follow + ["--enrol-file", folder.path("none")], given)
        #expect(other.status == 78 && other.errors.contains("none: cannot be read"), "\(other)")
        try FileManager.default.removeItem(atPath: folder.path("credentials/enrol-file"))
        func sources(_ file: String) -> [String] {
            [
                "--sources",
                #"[{"kind": "prometheus-scrape", "targets": ["http://127.0.0.1:9/m"], "bearerTokenFile": "\#(file)"}]"#,
            ]
        }
        #expect(try check(sources("credential:scrape"), given).status == 0)
        for (file, environment) in [
            ("credential:scrape", [:]), ("credential:other", given), ("credential:../credentials/scrape", given),
        ] {
            let result = try check(sources(file), environment)
            #expect(result.status == 78 && result.errors.contains("no such credential"), "\(file): \(result)")
        }
    }
}
