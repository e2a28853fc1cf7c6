import Foundation
import Numerics
import Telemetry
import Testing

/// From raw rows to clean series: each rule by itself, and all of them row by row against all at once.
struct SampleCleanerTests {
    let rules: GroupRules

    init() throws { rules = try GroupRules.builtIn() }

    private func fit(_ frames: [(entity: String, frame: MetricFrame)], options: CleaningOptions = CleaningOptions())
        -> CleaningPipeline
    {
        var statistics = TelemetryStatistics()
        for (entity, frame) in frames {
            statistics.add(frame, site: "s", entity: entity, type: "host", rules: rules)
        }
        return CleaningPipeline(fitting: statistics, rules: rules, options: options)
    }

    private func frame(_ schema: [String], times: [Double], _ rows: [[Double]]) -> MetricFrame {
        MetricFrame(schema: schema, firstRow: 0, times: times, values: rows.flatMap { $0 })
    }

    private func column(_ series: CleanSeries, _ metric: String) throws -> [Float] {
        let index = try #require(series.metrics.firstIndex(of: metric))
        return (0..<series.rowCount).map { series.values[$0, index] }
    }

    @Test(
        "Counters become rates over the true time; a reset and a repeated time keep the last rate; the first row has a stand-in"
    )
    func counters() throws {
        let raw = frame(
            ["jobs_total"], times: [0, 1, 2, 4, 4, 5, 6],
            [[10], [20], [25], [45], [46], [3], [5]])
        let series = try #require(try fit([("h", raw)]).clean(raw, site: "s", entity: "h", type: "host").first)
        // 4 → 4: no time passed. 45 → 3: a reset, and nobody knows for how long it has counted.
        #expect(try column(series, "jobs_total")[1...] == [10, 5, 10, 10, 10, 2])
        #expect(series.standIn == [1, 0, 0, 0, 0, 0, 0])
        #expect(series.values[0, 0] == 7.5 || series.values[0, 0] == 5)
    }

    @Test("A duplicated row, a late row and a reset leave every rate as it was")
    func disturbances() throws {
        let quiet = frame(
            ["jobs_total"], times: (0..<50).map { Double($0) * 60 }, (0..<50).map { [Double($0 * 600 + $0 % 2 * 60)] })
        let pipeline = fit([("h", quiet)])
        func rates(_ rows: [(time: Double, value: Double)]) throws -> [Float] {
            let raw = frame(["jobs_total"], times: rows.map(\.time), rows.map { [$0.value] })
            let series = try #require(try pipeline.clean(raw, site: "s", entity: "h", type: "host").first)
            #expect(series.segments == [0..<rows.count])
            return try Array(column(series, "jobs_total").dropFirst())
        }
        let rows = (0..<20).map { (time: Double($0) * 60, value: Double($0) * 600) }
        #expect(try rates(Array(rows[..<10]) + Array(rows[9...])) == [Float](repeating: 10, count: 20))
        #expect(
            try rates(Array(rows[..<5]) + [rows[6], rows[5]] + Array(rows[7...])) == [Float](repeating: 10, count: 19))
        let reset = rows.map { (time: $0.time, value: $0.time < 600 ? $0.value : $0.value - 5950) }
        #expect(try rates(reset) == [Float](repeating: 10, count: 19))
    }

    @Test("A column that only ever grows is a counter, whole or not; a gauge that falls by a part once is none")
    func detectedCounters() {
        var generator = CounterBasedGenerator(seed: 3, purpose: "counter")
        var total = 0.0
        let rows = (0..<300).map { row in
            total += Double(generator.next() % 50)
            return [total, row == 250 ? total - 1000 : total, total + 0.5, Double(row / 100)]
        }
        let raw = frame(["grows", "falls", "seconds", "steps"], times: (0..<300).map(Double.init), rows)
        let columns = fit([("h", raw)]).types["host"]?.columns
        #expect(columns?.map(\.transform) == [.rate, .level, .rate, .level])
    }

    /// Steps of 1, 1 and 20 s, over and over: every third of them is longer than five medians, and none of them is a gap.
    @Test("Rows at usual distances that differ are one segment; what is longer than usual is still a gap")
    func irregularRows() throws {
        var times: [Double] = [0]
        while times.count < 900 { times.append((times.last ?? 0) + (times.count % 3 == 0 ? 20 : 1)) }
        for row in 600..<900 { times[row] += 500 }
        let raw = frame(["a"], times: times, times.indices.map { [Double($0 * $0 % 7)] })
        let pipeline = fit([("h", raw)])
        let series = try #require(try pipeline.clean(raw, site: "s", entity: "h", type: "host").first)
        #expect(series.segments == [0..<600, 600..<900])
        var clock = ClockFindings()
        for (row, time) in times.enumerated() { clock.add(time: time, previous: row > 0 ? times[row - 1] : nil) }
        #expect(clock.gaps(factor: 5) == 1 && clock.gaps(factor: 30) == 1 && clock.gapStep(factor: 5) == 8)
        #expect(pipeline.types["host"]?.steps["s/h"] == 8 && pipeline.types["host"]?.step == 8)
    }

    @Test("Rows that are repeated, and a few rows, leave the step what it is")
    func stepsThatStay() {
        func step(_ times: [Double]) -> Double? {
            let raw = frame(["a"], times: times, times.indices.map { [Double($0 * $0 % 7)] })
            return fit([("h", raw)]).types["host"]?.steps["s/h"]
        }
        #expect(step((0..<400).map { Double($0 / 4) * 10 }) == 10)
        #expect(step((0..<400).map { Double($0) + ($0 >= 200 ? 300 : 0) }) == 1)
        // One gap of nineteen steps, and all there is of three.
        #expect(step((0..<20).map { Double($0) + ($0 >= 10 ? 300 : 0) }) == 1)
        #expect(step([0, 1, 2, 500]) == 1)
    }

    @Test("A missing value is carried up to the limit, then a marked stand-in (the median) takes its place")
    func carrying() throws {
        var rows = (0..<30).map { [Double($0 % 5), Double(-$0 % 7)] }
        for row in 10..<25 { rows[row][0] = row % 2 == 0 ? .nan : .infinity }
        let raw = frame(["a", "b"], times: rows.indices.map(Double.init), rows)
        let series = try #require(try fit([("h", raw)]).clean(raw, site: "s", entity: "h", type: "host").first)
        let a = try column(series, "a")
        #expect(a[10..<20].allSatisfy { $0 == 4 })
        #expect(a[20..<25].allSatisfy { $0 == 2 })
        #expect((0..<30).filter { series.standIn[$0 * 2] == 1 } == Array(20..<25))
        #expect(series.segments == [0..<30])
    }

    @Test("A gap, a clock set back and another file end a segment; a jitter, a duplicate and late rows do not")
    func segments() throws {
        let times: [Double] = [0, 1, 2.4, 2.4, 3, 4, 60, 61, 10, 11, 12, 13, 14, 15]
        var raw = frame(["a"], times: times, times.indices.map { [Double($0 * $0 % 7)] })
        raw.fileStarts = [11]
        let series = try #require(try fit([("h", raw)]).clean(raw, site: "s", entity: "h", type: "host").first)
        #expect(series.segments == [0..<6, 6..<10, 10..<11, 11..<14])
        #expect(series.sourceIndex == Array(0..<14))
        #expect(WindowIndex(segments: series.segments, window: 3).starts == [0, 1, 2, 3, 6, 7, 11])
    }

    @Test("A group that falls silent as a whole gets segments of its own; every row is still there")
    func silence() throws {
        var rows = (0..<60).map { [Double($0 % 5), Double($0 % 3)] }
        for row in 20..<40 { rows[row] = [.nan, .nan] }
        let raw = frame(["a", "b"], times: rows.indices.map(Double.init), rows)
        let series = try #require(try fit([("h", raw)]).clean(raw, site: "s", entity: "h", type: "host").first)
        #expect(series.rowCount == 60)
        #expect(series.segments == [0..<30, 30..<40, 40..<60])
        #expect(series.values.elements.allSatisfy { $0.isFinite })
    }

    @Test("Constants of each entity leave the schema but are shown; a metric that one entity moves stays in")
    func constants() throws {
        let names = ["same", "own", "moves", "absent"]
        let first = frame(names, times: [0, 1, 2], [[1, 5, 2, .nan], [1, 5, 2, .nan], [1, .nan, 2, .nan]])
        let second = frame(names, times: [0, 1, 2], [[1, 6, 3, .nan], [1, 6, 2, .nan], [1, 6, 3, .nan]])
        let pipeline = fit([("a", first), ("b", second)])
        let group = try #require(pipeline.groups.first)
        #expect(group.metrics == ["moves"])
        #expect(group.constantMetrics == ["same", "own", "absent"])
        let later = frame(names, times: [0, 1], [[1, 6, 2, .nan], [9, .nan, 2, 4]])
        let known = try #require(try pipeline.clean(later, site: "s", entity: "b", type: "host").first)
        #expect(known.constantExpected[..<2] == [1, 6] && known.constantExpected[2].isNaN)
        #expect(known.constantValues[1, 0] == 9 && known.constantValues[1, 1].isNaN && known.constantValues[1, 2] == 4)
        let stranger = try #require(try pipeline.clean(later, site: "s", entity: "new", type: "host").first)
        #expect(stranger.constantExpected[..<2] == [1, 6])
    }

    @Test("Types that differ in a group's columns get groups of their own, types that agree share one")
    func groupsByType() throws {
        var statistics = TelemetryStatistics()
        func add(_ type: String, _ schema: [String]) {
            let rows = (0..<5).map { row in schema.indices.map { Double((row * 7 + $0) % 5) } }
            let frame = MetricFrame(
                schema: schema, firstRow: 0, times: rows.indices.map(Double.init), values: rows.flatMap { $0 })
            statistics.add(frame, site: "s", entity: type + "1", type: type, rules: rules)
        }
        add("enb", ["cpu_0", "system_load", "sys_mem", "nof_ue", "what"])
        add("ue", ["cpu_0", "sys_load", "sys_mem", "rsrp", "ever"])
        let names = CleaningPipeline(fitting: statistics, rules: rules).groups.map(\.group.name)
        #expect(
            names == [
                "access.radio", "access.traffic", "other@enb", "other@ue", "physical.cpu@enb", "physical.cpu@ue",
                "physical.memory",
            ])
    }

    /// Rows with everything in them: counters with resets, missing runs, gaps, steps back, constants, silence.
    private func troubled(_ seed: UInt64, rows: Int) -> MetricFrame {
        var generator = CounterBasedGenerator(seed: seed, purpose: "troubled rows")
        var time = 0.0
        var total = 0.0
        var silent = 0
        var values: [Double] = []
        var times: [Double] = []
        var starts: [Int] = []
        for row in 0..<rows {
            time += generator.next() % 60 == 0 ? 40 : 0.8 + generator.uniform() / 2
            if generator.next() % 90 == 0 { time -= 30 }
            if generator.next() % 120 == 0 && row > 0 { starts.append(row) }
            total = generator.next() % 70 == 0 ? 0 : total + Double(generator.next() % 9)
            if silent == 0 && generator.next() % 40 == 0 { silent = Int(generator.next() % 30) }
            silent = max(0, silent - 1)
            let missing = silent > 0
            func cell(_ value: Double) -> Double { missing || generator.next() % 8 == 0 ? .nan : value }
            values += [cell(generator.normal()), cell(total), cell(3), .nan, cell(generator.normal() * 1e12)]
            times.append(time)
        }
        return MetricFrame(
            schema: ["cpu_0", "x_total", "cpu_1", "cpu_2", "sys_mem"], firstRow: 0, fileStarts: starts, times: times,
            values: values, labels: times.indices.map { UInt8($0 % 2) })
    }

    @Test("Row by row and all at once give the same bits", arguments: 1...12)
    func onlineIsOffline(seed: UInt64) throws {
        let raw = troubled(seed, rows: 600)
        let pipeline = fit([("h", troubled(seed + 100, rows: 400)), ("g", raw)])
        let whole = try pipeline.clean(raw, site: "s", entity: "h", type: "host")
        let decoded = try JSONDecoder().decode(CleaningPipeline.self, from: JSONEncoder().encode(pipeline))
        #expect(decoded == pipeline)
        var cleaner = try SampleCleaner(
            pipeline: decoded, site: "s", entity: "h", type: "host", schema: raw.schema)
        var taken = whole.map { _ in [CleanSeries]() }
        var generator = CounterBasedGenerator(seed: seed, purpose: "takes")
        for row in 0..<raw.rowCount {
            cleaner.append(
                time: raw.times[row], values: raw.values[(row * 5)..<(row * 5 + 5)], index: row,
                label: raw.labels?[row],
                startsFile: raw.fileStarts.contains(row))
            guard generator.next() % 3 == 0 || row == raw.rowCount - 1 else { continue }
            for (index, series) in cleaner.take().enumerated() { taken[index].append(series) }
        }
        for (parts, series) in zip(taken, whole) {
            #expect(series.rowCount == raw.rowCount)
            #expect(series.sourceIndex == Array(0..<raw.rowCount))
            #expect(parts.flatMap(\.sourceIndex) == series.sourceIndex)
            #expect(parts.flatMap(\.times) == series.times)
            #expect(parts.flatMap(\.values.elements).map(\.bitPattern) == series.values.elements.map(\.bitPattern))
            #expect(parts.flatMap(\.standIn) == series.standIn)
            #expect(parts.flatMap { $0.labels ?? [] } == series.labels)
            #expect(series.values.elements.allSatisfy { $0.isFinite })
            // Joined again where a part goes on, the segments are those of the whole.
            var segments: [Range<Int>] = []
            var offset = 0
            for part in parts {
                for (index, segment) in part.segments.enumerated() {
                    let moved = (segment.lowerBound + offset)..<(segment.upperBound + offset)
                    if index == 0 && part.continuesPrevious, let last = segments.popLast() {
                        segments.append(last.lowerBound..<moved.upperBound)
                    } else {
                        segments.append(moved)
                    }
                }
                offset += part.rowCount
            }
            #expect(segments == series.segments)
        }
    }

    @Test("A source of a known type with other columns, and one of an unknown type, are refused in one line")
    func mismatches() throws {
        let raw = troubled(1, rows: 50)
        let pipeline = fit([("h", raw)])
        for (type, schema) in [("host", ["p", "q"]), ("printer", ["p", "q"])] {
            let error = #expect(throws: TelemetryError.self) {
                try SampleCleaner(pipeline: pipeline, site: "s", entity: "e", type: type, schema: schema)
            }
            #expect(error?.code == .mismatch)
        }
        // Another name for the same columns is the same type.
        let renamed = try SampleCleaner(pipeline: pipeline, site: "s", entity: "e", type: "server", schema: raw.schema)
        #expect(renamed.missingColumns.isEmpty && renamed.unknownColumns.isEmpty)
        let fewer = try SampleCleaner(
            pipeline: pipeline, site: "s", entity: "e", type: "host", schema: ["cpu_0", "new"])
        #expect(fewer.unknownColumns == ["new"])
        #expect(fewer.missingColumns == ["x_total", "cpu_1", "cpu_2", "sys_mem"])
    }
}
