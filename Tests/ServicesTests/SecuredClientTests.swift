import Foundation
import Platform
import Services
import TestSupport
import Testing

/// fl-alerts and fl-train at a real fl-server over TLS, with certificates that openssl(1) makes.
@Suite(.serialized, .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")))
struct SecuredClientTests {
    /// A certificate of its own, with its key.
    private struct Certificate {
        let file: String
        let key: String

        init(_ name: String, for names: String, in folder: TemporaryFolder) throws {
            (file, key) = (folder.path("\(name).pem"), folder.path("\(name).key"))
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/openssl")
            process.arguments = [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=\(name)", "-addext", "subjectAltName=\(names)", "-keyout", key, "-out", file,
            ]
            process.standardError = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            try #require(process.terminationStatus == 0)
        }

        /// SHA-256 of its public key, as curl takes it.
        func pin() throws -> String {
            let process = Process()
            process.executableURL = URL(filePath: "/bin/sh")
            process.arguments = [
                "-c",
                "openssl x509 -in \"$0\" -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary | base64",
                file,
            ]
            let output = Pipe()
            process.standardOutput = output
            try process.run()
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            return "sha256//" + text.filter { !$0.isWhitespace }
        }
    }

    private static func alerts(_ server: String, _ more: [String] = []) throws -> (status: Int32, errors: String) {
        let result = try ToolProcess.run("fl-alerts", ["--server", server] + more)
        return (result.status, result.errors)
    }

    @Test func toolsTalkToAServerOverTLS() throws {
        let fleet = try Fleet(sites: 1)
        let own = try Certificate("server", for: "IP:127.0.0.1", in: fleet.folder)
        let other = try Certificate("other", for: "IP:127.0.0.1", in: fleet.folder)
        let named = try Certificate("named", for: "DNS:server.example", in: fleet.folder)
        try fleet.startServer(workers: 1, ["--certificate", own.file, "--certificate-key", own.key])
        let server = "https://127.0.0.1:\(fleet.http)"
        #expect(eventually { (try? Self.alerts(server, ["--ca-file", own.file]).status) == 0 })

        // Somebody vouches for it, or it is known which one it is; or both.
        let pin = try own.pin()
        #expect(try Self.alerts(server, ["--pin", pin]).status == 0)
        #expect(try Self.alerts(server, ["--pin", pin, "--ca-file", own.file]).status == 0)
        let states = try ToolProcess.run("fl-train", ["states", "--server", server, "--ca-file", own.file])
        #expect(states.status == 0, "\(states.errors)")

        // One line each where neither is so.
        for (options, words) in [
            ([], "is not trusted"), (["--ca-file", other.file], "is not trusted"),
            (["--pin", try other.pin()], "found a certificate with another public key"),
            (["--pin", pin, "--ca-file", other.file], "is not trusted"),
        ] {
            let found = try Self.alerts(server, options)
            #expect(found.status == 69, "\(options) \(found)")
            #expect(found.errors.split(separator: "\n").count == 1 && found.errors.contains(words), "\(found)")
        }
        #expect(try Self.alerts(server, ["--ca-file", fleet.folder.path("none.pem")]).status == 78)
        #expect(try Self.alerts("127.0.0.1:\(fleet.http)").status == 69)
        #expect(try Self.alerts("127.0.0.1:\(fleet.http)", ["--pin", pin]).status == 64)
        #expect(try Self.alerts(server, ["--pin", "sha256//12"]).status == 64)

        // What changes something shows a token.
        let token = fleet.folder.path("operate.token")
        let made = try ToolProcess.run(
            "fl-server",
            ["keys", "token", "--data-folder", fleet.folder.path("server"), "--role", "operate", "--out", token])
        #expect(made.status == 0, "\(made.errors)")
        let elsewhere = ["XDG_RUNTIME_DIR": fleet.folder.path("elsewhere")]
        func hint(_ more: [String]) throws -> ToolProcess.Result {
            try ToolProcess.run(
                "fl-alerts",
                ["hint", "disk-stall", "--text", "look at the disk", "--server", server, "--ca-file", own.file] + more,
                environment: elsewhere)
        }
        #expect(try hint([]).status != 0)
        #expect(eventually { (try? hint(["--token-file", token]).status) == 0 })
        let empty = fleet.folder.path("empty.token")
        try Data().write(to: URL(filePath: empty))
        #expect(try hint(["--token-file", empty]).status == 65)

        // A certificate for another name is another's.
        fleet.kill("server")
        try fleet.startServer(workers: 1, ["--certificate", named.file, "--certificate-key", named.key])
        let namedPin = try named.pin()
        #expect(eventually { (try? Self.alerts(server, ["--pin", namedPin]).status) == 0 })
        let found = try Self.alerts(server, ["--ca-file", named.file])
        #expect(found.status == 69 && found.errors.contains("is not trusted"), "\(found)")
    }
}
