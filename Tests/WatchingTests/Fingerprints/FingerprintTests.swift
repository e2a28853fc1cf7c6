import Charts
import Foundation
import Numerics
import Testing
import Watching

@Suite struct FingerprintTests {
    static let groups = ["physical.cpu", "physical.cpu", "virtual.memory", "virtual.memory", "access.radio"]

    /// A day of minutes of five metrics; from row 700 on `c` shifts up, from row 720 on `e` down.
    static func samples(_ seed: UInt64, faulty: Bool) -> DetectorSamples {
        var generator = CounterBasedGenerator(seed: seed, purpose: "fingerprint test")
        var values: [Double] = []
        for row in 0..<1_440 {
            for metric in 0..<5 {
                var value = 10 + Double(metric) + generator.normal()
                if faulty, metric == 2, (700..<780).contains(row) { value += 15 }
                if faulty, metric == 4, (720..<780).contains(row) { value -= 12 }
                values.append(value)
            }
        }
        return DetectorSamples(
            metrics: ["a", "b", "c", "d", "e"], groups: groups, times: (0..<1_440).map { Double($0) * 60 },
            values: values)
    }

    static func scores() throws -> EntityScores {
        let model = try EntityModel.trained(.shipped, on: [samples(1, faulty: false)], stepSeconds: 60)
        return try model.score(samples(2, faulty: true))
    }

    @Test func namesWhatMovedAndWhatMovedFirst() throws {
        let scores = try Self.scores()
        let events = DetectionMethod.shipped.alarmRule.events(scores.alarms[scores.combined])
        let event = try #require(events.max { $0.count < $1.count })
        #expect(event.overlaps(700..<780))
        let print = Fingerprint(of: event, in: scores, groups: Self.groups, entity: "s/e", firstIndex: 100)
        #expect(Set(print.parts.prefix(2).map(\.metric)) == ["c", "e"])
        #expect(print.parts.first { $0.metric == "c" }?.side == 1)
        #expect(print.parts.first { $0.metric == "e" }?.side == -1)
        #expect(print.firstGroup == "virtual.memory")
        #expect(Set(print.causes.prefix(2).map(\.metric)) == ["c", "e"])
        #expect(print.startIndex == 100 + event.lowerBound)
        let covered = print.parts.reduce(0) { $0 + $1.share }
        #expect(covered >= 0.9 && covered - (print.parts.last?.share ?? 0) < 0.9)
        #expect(abs(print.groups.reduce(0) { $0 + $1.share } - 1) < 1e-9)
        let onset = try #require(print.groups.first { $0.group == "access.radio" }?.shape.onsetIndex)
        #expect((815...830).contains(onset))
        let copy = try JSONDecoder().decode(Fingerprint.self, from: JSONEncoder().encode(print))
        #expect(copy == print)
    }

    @Test func anEventWithoutDeviationHasAnEmptyFingerprint() throws {
        let model = try EntityModel.trained(.shipped, on: [Self.samples(1, faulty: false)], stepSeconds: 60)
        let flat = DetectorSamples(
            metrics: ["a", "b", "c", "d", "e"], groups: Self.groups, times: [0, 60],
            values: [10, 11, 12, 13, 14, 10, 11, 12, 13, 14])
        let scores = try model.score(flat)
        let print = Fingerprint(of: 0..<2, in: scores, groups: Self.groups, entity: "s/e")
        #expect(print.parts.isEmpty && print.groups.isEmpty && print.causes.isEmpty && print.firstGroup == nil)
        #expect(Radiography(of: print, in: scores).svg().contains("</svg>"))
    }

    /// One metric of thirty that goes off alone hardly moves the mean: the single alarm names it.
    @Test func aSingleMetricIsTheFirstSuspect() throws {
        let width = 30
        func samples(_ seed: UInt64, _ count: Int, _ fault: Range<Int>) -> DetectorSamples {
            var generator = CounterBasedGenerator(seed: seed, purpose: "single metric test")
            var values: [Double] = []
            for row in 0..<count {
                for metric in 0..<width {
                    values.append(generator.normal() + (metric == 17 && fault.contains(row) ? 6 : 0))
                }
            }
            return DetectorSamples(
                metrics: (0..<width).map { "m\($0)" }, times: (0..<count).map { Double($0) * 300 }, values: values)
        }
        let model = try EntityModel.trained(.shipped, on: [samples(1, 3_000, 0..<0)], stepSeconds: 300)
        let scores = try model.score(samples(2, 900, 500..<530))
        let event = try #require(
            DetectionMethod.shipped.alarmRule.events(scores.alarms[scores.combined]).first { $0.overlaps(500..<530) })
        let print = Fingerprint(
            of: event, in: scores, groups: [String](repeating: "physical.cpu", count: width), entity: "s/e")
        #expect(print.causes.first?.metric == "m17")
    }

    @Test func radiographyIsWellFormed() throws {
        let scores = try Self.scores()
        let print = Fingerprint(of: 700..<790, in: scores, groups: Self.groups, entity: "site<1>/e&1")
        let picture = Radiography(of: print, in: scores).svg()
        #expect(picture.contains("threshold") && picture.contains("memory") && picture.contains("e&amp;1"))
        let parser = XMLChecker(picture)
        #expect(parser.isWellFormed)
    }
}

/// Whether the tags of a document nest.
struct XMLChecker {
    let isWellFormed: Bool

    init(_ text: String) {
        var open: [Substring] = []
        var sound = true
        for piece in text.split(separator: "<").dropFirst(text.hasPrefix("<") ? 0 : 1) {
            guard let end = piece.firstIndex(of: ">") else {
                sound = false
                break
            }
            let tag = piece[..<end]
            if tag.hasPrefix("?") || tag.hasPrefix("!") || tag.hasSuffix("/") { continue }
            let name = tag.drop { $0 == "/" }.prefix { $0 != " " && $0 != "\n" }
            if tag.hasPrefix("/") {
                if open.popLast() != name { sound = false }
            } else {
                open.append(name)
            }
        }
        isWellFormed = sound && open.isEmpty
    }
}
