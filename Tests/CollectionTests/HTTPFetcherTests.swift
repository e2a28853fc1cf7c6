import Collection
import Foundation
import TestSupport
import Testing

@Suite struct HTTPFetcherTests {
    private func failure(_ url: String, _ adjust: (inout HTTPFetcher.Options) -> Void = { _ in }) throws
        -> HTTPFetcher
        .Failure.Kind?
    {
        var options = HTTPFetcher.Options()
        options.timeoutSeconds = 5
        options.maximumBytes = 100_000
        adjust(&options)
        do {
            _ = try HTTPFetcher().get(url, options)
            return nil
        } catch let error as HTTPFetcher.Failure {
            return error.kind
        }
    }

    @Test func anEndlessBodyIsCutAtTheBound() throws {
        let server = try CannedServer { _ in
            .init(
                head: "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
                piece: { _ in [UInt8](repeating: 0x61, count: 4_096) })
        }
        defer { server.stop() }
        #expect(try failure("http://127.0.0.1:\(server.port)/") == .tooLarge)
    }

    @Test func aBombIsBoundedByWhatComesOut() throws {
        // 10 MB of zeroes, packed: `head -c 10000000 /dev/zero | gzip -9`, made here by deflate's own repetition.
        let bomb = try Self.gzipOfZeroes(10_000_000)
        #expect(bomb.count < 60_000)
        let server = try CannedServer(headers: "Content-Encoding: gzip\r\n", body: bomb)
        defer { server.stop() }
        #expect(try failure("http://127.0.0.1:\(server.port)/") == .tooLarge)
        #expect(try failure("http://127.0.0.1:\(server.port)/") { $0.maximumBytes = 20_000_000 } == nil)
        #expect(Gzip.decompressed(bomb, limit: 1_000_000) == nil)
        #expect(Gzip.decompressed(bomb, limit: 20_000_000)?.count == 10_000_000)
        #expect(Gzip.decompressed(Array(bomb.dropLast(10)), limit: 20_000_000) == nil)
        // Members that follow one another are one text, of which the bound is.
        #expect(Gzip.decompressed(bomb + bomb, limit: 20_000_000)?.count == 20_000_000)
        #expect(Gzip.decompressed(bomb + bomb, limit: 19_999_999) == nil)
        #expect(Gzip.decompressed(bomb + bomb.dropLast(10), limit: 20_000_000) == nil)
        #expect(Gzip.decompressed(bomb + [1, 2, 3], limit: 20_000_000) == nil)
    }

    @Test func aSlowDripEnds() throws {
        let server = try CannedServer { _ in
            .init(
                head: "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
                piece: { _ in
                    // The peer's own slowness, which the library's clock measures.
                    Thread.sleep(forTimeInterval: 0.05)
                    return [0x61]
                })
        }
        defer { server.stop() }
        #expect(try failure("http://127.0.0.1:\(server.port)/") { $0.timeoutSeconds = 0.3 } == .tooSlow)
        // Less than the library counts in is not without end.
        let soon = try failure("http://127.0.0.1:\(server.port)/") { $0.timeoutSeconds = 1e-6 }
        #expect(soon == .tooSlow || soon == .unreachable, "\(String(describing: soon))")
    }

    @Test func redirectsAreFollowedAFewTimesAndNotToFiles() throws {
        let around = try CannedServer { _ in
            .init(
                head: "HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                piece: { _ in nil })
        }
        defer { around.stop() }
        #expect(try failure("http://127.0.0.1:\(around.port)/") == .refused)
        #expect(around.requests == 4)
        let away = try CannedServer { _ in
            .init(
                head:
                    "HTTP/1.1 302 Found\r\nLocation: file:///etc/hostname\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                piece: { _ in nil })
        }
        defer { away.stop() }
        #expect(try failure("http://127.0.0.1:\(away.port)/") == .unreachable)
    }

    @Test func nobodyThere() throws {
        let server = try CannedServer(body: [])
        server.stop()
        #expect(try failure("http://127.0.0.1:\(server.port)/") == .unreachable)
        #expect(
            try failure("http://127.0.0.1:1/") { $0.bearerTokenFile = "/nonexistent/token" } == .configuration)
    }

    /// A gzip file of zeroes, by zlib.
    static func gzipOfZeroes(_ count: Int) throws -> [UInt8] {
        let folder = try TemporaryFolder()
        let path = folder.url.appending(path: "zeroes").path
        try Data(count: count).write(to: URL(filePath: path))
        let process = Process()
        process.executableURL = URL(filePath: "/bin/gzip")
        process.arguments = ["-9", path]
        try process.run()
        process.waitUntilExit()
        return Array(try Data(contentsOf: URL(filePath: path + ".gz")))
    }
}
