import Services
import Telemetry
import TestSupport
import Testing

/// Which sources a command works on.
@Suite struct MetricSourcesTests {
    @Test("What is of no part is not learned from where the entity has a part for that, and that is said")
    func partsToLearnFrom() throws {
        let folder = try TemporaryFolder()
        func table(_ header: String, _ hosts: [String], _ cell: String) -> String {
            let rows = (0..<40).flatMap { row in hosts.map { "\(1_740_787_200 + 60 * row),\($0)\(row % 3)\(cell)\n" } }
            return header + "\n" + rows.joined()
        }
        let hosts = ["a,", "b,"]
        try folder.write("phase2_train.csv", table("time,host,value,label", hosts, ",0"))
        try folder.write("phase2_ground_truth.csv", table("time,host,value,label", hosts + ["c,"], ",1"))
        try folder.write("other.csv", table("time,value", [""], ""))
        var notes: [String] = []
        func found(_ part: PartOption) throws -> [String] {
            notes = []
            return try MetricSources.discover([folder.url.path], part: part, options: ReaderOptions()) {
                notes.append($0)
            }.map { "\($0.entity) \($0.part)" }
        }
        #expect(try found(.train) == ["a train", "b train", "c all", "other all"])
        #expect(
            notes == [
                "phase2_ground_truth.csv: not learned from; 2 entities learned from phase2_train.csv, the part for that"
            ])
        #expect(try found(.test) == ["a all", "b all", "c all", "other all"] && notes.isEmpty)
        // Beside them a worker watches what it did not learn from.
        let sources = try DataCatalog.discover([folder.url.path])
        #expect(MetricSources.judged(sources).map { "\($0.entity) \($0.part)" } == ["a all", "b all"])
    }
}
