import Foundation
import Numerics
import Platform
import Testing
import Watching

/// What an entity with few rows has from the others.
@Suite struct UsualRangesTests {
    private static let metrics = (0..<6).map { "m\($0)" }

    /// Normal values with rare bursts in each metric, of a spread of the entity's own.
    private static func rows(_ count: Int, spread: Double, seed: UInt64, bursts: Bool = true, fault: Range<Int> = 0..<0)
        -> DetectorSamples
    {
        var generator = CounterBasedGenerator(seed: seed, purpose: "usual ranges test")
        let values = (0..<count).flatMap { row in
            (0..<6).map { metric in
                let size = bursts && generator.uniform() < 0.02 ? 6.0 : 1
                return 50 * spread + spread * (size * generator.normal() + (fault.contains(row) ? 20 : 0))
            }
        }
        return DetectorSamples(metrics: metrics, times: (0..<count).map { Double($0) }, values: values)
    }

    private static func ranges(of samples: [DetectorSamples]) -> UsualRanges? {
        UsualRanges.learned(from: samples, metrics: metrics.map { UsualRanges.name(of: $0, in: "other") })?.ranges
    }

    @Test func aMeanOfMeansIsTheMeanOfAll() throws {
        let all = (0..<4).map { Self.rows(300 + 100 * $0, spread: pow(10, Double($0)), seed: UInt64($0)) }
        let names = Self.metrics.map { UsualRanges.name(of: $0, in: "other") }
        let parts = try [all[0...0], all[1...3]].map { samples in
            try #require(UsualRanges.learned(from: Array(samples), metrics: names))
        }
        let whole = try #require(UsualRanges.learned(from: all, metrics: names))
        #expect(parts[0].rows == 300 && parts[1].rows == 1_500 && whole.rows == 1_800)
        for (index, value) in whole.ranges.values.enumerated() {
            let mean = parts.reduce(0) { $0 + Double($1.rows) * Double($1.ranges.values[index]) } / 1_800
            #expect(abs(mean - Double(value)) < 1e-5, "\(index)")
        }
    }

    @Test func whatOthersHaveSeenIsNoAnomaly() throws {
        // Two hundred rows without a burst; the bursts come later, and are as they are everywhere.
        let own = Self.rows(200, spread: 3, seed: 9, bursts: false)
        let test = Self.rows(2_000, spread: 3, seed: 10, fault: 1_500..<1_540)
        let others = try #require(
            Self.ranges(of: (0..<3).map { Self.rows(3_000, spread: pow(7, Double($0)), seed: UInt64($0)) }))
        func scores(_ usual: UsualRanges?) throws -> (quiet: Double, fault: Double) {
            let model = try EntityModel.trained(.shipped, on: [own], stepSeconds: 1, usual: usual)
            let found = try model.score(test)
            let scores = found.scores[found.combined]
            return (scores[..<1_500].reduce(0, +) / 1_500, scores[1_500..<1_540].max() ?? 0)
        }
        let (alone, together) = (try scores(nil), try scores(others))
        #expect(together.quiet < 0.8 * alone.quiet, "\(alone) and \(together)")
        #expect(together.fault > 0.75 * alone.fault, "\(alone) and \(together)")
    }

    @Test func aLongTrainingPartKnowsBetterItself() throws {
        let own = Self.rows(20_000, spread: 3, seed: 9, bursts: false)
        let others = try #require(Self.ranges(of: [Self.rows(3_000, spread: 1, seed: 1)]))
        let test = Self.rows(500, spread: 3, seed: 10)
        let scores = try [nil, others].map { usual -> [Double] in
            let found = try EntityModel.trained(.shipped, on: [own], stepSeconds: 1, usual: usual).score(test)
            return found.scores[found.combined]
        }
        let worst = zip(scores[0], scores[1]).map { abs($0 - $1) }.max() ?? 1
        #expect(worst < 0.1 * (scores[0].max() ?? 0), "\(worst)")
    }

    /// Thresholds come from rows that a detector has not seen: neither by itself, nor by what is usual.
    @Test func ownRowsAreNotAmongTheOthers() throws {
        let all = (0..<3).map { Self.rows(300 + 200 * $0, spread: pow(10, Double($0)), seed: UInt64($0)) }
        let usual = try #require(Self.ranges(of: all))
        let others = try #require(usual.without([all[0]]))
        let expected = try #require(Self.ranges(of: [all[1], all[2]]))
        #expect(others.rows == 1_200)
        #expect(zip(others.values, expected.values).allSatisfy { abs($0 - $1) < 1e-5 })
        let last = try #require(usual.without(Array(all[..<2])))
        #expect(zip(last.values, try #require(Self.ranges(of: [all[2]])).values).allSatisfy { abs($0 - $1) < 1e-5 })
        // Alone there are no others; of a federation nobody knows who said how much; and a drop is no sea.
        #expect(usual.without(all) == nil)
        var federated = usual
        federated.rows = nil
        #expect(federated.without([all[0]]) == federated)
        var large = usual
        large.rows = 1_000_000
        #expect(large.without([all[0]]) == large)
    }

    /// A metric that only oneself has is not known to the others.
    @Test func whatNobodyElseHasIsForgotten() throws {
        let own = Self.rows(400, spread: 1, seed: 1)
        let other = DetectorSamples(
            metrics: ["m0"], times: (0..<400).map { Double($0) }, values: (0..<400).map { Double($0 * 7 % 13) })
        let usual = try #require(Self.ranges(of: [own, other]))
        let others = try #require(usual.without([own]))
        let known = (0..<6).map { others.values[$0 * UsualRanges.figures] }
        #expect(abs(known[0] - 1) < 1e-6 && known[1...].allSatisfy { $0 == 0 })
    }

    @Test func whatStandsStillAndWhatIsAwayIsNotKnown() throws {
        let still = DetectorSamples(
            metrics: ["m0", "m1"], times: (0..<200).map { Double($0) },
            values: (0..<200).flatMap { [Double($0 * 7 % 13), 5] })
        let names = ["m0", "m1", "m2"].map { UsualRanges.name(of: $0, in: "other") }
        let found = try #require(UsualRanges.learned(from: [still], metrics: names)).ranges
        let known = (0..<3).map { found.values[$0 * UsualRanges.figures] }
        #expect(known == [1, 0, 0])
        #expect(UsualRanges.learned(from: [Self.rows(50, spread: 1, seed: 1)], metrics: names) == nil)
    }

    /// What arrives from somebody who means ill is bounded: a range may grow, never without end, and stays a range.
    @Test(arguments: [Float(8), -8, 1e30, .nan]) func nothingThatArrivesMakesARangeEndless(_ figure: Float) throws {
        let names = Self.metrics.map { UsualRanges.name(of: $0, in: "other") }
        var values = [Float](repeating: figure, count: names.count * UsualRanges.figures)
        for metric in names.indices { values[metric * UsualRanges.figures] = 1 }
        let bad = try #require(UsualRanges(metrics: names, values: values))
        let own = Self.rows(800, spread: 3, seed: 9)
        let model = try EntityModel.trained(.shipped, on: [own], stepSeconds: 1, usual: bad)
        let found = try model.score(Self.rows(300, spread: 3, seed: 10, fault: 100..<140))
        #expect(found.scores[found.combined].allSatisfy { $0.isFinite })
    }

    @Test("What was written before there was a part `mean` is read: no mean reaches farther than the values do")
    func olderOnesAreRead() throws {
        let ranges = try #require(Self.ranges(of: [Self.rows(400, spread: 3, seed: 1)]))
        let size = UsualRanges.figures
        let older = (0..<6).flatMap { ranges.values[$0 * size..<($0 + 1) * size - 4] }
        let text = try JSONSerialization.data(withJSONObject: [
            "metrics": ranges.metrics,
            "values": try JSONSerialization.jsonObject(
                with: JSONEncoder().encode(PackedNumbers(older.map { Double($0) })), options: .fragmentsAllowed),
        ])
        let read = try JSONDecoder().decode(UsualRanges.self, from: text)
        for metric in 0..<6 {
            let figures = read.values[metric * size..<(metric + 1) * size]
            #expect(figures.dropLast(4) == ranges.values[metric * size..<(metric + 1) * size - 4])
            #expect(figures.suffix(4) == figures.dropFirst().prefix(4))
        }
    }

    @Test func writtenAndRead() throws {
        let ranges = try #require(Self.ranges(of: [Self.rows(300, spread: 2, seed: 3)]))
        let bytes = try DeterministicJSON.encode(ranges, pretty: false)
        #expect(try DeterministicJSON.decode(UsualRanges.self, from: bytes) == ranges)
        #expect(UsualRanges(metrics: ["a"], values: [1, 2]) == nil)
        let other = String(decoding: bytes, as: UTF8.self).replacingOccurrences(
            of: #""metrics":["#, with: #""metrics":["another","#)
        #expect(throws: (any Error).self) { try DeterministicJSON.decode(UsualRanges.self, from: Array(other.utf8)) }
    }
}
