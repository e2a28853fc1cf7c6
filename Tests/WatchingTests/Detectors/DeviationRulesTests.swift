import Foundation
import Numerics
import Testing
import Watching

/// Which deviations count: only those on one side, only those of a certain size; in thresholds as in alarms.
@Suite struct DeviationRulesTests {
    private static let metrics = ["http_errors_total{code=\"500\"}", "mem_used", "cpu_user"]
    private static let centres = [100.0, 1_000, 50]
    private static let spreads = [1.0, 0.5, 2]

    /// Noise around the centres; `shift` moves one metric from row 200 on.
    private static func samples(rows: Int, seed: UInt64, shift: (metric: Int, by: Double)? = nil) -> DetectorSamples {
        var random = CounterBasedGenerator(seed: seed, purpose: "deviations")
        var values: [Double] = []
        for row in 0..<rows {
            for metric in metrics.indices {
                let moved = shift.map { $0.metric == metric && row >= 200 ? $0.by : 0 } ?? 0
                values.append(centres[metric] + spreads[metric] * random.normal() + moved)
            }
        }
        return DetectorSamples(metrics: metrics, times: (0..<rows).map { Double($0) * 60 }, values: values)
    }

    private static func model(_ rules: [DeviationRules.Rule], method: String = "default") throws -> EntityModel {
        try EntityModel.trained(
            DetectionMethod.named(method), on: [samples(rows: 3_000, seed: 1)], stepSeconds: 60,
            deviations: DeviationRules(rules))
    }

    /// Rows in alarm after the shift, and the metrics that are named as its causes.
    private static func alarms(
        _ model: EntityModel, shift: (metric: Int, by: Double)
    ) throws -> (rows: Int, causes: Set<Int>) {
        let scores = try model.score(samples(rows: 230, seed: 2, shift: shift))
        let causes = (200..<230).flatMap { row in
            metrics.indices.filter { scores.found.causes[row * metrics.count + $0] > 1 }
        }
        return (scores.alarms[scores.combined][200...].count { $0 }, Set(causes))
    }

    @Test(arguments: ["default", "zscore", "quantile-range"])
    func onlyOneSideCounts(_ method: String) throws {
        let all = try Self.model([], method: method)
        let above = try Self.model([.init(metrics: ["*_errors_*"], side: .above)], method: method)
        let below = try Self.model([.init(metrics: ["*_errors_*"], side: .below)], method: method)
        for (shift, counting, deaf) in [(40.0, above, below), (-40, below, above)] {
            #expect(try Self.alarms(all, shift: (0, shift)).rows > 5)
            #expect(try Self.alarms(counting, shift: (0, shift)).rows > 5, "the side that counts, \(shift)")
            let ignored = try Self.alarms(deaf, shift: (0, shift))
            #expect(ignored.rows == 0 && !ignored.causes.contains(0), "the other side, \(shift): \(ignored)")
            // What the rule does not name is judged as before.
            #expect(try Self.alarms(deaf, shift: (2, shift)).rows > 5)
        }
    }

    @Test(arguments: ["default", "robust-zscore", "pca"])
    func smallDeviationsDoNotCount(_ method: String) throws {
        let rules: [DeviationRules.Rule] = [
            .init(metrics: ["mem_*"], leastShare: 0.05), .init(metrics: ["*"], least: 20),
        ]
        let (all, limited) = (try Self.model([], method: method), try Self.model(rules, method: method))
        #expect(try Self.alarms(all, shift: (1, 20)).rows > 5, "2 % are many spreads")
        #expect(try Self.alarms(limited, shift: (1, 20)).rows == 0)
        #expect(try Self.alarms(limited, shift: (1, -20)).rows == 0)
        #expect(try Self.alarms(limited, shift: (1, 80)).rows > 5, "8 % count")
        #expect(try Self.alarms(all, shift: (0, 15)).rows > 5)
        #expect(try Self.alarms(limited, shift: (0, 15)).rows == 0, "in its own unit; the first rule does not match")
        #expect(try Self.alarms(limited, shift: (0, 60)).rows > 5)
    }

    /// Thresholds are those of the deviations that count, so that fewer of them do not make the rest harder to see.
    @Test func thresholdsFollow() throws {
        let all = try Self.model([], method: "zscore")
        let limited = try Self.model([.init(metrics: ["http_*", "cpu_*"], least: 1e6)], method: "zscore")
        let (before, after) = (all.calibrations.last?.level ?? 0, limited.calibrations.last?.level ?? 0)
        #expect(after > 0 && after < before)
        let limits = try #require(limited.limits)
        #expect(all.limits == nil && limits.sides == [0, 0, 0] && limits.low[1] == limits.high[1])
        #expect(limits.low[0] < -9e5 && limits.high[0] > 9e5)
    }

    /// A model is read as it was written; one whose limits do not fit its metrics is no model.
    @Test func aModelKeepsItsLimits() throws {
        let model = try Self.model([.init(metrics: ["mem_used"], side: .below, leastShare: 0.05)])
        let bytes = try JSONEncoder().encode(model)
        let read = try JSONDecoder().decode(EntityModel.self, from: bytes)
        #expect(read.limits == model.limits && read.isConsistent)
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.contains(#""sides":[0,-1,0]"#))
        let broken = try JSONDecoder().decode(
            EntityModel.self, from: Data(text.replacing(#""sides":[0,-1,0]"#, with: #""sides":[0,-1]"#).utf8))
        #expect(!broken.isConsistent)
        #expect(try !String(decoding: JSONEncoder().encode(Self.model([])), as: UTF8.self).contains("limits"))
    }

    /// Residuals are reconstruction minus sample: above what is expected is below 0.
    @Test func residualsHaveTheOtherSide() throws {
        let residual = DetectionMethod(name: "r", kind: .robustZScore, horizons: [1], input: .residuals)
        let model = try EntityModel.trained(
            residual, on: [Self.samples(rows: 1_000, seed: 1)], stepSeconds: 60,
            deviations: DeviationRules([.init(metrics: ["cpu_user"], side: .above)]))
        #expect(model.limits?.sides == [0, 0, -1])
    }
}
