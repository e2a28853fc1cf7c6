import Autoencoders
import Telemetry
import Testing

@Suite struct TrainingCollectorTests {
    /// A group of counters has no rate in the first row of a segment; that is no silence.
    @Test func aGroupOfCountersIsTrainedOn() throws {
        let rows = 60
        var total = 0.0
        let values = (0..<rows).map { row in
            total += Double(10 + row % 7)
            return total
        }
        let frame = MetricFrame(
            schema: ["node_network_transmit_bytes_total"], firstRow: 0, times: (0..<rows).map(Double.init),
            values: values)
        let rules = try GroupRules.builtIn()
        var statistics = TelemetryStatistics()
        statistics.add(frame, site: "a", entity: "host0", type: "host", rules: rules)
        let pipeline = CleaningPipeline(fitting: statistics, rules: rules)
        let group = try #require(pipeline.groups.first)
        let series = try pipeline.clean(frame, site: "a", entity: "host0", type: "host")
        #expect(series.first?.standIn.first == 1)
        var collector = TrainingCollector(
            pipeline: pipeline,
            scalers: [group.group.name: try pipeline.scaler(for: group.group, from: statistics)],
            configuration: TrainingConfiguration())
        for part in series { try collector.append(part) }
        let (trained, untrained) = try collector.finish()
        #expect(trained.map(\.name) == [group.group.name])
        #expect(untrained.isEmpty)
    }

    /// Where nothing varies there is nothing to train on: an error, unless the one who asks can do without.
    @Test func nothingToTrainOnIsAnErrorUnlessItMayBe() throws {
        let rules = try GroupRules.builtIn()
        let frame = MetricFrame(
            schema: ["cpu"], firstRow: 0, times: (0..<60).map(Double.init), values: [Double](repeating: 5, count: 60))
        var statistics = TelemetryStatistics()
        statistics.add(frame, site: "a", entity: "host0", type: "host", rules: rules)
        let pipeline = CleaningPipeline(fitting: statistics, rules: rules)
        func collector() -> TrainingCollector {
            TrainingCollector(pipeline: pipeline, scalers: [:], configuration: TrainingConfiguration())
        }
        let error = #expect(throws: ModelError.self) { _ = try collector().finish() }
        #expect(error?.code == .notEnoughData)
        #expect(try collector().finish(mayBeNone: true).groups.isEmpty)
    }
}
