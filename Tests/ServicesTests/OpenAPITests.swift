import Foundation
import Platform
import Services
import TestSupport
import Testing

/// The server's HTTP interface held against the document that describes it, `/openapi.json`.
@Suite(.serialized) struct OpenAPITests {
    /// An operation of the document.
    private struct Operation {
        let method: String
        let path: String
        let fields: JSONValue

        var role: String { fields["x-role"]?.string ?? "" }
        /// The schema of what comes back where all is well, with its media type.
        var answer: (type: String, schema: String?)? {
            for status in ["200", "201"] {
                guard case .object(let content)? = fields["responses", status, "content"],
                    let (type, media) = content.first
                else { continue }
                return (type, media["schema", "$ref"]?.string.map { String($0.split(separator: "/").last ?? "") })
            }
            return nil
        }
        var parameters: [JSONValue] {
            if case .array(let all)? = fields["parameters"] { return all }
            return []
        }
    }

    private static let methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]

    private func operations(_ document: JSONValue) throws -> [Operation] {
        guard case .object(let paths)? = document["paths"] else { return [] }
        return paths.flatMap { path, item -> [Operation] in
            guard case .object(let methods) = item else { return [] }
            return methods.map { Operation(method: $0.key.uppercased(), path: path, fields: $0.value) }
        }
    }

    /// A path with something in the place of its parameters.
    private func filled(_ path: String) -> String {
        path.replacing("{number}", with: "1").replacing(/\{[A-Za-z]+\}/, with: "x")
    }

    private func status(_ server: SeededServer, _ method: String, _ path: String, token: String? = nil) -> Int {
        RawHTTP.exchange(server.fleet.http, method, path, token: token).status
    }

    /// Each route is there, asks for its role, keeps its bounds, and there is no method besides.
    @Test func theDocumentIsWhatTheServerDoes() throws {
        let server = try SeededServer(["enb0", "<é\"\u{1F525}"])
        let token = try #require(LocalDoor.token(http: server.fleet.http))
        let document = try decoded(try #require(server.fleet.get("/openapi.json")))
        let all = try operations(document)
        #expect(all.count > 45 && document["openapi"]?.string == "3.1.0")
        for (path, known) in Dictionary(grouping: all, by: \.path) where path != "/v1/alarms/stream" {
            for method in Self.methods {
                let target = filled(path)
                guard let operation = known.first(where: { $0.method == method }) else {
                    let answer = RawHTTP.exchange(server.fleet.http, method, target, token: token)
                    #expect(answer.status == 405, "\(method) \(path): \(answer)")
                    let allowed = Set((answer.headers["allow"] ?? "").split(separator: ", ").map(String.init))
                    let head = known.contains { $0.method == "GET" } ? ["HEAD"] : []
                    #expect(allowed == Set(known.map(\.method) + head), "\(method) \(path): \(answer.headers)")
                    continue
                }
                if operation.role != "read" {
                    #expect(status(server, method, target) == 401, "\(method) \(path) asks for no token")
                }
                // Without a body, and mostly of what is not there: a refusal, but one of this route's.
                let role = operation.role == "admin" ? 403 : nil
                let answer = RawHTTP.exchange(server.fleet.http, method, target, token: token)
                #expect(answer.status != 405 && answer.status < 500, "\(method) \(path): \(answer)")
                #expect(role == nil || answer.status == role, "\(method) \(path): \(answer)")
                if answer.status >= 400 {
                    let expected = path.hasPrefix("/3GPP") ? "application/json" : "application/problem+json"
                    #expect(answer.headers["content-type"] == expected, "\(method) \(path): \(answer)")
                }
            }
            for parameter in known.first(where: { $0.method == "GET" })?.parameters ?? [] {
                guard parameter["in"]?.string == "query", let name = parameter["name"]?.string,
                    case .object(let schema)? = parameter["schema"]
                else { continue }
                var bad: [String] = []
                if schema["type"]?.string == "integer" {
                    let (least, most) = (schema["minimum"]?.whole, schema["maximum"]?.whole)
                    bad = [least.map { "\($0 - 1)" }, most.map { "\($0 + 1)" }, "x"].compactMap(\.self)
                    for good in [least, most].compactMap(\.self) {
                        #expect(status(server, "GET", "\(path)?\(name)=\(good)") == 200, "\(path)?\(name)=\(good)")
                    }
                } else if schema["enum"] != nil {
                    bad = ["x"]
                }
                for value in bad {
                    #expect(status(server, "GET", "\(path)?\(name)=\(value)") == 400, "\(path)?\(name)=\(value)")
                }
            }
        }
        #expect(status(server, "GET", "/v1/nothing") == 404 && status(server, "GET", "/v1/versions/0") == 404)
    }

    /// What can be had again is known by its tag.
    @Test func whoeverHasAnAnswerNeedNotGetItAgain() throws {
        let server = try SeededServer(["enb0"])
        let first = RawHTTP.exchange(server.fleet.http, "GET", "/v1/incidents")
        let tag = try #require(first.headers["etag"])
        func again(_ tag: String) -> String {
            server.fleet.raw("GET /v1/incidents HTTP/1.0\r\nHost: localhost\r\nIf-None-Match: \(tag)\r\n\r\n")
        }
        #expect(again("\"x\", W/\(tag)").contains(" 304 ") && !again(tag).contains("incidents\":"))
        #expect(again("\"x\"").contains(" 200 ") && first.headers["cache-control"] == "no-cache")
    }

    /// What was said comes page by page, the latest first, and no mark is on two of them.
    @Test func whatWasSaidComesInPages() throws {
        let server = try SeededServer((0..<7).map { "enb\($0)" })
        let token = try #require(LocalDoor.token(http: server.fleet.http))
        for alarm in 1...7 {
            let body = #"{"operation":"acknowledge","alarm":\#(alarm)}"#
            #expect(RawHTTP.exchange(server.fleet.http, "POST", "/v1/operations", token: token, body).status == 200)
        }
        let hint = RawHTTP.exchange(server.fleet.http, "PUT", "/v1/hints/x", token: token, #"{"text":"y"}"#)
        #expect(hint.status == 200)
        struct Page: Decodable {
            struct Mark: Decodable { let alarm: String }
            struct Hint: Decodable {}
            let marks: [Mark]
            let hints: [Hint]
            let more: Bool
        }
        func page(_ query: String) throws -> Page {
            let text = server.fleet.get("/v1/operations" + query) ?? ""
            return try JSONDecoder().decode(Page.self, from: Data(text.utf8))
        }
        let whole = try page("")
        #expect(whole.marks.count == 7 && !whole.more && whole.hints.count == 1)
        let pages = try [0, 3, 6].map { try page("?limit=3&skip=\($0)") }
        #expect(pages.flatMap { $0.marks.map(\.alarm) } == whole.marks.map(\.alarm))
        #expect(pages.map(\.more) == [true, true, false] && pages.map(\.hints.count) == [1, 0, 0])
        let beyond = try page("?skip=7")
        #expect(beyond.marks.isEmpty && !beyond.more)
    }

    private func decoded(_ json: String) throws -> JSONValue {
        try JSONDecoder().decode(JSONValue.self, from: Data(json.utf8))
    }

    /// A whole federation, and everything that its server says held against the schemas; scores and models among it.
    @Test func whatTheServerSaysFollowsItsSchemas() throws {
        let server = try SeededServer(["enb0", "<é\"\u{1F525}"])
        let fleet = server.fleet
        let figures = FreePort.one()
        try fleet.startWorker(1, ["--http", "127.0.0.1:\(figures)"])
        let token = try #require(LocalDoor.token(http: fleet.http))
        var items: [(schema: String, json: String)] = []
        func send(_ method: String, _ path: String, _ body: String, type: String = "application/json", _ schema: String)
            -> String
        {
            let answer = RawHTTP.exchange(fleet.http, method, path, token: token, type: type, body)
            #expect((200..<300).contains(answer.status), "\(method) \(path): \(answer)")
            items.append((schema, answer.body.trimmingCharacters(in: .newlines)))
            return answer.body
        }
        for body in [
            #"{"operation":"acknowledge","alarm":1}"#, #"{"operation":"note","alarm":1,"text":"seen"}"#,
            #"{"operation":"confirm","alarm":2,"fault":"cpu-hog"}"#,
        ] { _ = send("POST", "/v1/operations", body, "Number") }
        _ = send("POST", "/v1/silences", #"{"matcher":{"entity":"ue*"},"seconds":60}"#, "Number")
        _ = send("PUT", "/v1/hints/cpu-hog", #"{"text":"renice it"}"#, "Number")
        #expect(
            eventually { fleet.get("/v1/rounds")?.contains(#""finished":true"#) ?? false },
            "\(fleet.log("worker1"))\(fleet.log("server"))")

        // Rows of the worker's own file, a tenth of them in trouble at the end.
        let file = try #require(
            FileManager.default.enumerator(atPath: fleet.data)?.compactMap { $0 as? String }.first {
                $0.hasSuffix(".csv") && $0.contains("train")
            })
        let lines = try String(contentsOfFile: fleet.data + "/" + file, encoding: .utf8).split(separator: "\n")
        let rows = lines.dropFirst().suffix(200)
        let spoiled = rows.enumerated().map { index, row in
            index < 180
                ? String(row)
                : row.split(separator: ",", omittingEmptySubsequences: false).enumerated().map {
                    $0.offset < 2 ? String($0.element) : "1000000"
                }.joined(separator: ",")
        }
        let table = ([String(lines[0])] + spoiled).joined(separator: "\n")
        let scored = send("POST", "/v1/score?entity=site1/enb0&learn=150", table, type: "text/csv", "Scores")
        let scores = try decoded(scored)
        #expect(scores["learnedRows"] == .number(150) && scores["type"]?.string == "enb", "\(scored.prefix(400))")
        #expect(scores["state"]?.string != "normal", "\(scored.prefix(400)) \(scored.suffix(400))")
        // The same rows in another form give the same scores.
        let names = lines[0].split(separator: ",")
        let objects = spoiled.map { row in
            "{"
                + zip(names, row.split(separator: ",", omittingEmptySubsequences: false)).map {
                    Double($1) == nil ? "\"\($0)\":\"\($1)\"" : "\"\($0)\":\($1)"
                }.joined(separator: ",") + "}"
        }
        let list = send(
            "POST", "/v1/score?entity=site1/enb0&learn=150", "[\(objects.joined(separator: ","))]", "Scores")
        #expect(try decoded(list)["groups"] == scores["groups"])
        func refused(_ path: String, _ body: String, type: String = "text/csv") -> Int {
            RawHTTP.exchange(fleet.http, "POST", path, token: token, type: type, body).status
        }
        #expect(refused("/v1/score?type=ue", table) == 422 && refused("/v1/score", table, type: "text/plain") == 415)
        #expect(refused("/v1/score?learn=200", table) == 400 && refused("/v1/score", "a,b\n1\n") == 400)
        #expect(refused("/v1/score", String(repeating: "1,2\n", count: 1_100_000)) == 413)

        // A version as a folder that fl-train scores with.
        let version = fleet.version
        let archive = try fleet.folder.write("model.tar", "")
        var bytes: [UInt8] = []
        // Whoever has the model's files is told so.
        let path = "/v1/versions/\(version)/model"
        let head = fleet.raw("HEAD \(path) HTTP/1.0\r\nHost: localhost\r\n\r\n")
        let tag = try #require(head.firstMatch(of: /ETag: ("[0-9a-f]+")/)?.1)
        #expect(head.contains(" 200 ") && head.contains("no-cache"))
        func again(_ tag: Substring) -> String {
            fleet.raw("GET \(path) HTTP/1.0\r\nHost: localhost\r\nIf-None-Match: \(tag)\r\n\r\n")
        }
        #expect(again(tag).contains(" 304 ") && !again(tag).contains("manifest.json"))
        _ = HTTPClient.get(host: "127.0.0.1", port: fleet.http, path: "/v1/versions/\(version)/model") {
            bytes += $0
            return true
        }
        try Data(bytes).write(to: URL(filePath: archive))
        let tar = Process()
        tar.executableURL = URL(filePath: "/bin/tar")
        tar.arguments = ["-xf", archive, "-C", fleet.folder.url.path]
        try tar.run()
        tar.waitUntilExit()
        #expect(tar.terminationStatus == 0)
        #expect(
            eventually {
                FileManager.default.fileExists(atPath: fleet.folder.path("server/model/manifest.json"))
            })
        #expect(try Fleet.weights(fleet.folder.path("faultline-model-\(version)")) == fleet.model())

        try figuresAreClean(figures)
        guard PythonValidator.isHere else { return }
        let document = try #require(fleet.get("/openapi.json"))
        for operation in try operations(decoded(document)) where operation.method == "GET" && operation.role == "read" {
            guard let answer = operation.answer, let schema = answer.schema else { continue }
            let path = operation.path.replacing("/v1/silences/{number}", with: "/v1/silences/4")
                .replacing("{number}", with: "\(version)").replacing("{fault}", with: "cpu-hog")
            // There has to be such an entity with scores; a test of its own looks for one.
            guard !path.hasPrefix("/v1/placement"), !path.hasSuffix("/radiography") else { continue }
            let got = try #require(fleet.get(path), "\(path)")
            items.append((schema, got.replacing("\n", with: "")))
        }
        for form in ["brief", "cloudevents"] {
            items.append(("Alarms", try #require(fleet.get("/v1/alarms?form=\(form)")).replacing("\n", with: "")))
        }
        let principals = RawHTTP.exchange(fleet.http, "GET", "/v1/nothing")
        items.append(("Problem", principals.body.replacing("\n", with: "")))
        let flaws = try PythonValidator.flaws(in: items, try fleet.folder.write("openapi.json", document))
        #expect(flaws.isEmpty, "\(flaws)")
        #expect(
            try PythonValidator.flaws(in: [("Health", "{}")], fleet.folder.path("openapi.json")).contains("required"))
    }

    /// A worker's figures: there, and clean for promtool where it is installed.
    private func figuresAreClean(_ port: Int) throws {
        func get(_ path: String) -> String { RawHTTP.exchange(port, "GET", path).body }
        #expect(
            eventually { get("/metrics").contains("faultline_worker_round_work_total{kind=\"training\"} 2.0") },
            "\(get("/metrics"))")
        // What its node says is read once in a while, and scoring begins when training is over.
        for name in ["connected 1.0", "leases_total 1.0", "fits_total", "rows_scored_total{source=\"files\"}"] {
            #expect(eventually { get("/metrics").contains("faultline_worker_\(name)") }, "\(name): \(get("/metrics"))")
        }
        let text = get("/metrics")
        let health = try decoded(get("/healthz"))
        #expect(health["status"]?.string == "ok" && health["worker"]?.string == "worker1", "\(health)")
        #expect(
            RawHTTP.exchange(port, "GET", "/").status == 404 && RawHTTP.exchange(port, "POST", "/metrics").status == 405
        )
        let tool = "/usr/bin/promtool"
        guard FileManager.default.isExecutableFile(atPath: tool) else { return }
        let folder = try TemporaryFolder()
        let file = try folder.write("metrics", text)
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", "\(tool) check metrics < \(file) > \(folder.path("said")) 2>&1"]
        try process.run()
        process.waitUntilExit()
        let said = try String(contentsOfFile: folder.path("said"), encoding: .utf8)
        #expect(process.terminationStatus == 0 && said.isEmpty, "\(said)")
    }
}

extension JSONValue {
    /// A member, by its names from the outside to the inside.
    fileprivate subscript(_ path: String...) -> JSONValue? {
        var value = self
        for name in path {
            guard case .object(let object) = value, let next = object[name] else { return nil }
            value = next
        }
        return value
    }

    fileprivate var string: String? { if case .string(let text) = self { text } else { nil } }
    fileprivate var whole: Int64? { if case .number(let number) = self { Int64(exactly: number) } else { nil } }
}
