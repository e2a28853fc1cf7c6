import Numerics
import Telemetry
import Testing

@Suite("Types with the same columns, and not the same metrics")
struct TypeScalesTests {
    /// Files of one column each, or of several, that are called after what they hold: by type, centre and spread of each.
    private static func groups(_ types: [String: [(centre: Double, spread: Double)]]) -> [String: [String]] {
        var statistics = TelemetryStatistics()
        let rules = GroupRules(rules: [])
        for (type, metrics) in types {
            var generator = CounterBasedGenerator(seed: 5, purpose: "type scales")
            let values = (0..<500).flatMap { _ in metrics.map { $0.centre + $0.spread * generator.normal() } }
            statistics.add(
                MetricFrame(
                    schema: metrics.indices.map { "value\($0)" }, firstRow: 0, times: (0..<500).map { Double(60 * $0) },
                    values: values),
                site: "site", entity: type + "0", type: type, rules: rules)
        }
        let pipeline = CleaningPipeline(fitting: statistics, rules: rules)
        return Dictionary(uniqueKeysWithValues: pipeline.groups.map { ($0.group.name, $0.types) })
    }

    @Test("A processor's values and a network's have a network of their own each")
    func ofAnotherKind() {
        let found = Self.groups(["cpu": [(40, 5)], "mem": [(2_000, 50)], "net": [(3e6, 4e5)]])
        #expect(found == ["other@cpu": ["cpu"], "other@mem": ["mem"], "other@net": ["net"]])
        // Of two the wider one keeps the group's name.
        #expect(Self.groups(["cpu": [(40, 5)], "net": [(3e6, 1e6)]]) == ["other": ["net"], "other@cpu": ["cpu"]])
    }

    @Test("What differs as entities differ shares one")
    func ofTheSameKind() {
        let hosts = ["berlin": [(40.0, 5.0)], "oslo": [(60.0, 3.0)], "paris": [(20.0, 9.0)], "rome": [(75.0, 1.0)]]
        #expect(Self.groups(hosts) == ["other": ["berlin", "oslo", "paris", "rome"]])
        // One of another kind separates itself alone.
        var all = hosts
        all["link"] = [(5e8, 1e7)]
        #expect(Self.groups(all) == ["other": ["berlin", "oslo", "paris", "rome"], "other@link": ["link"]])
        // One metric of three is not what a network is for.
        let few = ["a": [(1.0, 0.2), (5.0, 1.0), (7.0, 2.0)], "b": [(1.0, 0.2), (5.0, 1.0), (7e6, 2e5)]]
        #expect(Self.groups(few) == ["other": ["a", "b"]])
    }

    @Test("However many types there are, networks stay a thousand")
    func bounded() {
        let many = Dictionary(uniqueKeysWithValues: (0..<1_100).map { ("t\($0)", [(Double($0 * $0) * 1e6, 1.0)]) })
        #expect(Self.groups(many) == ["other": many.keys.sorted()])
    }
}
