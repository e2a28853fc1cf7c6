import CommandLine
import Watching

/// How well states (``StateSpace``) are the kinds of labelled faults. No name is known to what makes the states.
struct StateAgreement: Encodable {
    /// Faults with an alarm.
    let found: Int
    /// Kinds among them.
    let kinds: Int
    /// States that their signatures make.
    let states: Int
    /// The share of faults that are of the most frequent kind of their state.
    let purity: Double
    /// Pairs of faults on which states and kinds agree, less what chance would give: 1 for the same division, 0 for
    /// chance (Hubert and Arabie 1985, equation 5).
    let adjustedRandIndex: Double

    /// `nil` with fewer than two found faults.
    init?(_ faults: [FaultObservation]) {
        let seen = faults.compactMap { fault in fault.signature.map { (kind: fault.kind, signature: $0) } }
        guard seen.count > 1 else { return nil }
        let space = StateSpace(seen.map(\.signature), leastSimilarity: StateGraph.Options().leastSimilarity)
        let agreement = PartitionAgreement(space.assignment, seen.map(\.kind))
        found = seen.count
        kinds = Set(seen.map(\.kind)).count
        states = space.prototypes.count
        purity = agreement.purity
        adjustedRandIndex = agreement.adjustedRandIndex
    }

    /// A line for people.
    var text: String {
        "states of the found faults, without names: \(states) states for \(kinds) kinds, purity "
            + "\(Quantity.fixed(purity, 3)), adjusted Rand index \(Quantity.fixed(adjustedRandIndex, 3))"
    }
}
