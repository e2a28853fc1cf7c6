import Foundation
import Services
import TestSupport
import Testing
import Watching

/// The server's fault library over HTTP and from the command line, with real processes.
@Suite(.serialized) struct FaultLibraryProcessTests {
    /// A confirmation that brings its signature along.
    static func confirmation(_ name: String, duty: Double) -> String {
        """
        {"name": "\(name)", "signature": {"metrics": {"m": {"above": 0.9, "below": 0}},
         "resources": {"cpu": {"above": 0.9, "below": 0}}, "aspects": {"level": 1},
         "rhythm": {"duty": \(duty), "centre": 0.5, "restlessness": 0.1}, "sidedness": 1, "origin": "s/e@1"}}
        """
    }

    private func server(_ fleet: Fleet) throws {
        try fleet.startServer(workers: 2)
        #expect(eventually({ fleet.get("/healthz") != nil }), "\(fleet.log("server"))")
    }

    private func library(_ fleet: Fleet, _ words: String...) throws -> ToolProcess.Result {
        try ToolProcess.run("fl-train", ["library"] + words + ["--server", "127.0.0.1:\(fleet.http)"])
    }

    /// The last event of each alarm.
    private func latest(_ alarms: [AlarmEvent]) -> [AlarmEvent] {
        Dictionary(alarms.map { ($0.id, $0) }, uniquingKeysWith: { $1 }).values.sorted { $0.id < $1.id }
    }

    /// The same kind of fault at two sites: confirmed at one, it is named at the other, and stays so over kill -9.
    @Test func aFaultConfirmedAtOneSiteIsNamedAtTheOther() throws {
        let fleet = try Fleet(faults: .named(["cpu-saturation"]))
        try fleet.startServer(workers: 2)
        for site in 1...2 { try fleet.startWorker(site) }
        #expect(eventually({ fleet.hasEnded(workers: 2) }), "\(fleet.log("server"))")
        let before = fleet.alarms
        #expect(before.allSatisfy { $0.signature?.flaw == nil && $0.signatureSamples != nil })
        #expect(before.allSatisfy { $0.fault == .init(name: "unknown", nearest: nil, similarity: 0, confidence: 0) })
        // The fault is the longest that happens to either.
        func main(_ site: String) throws -> AlarmEvent {
            try #require(
                latest(fleet.alarms).filter { $0.site == site }.max { ($0.score, $1.id) < ($1.score, $0.id) })
        }
        let seen = try main("site1")
        let number = try #require(seen.sequence)
        let added = try library(fleet, "add", "--name", "cpu-saturation", "--alarm", "\(number)")
        #expect(added.status == 0 && added.output.contains("cpu-saturation"), "\(added.errors)")
        // From here on nothing may be forgotten.
        fleet.kill("server")
        try server(fleet)
        let own = try main("site1")
        #expect(own.fault?.name == "cpu-saturation" && own.fault?.similarity == 1 && own.fault?.confidence == 1)
        let other = try main("site2")
        #expect(other.fault?.name == "cpu-saturation", "\(other)")
        #expect(other.fault?.similarity ?? 0 >= 0.71 && other.fault?.nearest == "cpu-saturation")
        // On the list, on the stream, and as people read it.
        let listed = try ToolProcess.run("fl-alerts", ["--server", "127.0.0.1:\(fleet.http)"])
        let line = listed.output.split(separator: "\n").last { $0.contains("site2") && $0.contains("cpu-saturation") }
        #expect(line != nil, "\(listed.output)")
        var parser = EventStreamParser()
        var streamed: [AlarmEvent] = []
        _ = HTTPClient.get(
            host: "127.0.0.1", port: fleet.http, path: "/v1/alarms/stream", headers: ["Last-Event-ID": "0"]
        ) { bytes in
            streamed += parser.append(bytes).compactMap { try? AlarmEvent(decoding: Array($0.data.utf8)) }
            return streamed.count < before.count
        }
        #expect(streamed == fleet.alarms)

        // The graph of the same alarms, with the names of this library.
        let graph = try ToolProcess.run("fl-train", ["states", "--server", "127.0.0.1:\(fleet.http)"])
        #expect(graph.status == 0 && graph.output.contains("cpu-saturation"), "\(graph.errors)")

        // The same again is not kept twice; by its identity it is the same alarm.
        #expect(try library(fleet, "add", "--name", "cpu-saturation", "--alarm", seen.id).status == 0)
        let overview = try #require(fleet.get("/v1/library"))
        #expect(overview.contains(#""name":"cpu-saturation""#) && overview.contains(#""signatures":1"#))
        #expect(overview.contains(#""origins":["\#(seen.id)"]"#), "\(overview)")

        // What the server knows goes into a file and from there to another server.
        let file = fleet.folder.path("faults.json")
        let exported = try library(fleet, "list", "--format", "json")
        try exported.output.write(toFile: file, atomically: true, encoding: .utf8)
        #expect(try library(fleet, "remove", "--name", "cpu-saturation").output.hasPrefix("no known fault"))
        #expect(fleet.alarms.allSatisfy { $0.fault?.name == "unknown" })
        #expect(try library(fleet, "add", "--from", file).status == 0)
        #expect(try main("site2").fault == other.fault)
        #expect(
            try ToolProcess.run("fl-train", ["library", "list", "--library", file]).output.contains("cpu-saturation"))
        let copy = try ToolProcess.run(
            "fl-train", ["library", "list", "--library", fleet.folder.path("server/library.json"), "--format", "json"])
        #expect(copy.output == exported.output)
        for name in ["server", "worker1"] { #expect(fleet.terminate(name).status == 0) }
    }

    /// kill -9 at once after each answer: what was answered is there.
    @Test func whatWasAnsweredSurvivesAKill() throws {
        let fleet = try Fleet(sites: 1)
        try server(fleet)
        for step in 1...4 {
            #expect(fleet.post("/v1/library", Self.confirmation("f\(step)", duty: 0.1 * Double(step))) == .finished)
            fleet.kill("server")
            try server(fleet)
            let known = try #require(fleet.get("/v1/library"))
            for earlier in 1...step { #expect(known.contains(#""name":"f\#(earlier)""#), "\(known)") }
        }
        #expect(try library(fleet, "remove", "--name", "f2").status == 0)
        fleet.kill("server")
        try server(fleet)
        #expect(fleet.get("/v1/library/f2") == nil && fleet.get("/v1/library/f3")?.contains("0.3") == true)
        // A library that is damaged is not written over: confirmations are people's work.
        fleet.kill("server")
        try Data("{".utf8).write(to: URL(filePath: fleet.folder.path("server/library.json")))
        try fleet.startServer(workers: 2)
        #expect(fleet.exit(of: "server") == 65, "\(fleet.log("server"))")
        #expect(
            fleet.log("server").contains("library.json: bytes that are not those that were written"),
            "\(fleet.log("server"))")
    }

    @Test func hostileBodiesGetOneLine() throws {
        let fleet = try Fleet(sites: 1)
        try server(fleet)
        func refused(_ body: String, _ status: Int, _ part: String) {
            guard case .refused(let found, let line) = fleet.post("/v1/library", body) else {
                Issue.record("taken: \(body.prefix(80))")
                return
            }
            #expect(found == status && line.contains(part), "\(found) \(line)")
        }
        let signature = Self.confirmation("x", duty: 0.5)
        for (body, part) in [
            ("", "a JSON object"), ("[", "a JSON object"), ("[1]", "a JSON object"), ("null", "a JSON object"),
            (String(repeating: "[", count: 60_000), "a JSON object"),
            (#"{"name": "x"}"#, "either an alarm or a signature"), (#"{"alarm": 3}"#, "name: missing"),
            (#"{"name": 3, "alarm": 3}"#, "name: not of"), (#"{"name": "", "alarm": 3}"#, "name: found 0 bytes"),
            (#"{"name": "a\u0007", "alarm": 3}"#, "control character"), (#"{"name": "a/b", "alarm": 3}"#, "one of /"),
            (#"{"name": "unknown", "alarm": 3}"#, "which no fault may have"),
            (#"{"name": "\#(String(repeating: "n", count: 65))", "alarm": 3}"#, "65 bytes"),
            (#"{"name": "x", "alarm": -3}"#, "alarm: not of"), (#"{"name": "x", "alarm": {}}"#, "alarm: not of"),
            (#"{"name": "x", "alarm": 1, "colour": 2}"#, "colour: not a key"),
            (signature.replacing(#""name""#, with: #""alarm": 1, "name""#), "either"),
            (signature.replacing("0.9", with: "9"), "metrics: found 9.0"),
            (signature.replacing("0.9", with: "1e999"), "not of the expected form"),
            (signature.replacing(#""duty": 0.5, "#, with: ""), "missing duty"),
            (signature.replacing("s/e@1", with: String(repeating: "o", count: 257)), "origin: found 257"),
        ] { refused(body, 400, part) }
        refused(#"{"name": "x", "alarm": 3}"#, 404, "no alarm 3")
        refused(#"{"name": "x", "alarm": 9223372036854775807}"#, 404, "no alarm")
        refused(#"{"name": "x", "alarm": "a\"b%"}"#, 404, "no alarm")
        refused(String(repeating: " ", count: 100_000), 413, "65536")
        let token = try #require(LocalDoor.token(http: fleet.http))
        // A page in a browser may post forms, not JSON.
        let form = fleet.raw(
            "POST /v1/library HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: text/plain\r\n"
                + "Authorization: Bearer \(token)\r\nContent-Length: 2\r\n\r\n{}")
        #expect(form.hasPrefix("HTTP/1.1 415"), "\(form)")
        for (request, status) in [
            ("PUT /v1/library", 405), ("DELETE /v1/library", 405), ("POST /v1/library/x", 405),
            ("DELETE /v1/library/none", 404), ("DELETE /v1/library/%00%0a", 404), ("GET /v1/library/none", 404),
            ("GET /v1/library?form=x", 400), ("DELETE /v1/alarms", 405), ("DELETE /v1/placement/target", 405),
            ("PATCH /v1/library", 405),
        ] {
            let answer = fleet.raw(
                "\(request) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer \(token)\r\n"
                    + "Content-Length: 0\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 \(status)"), "\(request): \(answer)")
        }
        #expect(fleet.get("/v1/library")?.contains(#""faults":[]"#) == true)

        // Bounds: of one fault, and of the library.
        for index in 0..<32 {
            #expect(fleet.post("/v1/library", Self.confirmation("x", duty: Double(index) / 100)) == .finished)
        }
        refused(Self.confirmation("x", duty: 0.9), 409, "x has 32 signatures")
        #expect(fleet.post("/v1/library", Self.confirmation("x", duty: 0)) == .finished)
        for index in 1..<256 {
            #expect(fleet.post("/v1/library", Self.confirmation("n\(index)", duty: 0.5)) == .finished)
        }
        refused(Self.confirmation("one more", duty: 0.5), 409, "the library is full")
        let names = "ä b%c"
        #expect(try library(fleet, "remove", "--name", "n1").status == 0)
        #expect(fleet.post("/v1/library", Self.confirmation(names, duty: 0.5)) == .finished)
        #expect(try library(fleet, "remove", "--name", names).status == 0)
        let missing = try library(fleet, "remove", "--name", names)
        #expect(missing.status == 65 && missing.errorLines.count == 1, "\(missing.errors)")
    }

    /// Whoever reaches the interface reads, and changes nothing without a token that allows it.
    @Test func changesAreTakenWithATokenOnly() throws {
        let fleet = try Fleet(sites: 1)
        try fleet.startServer(workers: 1)
        #expect(eventually({ fleet.get("/healthz") != nil }), "\(fleet.log("server"))")
        let body = Self.confirmation("x", duty: 0.5)
        func post(_ token: String) -> HTTPClient.Outcome {
            HTTPClient.post(
                host: "127.0.0.1", port: fleet.http, path: "/v1/library", json: body, token: token
            ) { _ in true }
        }
        let bare = fleet.raw(
            "POST /v1/library HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
                + "\(body.utf8.count)\r\n\r\n" + body)
        #expect(bare.contains(" 401 ") && bare.contains("Authorization: Bearer"), "\(bare)")
        guard case .refused(401, let line) = post("fl-http-" + String(repeating: "0", count: 64)) else {
            Issue.record("a made-up token was taken")
            return
        }
        #expect(line.contains("not known"))
        func token(_ role: String) throws -> String {
            let file = fleet.folder.path("\(role).token")
            let made = try ToolProcess.run(
                "fl-server",
                ["keys", "token", "--data-folder", fleet.folder.path("server"), "--role", role, "--out", file])
            #expect(made.status == 0, "\(made.errors)")
            let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            return try String(contentsOfFile: file, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        }
        let (reader, operating) = (try token("read"), try token("operate"))
        // The running server takes the tokens over by itself.
        #expect(
            eventually({ if case .refused(403, _) = post(reader) { true } else { false } }),
            "\(post(reader))")
        #expect(eventually({ post(operating) == .finished }), "\(post(operating))")
        // Tools of the same user find theirs by themselves.
        #expect(try library(fleet, "remove", "--name", "x").status == 0)
        #expect(fleet.get("/v1/library?form=file")?.contains("faults") == true)
        let audit = try ToolProcess.run(
            "fl-server", ["audit", "--data-folder", fleet.folder.path("server"), "--format", "json"])
        #expect(audit.output.contains("fault confirmed: x"), "\(audit.output)")
        let nobody = try ToolProcess.run(
            "fl-train", ["library", "list", "--server", "127.0.0.1:\(FreePort.one())"])
        #expect(nobody.status == 69 && nobody.errorLines.count == 1, "\(nobody.errors)")
        let aimless = try ToolProcess.run("fl-train", ["library", "add", "--name", "x", "--alarm", "3"])
        #expect(aimless.status == 64 && aimless.errors.contains("--server"), "\(aimless.errors)")
    }
}
