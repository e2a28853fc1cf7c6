import Federation
import Numerics
import Testing

/// Contributions held against each other: refusals, weights, clipping.
@Suite struct RoundGateTests {
    private static let width = 30
    private static let base = FederatedModel(
        context: [],
        groups: [.init(name: "g", schema: "s", parameters: (0..<width).map { Float($0) * 0.01 })])

    private static func round(_ number: UInt32 = 1) -> RoundBase {
        RoundBase(round: number, attempt: 1, kind: .training, version: 1, digest: [], model: base)
    }

    /// A contribution whose change has that norm.
    private static func contribution(norm: Double, seed: Int, samples: UInt64 = 10) -> Contribution {
        var generator = CounterBasedGenerator(seed: UInt64(seed), purpose: "change")
        let direction = (0..<width).map { _ in generator.normal() }
        let length = direction.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return contribution(
            zip(base.groups[0].parameters, direction).map { Float(Double($0) + $1 / length * norm) }, samples)
    }

    private static func contribution(_ values: [Float], _ samples: UInt64 = 10) -> Contribution {
        Contribution(
            kind: .training, entities: ["e"], rawBytes: 0,
            groups: [
                .init(
                    name: "g", schema: "s", sampleCount: samples, steps: 1, lossBefore: 1, lossAfter: 1,
                    parameters: values)
            ])
    }

    private struct Sent {
        var worker: String
        var site: String
        var contribution: Contribution
    }

    private static func sent(_ norms: [Double], samples: [UInt64] = []) -> [Sent] {
        norms.enumerated().map { index, norm in
            Sent(
                worker: "w\(index)", site: "s\(index)",
                contribution: contribution(norm: norm, seed: index, samples: samples.isEmpty ? 10 : samples[index]))
        }
    }

    private static func arithmetic(
        _ rule: AggregationRule = .average, history: ChangeHistory = ChangeHistory(),
        _ change: (inout RoundGate) -> Void = { _ in }
    ) -> RoundArithmetic {
        var gate = ContributionGate()
        change(&gate.round)
        return RoundArithmetic(
            gate: gate, strategy: rule.strategy(hyperparameters: []), maker: ToyMaker(), history: history)
    }

    /// A round of those contributions; who is refused, and what comes of the others.
    private static func run(
        _ sent: [Sent], on arithmetic: RoundArithmetic, number: UInt32 = 1
    ) -> (refused: [String: FederationError], model: FederatedModel?, treatment: RoundTreatment) {
        arithmetic.begin(round(number))
        for item in sent {
            arithmetic.fold(round: number, attempt: 1, item.contribution, from: item.worker, site: item.site)
        }
        var refused: [String: FederationError] = [:]
        var outcome = arithmetic.aggregate(round: number, attempt: 1, leavingOut: [])
        if case .refused(let reasons) = outcome {
            refused = reasons
            outcome = arithmetic.aggregate(round: number, attempt: 1, leavingOut: Set(reasons.keys))
        }
        guard case .model(let model, _, _, _, let treatment) = outcome else { return (refused, nil, RoundTreatment()) }
        return (refused, model, treatment)
    }

    private static func mean(_ sent: [Sent], weights: [UInt64]? = nil) -> [Float] {
        var average = WeightedAverage()
        for (index, item) in sent.enumerated() {
            average.add(
                item.contribution.groups[0].parameters,
                weight: weights?[index] ?? item.contribution.groups[0].sampleCount)
        }
        return average.mean() ?? []
    }

    // MARK: Refusals

    @Test func aChangeFarBeyondTheOthersIsRefusedAndSaysWhy() throws {
        let sent = Self.sent([1, 1.2, 0.9, 6])
        for order in [sent, sent.reversed()] {
            let (refused, model, treatment) = Self.run(order, on: Self.arithmetic())
            #expect(refused.keys.sorted() == ["w3"])
            let error = try #require(refused["w3"])
            #expect(error.code == .overNorm)
            #expect(
                error.description
                    == "group g: a change of norm 6.0 by 10 samples, the median of the 3 others is 1.0 by 10.0, at most 5.0 is allowed"
            )
            #expect(model?.groups[0].parameters == Self.mean(Array(sent.prefix(3))))
            #expect(treatment.groups.first?.contributors == 3 && treatment.lines.isEmpty)
        }
    }

    @Test func whoIsWithinTheLimitCounts() {
        let sent = Self.sent([1, 1.2, 0.9, 4.5, 0])
        let (refused, model, _) = Self.run(sent, on: Self.arithmetic())
        #expect(refused.isEmpty && model?.groups[0].parameters == Self.mean(sent))
    }

    /// Ten times the samples make a longer change: it is scaled down, not refused, and nobody who claims them has more by it.
    @Test func whoHasMoreSamplesMayChangeMore() throws {
        for claimed in [100, UInt64(1) << 28] {
            let sent = Self.sent([1, 1, 7], samples: [10, 10, claimed])
            let (refused, model, treatment) = Self.run(sent, on: Self.arithmetic())
            #expect(refused.isEmpty)
            let line = try #require(treatment.lines.first)
            #expect(line.worker == "w2" && (line.factor ?? 0).distance(to: 5.0 / 7).magnitude < 1e-5)
            #expect(line.weight == 20, "half of the whole")
            let far = zip(model?.groups[0].parameters ?? [], Self.base.groups[0].parameters)
                .reduce(0.0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }.squareRoot()
            #expect(far < 0.5 * 5 + 0.5)
        }
        #expect(Self.run(Self.sent([1, 1, 7], samples: [10, 10, 11]), on: Self.arithmetic()).refused.count == 1)
    }

    /// Two of five are far off, and do not hide each other; nor do they make the honest ones look odd.
    @Test func aMinorityIsRefusedTogether() {
        let (refused, _, _) = Self.run(Self.sent([1, 1, 1, 400, 500]), on: Self.arithmetic())
        #expect(refused.keys.sorted() == ["w3", "w4"])
    }

    /// Of two nobody can say which is off, but what was usual before says it.
    @Test func fewerThanThreeAreHeldAgainstTheRoundsBefore() {
        let arithmetic = Self.arithmetic()
        #expect(Self.run(Self.sent([1, 50]), on: arithmetic, number: 1).refused.isEmpty, "nothing is known yet")
        let seasoned = Self.arithmetic()
        for number in 1...3 { _ = Self.run(Self.sent([1, 1.1]), on: seasoned, number: UInt32(number)) }
        #expect(Self.run(Self.sent([1, 50]), on: seasoned, number: 4).refused.keys.sorted() == ["w1"])
        #expect(Self.run(Self.sent([50]), on: seasoned, number: 5).refused.keys.sorted() == ["w0"])
        #expect(Self.run(Self.sent([4]), on: seasoned, number: 6).refused.isEmpty)
    }

    @Test func comparingCanBeSwitchedOff() {
        let off = Self.arithmetic { $0.largestRatio = nil }
        #expect(Self.run(Self.sent([1, 1, 1, 900]), on: off).refused.isEmpty)
    }

    /// Nobody who changed nothing is a measure for others.
    @Test func nothingIsHeldAgainstNothing() {
        #expect(Self.run(Self.sent([0, 0, 1]), on: Self.arithmetic()).refused.isEmpty)
    }

    // MARK: Weights

    @Test func inflatedCountsAreCutToAFewTimesTheMedian() {
        let sent = Self.sent([1, 1, 1, 1], samples: [100, 120, 80, 1 << 28])
        let (_, model, treatment) = Self.run(sent, on: Self.arithmetic())
        // The median of 80, 100, 120 and the inflated one is 110; three times that is more than half of the whole.
        #expect(model?.groups[0].parameters == Self.mean(sent, weights: [100, 120, 80, 300]))
        #expect(
            treatment.lines.map { "\($0.worker): \($0.reason)" } == ["w3: 268435456 samples count as 300"])
    }

    @Test func withTwoNobodysCountIsCut() {
        let sent = Self.sent([1, 1], samples: [10, 1_000])
        let (_, model, treatment) = Self.run(sent, on: Self.arithmetic())
        #expect(model?.groups[0].parameters == Self.mean(sent) && treatment.lines.isEmpty)
    }

    /// Many workers of one site are no more than half of a federation of three sites.
    @Test func aSiteHasNoMoreThanItsShare() throws {
        var sent = Self.sent([1, 1, 1, 1, 1, 1], samples: [60, 60, 60, 60, 40, 20])
        for index in 0..<4 { sent[index].site = "large" }
        let (_, _, treatment) = Self.run(sent, on: Self.arithmetic())
        let large = treatment.lines.filter { ["w0", "w1", "w2", "w3"].contains($0.worker) }
        #expect(large.map(\.weight) == [15, 15, 15, 15], "60 of 120")
        #expect(treatment.lines.count == 4)
    }

    /// Against a search over all caps.
    @Test func capsAreTheLargestThatKeepTheShare() {
        for seed in 0..<200 {
            var generator = CounterBasedGenerator(seed: UInt64(seed), purpose: "caps")
            let count = 3 + seed % 6
            let amounts = (0..<count).map { _ in (generator.uniform() * 1_000).rounded() + 1 }
            let share = 0.34 + generator.uniform() * 0.5
            let cap = RoundGate.cap(amounts, share: share)
            func part(_ cap: Double) -> Double {
                let kept = amounts.map { min($0, cap) }
                return (kept.max() ?? 0) / kept.reduce(0, +)
            }
            #expect(part(cap) <= share + 1e-9, "seed \(seed)")
            let isWhole = cap == amounts.max()
            #expect(isWhole || part(cap * 1.001) > share - 1e-12, "seed \(seed): a larger cap would do")
        }
    }

    /// A worker cannot claim more windows than there are rows in its statistics.
    @Test func countsAreBoundedByTheStatistics() {
        let arithmetic = RoundArithmetic(
            gate: ContributionGate(), strategy: FederatedAveraging(), maker: CountingMaker())
        let start = RoundBase(round: 0, attempt: 1, kind: .statistics, version: 0, digest: [], model: nil)
        arithmetic.begin(start)
        let statistics = Contribution(kind: .statistics, entities: ["e"], rawBytes: 0, statistics: [30])
        arithmetic.fold(round: 0, attempt: 1, statistics, from: "w0", site: "s0")
        guard case .model = arithmetic.aggregate(round: 0, attempt: 1, leavingOut: []) else {
            Issue.record("no version")
            return
        }
        let (_, _, treatment) = Self.run(
            [
                Sent(worker: "w0", site: "s0", contribution: Self.contribution(norm: 1, seed: 1, samples: 5_000)),
                Sent(worker: "w1", site: "s1", contribution: Self.contribution(norm: 1, seed: 2, samples: 20)),
            ], on: arithmetic)
        #expect(treatment.lines.map(\.reason) == ["5000 samples count as 30"])
    }

    private struct CountingMaker: InitialModelMaker {
        func rows(statistics: [UInt8]) -> [String: UInt64] { ["e": UInt64(statistics.first ?? 0)] }
        func makeInitialModel(statistics: [(worker: String, bytes: [UInt8])]) -> InitialModelOutcome {
            .made(RoundGateTests.base)
        }
    }

    // MARK: Norm clipping

    /// Against the definition, written out parameter by parameter.
    @Test(arguments: 3...8) func clippingIsItsDefinition(count: Int) {
        var generator = CounterBasedGenerator(seed: UInt64(count), purpose: "norms")
        let norms = (0..<count).map { _ in 0.5 + generator.uniform() }
        let sent = Self.sent(norms, samples: norms.indices.map { UInt64($0 + 10) })
        let (refused, model, _) = Self.run(sent, on: Self.arithmetic(.normClipping) { $0.clippingRatio = 1 })
        #expect(refused.isEmpty)
        let sorted = norms.sorted()
        let bound = count % 2 == 1 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2
        let base = Self.base.groups[0].parameters.map(Double.init)
        let total = sent.reduce(0) { $0 + Double($1.contribution.groups[0].sampleCount) }
        for index in 0..<Self.width {
            let expected = sent.enumerated().reduce(0.0) { sum, item in
                let update = item.element.contribution.groups[0]
                let scale = min(1, bound / norms[item.offset])
                return sum + Double(update.sampleCount)
                    * (base[index] + scale * (Double(update.parameters[index]) - base[index]))
            }
            let found = Double(model?.groups[0].parameters[index] ?? .nan)
            #expect((found - expected / total).magnitude < 1e-5)
        }
    }

    // MARK: What the record says

    /// The version is a function of the contributions and of what the record says was done with them.
    @Test(arguments: AggregationRule.allCases) func whatWasDoneCanBeDoneAgain(rule: AggregationRule) {
        let sent = Self.sent([1, 1.4, 0.7, 3, 2], samples: [10, 400, 30, 20, 15])
        let (_, model, treatment) = Self.run(
            sent, on: Self.arithmetic(rule) { $0.clippingRatio = rule == .normClipping ? 1 : nil })
        let again = Self.arithmetic(rule) { $0.largestRatio = nil }
        again.begin(Self.round(), recorded: treatment)
        for item in sent.reversed() {
            again.fold(round: 1, attempt: 1, item.contribution, from: item.worker, site: "")
        }
        guard case .model(let replayed, _, _, _, _) = again.aggregate(round: 1, attempt: 1, leavingOut: []) else {
            Issue.record("no version")
            return
        }
        #expect(replayed == model)
    }

    // MARK: Many workers

    /// Where there are more parameters than are held, later contributions are held against the first ones, or the rounds
    /// before, and the rest is the same.
    @Test func manyAreJudgedAsTheyCome() throws {
        var norms = (0..<60).map { 1 + Double($0 % 7) * 0.05 }
        norms[40] = 30
        let sent = Self.sent(norms)
        let arithmetic = Self.arithmetic { $0.heldBytes = 12 * Self.width * 4 }
        let (refused, model, treatment) = Self.run(sent, on: arithmetic)
        #expect(refused.keys.sorted() == ["w40"])
        #expect(model?.groups[0].parameters == Self.mean(sent.filter { $0.worker != "w40" }))
        #expect(treatment.groups.first?.contributors == 59)
        let whole = Self.run(sent, on: Self.arithmetic())
        #expect(whole.treatment.groups == treatment.groups && whole.model == model)
    }

    @Test func lateCountsAreCutToo() {
        let sent = Self.sent([Double](repeating: 1, count: 40), samples: [UInt64](repeating: 10, count: 39) + [1 << 28])
        let arithmetic = Self.arithmetic { $0.heldBytes = 12 * Self.width * 4 }
        #expect(Self.run(sent, on: arithmetic).treatment.lines.map(\.weight) == [30])
    }
}
