import Foundation
import Laboratory
import Numerics
import Telemetry
import Testing

@Suite struct SlowDriftTests {
    /// A gauge of either sign, one that is never negative, a counter with a gap and a reset, and a constant.
    private func frame(_ rows: Int, seed: UInt64, counts: Bool = true) -> MetricFrame {
        var random = CounterBasedGenerator(seed: seed, purpose: "frame")
        var values: [Double] = []
        var total = 50.0
        for row in 0..<rows {
            total += 10 + random.normal()
            if row == rows / 2, counts { total = 5 }
            values += [random.normal(), max(0, 1 + random.normal()), row % 97 == 40 ? .nan : total, 7]
        }
        return MetricFrame(
            schema: ["offset", "queue", "requests_total", "limit"], firstRow: 0,
            times: (0..<rows).map { Double($0) * 60 }, values: values)
    }

    private func drifted(_ size: Double, seed: UInt64 = 4, name: String = "site/a", from: Int = 0) throws -> MetricFrame
    {
        try SlowDrift(size: size, seed: seed).applied(
            to: frame(4_000, seed: 2), from: from, before: frame(4_000, seed: 1), name: name, rules: .builtIn())
    }

    private func column(_ column: Int, of frame: MetricFrame, _ rows: Range<Int>) -> [Double] {
        rows.map { frame[$0, column] }
    }

    @Test func noDriftChangesNothing() throws {
        #expect(try drifted(0) == frame(4_000, seed: 2))
        #expect(try drifted(3, from: 4_000) == frame(4_000, seed: 2))
    }

    @Test func itFollowsFromSeedAndNames() throws {
        #expect(try drifted(1) == drifted(1))
        #expect(try drifted(1) != drifted(1, seed: 5))
        #expect(try drifted(1) != drifted(1, name: "site/b"))
    }

    /// It begins with nothing and grows evenly: after removing what the definition says, what was there is left.
    @Test func itGrowsAsDefined() throws {
        let (before, plain, moved) = (frame(4_000, seed: 1), frame(4_000, seed: 2), try drifted(2))
        let values = column(0, of: before, 0..<4_000)
        let mean = values.reduce(0, +) / 4_000
        let spread = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 4_000).squareRoot()
        // Twice the same row of the day at both ends of a day: the level's part is linear in time, solved for from three
        // pairs of rows whose times of day are equal.
        func change(_ row: Int) -> Double { moved[row, 0] - plain[row, 0] }
        func share(_ row: Int) -> Double { 2 * Double(row + 1) / 4_000 }
        // change / share = b·(v − m) + s·(a + c·wave); two rows a day apart have the same wave.
        var slopes: [Double] = []
        for row in stride(from: 600, to: 2_500, by: 7) {
            let (first, second) = (row, row + 1_440)
            let distance = plain[second, 0] - plain[first, 0]
            guard abs(distance) > 0.5 else { continue }
            slopes.append((change(second) / share(second) - change(first) / share(first)) / distance)
        }
        let slope = slopes[0]
        #expect(slope >= 0 && slope <= 0.5)
        #expect(slopes.allSatisfy { abs($0 - slope) < 1e-9 }, "\(slopes.prefix(3))")
        let rest = (0..<4_000).map { (change($0) / share($0) - slope * (plain[$0, 0] - mean)) / spread }
        #expect(rest.allSatisfy { abs($0) <= 2 })
        // One day of the rest: a level within ±1 and a wave.
        let level = rest[..<1_440].reduce(0, +) / 1_440
        #expect(abs(level) <= 1)
        #expect(abs(rest[100] - rest[1_540]) < 1e-9)
        #expect(try abs(drifted(2)[0, 0] - plain[0, 0]) < 0.01)
    }

    @Test func boundsAndCountersAreKept() throws {
        for seed in 0..<20 as Range<UInt64> {
            let (plain, moved) = (frame(4_000, seed: 2), try drifted(4, seed: seed))
            #expect(column(1, of: moved, 0..<4_000).allSatisfy { $0 >= 0 })
            #expect(column(3, of: moved, 0..<4_000) == column(3, of: plain, 0..<4_000))
            var falls = 0
            var last = -Double.infinity
            for (value, before) in zip(column(2, of: moved, 0..<4_000), column(2, of: plain, 0..<4_000)) {
                #expect(value.isNaN == before.isNaN)
                guard value.isFinite else { continue }
                falls += value < last ? 1 : 0
                last = value
            }
            // The counter's own reset.
            #expect(falls == 1, "seed \(seed)")
        }
    }
}
