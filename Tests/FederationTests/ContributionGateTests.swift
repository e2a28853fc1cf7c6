import Federation
import Testing

@Suite struct ContributionGateTests {
    private let base = FederatedModel(
        context: [], groups: [.init(name: "physical.cpu", schema: "s", parameters: [0, 0, 0])])

    private func update(
        name: String = "physical.cpu", schema: String = "s", samples: UInt64 = 10, loss: Double = 1,
        parameters: [Float] = [1, 2, 3]
    ) -> Contribution {
        Contribution(
            kind: .training, rawBytes: 0,
            groups: [
                .init(
                    name: name, schema: schema, sampleCount: samples, steps: 1, lossBefore: loss, lossAfter: loss,
                    parameters: parameters)
            ])
    }

    private func code(
        _ contribution: Contribution, kind: RoundKind = .training, gate: ContributionGate = .init()
    ) -> FederationError.Code? {
        do throws(FederationError) {
            _ = try gate.pass(contribution, kind: kind, base: base)
            return nil
        } catch { return error.code }
    }

    @Test func whatIsRefused() {
        #expect(code(update()) == nil)
        #expect(code(update(name: "other")) == .wrongShape)
        #expect(code(update(schema: "t")) == .wrongShape)
        #expect(code(update(parameters: [1, 2])) == .wrongShape)
        #expect(code(update(samples: 0)) == .wrongShape)
        #expect(code(update(loss: .nan)) == .nonFinite)
        #expect(code(update(loss: 1e300)) == .nonFinite)
        #expect(code(update(loss: -1)) == .nonFinite)
        #expect(code(update(parameters: [1, .infinity, 0])) == .nonFinite)
        #expect(code(update(parameters: [1, .nan, 0])) == .nonFinite)
        #expect(code(update(parameters: [70_000, 0, 0])) == .overNorm)
        var gate = ContributionGate()
        gate.largestChange = 3
        #expect(code(update(), gate: gate) == .overNorm)
        #expect(code(update(), kind: .evaluation) == .wrongShape)
    }

    @Test func selfReportedSampleCountsAreCapped() throws {
        var gate = ContributionGate()
        gate.sampleCap = 5
        #expect(try gate.pass(update(), kind: .training, base: base).sampleCount == 5)
        gate.sampleCap = .max
        #expect(
            try gate.pass(update(samples: .max), kind: .training, base: base).sampleCount
                == WeightedAverage.largestWeight)
    }

    /// Figures are what they are in each round: bounded, without a loss, and held against nobody's.
    @Test func figuresAreBounded() throws {
        let schema = FederatedModel.Group.figures + "s"
        let base = FederatedModel(context: [], groups: [.init(name: "usual", schema: schema, parameters: [0, 0, 0])])
        func pass(_ values: [Float]) throws -> Contribution {
            try ContributionGate().pass(
                update(name: "usual", schema: schema, loss: 0, parameters: values), kind: .training, base: base)
        }
        let passed = try pass([8, -8, 1])
        #expect(throws: FederationError.self) { try pass([8.1, 0, 0]) }
        #expect(throws: FederationError.self) { try pass([0, .nan, 0]) }
        #expect(passed.announcement(from: base).isEmpty)
        var losses = RoundLosses()
        losses.add(passed, from: "a")
        losses.add(update(), from: "a")
        #expect(losses.entries["a"]?.keys.sorted() == ["physical.cpu"])
    }
}
