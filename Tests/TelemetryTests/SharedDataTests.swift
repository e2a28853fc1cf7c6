import Telemetry
import TestSupport
import Testing

/// The real files, read from end to end.
struct SharedDataTests {
    @Test(
        "5G3E version 1: three sites, 22 entities, 7,500 rows each",
        .enabled(if: SharedDatasets.has("5g3e/version1"), "needs the shared data set 5g3e"))
    func fiveGVersion1() throws {
        let root = try #require(SharedDatasets.url("5g3e/version1"))
        let sources = try DataCatalog.discover([root.path])
        #expect(sources.count == 22)
        #expect(Set(sources.map(\.site)) == ["site1_2", "site3", "site4"])
        #expect(Set(sources.map(\.type)) == ["enb", "ue"])
        for source in sources {
            let frame = try source.read()
            #expect(frame.rowCount == 7500)
            #expect(frame.columnCount == (source.type == "enb" ? 41 - 0 : 63))
            if source.type == "enb" { #expect(frame.times[10] == 0.8) }
        }
    }
}
