import Collection
import Foundation
import Platform
import Services
import Synchronization
import Telemetry
import TestSupport
import Testing

/// Peers as the distribution packages them; without them a visible skip.
enum Peer {
    static func has(_ name: String) -> Bool { path(name) != nil }
    static func path(_ name: String) -> URL? {
        ["/usr/bin", "/usr/local/bin", "/bin"].map { URL(filePath: $0).appending(path: name) }
            .first { FileManager.default.isExecutableFile(atPath: $0.path) }
    }

    static func start(_ name: String, _ arguments: [String]) throws -> Process {
        let process = Process()
        let executable: URL = try #require(path(name))
        process.executableURL = executable
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }
}

@Suite(.serialized) struct RealPeersTests {
    private func sources(_ json: String, _ store: SampleStore) throws -> LiveSources {
        let value = try DeterministicJSON.decode(JSONValue.self, from: Array(json.utf8))
        let sources = try LiveSources(
            [try SourceConfiguration(json: value, index: 0)], site: "s", rules: try GroupRules.builtIn(),
            store: store,
            log: Logger(label: "test", minimum: .error, sink: MemorySink()), report: { _, _ in },
            fail: { error in Issue.record("\(error)") })
        sources.start()
        return sources
    }

    @Test(.enabled(if: Peer.has("prometheus-node-exporter"), "needs the package prometheus-node-exporter"))
    func aMachineIsScraped() throws {
        let port = FreePort.one()
        let exporter = try Peer.start("prometheus-node-exporter", ["--web.listen-address=127.0.0.1:\(port)"])
        defer { exporter.terminate() }
        let folder = try TemporaryFolder()
        let store = try SampleStore(path: folder.url.appending(path: "s.db").path)
        let running = try sources(
            #"{"kind": "prometheus-scrape", "targets": ["127.0.0.1:\#(port)"], "intervalSeconds": 0.2}"#, store)
        defer { running.stop() }
        #expect(eventually { store.entity("s/127.0.0.1:\(port)")?.nextRow ?? 0 >= 5 })
        let entity = try #require(store.entities.first)
        #expect(entity.type == "node")
        #expect(entity.columns.contains(#"node_cpu_seconds_total{mode="idle"}"#))
        #expect(!entity.columns.contains { $0.contains("device=\"lo\"") || $0.hasPrefix("go_") })
    }

    @Test(.enabled(if: Peer.has("prometheus"), "needs the package prometheus"))
    func aPrometheusIsAskedAndSends() throws {
        let folder = try TemporaryFolder()
        let (port, receiver) = (FreePort.one(), FreePort.one())
        let configuration = folder.url.appending(path: "prometheus.yml")
        try Data(
            """
            global: {scrape_interval: 1s}
            scrape_configs:
              - job_name: self
                static_configs: [{targets: ["127.0.0.1:\(port)"]}]
            remote_write:
              - url: http://127.0.0.1:\(receiver)/api/v1/write
                queue_config: {batch_send_deadline: 1s}
            """.utf8
        ).write(to: configuration)
        let store = try SampleStore(path: folder.url.appending(path: "pushed.db").path)
        let pushed = try sources(#"{"kind": "remote-write", "listen": "127.0.0.1:\#(receiver)"}"#, store)
        defer { pushed.stop() }
        let prometheus = try Peer.start(
            "prometheus",
            [
                "--config.file=\(configuration.path)",
                "--storage.tsdb.path=\(folder.url.appending(path: "tsdb").path)",
                "--web.listen-address=127.0.0.1:\(port)",
            ])
        defer { prometheus.terminate() }
        let key = "s/127.0.0.1:\(port)"
        #expect(eventually { store.entity(key)?.nextRow ?? 0 >= 8 })
        let asked = try SampleStore(path: folder.url.appending(path: "asked.db").path)
        let query = try sources(
            #"{"kind": "prometheus-query", "url": "http://127.0.0.1:\#(port)", "query": "{job=\"self\"}", "last": "5m", "intervalSeconds": 1}"#,
            asked)
        defer { query.stop() }
        #expect(eventually { asked.entity(key)?.nextRow ?? 0 >= 8 })
        for store in [store, asked] {
            let entity = try #require(store.entity(key))
            #expect(entity.type == "self")
            #expect(entity.columns.contains { $0.hasPrefix("prometheus_tsdb_head_samples_appended_total") })
            let (_, block) = try #require(try store.read(key, from: 0, limit: 1_000))
            for (one, next) in zip(block.times, block.times.dropFirst()) {
                #expect(next - one > 0.5 && next - one < 4)
            }
        }
    }
}
