/// What a contribution must be before it may change anything.
package struct ContributionGate: Equatable, Sendable {
    /// Largest Euclidean norm of a group's change of parameters.
    package var largestChange: Double = 1_000
    /// Largest magnitude of a single parameter; at most 2¹⁶, what ``WeightedAverage`` can hold.
    package var largestParameter: Float = 65_536
    /// Self-reported sample counts above this count as this; at most 2²⁸.
    package var sampleCap: UInt64 = 1 << 28
    /// Largest statistics in bytes, as text.
    package var mostStatisticsBytes = 64 << 20
    /// What contributions must be beside one another.
    package var round = RoundGate()

    /// What a mean squared error can be. The bound keeps weighted sums of losses finite, which logs and JSON need.
    private static let losses = 0...Double(Float.greatestFiniteMagnitude)

    /// The defaults.
    package init() {}

    /// Checks a contribution against the version that it starts from.
    ///
    /// - Returns: the contribution with capped sample counts.
    /// - Throws: ``FederationError`` that says what is wrong with which group.
    package func pass(
        _ contribution: Contribution, kind: RoundKind, base: FederatedModel?
    ) throws(FederationError) -> Contribution {
        guard contribution.kind == kind else {
            throw FederationError(.wrongShape, "a contribution for \(contribution.kind) in a round of \(kind)")
        }
        if kind == .statistics {
            guard contribution.groups.isEmpty else {
                throw FederationError(.wrongShape, "parameters in a round of statistics")
            }
            return contribution
        }
        for update in contribution.groups {
            guard let model = base?.group(named: update.name), model.schema == update.schema else {
                throw FederationError(.wrongShape, "group \(update.name): no such group, or of another schema")
            }
            let expected = kind == .training ? model.parameters.count : 0
            guard update.parameters.count == expected else {
                throw FederationError(
                    .wrongShape,
                    "group \(update.name): \(update.parameters.count) parameters, \(expected) are expected")
            }
            guard update.sampleCount > 0 else {
                throw FederationError(.wrongShape, "group \(update.name): no samples behind it")
            }
            guard Self.losses.contains(update.lossBefore), Self.losses.contains(update.lossAfter) else {
                throw FederationError(
                    .nonFinite, "group \(update.name): a loss is no mean squared error of single-precision numbers")
            }
            if kind == .training { try check(update, against: model) }
        }
        return contribution.capped(at: min(sampleCap, WeightedAverage.largestWeight))
    }

    private func check(_ update: Contribution.GroupUpdate, against model: FederatedModel.Group) throws(FederationError)
    {
        var squared = 0.0
        var finite = true
        var largest: Float = 0
        for (new, old) in zip(update.parameters, model.parameters) {
            finite = finite && new.isFinite
            largest = max(largest, new.magnitude)
            let change = Double(new) - Double(old)
            squared += change * change
        }
        guard finite else { throw FederationError(.nonFinite, "group \(update.name): a parameter is not finite") }
        let most = model.holdsFigures ? FederatedModel.Group.largestFigure : largestParameter
        let bound = min(most, WeightedAverage.largestValue)
        guard largest <= bound else {
            throw FederationError(
                .overNorm, "group \(update.name): a parameter of magnitude \(largest), at most \(bound) is allowed")
        }
        guard model.holdsFigures || squared.squareRoot() <= largestChange else {
            throw FederationError(
                .overNorm,
                "group \(update.name): a change of norm \(squared.squareRoot()), at most \(largestChange) is allowed")
        }
    }
}
