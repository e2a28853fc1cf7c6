import Foundation
import Glibc
import Platform
import Services
import TestSupport
import Testing

/// A connection driven by hand.
private final class RawConnection {
    let descriptor: Int32

    init(port: Int) throws {
        descriptor = try #require(RawSocket.connected(to: port))
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    func send(_ text: String) { _ = Glibc.send(descriptor, text, text.utf8.count, Int32(MSG_NOSIGNAL)) }

    /// Everything until the other side closes, or nothing comes for ten seconds.
    func rest() -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

@Suite(.serialized) struct HTTPServerTests {
    /// A process that holds thousands of other connections answers all the same.
    @Test func answersBeyondAThousandDescriptors() throws {
        try #require(DescriptorLimit.raise(to: 4_096) >= 2_048)
        let others = (0..<1_200).map { _ in open("/dev/null", O_RDONLY | O_CLOEXEC) }
        defer { for descriptor in others where descriptor >= 0 { close(descriptor) } }
        try #require(others.allSatisfy { $0 >= 0 })
        let server = try server()
        defer { server.stop() }
        let outcome = HTTPClient.get(host: "127.0.0.1", port: server.port, path: "/") { _ in true }
        #expect(outcome == .finished)
    }

    private func server(_ limits: ConnectionWatch.Limits = .init()) throws -> HTTPServer {
        try HTTPServer(host: "127.0.0.1", port: 0, names: ["fl.example.org"], limits: limits) { request in
            .text(200, "\(request.method.rawValue) \(request.path) \(String(decoding: request.body, as: UTF8.self))\n")
        }
    }

    /// What takes from programs has whatever name leads to it, and answers no page.
    @Test func whatTakesFromProgramsRefusesPagesOnly() throws {
        let server = try HTTPServer(host: "127.0.0.1", port: 0, hosts: .programsOnly) { _ in .text(200, "taken\n") }
        defer { server.stop() }
        for host in ["edge-1.plant.example:9201", "worker.faultline.svc", "127.0.0.1", "[::1]:9201"] {
            let head = "Host: \(host)\r\nContent-Length: 1\r\nConnection: close\r\n"
            #expect(try statuses(server, "POST /api/v1/write HTTP/1.1\r\n\(head)\r\nx") == ["200"])
            for origin in ["http://\(host)", "http://evil.example", "null"] {
                let page = head + "Origin: \(origin)\r\n"
                #expect(try statuses(server, "POST /api/v1/write HTTP/1.1\r\n\(page)\r\nx") == ["403"])
            }
        }
        let read = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nOrigin: http://localhost\r\n\r\n"
        #expect(try statuses(server, read) == ["403"])
    }

    /// Who asks too often is told so, whoever else asks is answered, and how the server is, is said in any case.
    @Test func whoAsksTooOftenWaits() throws {
        var limits = RequestQuota.Limits()
        (limits.perSecond, limits.burst) = (1e-6, 3)
        let refused = RefusedRequests { _ in }
        let server = try HTTPServer(
            host: "127.0.0.1", port: 0, quota: .init(limits: limits, refused: refused) { $0.header("X-Name") }
        ) { _ in .text(200, "answered\n") }
        defer { server.stop() }
        func ask(_ path: String, _ name: String) throws -> [String] {
            try statuses(
                server, "GET \(path) HTTP/1.1\r\nHost: localhost\r\nX-Name: \(name)\r\nConnection: close\r\n\r\n")
        }
        var answers: [String] = []
        for _ in 0..<5 { answers += try ask("/v1/alarms", "often") }
        #expect(answers == ["200", "200", "200", "429", "429"])
        #expect(try ask("/v1/alarms", "seldom") == ["200"])
        #expect(try ask("/healthz", "often") == ["200"])
        #expect(refused.counts == ["token often": ["too many requests": 2]])
    }

    private func statuses(_ server: HTTPServer, _ request: String) throws -> [String] {
        let connection = try RawConnection(port: server.port)
        connection.send(request)
        return connection.rest().split(separator: "\r\n").filter { $0.hasPrefix("HTTP/1.") }.map {
            String($0.dropFirst(9).prefix(3))
        }
    }

    @Test func requestsThatTwoReadersCouldReadInTwoWays() throws {
        let server = try server()
        defer { server.stop() }
        func post(_ headers: String, _ body: String) -> String {
            "POST /v1/library HTTP/1.1\r\nHost: localhost\r\n\(headers)\r\n\(body)"
        }
        let next = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        #expect(try statuses(server, post("Content-Length: 2\r\nConnection: close\r\n", "{}")) == ["200"])
        #expect(try statuses(server, post("Content-Length: 2\r\nContent-Length: 40\r\n", "{}" + next)) == ["400"])
        #expect(
            try statuses(server, post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n" + next)) == [
                "400"
            ])
        #expect(try statuses(server, post("Transfer-Encoding: xchunked\r\n", "{}")) == ["400"])
        #expect(
            try statuses(server, "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n12345" + next) == [
                "400"
            ])
        #expect(try statuses(server, next) == ["200"])
    }

    /// What another reader of the same bytes would take for something else is not looked at.
    @Test func headersAreWhatTheyLookLike() throws {
        let server = try server()
        defer { server.stop() }
        func get(_ headers: String) -> String {
            "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\(headers)Connection: close\r\n\r\n"
        }
        #expect(try statuses(server, get("X-Any_thing.1: a b\tc\r\n")) == ["200"])
        for header in [
            "Transfer-Encoding : chunked", "X\u{0}: y", "X: a\rContent-Length: 4", "X(: y",
            "Authorization: Bearer a\r\nAuthorization: Bearer b",
            "Origin: http://localhost\r\nOrigin: http://evil.example",
        ] {
            #expect(try Set(statuses(server, get(header + "\r\n"))) == ["400"], "\(header.debugDescription)")
        }
    }

    @Test func onlyUnderTheServersNames() throws {
        let server = try server()
        defer { server.stop() }
        func get(_ host: String) -> String { "GET /healthz HTTP/1.1\r\n\(host)Connection: close\r\n\r\n" }
        for host in ["localhost", "127.0.0.1:\(server.port)", "[::1]", "fl.example.org"] {
            #expect(try statuses(server, get("Host: \(host)\r\n")) == ["200"], "\(host)")
        }
        #expect(try statuses(server, get("Host: evil.example\r\n")) == ["421"])
        #expect(try statuses(server, get("Host: localhost\r\nHost: evil.example\r\n")) == ["400"])
        // The library's own answer, which has its head twice.
        #expect(try Set(statuses(server, get(""))) == ["400"])
        let origin =
            "DELETE /v1/library/x HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\nConnection: close\r\n\r\n"
        #expect(try statuses(server, origin) == ["403"])
    }

    /// HEAD is answered like GET, without the body: by those who only look whether a server is there.
    @Test func aHeadIsAGetWithoutItsBody() throws {
        let server = try HTTPServer(host: "127.0.0.1", port: 0) { request in
            guard request.path == "/stream" else { return .text(200, "\(request.method.rawValue) \(request.path)\n") }
            return .stream(type: "text/event-stream") { Array("data: 1\n\n".utf8) }
        }
        defer { server.stop() }
        func answer(_ method: String, _ path: String) throws -> String {
            let connection = try RawConnection(port: server.port)
            connection.send("\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return connection.rest()
        }
        let (get, head) = (try answer("GET", "/healthz"), try answer("HEAD", "/healthz"))
        #expect(get.hasSuffix("\r\n\r\nGET /healthz\n") && head.hasSuffix("\r\n\r\n"), "\(head)")
        #expect(head.contains("Content-Length: 13\r\n") && head.hasPrefix("HTTP/1.1 200 "), "\(head)")
        // Not even the chunk that ends a stream: on a connection that goes on it would be taken for the next answer.
        let both = try RawConnection(port: server.port)
        both.send("HEAD /stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        for stream in [try answer("HEAD", "/stream"), both.rest()] {
            let end = try #require(stream.range(of: "\r\n\r\n"))
            #expect(stream.hasPrefix("HTTP/1.1 200 ") && end.upperBound == stream.endIndex, "\(stream)")
            #expect(stream.contains("Content-Type: text/event-stream\r\n"))
        }
        #expect(try statuses(server, "HEAD / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n") == ["421"])
    }

    /// A whole address in the first line is its path, under the server's names only.
    @Test func aWholeAddressIsItsPath() throws {
        let server = try server()
        defer { server.stop() }
        func answer(_ target: String) throws -> String {
            let connection = try RawConnection(port: server.port)
            connection.send("GET \(target) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return connection.rest()
        }
        #expect(try answer("http://localhost:\(server.port)/healthz?a=1").hasSuffix("GET /healthz \n"))
        #expect(try answer("HTTP://fl.example.org").hasSuffix("GET / \n"))
        #expect(try answer("http://evil.example/healthz").hasPrefix("HTTP/1.1 421"))
        #expect(try answer("http:///healthz").hasPrefix("HTTP/1.1 421"))
        #expect(try answer("/http://localhost/").hasSuffix("GET /http://localhost/ \n"))
    }

    /// What stands behind a zero in a path or a query is seen, and so is the zero.
    @Test func aZeroEndsNothing() throws {
        let server = try HTTPServer(host: "127.0.0.1", port: 0) { request in
            .text(200, "\(request.path) \(request.query("a") ?? "none")\n")
        }
        defer { server.stop() }
        func body(_ target: String) throws -> String {
            let connection = try RawConnection(port: server.port)
            connection.send("GET \(target) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return String(connection.rest().split(separator: "\r\n").last ?? "")
        }
        #expect(try body("/x%00y?a=5%00z") == "/x%00y 5%00z\n")
        #expect(try body("/%41%2f%zz%4?a=%C3%A9+%2B%") == "/A/%zz%4 é +%\n")
        #expect(try body("/") == "/ none\n")
    }

    /// Who says how long a body is hears at once that it is too long.
    @Test func aLongBodyIsRefusedBeforeItComes() throws {
        let server = try server()
        defer { server.stop() }
        let length = "Content-Length: \(UInt64.max)\r\n\r\n"
        #expect(try statuses(server, "POST / HTTP/1.1\r\nHost: localhost\r\n" + length) == ["413"])
    }

    /// `tar` finds in an archive what was put in, names that are long and files without a byte among it.
    @Test func anArchiveIsWhatTarUnpacks() throws {
        let files: [(name: String, bytes: [UInt8])] = [
            ("a", Array("x".utf8)), (String(repeating: "long", count: 40), [UInt8](repeating: 7, count: 1_024)),
            ("e", []),
        ]
        let archive = TapeArchive(files, folder: "made")
        var bytes: [UInt8] = []
        while let more = archive.next() { bytes += more }
        let folder = try TemporaryFolder()
        let path = try folder.write("a.tar", "")
        try Data(bytes).write(to: URL(filePath: path))
        let tar = Process()
        tar.executableURL = URL(filePath: "/bin/tar")
        tar.arguments = ["-xf", path, "-C", folder.url.path]
        try tar.run()
        tar.waitUntilExit()
        #expect(tar.terminationStatus == 0)
        for file in files {
            #expect(try Data(contentsOf: URL(filePath: folder.path("made/\(file.name)"))) == Data(file.bytes))
        }
    }

    /// Four hundred connections that never ask for anything, and eighty that send a byte now and then.
    @Test func idleConnectionsLockNobodyOut() throws {
        let server = try server()
        defer { server.stop() }
        var held: [RawConnection] = []
        for index in 0..<400 {
            let connection = try RawConnection(port: server.port)
            if index % 5 == 0 { connection.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ") }
            held.append(connection)
        }
        for _ in 0..<5 {
            for connection in held { connection.send("a") }
            #expect(try statuses(server, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n") == ["200"])
        }
        _ = held
    }
}
