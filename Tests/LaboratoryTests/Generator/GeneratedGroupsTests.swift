import Laboratory
import Telemetry
import Testing

struct GeneratedGroupsTests {
    @Test func metricsFallIntoTheGroupsOfTheRules() throws {
        let rules = try GroupRules.builtIn()
        for index in 0..<5 {
            let entity = try DataGenerator(
                SyntheticScenario(seed: 1, sites: 1, entitiesPerSite: 5, hours: 4, faults: .count(0))
            ).entity(site: 0, index: index)
            for (metric, group) in zip(entity.metrics, entity.groups) {
                #expect(rules.group(for: metric).name == group, "\(metric)")
                #expect(rules.isCounter(metric) == metric.hasSuffix("_total"), "\(metric)")
            }
            for layer in Set(entity.groups.map { $0.prefix { $0 != "." } }) {
                #expect(["physical", "virtual", "network-function", "access"].contains(layer))
            }
        }
    }
}
