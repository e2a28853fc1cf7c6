import Autoencoders
import Collection
import Foundation
import FoundationNetworking
import Platform
import Services
import Synchronization
import Telemetry
import TestSupport
import Testing
import Watching

/// The same rows give the same alarms, whatever way they come.
@Suite struct SameRowsTests {
    private static let names = ["cpu_user", "mem_used", "net_rx"]
    private static let firstTime = 1_700_000_000
    private static let rowCount = 420

    /// Rows of three metrics as texts; in the second half a fault.
    private static func rows(_ count: Int, seed: UInt64, isFaulty: Bool) -> [[String]] {
        var state = seed
        func noise() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 11) * 0x1p-53 - 0.5
        }
        return (0..<count).map { row in
            let load = noise() + Double(row % 50) / 25
            let fault = isFaulty && (260..<330).contains(row) ? 8.0 : 0
            return ["\(load + noise())", "\(2 * load + 0.1 * noise() + fault)", "\(noise())"]
        }
    }

    private static func time(_ row: Int) -> Int { firstTime + row * 60 }

    private static func table(_ rows: [[String]]) -> String {
        "time,\(names.joined(separator: ","))\n"
            + rows.enumerated().map { "\(time($0.offset)),\($0.element.joined(separator: ","))\n" }.joined()
    }

    private struct Setting {
        let folder: TemporaryFolder
        let model: MonitoringModel
        let rows = SameRowsTests.rows(rowCount, seed: 4, isFaulty: true)

        init() throws {
            folder = try TemporaryFolder()
            let train = try folder.write(
                "farm/host1_train.csv", table(SameRowsTests.rows(900, seed: 3, isFaulty: false)))
            let learned = try #require(DataCatalog.discover([train], options: ReaderOptions()).first)
            var configuration = TrainingConfiguration()
            (configuration.window, configuration.hidden, configuration.epochs) = (9, [5, 3], 1)
            let bundle = try ModelTrainer(configuration: configuration).train(
                [learned], options: ModelTrainer.DataOptions(rules: try GroupRules.builtIn()), tool: "test")
            let detectors = try DetectorTraining(
                methods: [DetectorTraining.method(named: "zscore"), DetectorTraining.autoencoder]
            ).detectors(
                for: bundle, sources: [learned], reader: ReaderOptions(),
                backend: AcceleratorCatalog.backend(named: "cpu"))
            model = MonitoringModel(
                bundle: bundle, reader: ReaderOptions(), detectors: detectors, defaultMethod: "zscore")
        }

        func events(of source: EntitySource) throws -> [AlarmEvent] {
            var stream = try EntityStream(
                source: source, options: ReaderOptions(), model: model, method: "zscore", worker: "w", version: 1,
                quietSamples: 10,
                engines: ModelEngines(model.bundle, backend: AcceleratorCatalog.backend(named: "cpu")))
            var events: [AlarmEvent] = []
            while !stream.hasEnded, stream.nextRow < rowCount { events += try stream.advance(rows: 64) }
            return events + stream.end()
        }

        func expected() throws -> [AlarmEvent] {
            let path = try folder.write("farm/host1.csv", table(rows))
            return try events(of: #require(DataCatalog.discover([path], options: ReaderOptions()).first))
        }

        /// What a source brings into a store of its own, by what `feed` does.
        func events(_ json: String, feed: () async throws -> Void) async throws -> [AlarmEvent] {
            let store = try SampleStore(path: folder.path("\(UUID().uuidString).db"))
            let entities = try StoredEntities(store: store)
            let failures = Mutex<[String]>([])
            let value = try DeterministicJSON.decode(JSONValue.self, from: Array(json.utf8))
            try entities.start(
                [SourceConfiguration(json: value, index: 0)], site: "farm", rules: try GroupRules.builtIn(),
                log: Logger(label: "test", minimum: .error, sink: MemorySink()),
                fail: { error in failures.withLock { $0.append("\(error)") } })
            try await feed()
            for _ in 0..<600 where (store.entity("farm/host1")?.nextRow ?? 0) < rowCount { store.wait(upTo: 0.05) }
            entities.stop()
            #expect(failures.withLock { $0 } == [])
            #expect(store.entity("farm/host1")?.nextRow == rowCount && store.entity("farm/host1")?.type == "host")
            return try events(of: entities.stream("farm/host1", from: 0))
        }
    }

    @Test func everyWayGivesTheSameAlarms() async throws {
        let setting = try Setting()
        let expected = try setting.expected()
        #expect(expected.contains { $0.state == .raised } && expected.contains { $0.state == .settled })

        // A file that grows, cut anywhere.
        let text = Array(Self.table(setting.rows).utf8)
        let path = try setting.folder.write("grows/host1.csv", String(decoding: text[..<1_000], as: UTF8.self))
        let followed = try await setting.events(#"{"kind": "follow", "path": "\#(path)"}"#) {
            let file = try #require(FileHandle(forWritingAtPath: path))
            try file.seekToEnd()
            for start in stride(from: 1_000, to: text.count, by: 3_777) {
                try file.write(contentsOf: Data(text[start..<min(start + 3_777, text.count)]))
            }
            try file.close()
        }
        #expect(followed == expected)

        // A recording, replayed as fast as it is scraped.
        let turn = Atomic(0)
        let rows = setting.rows
        let server = try HTTPServer(host: "127.0.0.1", port: 0) { _ in
            let row = min(turn.add(1, ordering: .relaxed).oldValue, Self.rowCount - 1)
            let lines = zip(Self.names, rows[row]).map { "\($0) \($1) \(Self.time(row))000\n" }
            return .text(200, lines.joined())
        }
        let scraped = try await setting.events(
            #"{"kind": "prometheus-scrape", "targets": ["127.0.0.1:\#(server.port)"], "intervalSeconds": 0.002, "#
                + #""entity": "host1", "type": "host", "preset": "none"}"#
        ) {}
        server.stop()
        #expect(scraped == expected)

        // Pushed by another Prometheus.
        let port = FreePort.one()
        let pushed = try await setting.events(
            #"{"kind": "remote-write", "listen": "127.0.0.1:\#(port)", "latenessSeconds": 0.2, "preset": "none"}"#
        ) {
            for start in stride(from: 0, to: Self.rowCount, by: 60) {
                let body = Self.snappy(Self.writeRequest(start..<start + 60, of: rows))
                var request = URLRequest(url: try #require(URL(string: "http://127.0.0.1:\(port)/api/v1/write")))
                request.httpMethod = "POST"
                request.httpBody = Data(body)
                request.setValue("snappy", forHTTPHeaderField: "Content-Encoding")
                let (_, response) = try await URLSession.shared.data(for: request)
                #expect((response as? HTTPURLResponse)?.statusCode == 204)
            }
        }
        #expect(pushed == expected)
    }

    // MARK: Remote write, written by hand

    private static func varint(_ value: UInt64) -> [UInt8] {
        var (value, result) = (value, [UInt8]())
        while value >= 0x80 {
            result.append(UInt8(value & 0x7f) | 0x80)
            value >>= 7
        }
        return result + [UInt8(value)]
    }

    private static func field(_ number: UInt64, _ bytes: [UInt8]) -> [UInt8] {
        varint(number << 3 | 2) + varint(UInt64(bytes.count)) + bytes
    }

    /// `WriteRequest` with a time series a metric: labels, then samples (a double and a time in milliseconds).
    private static func writeRequest(_ range: Range<Int>, of rows: [[String]]) -> [UInt8] {
        names.enumerated().flatMap { column, name in
            let labels = [("__name__", name), ("instance", "host1"), ("job", "host")].flatMap {
                field(1, field(1, Array($0.0.utf8)) + field(2, Array($0.1.utf8)))
            }
            let samples = range.flatMap { row in
                let bits = (Double(rows[row][column]) ?? .nan).bitPattern
                let value = (0..<8).map { UInt8(truncatingIfNeeded: bits >> UInt64(8 * $0)) }
                return field(2, [0x09] + value + [0x10] + varint(UInt64(time(row)) * 1_000))
            }
            return field(1, labels + samples)
        }
    }

    /// A block of literals only: what a packer may always write.
    private static func snappy(_ bytes: [UInt8]) -> [UInt8] {
        var result = varint(UInt64(bytes.count))
        for start in stride(from: 0, to: bytes.count, by: 60) {
            let part = bytes[start..<min(start + 60, bytes.count)]
            result.append(UInt8(part.count - 1) << 2)
            result += part
        }
        return result
    }
}
