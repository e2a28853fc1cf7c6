import Foundation
import Numerics
import Platform
import TestSupport
import Testing
import Watching

/// The simple detectors against NumPy (Goldens/make-detector-goldens.py), and what all detectors owe: streaming equals
/// scoring at once, a federated fit equals the central one.
@Suite struct SimpleDetectorTests {
    struct Goldens: Decodable {
        struct Tail: Decodable {
            let excesses: [Double]
            let shape: Double
            let scale: Double
        }
        let tails: [Tail]
        let train: [Double]
        let test: [Double]
        let metrics: Int
        let zScore: [Double]
        let robust: [Double]
        let range: [Double]
        let quantileRange: [Double]
        let principal: [Double]

        static func load() throws -> Goldens {
            let url = try #require(
                Bundle.module.url(forResource: "detectors", withExtension: "json", subdirectory: "Goldens"))
            return try JSONDecoder().decode(Goldens.self, from: Data(contentsOf: url))
        }

        func samples(_ values: [Double]) -> DetectorSamples {
            DetectorSamples(
                metrics: (0..<metrics).map { "m\($0)" }, times: (0..<values.count / metrics).map(Double.init),
                values: values)
        }
    }

    func expectClose(_ a: [Double], _ b: [Double], _ what: String, tolerance: Double = 1e-9) {
        #expect(a.count == b.count, "\(what)")
        let worst = zip(a, b).map { abs($0 - $1) / max(1, abs($1)) }.max() ?? 0
        #expect(worst <= tolerance, "\(what): off by \(worst)")
    }

    @Test func againstNumPy() throws {
        let goldens = try Goldens.load()
        let train = [TrainingPart(goldens.samples(goldens.train))]
        let test = goldens.samples(goldens.test)
        let names = test.metrics
        let cases: [(any DetectorFit, [Double], String)] = [
            (ZScoreFit(metrics: names), goldens.zScore, "z-score"),
            (ZScoreFit(robust: names, precision: 52), goldens.robust, "robust z-score"),
            (RangeFit(metrics: names), goldens.range, "range"),
            (RangeFit(metrics: names, tail: 0.005, precision: 52), goldens.quantileRange, "quantile range"),
            (PrincipalComponentFit(metrics: names, components: 2), goldens.principal, "PCA"),
        ]
        for (fit, expected, name) in cases {
            expectClose(try fit.fitted(to: train).deviations(of: test).deviations, expected, name)
        }
    }

    @Test(arguments: DetectionMethod.all.map(\.name))
    func aReadModelAndARestartGiveTheSameBits(_ name: String) throws {
        let method = try DetectionMethod.named(name)
        let model = try EntityModel.trained(
            method, on: [GeneratedSamples.entity(0), GeneratedSamples.entity(1)], stepSeconds: 60)
        let samples = GeneratedSamples.entity(2)
        let offline = try model.score(samples)
        let read = try JSONDecoder().decode(EntityModel.self, from: JSONEncoder().encode(model))
        #expect(offline.groups == ["access.radio", "physical.cpu", "site"])
        var scores = EntityScores(of: read)
        var state = StateWriter()
        EntityScorer(model: read).save(to: &state)
        for segment in samples.segments {
            // Every segment by a scorer of its own, which goes on from the state of the one before.
            var scorer = EntityScorer(model: read)
            var before = StateReader(state.bytes)
            try scorer.restore(from: &before)
            let width = samples.metricCount
            scorer.append(
                DetectorSamples(
                    metrics: samples.metrics, groups: samples.groups, times: Array(samples.times[segment]),
                    values: Array(samples.values[segment.lowerBound * width..<segment.upperBound * width])),
                to: &scores)
            state = StateWriter()
            scorer.save(to: &state)
        }
        #expect(scores.count == samples.count && scores.alarms == offline.alarms)
        #expect(scores.scores.joined().map(\.bitPattern) == offline.scores.joined().map(\.bitPattern))
        #expect(scores.thresholds == offline.thresholds && scores.found == offline.found)
        #expect(!scores.scores.joined().contains { !$0.isFinite })
    }

    @Test(arguments: DetectionMethod.all.filter { $0.horizons.count != 1 || $0.horizons == [1] }.map(\.name))
    func federatedFitIsExactInAnyOrder(_ name: String) throws {
        let method = try DetectionMethod.named(name)
        let parts = (0..<4).map { TrainingPart(GeneratedSamples.entity($0)) }
        let central = try method.makeFit(
            metrics: parts[0].samples.metrics, groups: parts[0].samples.groups, precision: 7
        ).fitted(to: parts)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        // Two sites merge their own entities first; the server merges the sites the other way round.
        var fit = method.makeFit(metrics: parts[0].samples.metrics, groups: parts[0].samples.groups, precision: 7)
        var federated: FittedDetector?
        while federated == nil {
            var first = try fit.summary(of: parts[3])
            try first.merge(fit.summary(of: parts[1]))
            var second = try fit.summary(of: parts[2])
            try second.merge(fit.summary(of: parts[0]))
            // As it travels.
            second = try JSONDecoder().decode(FitSummary.self, from: encoder.encode(second))
            try second.merge(first)
            federated = try fit.advance(with: second)
        }
        #expect(try encoder.encode(federated) == encoder.encode(central))
    }

    @Test func peersWithOtherMetricsAreRefused() throws {
        let fit = ZScoreFit(metrics: ["a", "b"])
        #expect(throws: DetectionError.self) { try fit.summary(of: TrainingPart(GeneratedSamples.entity(0))) }
        var summary = FitSummary(minima: [1])
        #expect(throws: DetectionError.self) { try summary.merge(FitSummary()) }
        #expect(throws: DetectionError.self) { try ZScoreFit(metrics: ["a"]).fitted(to: []) }
    }

    @Test func missingValuesStillGetAScore() throws {
        let model = try EntityModel.trained(try .named("zscore"), on: [GeneratedSamples.entity(0)], stepSeconds: 60)
        let clean = GeneratedSamples.entity(1)
        var values = clean.values
        for index in stride(from: 1, to: values.count, by: 5) { values[index] = index % 2 == 0 ? .nan : .infinity }
        let holes = DetectorSamples(metrics: clean.metrics, groups: clean.groups, times: clean.times, values: values)
        for scores in try model.score(holes).scores { #expect(!scores.contains { !$0.isFinite }) }
    }

    @Test func unknownMethodsAreNamed() {
        let error = #expect(throws: DetectionError.self) { try DetectionMethod.named("lstm?") }
        #expect(error?.description.contains("lstm?") == true)
        #expect(error?.description.contains("quantile-range") == true)
    }
}
