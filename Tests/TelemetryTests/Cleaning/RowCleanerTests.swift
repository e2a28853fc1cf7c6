import Foundation
import Numerics
import Platform
import Telemetry
import Testing

/// One cleaner for all that look at a stream: the same rows whatever the cut, over a restart, and with metrics that go
/// away and come back.
struct RowCleanerTests {
    private let rules: GroupRules

    init() throws { rules = try GroupRules.builtIn() }

    /// 400 rows of a counter, a gauge that goes away for 40 rows, a constant and a column that is always empty, with
    /// single missing values, a gap and a step back.
    private func frame(_ seed: UInt64, away: Range<Int> = 200..<240) -> MetricFrame {
        var generator = CounterBasedGenerator(seed: seed, purpose: "rows")
        var (times, values): ([Double], [Double]) = ([], [])
        var (time, total) = (0.0, 0.0)
        for row in 0..<400 {
            time += row == 100 ? 500 : row == 300 ? -50 : 1
            total = row == 150 ? 0 : total + Double(generator.next() % 9)
            times.append(time)
            let gauge = away.contains(row) || row % 41 == 3 ? .nan : generator.uniform()
            values += [total, gauge, row % 57 == 5 ? .nan : 7, .nan, generator.uniform()]
        }
        return MetricFrame(
            schema: ["cpu_total", "cpu_load", "cpu_cores", "cpu_none", "mem_used"], firstRow: 0, times: times,
            values: values)
    }

    private func cleaner(_ options: CleaningOptions = CleaningOptions()) throws -> RowCleaner {
        var statistics = TelemetryStatistics()
        let learned = frame(1, away: 0..<0)
        statistics.add(learned, site: "s", entity: "e", type: "host", rules: rules)
        return try RowCleaner(
            pipeline: CleaningPipeline(fitting: statistics, rules: rules, options: options), site: "s", entity: "e",
            type: "host", columns: learned.schema)
    }

    private func piece(_ frame: MetricFrame, _ rows: Range<Int>) -> MetricFrame {
        let width = frame.columnCount
        return MetricFrame(
            schema: frame.schema, firstRow: rows.lowerBound, times: Array(frame.times[rows]),
            values: Array(frame.values[rows.lowerBound * width..<rows.upperBound * width]))
    }

    private func expectEqual(_ a: CleanRows, _ b: CleanRows) {
        #expect(a.times == b.times && a.indices == b.indices && a.marks == b.marks && a.ages == b.ages)
        #expect(a.values.map(\.bitPattern) == b.values.map(\.bitPattern))
        #expect(a.startsSegment == b.startsSegment && a.startsGroupSegment == b.startsGroupSegment)
        #expect(a.presenceChanges == b.presenceChanges)
    }

    private func cleaned(_ frame: MetricFrame, pieces: [Int], restartAt: Int? = nil) throws -> CleanRows {
        var cleaner = try cleaner()
        var rows = CleanRows(schema: cleaner.schema)
        var (row, turn) = (0, 0)
        while row < frame.rowCount {
            if row == restartAt {
                var state = StateWriter()
                cleaner.save(to: &state)
                cleaner = try self.cleaner()
                var reader = StateReader(state.bytes)
                try cleaner.restore(from: &reader)
                #expect(reader.isAtEnd)
            }
            let end = min(
                row + pieces[turn % pieces.count], frame.rowCount, restartAt.map { $0 > row ? $0 : .max } ?? .max)
            try cleaner.append(piece(frame, row..<end), to: &rows)
            (row, turn) = (end, turn + 1)
        }
        return rows
    }

    @Test("Any cut, and a restart between any two rows, gives the same rows")
    func cuts() throws {
        let frame = frame(2)
        let whole = try cleaned(frame, pieces: [1_000])
        #expect(whole.count == 400 && whole.values.allSatisfy(\.isFinite))
        for pieces in [[1], [7, 2, 64], [99, 1, 101]] { expectEqual(try cleaned(frame, pieces: pieces), whole) }
        for row in [1, 100, 101, 151, 205, 230, 241, 300] {
            expectEqual(try cleaned(frame, pieces: [13], restartAt: row), whole)
        }
    }

    @Test("A metric that goes away is told from one that misses a value, and from one that was never there")
    func presence() throws {
        let rows = try cleaned(frame(2), pieces: [64])
        let schema = rows.schema
        let load = try #require(schema.metrics.firstIndex(of: "cpu_load"))
        let none = try #require(schema.metrics.firstIndex(of: "cpu_none"))
        let ages = (0..<rows.count).map { rows.ages[$0 * rows.width + load] }
        // Ten rows are carried, from the eleventh on it is away; it counts from 1 when it is back.
        #expect(ages[..<210].allSatisfy { $0 == .max } && ages[210..<240].allSatisfy { $0 == 0 })
        #expect(ages[240] == 1 && ages[399] == 160)
        #expect(
            rows.presenceChanges.map(\.index) == [210, 240] && rows.presenceChanges.map(\.isAway) == [true, false])
        #expect(rows.presenceChanges.allSatisfy { $0.metric == load })
        let marks = (0..<rows.count).map { CleanRows.Mark(rawValue: rows.marks[$0 * rows.width + load]) }
        #expect(marks[205] == .carried && marks[215] == .away && marks[3] == .carried && marks[240] == .observed)
        #expect((0..<rows.count).allSatisfy { rows.ages[$0 * rows.width + none] == .max })
    }

    @Test("Other columns than those the stream began with are refused")
    func otherColumns() throws {
        var cleaner = try cleaner()
        var rows = CleanRows(schema: cleaner.schema)
        let other = MetricFrame(schema: ["a"], firstRow: 0, times: [0], values: [1])
        #expect(throws: TelemetryError.self) { try cleaner.append(other, to: &rows) }
    }
}
