import Foundation
import Laboratory
import Telemetry
import TestSupport
import Testing

struct RowCountTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Counting lines gives what reading gives, with and without a last line feed, blank lines, and over several files.
    @Test(arguments: [
        "a,b\n1,2\n3,4\n", "a,b\n1,2\n3,4", "a,b\r\n1,2\r\n3,4\r\n", "\u{FEFF}a,b\n1,2\n\n3,4\n\n",
        "{\"a\": 1}\n{\"a\": 2}\n", "{\"a\": 1}\n\n{\"a\": 2}",
    ])
    func countsAreThoseOfReaders(text: String) throws {
        let isJSON = text.hasPrefix("{")
        let first = try scratch.write(isJSON ? "first.json" : "first.csv", text)
        let second = try scratch.write(isJSON ? "second.json" : "second.csv", text)
        let source = EntitySource(
            site: "s", entity: "e", type: "e", part: .all, files: [first, second], format: .generic)
        #expect(try source.countRows() == 4)
        #expect(try source.read().rowCount == 4)
    }

    /// Groups get the names and rows that a model of the same sources has.
    @Test func groupsOfTheGeneratedSet() throws {
        let rules = try GroupRules.builtIn()
        let scenario = SyntheticScenario(
            seed: 3, sites: 1, entitiesPerSite: 4, types: [.enb, .ue], hours: 4, stepSeconds: 60, trainingShare: 0.5,
            faults: .count(0), severity: 4...6)
        _ = try DataGenerator(scenario).write(to: scratch.path + "/data", replacing: true)
        let sources = try DataCatalog.discover([scratch.path + "/data"]).filter { $0.part == .train }
        var statistics = TelemetryStatistics()
        var counted: [(type: String, columns: [String], rows: Int)] = []
        for source in sources {
            try statistics.add(source, rules: rules)
            counted.append((source.type, try source.makeReader().schema, try source.countRows()))
        }
        let rows = rules.rowsPerGroup(of: counted)
        let pipeline = CleaningPipeline(fitting: statistics, rules: rules)
        #expect(Set(rows.keys) == Set(pipeline.groups.map(\.group)))
        #expect(rows.keys.contains { $0.type != nil })
        for group in pipeline.groups {
            let expected = counted.filter { group.types.contains($0.type) }.reduce(0) { $0 + $1.rows }
            #expect(rows[group.group] == expected, "\(group.group)")
        }
    }
}
