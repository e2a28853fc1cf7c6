import Collection
import Foundation
import FoundationNetworking
import Platform
import Services
import Synchronization
import Telemetry
import TestSupport
import Testing

/// Sources as they run: sockets, files and threads, into a real store.
@Suite struct SourcesTests {
    private final class Heard: Sendable {
        let findings = Mutex<[DataQualityFinding]>([])
        let failures = Mutex<[String]>([])
    }

    private func start(
        _ json: String, _ store: SampleStore, _ heard: Heard = Heard()
    ) throws -> LiveSources {
        let value = try DeterministicJSON.decode(JSONValue.self, from: Array(json.utf8))
        let sources = try LiveSources(
            [try SourceConfiguration(json: value, index: 0)], site: "s", rules: try GroupRules.builtIn(),
            store: store,
            log: Logger(label: "test", minimum: .error, sink: MemorySink()),
            report: { _, finding in heard.findings.withLock { $0.append(finding) } },
            fail: { error in heard.failures.withLock { $0.append("\(error)") } })
        sources.start()
        return sources
    }

    private func rows(_ store: SampleStore, _ key: String) throws -> [SampledRow] {
        guard let (_, block) = try store.read(key, from: 0, limit: 100_000) else { return [] }
        return (0..<block.rowCount).map { block[$0] }
    }

    @Test func aRecordingIsScrapedFasterThanItWasMade() throws {
        let turn = Atomic(0)
        let server = try CannedServer { _ in
            let number = turn.add(1, ordering: .relaxed).oldValue
            let body =
                "a \(number) \(1_700_000_000_000 + number * 60_000)\nb_total \(number * 3) \(1_700_000_000_000 + number * 60_000)\n"
            return .init(
                head: "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", piece: { $0 == 0 ? Array(body.utf8) : nil })
        }
        defer { server.stop() }
        let folder = try TemporaryFolder()
        let store = try SampleStore(path: folder.url.appending(path: "s.db").path)
        let sources = try start(
            #"{"kind": "prometheus-scrape", "targets": ["127.0.0.1:\#(server.port)"], "intervalSeconds": 0.02, "entity": "e"}"#,
            store)
        #expect(try eventually { try rows(store, "s/e").count >= 20 })
        sources.stop()
        let made = try rows(store, "s/e")
        #expect(store.entity("s/e")?.columns == ["a", "b_total"])
        for (number, row) in made.enumerated() {
            #expect(
                row.time == 1_700_000_000 + Double(number) * 60
                    && row.values == [Double(number), Double(number) * 3])
        }
    }

    @Test func aHostileEndpointIsOneFinding() throws {
        let server = try CannedServer { _ in
            .init(
                head: "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
                piece: { _ in [UInt8](repeating: 0x61, count: 65_536) })
        }
        defer { server.stop() }
        let folder = try TemporaryFolder()
        let store = try SampleStore(path: folder.url.appending(path: "s.db").path)
        let heard = Heard()
        let sources = try start(
            #"{"kind": "prometheus-scrape", "targets": ["127.0.0.1:\#(server.port)"], "intervalSeconds": 0.05, "maximumBytes": 100000}"#,
            store, heard)
        #expect(eventually { server.requests >= 5 })
        sources.stop()
        #expect(heard.findings.withLock { $0.map(\.kind) } == [.overBound])
        #expect(store.entities.isEmpty)
    }

    @Test func aFileIsFollowedOverRotationAndRestart() throws {
        let folder = try TemporaryFolder()
        let path = folder.url.appending(path: "host.csv").path
        let store = try SampleStore(path: folder.url.appending(path: "s.db").path)
        func append(_ text: String) throws {
            if !FileManager.default.fileExists(atPath: path) {
                _ = FileManager.default.createFile(atPath: path, contents: nil)
            }
            let handle = try #require(FileHandle(forWritingAtPath: path))
            try handle.seekToEnd()
            try handle.write(contentsOf: Data(text.utf8))
            try handle.close()
        }
        func line(_ number: Int) -> String { "\(1_700_000_000 + number),\(number),\(number * 2)\n" }
        try append("timestamp,a,b\n" + (0..<5).map(line).joined())
        let configuration = #"{"kind": "follow", "path": "\#(path)"}"#
        var sources = try start(configuration, store)
        #expect(try eventually { try rows(store, "s/host").count == 5 })
        // Half a line waits for its rest: were it read, the row would have another value, and the rest would be one too.
        try append(String(line(5).dropLast(3)))
        try append(String(line(5).suffix(3)))
        #expect(try eventually { try rows(store, "s/host").count == 6 })
        sources.stop()
        try append(line(6))
        sources = try start(configuration, store)
        #expect(try eventually { try rows(store, "s/host").count == 7 })
        try FileManager.default.moveItem(atPath: path, toPath: path + ".1")
        try append("timestamp,a,b\n" + line(7) + "broken\n" + line(8))
        #expect(try eventually { try rows(store, "s/host").count == 9 })
        sources.stop()
        #expect(
            try rows(store, "s/host")
                == (0..<9).map { number in
                    SampledRow(time: 1_700_000_000 + Double(number), values: [Double(number), Double(number * 2)])
                })
    }

    /// What stands above the first row is no row: were it counted as one, each piece would lose a row.
    @Test(arguments: ["# written by a collector\ntime,a\n", "time,a\nUTC,%\n", "sep=,\ntime,a\n", "Report\n\ntime,a\n"])
    func rowsThatComeOneByOneAreAllThereBelowWhatStandsAboveThem(_ head: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.url.appending(path: "host.csv").path
        let store = try SampleStore(path: folder.url.appending(path: "s.db").path)
        func line(_ number: Int) -> String { "\(1_700_000_000 + number),\(number)\n" }
        try (head + (0..<5).map(line).joined()).write(toFile: path, atomically: false, encoding: .utf8)
        let sources = try start(#"{"kind": "follow", "path": "\#(path)"}"#, store)
        defer { sources.stop() }
        #expect(try eventually { try rows(store, "s/host").count == 5 })
        for number in 5..<8 {
            let handle = try #require(FileHandle(forWritingAtPath: path))
            try handle.seekToEnd()
            try handle.write(contentsOf: Data(line(number).utf8))
            try handle.close()
            #expect(try eventually { try rows(store, "s/host").count == number + 1 })
        }
        #expect(try rows(store, "s/host").map(\.values) == (0..<8).map { [Double($0)] })
    }

    /// A snappy block of literals only: what a packer may always write.
    private func snappy(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var length = bytes.count
        while length >= 0x80 {
            result.append(UInt8(length & 0x7f) | 0x80)
            length >>= 7
        }
        result.append(UInt8(length))
        for start in stride(from: 0, to: bytes.count, by: 60) {
            let part = bytes[start..<min(start + 60, bytes.count)]
            result.append(UInt8(part.count - 1) << 2)
            result += part
        }
        return result
    }

    private func post(_ port: Int, _ body: [UInt8], headers: [String: String]) async throws -> Int {
        var request = URLRequest(url: try #require(URL(string: "http://127.0.0.1:\(port)/api/v1/write")))
        request.httpMethod = "POST"
        request.httpBody = Data(body)
        // On a slow machine a connection that was kept may be closed as it is used again.
        request.setValue("close", forHTTPHeaderField: "Connection")
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        let (_, response) = try await URLSession.shared.data(for: request)
        return (response as? HTTPURLResponse)?.statusCode ?? 0
    }

    @Test func metricsAreReceivedAsJSONAndRefusedWhenBroken() async throws {
        let folder = try TemporaryFolder()
        let store = try SampleStore(path: folder.url.appending(path: "s.db").path)
        let heard = Heard()
        let (port, other) = (FreePort.one(), FreePort.one())
        let sources = try start(
            #"{"kind": "otlp", "listen": "127.0.0.1:\#(port)", "latenessSeconds": 0.1}"#, store, heard)
        defer { sources.stop() }
        func export(_ number: Int) -> [UInt8] {
            Array(
                #"""
                {"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"upf"}}]},
                "scopeMetrics":[{"metrics":[{"name":"load","gauge":{"dataPoints":[
                {"timeUnixNano":"\#(1_700_000_000 + number)000000000","asDouble":\#(number)}]}}]}]}]}
                """#.utf8)
        }
        for number in 0..<5 {
            #expect(try await post(port, export(number), headers: ["Content-Type": "application/json"]) == 200)
        }
        #expect(try await post(port, Array("{".utf8), headers: ["Content-Type": "application/json"]) == 400)
        #expect(try eventually { try rows(store, "s/upf").count == 5 })
        #expect(try rows(store, "s/upf").map(\.values) == (0..<5).map { [Double($0)] })
        #expect(try store.unsettled(from: "otlp 127.0.0.1:\(port)").isEmpty)
        #expect(heard.findings.withLock { $0.contains { $0.kind == .malformed } })
        // A source may say whose its series are.
        let named = try start(
            #"{"kind": "otlp", "listen": "127.0.0.1:\#(other)", "latenessSeconds": 0.1, "#
                + #""entity": "edge", "type": "core"}"#, store, heard)
        defer { named.stop() }
        for number in 0..<3 {
            #expect(try await post(other, export(number), headers: ["Content-Type": "application/json"]) == 200)
        }
        #expect(try eventually { try rows(store, "s/edge").count == 3 })
        #expect(store.entity("s/edge")?.type == "core")
    }

    private func export(_ points: [(String, String, Int)]) -> [UInt8] {
        let metrics = points.map { name, time, value in
            #"{"name":"\#(name)","gauge":{"dataPoints":[{"timeUnixNano":"\#(time)","asDouble":\#(value)}]}}"#
        }
        return Array(
            (#"{"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"upf"}}]},"#
                + #""scopeMetrics":[{"metrics":[\#(metrics.joined(separator: ","))]}]}]}"#).utf8)
    }

    /// Senders know a receiver by names that it does not know; pages in browsers are no senders.
    @Test func receiversTakeWhateverNameLeadsToThem() throws {
        let folder = try TemporaryFolder()
        let store = try SampleStore(path: folder.path("s.db"))
        let port = FreePort.one()
        let sources = try start(#"{"kind": "otlp", "listen": "127.0.0.1:\#(port)"}"#, store)
        defer { sources.stop() }
        func status(_ header: String) -> String {
            let head = "POST /v1/metrics HTTP/1.1\r\nHost: edge-1.plant.example:4318\r\n\(header)Connection: close\r\n"
            let body = "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
            return String(RawHTTP.exchange(port, Array((head + body).utf8)).prefix(12))
        }
        #expect(status("") == "HTTP/1.1 200")
        #expect(status("Origin: http://edge-1.plant.example:4318\r\n") == "HTTP/1.1 403")
    }

    @Test func whatIsNoExportIsRefused() async throws {
        let folder = try TemporaryFolder()
        let store = try SampleStore(path: folder.path("s.db"))
        let port = FreePort.one()
        let sources = try start(#"{"kind": "otlp", "listen": "127.0.0.1:\#(port)"}"#, store)
        defer { sources.stop() }
        let json = ["Content-Type": "application/json"]
        for text in [
            "[]", "null", "7", #""x""#, #"{"resourceMetrics":7}"#, #"{"resourceMetrics":[7]}"#,
            #"{"resourceMetrics":[{"scopeMetrics":{}}]}"#, #"{"resourceMetrics":[{"scopeMetrics":[{"metrics":"x"}]}]}"#,
        ] {
            #expect(try await post(port, Array(text.utf8), headers: json) == 400, "\(text)")
        }
        for text in ["{}", #"{"resourceMetrics":[]}"#, #"{"resourceMetrics":null}"#, #"{"other":7}"#] {
            #expect(try await post(port, Array(text.utf8), headers: json) == 200, "\(text)")
        }
    }

    @Test func samplesFarAheadOfTheClockAreRefused() async throws {
        let folder = try TemporaryFolder()
        let store = try SampleStore(path: folder.path("s.db"))
        let heard = Heard()
        let port = FreePort.one()
        let sources = try start(
            #"{"kind": "otlp", "listen": "127.0.0.1:\#(port)", "latenessSeconds": 0.1}"#, store, heard)
        defer { sources.stop() }
        let json = ["Content-Type": "application/json"]
        let last = "9223372036854775807"
        #expect(try await post(port, export([("load", last, 1), ("load", last, 1)]), headers: json) == 400)
        #expect(
            heard.findings.withLock { $0.last { $0.kind == .samplesRefused } }?.detail.contains("at most 3600 s")
                ?? false)
        for number in 0..<5 {
            let points = [("load", "\(1_700_000_000 + number)000000000", number), ("free", last, 7)]
            #expect(try await post(port, export(points), headers: json) == 200)
        }
        #expect(try eventually { try rows(store, "s/upf").count == 5 })
        #expect(store.entity("s/upf")?.columns == ["load"])
        #expect(try rows(store, "s/upf").map(\.time) == (0..<5).map { 1_700_000_000 + Double($0) })
        #expect(try store.unsettled(from: "otlp 127.0.0.1:\(port)").isEmpty)
    }

    /// A sender of OTLP hears in its own form what was refused, of a request that was taken as well.
    @Test func openTelemetryHearsWhatWasRefused() throws {
        let folder = try TemporaryFolder()
        let store = try SampleStore(path: folder.path("s.db"))
        let port = FreePort.one()
        let sources = try start(#"{"kind": "otlp", "listen": "127.0.0.1:\#(port)"}"#, store)
        defer { sources.stop() }
        func answer(_ type: String, _ body: [UInt8], _ more: String = "") -> String {
            let head =
                "POST /v1/metrics HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Type: \(type)\r\n\(more)"
                + "Content-Length: \(body.count)\r\n\r\n"
            return String(RawHTTP.exchange(port, Array(head.utf8) + body))
        }
        let last = "9223372036854775807"
        let partly = answer("application/json", export([("load", "1700000000000000000", 1), ("free", last, 7)]))
        #expect(partly.hasPrefix("HTTP/1.1 200") && partly.contains(#""rejectedDataPoints":"1""#), "\(partly)")
        #expect(answer("application/json", export([("load", "1700000001000000000", 1)])).hasSuffix("{}"))
        let broken = answer("application/x-protobuf", [0xFF, 0xFF])
        #expect(broken.hasPrefix("HTTP/1.1 400") && broken.contains("Content-Type: application/x-protobuf"))
        #expect(broken.hasSuffix("\u{8}\u{3}\u{12}\u{1D}a request that cannot be read"), "\(broken)")
        let isNone = answer("application/json", Array("7".utf8))
        #expect(isNone.hasPrefix("HTTP/1.1 400") && isNone.contains(#""code":3"#), "\(isNone)")
        // Codings are told apart whatever the case, and a packed body may have members.
        let body = export([("load", "1700000002000000000", 1)])
        let members = try [body[..<50], body[50...]].flatMap { try packed(Array($0)) }
        #expect(answer("application/json", members, "Content-Encoding: GZIP\r\n").hasPrefix("HTTP/1.1 200"))
        #expect(
            answer("application/json", members + [1, 2, 3], "Content-Encoding: gzip\r\n").hasPrefix("HTTP/1.1 400"))
        #expect(answer("application/json", body, "Content-Encoding: br\r\n").hasPrefix("HTTP/1.1 415"))
    }

    /// Bytes packed by gzip(1).
    private func packed(_ bytes: [UInt8]) throws -> [UInt8] {
        let folder = try TemporaryFolder()
        let path = folder.path("body")
        try Data(bytes).write(to: URL(filePath: path))
        let process = Process()
        process.executableURL = URL(filePath: "/bin/gzip")
        process.arguments = [path]
        try process.run()
        process.waitUntilExit()
        return Array(try Data(contentsOf: URL(filePath: path + ".gz")))
    }

    /// Rows have all columns of their entity: they are made by and by, behind the answer.
    @Test func aRequestOfManyCellsIsTakenInPortions() async throws {
        let folder = try TemporaryFolder()
        let store = try SampleStore(path: folder.path("s.db"))
        let port = FreePort.one()
        let sources = try start(
            #"{"kind": "otlp", "listen": "127.0.0.1:\#(port)", "latenessSeconds": 0.1, "preset": "none"}"#, store)
        defer { sources.stop() }
        let json = ["Content-Type": "application/json"]
        let wide = (0..<400).map { ("m\($0)", "1700000000000000000", $0) }
        #expect(try await post(port, export(wide), headers: json) == 200)
        let long = (1...6_000).map { ("m0", "\(1_700_000_000 + $0)000000000", $0) }
        #expect(try await post(port, export(long), headers: json) == 200)
        #expect(try eventually { try store.unsettled(from: "otlp 127.0.0.1:\(port)").isEmpty })
        var next = 0
        while let (first, block) = try store.read("s/upf", from: next, limit: 1_000) {
            for row in 0..<block.rowCount {
                let number = first + row
                #expect(block.times[row] == 1_700_000_000 + Double(number) && block[row].values[0] == Double(number))
            }
            next = first + block.rowCount
        }
        #expect(next == 6_001 && store.entity("s/upf")?.columns.count == 400)
    }

    /// A process that ends between two portions of rows has promised the rest.
    @Test func aRequestOfWhichSomeIsInRowsIsTakenOnce() throws {
        let folder = try TemporaryFolder()
        let store = try SampleStore(path: folder.path("s.db"))
        let title = "otlp 127.0.0.1:\(FreePort.one())"
        let points = (0..<200).map { ("load", "\(1_700_000_000 + $0)000000000", $0) }
        try store.append([
            .init(
                site: "s", entity: "upf", type: "upf", columns: ["load"],
                rows: (0..<90).map { SampledRow(time: 1_700_000_000 + Double($0), values: [Double($0)]) })
        ])
        _ = try store.keep(unsettled: [1] + export(points), from: title)
        let sources = try start(#"{"kind": "otlp", "listen": "\#(title.dropFirst(5))", "latenessSeconds": 0.1}"#, store)
        defer { sources.stop() }
        #expect(try eventually { try store.unsettled(from: title).isEmpty })
        let made = try rows(store, "s/upf")
        #expect(made.map(\.time) == (0..<200).map { 1_700_000_000 + Double($0) })
        #expect(made.allSatisfy { !$0.quality.contains(.disconnected) })
    }

    @Test func snappyIsBounded() {
        let bytes = (0..<1_000).map { UInt8(truncatingIfNeeded: $0) }
        #expect(Snappy.decompressed(snappy(bytes), limit: 1_000) == bytes)
        #expect(Snappy.decompressed(snappy(bytes), limit: 999) == nil)
        #expect(Snappy.decompressed([0xff, 0xff, 0xff, 0xff, 0x0f, 0x00], limit: 1 << 20) == nil)
        #expect(Snappy.decompressed([], limit: 10) == nil)
    }

    @Test func whatIsWrongWithAConfigurationIsNamed() throws {
        func error(_ json: String) throws -> String {
            let value = try DeterministicJSON.decode(JSONValue.self, from: Array(json.utf8))
            do {
                _ = try SourceConfiguration(json: value, index: 3)
                return ""
            } catch let error as TelemetryError {
                return error.description
            }
        }
        #expect(try error(#"{"kind": "scrape"}"#).contains("sources[3].kind"))
        #expect(try error(#"{"kind": "prometheus-scrape"}"#).contains("targets or targetFile"))
        #expect(try error(#"{"kind": "follow", "path": "x", "targets": []}"#).contains("sources[3].targets"))
        #expect(try error(#"{"kind": "remote-write", "listen": "nowhere"}"#).contains("HOST:PORT"))
        #expect(try error(#"{"kind": "prometheus-scrape", "targets": ["ftp://x"]}"#).contains("targets[0]"))
        #expect(try error(#"{"kind": "prometheus-query", "url": "http://x", "last": "soon"}"#).contains("7d"))
        // More than any clock can add, and more than can be counted.
        let long = String(repeating: "9", count: 300) + "d"
        #expect(try error(#"{"kind": "prometheus-query", "url": "http://x", "last": "\#(long)"}"#).contains("7d"))
        for field in [#""intervalSeconds": 1e300"#, #""maximumSeries": 9e18"#, #""latenessSeconds": -1"#] {
            let key = field.split(separator: "\"")[0]
            #expect(
                try error(#"{"kind": "prometheus-scrape", "targets": ["x:1"], \#(field)}"#).contains(
                    "sources[3].\(key)"))
        }
        #expect(
            try error(#"{"kind": "prometheus-scrape", "targets": ["x:1"], "intervalSeconds": -1}"#).contains(
                "from 0.001"))
    }
}
