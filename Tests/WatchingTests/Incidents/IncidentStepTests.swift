import Foundation
import Numerics
import Telemetry
import TestSupport
import Testing
import Watching

/// A fault is one incident, whether its samples come each second or each minute: what is counted in samples was chosen at
/// one a minute.
@Suite struct IncidentStepTests {
    /// A caller and a callee, a file each.
    private struct Shop {
        let step: Int
        let rows: Int
        /// In rows.
        let faults: [Range<Int>]
        /// Rows after which the caller follows.
        let lag: Int

        func write(_ folder: TemporaryFolder, _ name: String, seed: UInt64, isFaulty: Bool) throws -> [EntitySource] {
            for (place, entity) in ["front", "store"].enumerated() {
                var generator = CounterBasedGenerator(seed: seed, purpose: "incident steps", place)
                var text = "time,CpuUsage(m),MemoryUsage(Mi),PodClientLatencyP90(s),PodServerLatencyP90(s)\n"
                for row in 0..<rows {
                    func isIn(_ lag: Int) -> Bool {
                        isFaulty && faults.contains { ($0.lowerBound + lag..<$0.upperBound + lag).contains(row) }
                    }
                    let isCallee = entity == "store"
                    let isOdd = isIn(isCallee ? 0 : lag)
                    let values = [
                        10 + generator.normal() + (isOdd && isCallee ? 30 : 0), 200 + generator.normal(),
                        0.02 + 0.002 * generator.normal() + (isOdd && !isCallee ? 0.1 : 0),
                        0.05 + 0.005 * generator.normal() + (isOdd ? isCallee ? 0.1 : 0.12 : 0),
                    ]
                    text += "\(1_661_140_260 + row * step)," + values.map { "\($0)" }.joined(separator: ",") + "\n"
                }
                try folder.write("\(name)/\(entity).csv", text)
            }
            return try DataCatalog.discover([folder.path(name)], options: ReaderOptions())
        }
    }

    /// 45 s at one and at five seconds a row, as long as three rows else; the caller follows ten seconds later.
    @Test(arguments: [
        Shop(step: 1, rows: 6_000, faults: [1_000..<1_045, 2_200..<2_245, 3_407..<3_452, 4_613..<4_658], lag: 10),
        Shop(step: 5, rows: 3_000, faults: [500..<509, 1_101..<1_110, 1_702..<1_711, 2_303..<2_312], lag: 2),
        Shop(step: 20, rows: 1_500, faults: [300..<304, 600..<604, 900..<904, 1_200..<1_204], lag: 1),
        Shop(step: 60, rows: 1_500, faults: [300..<304, 600..<604, 900..<904, 1_200..<1_204], lag: 1),
    ])
    private func oneFaultIsOneIncidentOfTheCallee(_ shop: Shop) throws {
        let folder = try TemporaryFolder()
        let quiet = try shop.write(folder, "shop", seed: 1, isFaulty: false)
        let rules = try GroupRules.builtIn()
        var statistics = TelemetryStatistics()
        for source in quiet { try statistics.add(source, rules: rules, options: ReaderOptions()) }
        let pipeline = CleaningPipeline(fitting: statistics, rules: rules)
        let model = try IncidentModel(
            learning: quiet, pipeline: pipeline, reader: ReaderOptions(), falseAlarmsPerDay: 1)
        #expect(model.isConsistent)
        var search = IncidentSearch()
        for source in try shop.write(folder, "day/shop", seed: 2, isFaulty: true) {
            let reports = try #require(
                try model.reports(
                    of: source, pipeline: pipeline, reader: ReaderOptions(), lexicon: MetricLexicon.builtIn))
            search.add(site: source.site, entity: source.entity, reports: reports)
        }
        let found = search.incidents(dependencies: DependencyGraph([.init(source: "front", target: "store")]))
        #expect(found.count == shop.faults.count, "\(found.map { ($0.incident.began, $0.suspects.map(\.entity)) })")
        for (fault, found) in zip(shop.faults, found) {
            let start = Double(1_661_140_260 + fault.lowerBound * shop.step)
            #expect(abs(found.incident.start - start) <= 60, "\(found.incident)")
            #expect(found.suspects.first?.entity == "store" && found.suspects.count == 2, "\(found.suspects)")
        }
    }
}
