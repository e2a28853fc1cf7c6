import Federation
import Foundation
import Services
import TestSupport
import Testing

/// What goes wrong from outside: one clear line, the right exit status, nothing lost.
@Suite(.serialized) struct BadInputTests {
    private func lastLine(_ log: String) -> String { log.split(separator: "\n").last.map(String.init) ?? "" }

    @Test func portsInUse() throws {
        let fleet = try Fleet(sites: 1)
        try fleet.startServer(workers: 1)
        #expect(eventually({ fleet.get("/healthz") != nil }), "\(fleet.log("server"))")
        for (index, option) in ["--http", "--control", "--bulk"].enumerated() {
            let free = (0..<3).map { _ in FreePort.one() }
            var addresses = [
                "--http": "127.0.0.1:\(free[0])", "--control": "tcp://127.0.0.1:\(free[1])",
                "--bulk": "tcp://127.0.0.1:\(free[2])",
            ]
            addresses[option] = (option == "--http" ? "127.0.0.1:" : "tcp://127.0.0.1:") + "\(fleet.ports[index])"
            let second = try ToolProcess.run(
                "fl-server",
                ["--data-folder", fleet.folder.path("second")] + addresses.flatMap { [$0.key, $0.value] })
            #expect(second.status == 69, "\(option): \(second.errors)")
            #expect(second.errors.contains("another process"), "\(second.errors)")
        }
        let same = try ToolProcess.run(
            "fl-server", ["--data-folder", fleet.folder.path("server"), "--http", "127.0.0.1:0"])
        #expect(same.status == 73)
        #expect(same.errors.contains("in use by another process"), "\(same.errors)")
    }

    @Test func noServerOrNotOne() throws {
        let fleet = try Fleet(sites: 1)
        try fleet.startWorker(1, sharing: nil, ["--connect-timeout", "1"])
        #expect(fleet.exit(of: "worker1") == 69)
        #expect(lastLine(fleet.log("worker1")).contains("no server at"), "\(fleet.log("worker1"))")
        try fleet.startServer(workers: 1)
        try fleet.start(
            "lost", "fl-worker",
            [
                "--name", "lost", "--data", "\(fleet.data)/site1", "--data-folder", fleet.folder.path("lost"),
                "--control", "tcp://127.0.0.1:\(fleet.http)", "--bulk", "tcp://127.0.0.1:\(fleet.http)",
                "--connect-timeout", "1",
            ])
        #expect(fleet.exit(of: "lost") == 69)
        let alerts = try ToolProcess.run("fl-alerts", ["--server", "127.0.0.1:\(FreePort.one())"])
        #expect(alerts.status == 69)
        #expect(alerts.errorLines.count == 1, "\(alerts.errors)")
    }

    @Test func aDuplicateName() throws {
        let fleet = try Fleet()
        try fleet.startServer(workers: 1)
        try fleet.startWorker(1, sharing: nil, ["--rows-per-second", "1"])
        #expect(eventually({ fleet.workers.count == 1 }))
        try fleet.start(
            "twin", "fl-worker",
            [
                "--name", "worker1", "--data", "\(fleet.data)/site2", "--data-folder", fleet.folder.path("twin"),
                "--control", "tcp://127.0.0.1:\(fleet.ports[1])", "--bulk", "tcp://127.0.0.1:\(fleet.ports[2])",
            ])
        #expect(fleet.exit(of: "twin") == 78)
        #expect(lastLine(fleet.log("twin")).contains("a worker named worker1 is alive"), "\(fleet.log("twin"))")
        #expect(fleet.workers.first?.state == "active")
    }

    @Test func garbageAndStrangersOnTheSockets() throws {
        let fleet = try Fleet(sites: 1)
        try fleet.startServer(workers: 1, ["--plain"])
        #expect(eventually({ fleet.get("/healthz") != nil }))
        // HTTP where ZeroMQ is spoken.
        _ = HTTPClient.get(host: "127.0.0.1", port: fleet.ports[1], path: "/") { _ in false }
        let port = try ZeroMQPort.connecting(
            control: "tcp://127.0.0.1:\(fleet.ports[1])", bulk: "tcp://127.0.0.1:\(fleet.ports[2])",
            identity: Array("stranger".utf8))
        let strange = Envelope.assemble(
            version: 9, type: 1, leaseEpoch: 0, sequence: 1, sender: "stranger", payload: [1, 2, 3])
        for bytes in [Array("garbage".utf8), [], strange.bytes] {
            for channel in Message.Channel.allCases {
                #expect(
                    eventually({ (try? port.send(bytes, to: [], on: channel)) == .queued }))
            }
        }
        var answer: Refusal?
        #expect(
            eventually({
                guard let message = try? port.receive(on: .control),
                    let envelope = try? Envelope(decoding: message.bytes, limit: 1 << 20),
                    case .refusal(let refusal) = envelope.message
                else { return false }
                answer = refusal
                return true
            }))
        #expect(answer?.reason == .unsupportedVersion)
        #expect(answer?.text.contains("protocol version 9") == true)
        // And the run goes on.
        try fleet.startWorker(1, ["--plain"])
        #expect(eventually({ fleet.hasEnded(workers: 1) }), "\(fleet.log("server"))")
    }

    /// A worker that speaks another version than its server ends with the server's words.
    @Test func aWorkerOfAnotherVersion() throws {
        let server = try ZeroMQPort.listening(control: "tcp://127.0.0.1:*", bulk: "tcp://127.0.0.1:*")
        let addresses = try server.boundAddresses()
        let fleet = try Fleet(sites: 1)
        try fleet.start(
            "worker", "fl-worker",
            [
                "--name", "w", "--data", "\(fleet.data)/site1", "--data-folder", fleet.folder.path("w"), "--control",
                addresses.control, "--bulk", addresses.bulk, "--plain",
            ])
        #expect(
            eventually({
                guard let message = try? server.receive(on: .control) else { return false }
                let refusal = Envelope(
                    sender: "server", leaseEpoch: 0, sequence: 1,
                    message: .refusal(Refusal(.unsupportedVersion, text: "this server speaks protocol version 2")))
                return (try? server.send(refusal.encoded(), to: message.peer, on: .control)) == .queued
            }))
        #expect(fleet.exit(of: "worker") == 69)
        #expect(lastLine(fleet.log("worker")).contains("speaks protocol version 2"), "\(fleet.log("worker"))")
    }

    @Test func foldersThatCannotBeUsed() throws {
        let fleet = try Fleet(sites: 1)
        try fleet.folder.write("file", "not a folder")
        for path in ["file", "file/below"].map(fleet.folder.path) {
            let server = try ToolProcess.run("fl-server", ["--data-folder", path, "--http", "127.0.0.1:0"])
            #expect([66, 73].contains(server.status), "\(server.status) \(server.errors)")
            #expect(server.errorLines.count == 1, "\(server.errors)")
            let worker = try ToolProcess.run(
                "fl-worker", ["--name", "w", "--data", "\(fleet.data)/site1", "--data-folder", path])
            #expect([66, 73].contains(worker.status), "\(worker.status) \(worker.errors)")
        }
        try fleet.folder.write("broken/registry.db", String(repeating: "not a database", count: 100))
        let broken = try ToolProcess.run(
            "fl-server", ["--data-folder", fleet.folder.path("broken"), "--http", "127.0.0.1:0"])
        #expect(broken.status == 65, "\(broken.errors)")
        #expect(broken.errors.contains("registry.db"))
    }

    @Test func configurationsThatCannotBe() throws {
        let folder = try TemporaryFolder()
        let misspelt = try folder.write("server.json", "{\"minimumWorker\": 3}")
        let unknown = try ToolProcess.run("fl-server", ["--config", misspelt])
        #expect(unknown.status == 78)
        #expect(unknown.errors.contains("minimumWorkers"), "\(unknown.errors)")
        for (arguments, words) in [
            (["--plain", "--control", "tcp://0.0.0.0:7999"], "nothing is encrypted"),
            (["--plain", "--control", "tcp://127.nowhere.invalid:7999"], "nothing is encrypted"),
            (["--control", "tcp://127.0.0.1:70000"], "the port is '70000'"),
            (["--control", "::1:7999"], "in brackets"),
            (["--bulk", "udp://127.0.0.1:7999"], "is not served here"),
            (["--quorum", "3"], "expected at most minimum-workers"),
            (["--http", "nowhere.invalid:80"], "nowhere.invalid:80, which other machines reach"),
        ] {
            let result = try ToolProcess.run(
                "fl-server",
                ["--data-folder", folder.path("data"), "--http", "127.0.0.1:0"].filter {
                    !arguments.contains("--http") || ($0 != "--http" && $0 != "127.0.0.1:0")
                } + arguments)
            #expect(result.status == 78, "\(arguments): \(result.errors)")
            #expect(result.errors.contains(words), "\(result.errors)")
        }
        let nameless = try ToolProcess.run("fl-worker", ["--data", folder.url.path])
        #expect(nameless.status == 64)
    }
}
