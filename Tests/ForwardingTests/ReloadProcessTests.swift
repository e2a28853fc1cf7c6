import Foundation
import Services
import TestSupport
import Testing

/// SIGHUP: what may change while the server runs does, and what may not is said.
@Suite(.serialized) struct ReloadProcessTests {
    private typealias Server = ForwardingProcessTests.Server

    private func webhook(_ name: String, _ peer: Peer, since: Int = 0) -> String {
        #"{"kind": "webhook", "name": "\#(name)", "url": "\#(peer.url)/\#(name)", "since": \#(since)}"#
    }

    private func waits(_ server: Server, _ text: String, times: Int = 1) -> Bool {
        FreePorts.wait(20) { server.log.components(separatedBy: text).count > times }
    }

    @Test func forwardersAndTheLogsLevel() throws {
        let (first, second) = (try Peer(), try Peer())
        let server = try Server(events: 3, configuration: #"{"forwarders": [\#(webhook("a", first))]}"#)
        try server.start()
        #expect(FreePorts.wait(20) { first.requests.count == 3 })
        // Another one, and one more option that needs a restart.
        try server.configure(
            #"{"forwarders": [\#(webhook("a", first)), \#(webhook("b", second))], "keptLog": 9, "logLevel": "info"}"#)
        #expect(FreePorts.wait(20) { second.requests.count == 3 }, "\(server.log)")
        #expect(waits(server, "configuration read again"), "\(server.log)")
        #expect(server.log.contains(#"changed="forwarders, log-level""#), "\(server.log)")
        #expect(server.log.contains("forwardersBegun=b") && server.log.contains("needsRestart=kept-log"))
        // The same name at another place goes on where it was; one that is gone ends.
        try server.configure(#"{"forwarders": [\#(webhook("a", second))], "logLevel": "warning"}"#)
        #expect(waits(server, "configuration read again", times: 2), "\(server.log)")
        #expect(server.log.contains("forwardersBegun=a forwardersEnded=b"), "\(server.log)")
        let health = server.get("/healthz")
        #expect(health.contains(#""name":"a""#) && !health.contains(#""name":"b""#), "\(health)")
        #expect(first.requests.count == 3 && second.requests.count == 3, "nothing comes twice")
        // A configuration that cannot be used changes nothing, and the server goes on.
        try server.configure(#"{"forwarders": [{"kind": "pigeon"}]}"#)
        #expect(waits(server, "the configuration cannot be used"), "\(server.log)")
        #expect(server.log.contains("forwarders[0].kind"))
        #expect(server.get("/healthz").contains(#""name":"a""#))
        #expect(server.stop() == 0)
    }

    /// A key and a certificate of its own, as files.
    private func certificate(_ folder: TemporaryFolder, _ name: String) throws -> Bool {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = [
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj",
            "/CN=\(name)", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder.path("\(name).key"), "-out",
            folder.path("\(name).pem"),
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus == 0 && chmod(folder.path("\(name).key"), 0o600) == 0
    }

    /// What a client says who trusts one certificate only: the answer's first line, nothing where it does not trust.
    private func answer(_ server: Server, trusting pem: String) -> String {
        let process = client(server, ["-verify_return_error", "-CAfile", pem])
        let (input, output) = (Pipe(), Pipe())
        (process.standardInput, process.standardOutput) = (input, output)
        try? process.run()
        try? input.fileHandleForWriting.write(
            contentsOf: Data("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".utf8))
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return String(text.prefix { $0 != "\r\n" && $0 != "\n" })
    }

    private func client(_ server: Server, _ options: [String]) -> Process {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = ["s_client", "-quiet", "-connect", "127.0.0.1:\(server.http)"] + options
        process.standardError = FileHandle.nullDevice
        return process
    }

    /// A renewed certificate holds for new connections, and nobody who reads the stream is cut off.
    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl"), "openssl is not installed"))
    func certificates() throws {
        let server = try Server(events: 1, configuration: "{}")
        for name in ["old", "new"] { #expect(try certificate(server.folder, name)) }
        let (cert, key) = (server.folder.path("tls.pem"), server.folder.path("tls.key"))
        func use(_ name: String, _ suffixes: [String] = ["pem", "key"]) throws {
            for suffix in suffixes {
                let bytes = try Data(contentsOf: URL(filePath: server.folder.path("\(name).\(suffix)")))
                try bytes.write(to: URL(filePath: server.folder.path("tls.\(suffix)")))
            }
            chmod(key, 0o600)
        }
        try use("old")
        let configuration = #"{"certificate": "\#(cert)", "certificateKey": "\#(key)"}"#
        try server.folder.write("server.json", configuration)
        try server.start()
        let old = server.folder.path("old.pem")
        let new = server.folder.path("new.pem")
        #expect(FreePorts.wait(20) { answer(server, trusting: old) == "HTTP/1.1 200 OK" }, "\(server.log)")
        let reader = client(server, [])
        let (input, output) = (Pipe(), Pipe())
        (reader.standardInput, reader.standardOutput) = (input, output)
        try reader.run()
        defer { reader.terminate() }
        try input.fileHandleForWriting.write(
            contentsOf: Data("GET /v1/alarms/stream?operations=true HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".utf8))
        func read(until text: String) -> Bool {
            var seen = Data()
            while !seen.contains(Data(text.utf8)) {
                let more = output.fileHandleForReading.availableData
                if more.isEmpty { return false }
                seen += more
            }
            return true
        }
        #expect(read(until: ": here"))
        // A certificate without its key is refused, and everything stays.
        try use("new", ["pem"])
        try server.configure(configuration)
        #expect(waits(server, "the configuration cannot be used"), "\(server.log)")
        #expect(answer(server, trusting: old) == "HTTP/1.1 200 OK")
        try use("new")
        try server.configure(configuration)
        #expect(waits(server, "renewed for new connections"), "\(server.log)")
        #expect(answer(server, trusting: new) == "HTTP/1.1 200 OK")
        #expect(answer(server, trusting: old).isEmpty)
        // The reader of before hears of what comes now.
        let token = try #require(LocalDoor.token(http: server.http))
        let said = client(server, [])
        let words = Pipe()
        said.standardInput = words
        said.standardOutput = FileHandle.nullDevice
        try said.run()
        let body = #"{"operation": "acknowledge", "alarm": 1}"#
        try words.fileHandleForWriting.write(
            contentsOf: Data(
                ("POST /v1/operations HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nAuthorization: Bearer \(token)\r\n"
                    + "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)").utf8))
        #expect(read(until: "event: operations"))
        said.waitUntilExit()
        #expect(server.stop() == 0, "\(server.log)")
    }
}
