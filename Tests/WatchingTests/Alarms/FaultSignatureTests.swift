import Foundation
import Testing
import Watching

@Suite struct FaultSignatureTests {
    private func signature(
        _ metrics: [String: Double], aspects: [String: Double] = ["level": 1], duty: Double = 0.5
    ) -> FaultSignature {
        FaultSignature(
            metrics: metrics.mapValues { .init($0, balance: 1) }, resources: ["cpu": .init(above: 1, below: 0)],
            aspects: aspects, rhythm: .init(duty: duty, centre: 0.5, restlessness: 0.1), sidedness: 1)
    }

    /// Worked out by hand: two parts of nine and a quarter are the metrics, three the aspects, one the duty.
    @Test func likenessByHand() {
        let a = signature(["x": 0.6, "y": 0.4])
        #expect(a.similarity(to: a) == 1)
        // Metrics: (.4 + 0) / (.6 + .4 + .6).
        let b = signature(["x": 0.4, "z": 0.6])
        #expect(abs(a.similarity(to: b) - (9.25 - 2 * (1 - 0.4 / 1.6)) / 9.25) < 1e-12)
        #expect(a.similarity(to: b) == b.similarity(to: a))
        // Aspects: half in common; duty .3 apart.
        let c = signature(["x": 0.6, "y": 0.4], aspects: ["level": 0.5, "spread": 0.5], duty: 0.8)
        #expect(abs(a.similarity(to: c) - (9.25 - 3 * 0.5 - 0.3) / 9.25) < 1e-12)
        // The other side of the same metric has nothing in common with it.
        let below = FaultSignature(
            metrics: ["x": .init(0.6, balance: -1), "y": .init(0.4, balance: -1)],
            resources: ["cpu": .init(above: 1, below: 0)], aspects: ["level": 1], rhythm: a.rhythm, sidedness: 1)
        #expect(abs(a.similarity(to: below) - 7.25 / 9.25) < 1e-12)
    }

    @Test func whatTravelsIsSmallAndLikeTheWhole() throws {
        var metrics: [String: Double] = [:]
        for index in 0..<300 { metrics["metric_\(index)_of_some_length"] = index < 40 ? 0.0245 : 0.02 / 260 }
        let whole = signature(metrics, aspects: ["level": 1.0 / 3, "change": 2.0 / 3])
        let compact = whole.compact
        #expect(compact.metrics.count == FaultSignature.mostMetrics && compact.flaw == nil)
        #expect(whole.similarity(to: compact) > 0.98)
        #expect(compact.aspects["level"] == 0.3333 && compact.compact == compact)
        let bytes = try JSONEncoder().encode(compact)
        #expect(bytes.count < 8_000)
        #expect(try JSONDecoder().decode(FaultSignature.self, from: bytes) == compact)
    }

    @Test func flawsAreNamed() {
        func flaw(_ change: (inout [String: Any]) -> Void) -> String? {
            var object: [String: Any] = [
                "metrics": ["x": ["above": 0.5, "below": 0.0]], "resources": ["cpu": ["above": 0.5, "below": 0.0]],
                "aspects": ["level": 1.0], "rhythm": ["duty": 0.5, "centre": 0.5, "restlessness": 0.5],
                "sidedness": 1.0,
            ]
            change(&object)
            guard let data = try? JSONSerialization.data(withJSONObject: object),
                let signature = try? JSONDecoder().decode(FaultSignature.self, from: data)
            else { return "unreadable" }
            return signature.flaw
        }
        #expect(flaw { _ in } == nil)
        #expect(flaw { $0["metrics"] = [String: Any]() }?.hasPrefix("metrics: found none") == true)
        #expect(flaw { $0["metrics"] = ["x": ["above": 7.0, "below": 0.0]] } == "metrics: found 7.0, expected 0 to 1")
        #expect(flaw { $0["sidedness"] = -1.0 } == "sidedness: found -1.0, expected 0 to 1")
        #expect(flaw { $0["aspects"] = ["a": 0.9, "b": 0.9] }?.hasPrefix("aspects: found shares") == true)
        #expect(flaw { $0["rhythm"] = ["duty": 2.0, "centre": 0.5, "restlessness": 0.5] }?.hasPrefix("duty") == true)
        let long = String(repeating: "m", count: 300)
        #expect(flaw { $0["metrics"] = [long: ["above": 0.1, "below": 0.0]] }?.contains("300 bytes") == true)
        var many: [String: Any] = [:]
        for index in 0..<65 { many["m\(index)"] = ["above": 0.01, "below": 0.0] }
        #expect(flaw { $0["metrics"] = many } == "metrics: found 65, expected at most 64")
    }
}
