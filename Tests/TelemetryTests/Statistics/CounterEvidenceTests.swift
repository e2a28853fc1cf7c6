import Foundation
import Numerics
import Platform
import Telemetry
import Testing

/// What is a counter and what is a level, by name and by how values move.
struct CounterEvidenceTests {
    let rules: GroupRules

    init() throws { rules = try GroupRules.builtIn() }

    private func statistics(
        _ name: String, _ values: [Double], entity: String = "h", rules: GroupRules? = nil, times: [Double]? = nil
    ) -> TelemetryStatistics {
        var statistics = TelemetryStatistics()
        statistics.add(
            MetricFrame(
                schema: [name], firstRow: 0, times: times ?? values.indices.map { Double($0) * 60 }, values: values),
            site: "s", entity: entity, type: "host", rules: rules ?? self.rules)
        return statistics
    }

    private func isCounter(_ name: String, _ values: [Double]) -> Bool {
        transform(statistics(name, values)) == .rate
    }

    private func transform(_ statistics: TelemetryStatistics) -> CleaningPipeline.Column.Transform? {
        CleaningPipeline(fitting: statistics, rules: rules).types["host"]?.columns.first?.transform
    }

    /// The sum of what is drawn for each row, begun anew at some of them.
    private func sum(_ count: Int, resets: Set<Int> = [], by increment: (inout CounterBasedGenerator) -> Double)
        -> [Double]
    {
        var generator = CounterBasedGenerator(seed: 4, purpose: "counter evidence")
        var total = 5_000.0
        return (0..<count).map { row in
            if resets.contains(row) { total = 0 }
            total += increment(&generator)
            return total
        }
    }

    /// Around a level, like a per cent of a processor.
    private func gauge(_ count: Int, plateaus: Bool = false) -> [Double] {
        var generator = CounterBasedGenerator(seed: 5, purpose: "gauge")
        return (0..<count).map { row in plateaus && row / 40 % 5 == 4 ? 85 : 30 + 4 * generator.normal() }
    }

    @Test(
        "A level whose name is that of a counter stays a level",
        arguments: ["cpu_total", "threads_total", "connections_total", "app_seconds_sum", "x_bucket{le=\"1\"}"])
    func misnamed(_ name: String) {
        #expect(rules.isCounter(name))
        #expect(!isCounter(name, gauge(600)) && !isCounter(name, gauge(600, plateaus: true)))
        // Also one that falls to nothing again and again.
        #expect(!isCounter(name, (0..<300).map { Double(max(0, $0 % 4 - 1)) }))
    }

    @Test("What is measured of a size is no counter, however few its moves", arguments: ["mem_total", "disk_total"])
    func sizes(_ name: String) {
        #expect(!isCounter(name, [Double](repeating: 64, count: 300)))
        #expect(!isCounter(name, sum(300) { $0.uniform() }))
    }

    @Test("A counter by its name stays one: few moves, resets, a step back of what several processors add up to")
    func named() {
        #expect(isCounter("errors_total", [Double](repeating: 3, count: 300)))
        #expect(isCounter("errors_total", [3, 0, 2, 1, 4]))
        #expect(isCounter("errors_total", sum(300, resets: [100, 200]) { $0.uniform() < 0.1 ? 1 : 0 }))
        // A pod that is started anew every ten rows.
        let often = Set(stride(from: 10, to: 600, by: 10))
        #expect(isCounter("errors_total", sum(600, resets: often) { 1 + $0.uniform() }))
        var jittery = sum(600) { 1 + $0.uniform() }
        for row in stride(from: 30, to: 600, by: 60) { jittery[row] -= 5 }
        #expect(isCounter("cpu_seconds_total", jittery))
    }

    @Test("A counter without such a name: fractions, rare rises, a reset, few rows")
    func unnamed() {
        #expect(isCounter("usr_time", sum(600) { $0.uniform() }))
        #expect(isCounter("failures", sum(3_000) { $0.uniform() < 0.05 ? 1 : 0 }))
        #expect(isCounter("usr_time", sum(600, resets: [400]) { $0.uniform() }))
        #expect(isCounter("usr_time", sum(60) { $0.uniform() }))
        // What is known of a reset at one entity does not take the rates of the others.
        var all = statistics("usr_time", sum(600, resets: [400]) { $0.uniform() }, entity: "a")
        for entity in ["b", "c"] { all.merge(statistics("usr_time", sum(600) { $0.uniform() }, entity: entity)) }
        #expect(transform(all) == .rate)
        #expect(all.types["host"]?.columns["usr_time"]?.rateRanges.count == 3)
    }

    @Test("A level stays one: noise, a leak, what is filled and emptied, a short rise")
    func levels() {
        #expect(!isCounter("x", gauge(600)))
        let leak = zip(sum(600) { 0.5 + $0.uniform() }, gauge(600)).map { $0 + $1 / 4 }
        #expect(!isCounter("x", leak))
        // Filled in fifty rows and emptied, or emptied to a third once.
        #expect(!isCounter("x", (0..<900).map { Double($0 % 50) }))
        let emptied = (0..<900).map { row -> Double in
            let filled = row < 600 ? row : row - 450
            return 30 + Double(filled) / 10
        }
        #expect(!isCounter("x", emptied))
        #expect(!isCounter("x", sum(59) { $0.uniform() }))
        #expect(!isCounter("x", sum(600) { $0.uniform() < 0.01 ? 1 : 0 }))
        // What a name says outright.
        for name in ["disk_used_percent", "http_requests:rate", "cpu_total:level", "%usr", "CpuUsage(%)"] {
            #expect(!isCounter(name, sum(600) { $0.uniform() }), "\(name)")
        }
    }

    /// A clock's or a row's number rises by the same each second: its rate is a constant, and no model has it.
    @Test func clocksBecomeConstants() {
        let pipeline = CleaningPipeline(
            fitting: statistics("uptime", (0..<100).map { 1_000 + Double($0) * 60 }), rules: rules)
        #expect(pipeline.types["host"]?.columns.map(\.role) == [.constant])
        #expect(pipeline.types["host"]?.columns.first?.expected == ["s/h": 1])
    }

    @Test("A late or repeated row is no fall")
    func lateRows() {
        var values = sum(600) { 1 + $0.uniform() }
        var times = values.indices.map { Double($0) * 60 }
        for row in stride(from: 10, to: 590, by: 20) {
            values.swapAt(row, row + 1)
            times.swapAt(row, row + 1)
        }
        let found = statistics("x", values, times: times)
        #expect(found.types["host"]?.columns["x"]?.decreases == 0 && transform(found) == .rate)
    }

    @Test("Whoever measured what, and in which order it is added up, the decision is the same", arguments: 1...12)
    func anyOrder(seed: UInt64) throws {
        var generator = CounterBasedGenerator(seed: seed, purpose: "evidence order")
        let resets = Set((0..<Int(seed)).map { _ in Int(generator.next() % 400) })
        let parts = (0..<5).map { entity in
            statistics(
                seed % 2 == 0 ? "x_total" : "x",
                entity == 4 && seed > 8
                    ? gauge(300) : sum(400, resets: entity == 0 ? resets : []) { $0.uniform() }, entity: "e\(entity)")
        }
        var central = TelemetryStatistics()
        for part in parts { central.merge(part) }
        for _ in 0..<4 {
            var federated = TelemetryStatistics()
            for part in parts.shuffled(using: &generator) {
                let bytes = try DeterministicJSON.encode(part, pretty: false)
                #expect(TelemetryStatistics.isReadDirectly(bytes))
                federated.merge(try TelemetryStatistics(reading: bytes))
            }
            #expect(federated == central)
            #expect(
                CleaningPipeline(fitting: federated, rules: rules) == CleaningPipeline(fitting: central, rules: rules))
        }
    }

    @Test("Statistics of versions that did not count resets are read, directly and by any decoder")
    func olderStatistics() throws {
        let new = statistics("x", sum(600, resets: [300]) { $0.uniform() })
        let text = String(decoding: try DeterministicJSON.encode(new, pretty: false), as: UTF8.self)
        #expect(text.contains(#""resets":1"#))
        let old = Array(text.replacing(#","resets":1"#, with: "").utf8)
        #expect(old.count < text.utf8.count && TelemetryStatistics.isReadDirectly(old))
        for read in [
            try TelemetryStatistics(reading: old),
            try DeterministicJSON.decode(TelemetryStatistics.self, from: old),
        ] {
            let column = try #require(read.types["host"]?.columns["x"])
            #expect(column.resets == 0 && column.decreases == 1)
            #expect(StatisticsGate().flaw(in: read, of: nil, rules: rules) == nil)
            // A fall of which nothing is known is not taken for a reset.
            #expect(transform(read) == .level)
        }
        // Without resets they are written as ever.
        let plain = try DeterministicJSON.encode(statistics("x", sum(600) { $0.uniform() }), pretty: false)
        #expect(!String(decoding: plain, as: UTF8.self).contains("resets"))
        // More resets than falls there are none.
        let lie = Array(text.replacing(#""resets":1"#, with: #""resets":2"#).utf8)
        #expect(StatisticsGate().flaw(in: try TelemetryStatistics(reading: lie), of: nil, rules: rules) != nil)
    }

    @Test("One that falls, or says so, among those that count does not make a level of what they count")
    func oneThatDenies() {
        for name in ["x", "x_total"] {
            let honest = (0..<4).map {
                (sender: "w\($0)", statistics: statistics(name, sum(600) { $0.uniform() }, entity: "e\($0)"))
            }
            let other = (sender: "mallory", statistics: statistics(name, gauge(600), entity: "m"))
            let found = StatisticsComparison(honest + [other], gate: StatisticsGate())
            #expect(found.refused.isEmpty && found.leftOut == ["mallory": ["host": [name]]], "\(name)")
            let reset = (
                sender: "rebooted",
                statistics: statistics(name, sum(600, resets: [300]) { $0.uniform() }, entity: "r")
            )
            #expect(StatisticsComparison(honest + [reset], gate: StatisticsGate()).leftOut.isEmpty, "\(name)")
        }
    }

    @Test("Rules say what counts, not whoever measured it; where there are no rates there is no counter")
    func naming() {
        let mine = GroupRules(rules: [], counters: ["x"], notCounters: ["y"])
        var found = statistics("x", gauge(15), rules: GroupRules(rules: []))
        found.merge(statistics("y", sum(600) { $0.uniform() }, rules: GroupRules(rules: [])))
        let columns = { found.types["host"]?.columns }
        #expect(columns()?["x"]?.isCounter == false && columns()?["y"]?.isCounter == true)
        found.nameCounters { mine.naming(of: $0) }
        // Of few moves the name is believed, but rates are needed.
        #expect(columns()?["x"]?.isCounter == (columns()?["x"]?.rate != nil))
        #expect(columns()?["y"]?.isCounter == false && columns()?["y"]?.rate == nil)
        #expect(CleaningPipeline(fitting: found, rules: mine).types["host"]?.columns.count == 2)
    }
}
