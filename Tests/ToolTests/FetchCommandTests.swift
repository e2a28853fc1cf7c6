import Collection
import Foundation
import Telemetry
import TestSupport
import Testing

@Suite struct FetchCommandTests {
    /// What a worker calls `redis/redis` is called so offline: labels by that name fit.
    @Test func entitiesAreCalledWhatTheyAreCalledLive() throws {
        let folder = try TemporaryFolder()
        let worker = folder.path("worker")
        try FileManager.default.createDirectory(atPath: worker, withIntermediateDirectories: true)
        let rows = (0..<200).map { SampledRow(time: 1_700_000_000 + Double($0), values: [Double($0 % 7)]) }
        do {
            let store = try SampleStore(path: worker + "/samples.db")
            for (site, entity, type) in [
                ("redis", "redis", "target"), ("redis", "10.0.0.1:9100", "node"), ("redis", "web1", "web"),
                ("b c", "e", "e"),
            ] {
                try store.append([.init(site: site, entity: entity, type: type, columns: ["load"], rows: rows)])
            }
        }
        let result = try ToolProcess.run("fl-train", ["fetch", worker, "--out", folder.path("seen")])
        #expect(result.status == 0, "\(result)")
        #expect(result.errors.contains("b c/e is called b%20c/e by whoever reads the files"), "\(result)")
        let sources = try DataCatalog.discover([folder.path("seen")])
        #expect(
            Set(sources.map { "\($0.key) \($0.type)" })
                == ["b%20c/e e", "redis/redis target", "redis/10.0.0.1:9100 node", "redis/web1 web"])
    }

    @Test func aMistypedFolderIsNoAddress() throws {
        let folder = try TemporaryFolder()
        let result = try ToolProcess.run("fl-train", ["fetch", folder.path("nope"), "--out", folder.path("x")])
        #expect(result.status != 0 && result.errors.contains("no folder of a worker"), "\(result)")
        #expect(result.errors.contains("no address of a Prometheus"), "\(result)")
        let named = try ToolProcess.run(
            "fl-train", ["fetch", "127.0.0.1:\(FreePort.one())", "--out", folder.path("x")])
        #expect(named.status != 0 && named.errors.contains("is not there either"), "\(named)")
    }
}
