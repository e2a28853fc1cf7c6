/// What is known of whether a column counts: its name, and how its values move. Adds like the statistics that it is of, so
/// that all who see the same values decide the same, however they are spread over workers.
///
/// A counter only rises, but for **resets**: now and then it falls to less than a quarter of what it was, and goes on from
/// there. A fall that is less deep is that of a level.
/// - A name is a promise that rows may refute: of 20 moves and more not more than one in twenty is a fall that is less deep,
///   and there is at most one reset for four rises.
/// - Without such a name, values have to show it: at least 60 of them, with 20 rises; no fall but resets, of which each
///   entity has one (and one more for a thousand rises), and at most one for twenty rises. What fills up and is emptied
///   again and again is a level: how full it is, is the point.
///
/// A level that rose through all its rows cannot be told from a counter, and is taken for one: what comes next is above all
/// that was learned of it, while how fast it rises can be compared.
struct CounterEvidence: Hashable, Sendable {
    /// Whether a rule says by its name that it is a counter.
    var isNamed: Bool
    /// Whether there are rates of it; where somebody has none, it is no counter.
    var hasRates: Bool
    /// Values that count.
    var values: UInt64
    /// Entities that have it.
    var entities: UInt64
    /// Steps up.
    var increases: UInt64
    /// Falls, resets among them.
    var decreases: UInt64
    /// Deep falls.
    var resets: UInt64

    /// Moves from which on a name may be refuted.
    private static let fewestMoves: UInt64 = 20
    /// Values, and rises among them, that show a counter without a name.
    private static let (fewestValues, fewestRises): (UInt64, UInt64) = (60, 20)

    /// Whether a fall from a value to the next is one that a counter makes when it begins anew.
    static func isReset(from previous: Double, to value: Double) -> Bool { value >= 0 && value < previous / 4 }

    /// Whether it moves as a counter may. What holds for parts holds for their sum, but for parts of few moves.
    var movesLikeCounter: Bool {
        let shallow = decreases - min(resets, decreases)
        if isNamed {
            let moves = increases &+ decreases
            return moves < Self.fewestMoves || (shallow <= moves / 20 && resets <= increases / 4)
        }
        return shallow <= increases / 1_000 && resets <= increases / 20 && resets <= entities &+ increases / 1_000
    }

    /// Whether nothing speaks against a counter.
    var mayCount: Bool { hasRates && movesLikeCounter }

    /// Whether it is a counter.
    var isCounter: Bool {
        mayCount && (isNamed || (values >= Self.fewestValues && increases >= Self.fewestRises))
    }

    /// Whether falls are so many that rates need not be kept of what is no counter by its name.
    var isHopeless: Bool { !isNamed && decreases >= 5 && decreases > increases / 4 }

    /// With what others know of the same column.
    func adding(_ other: CounterEvidence) -> CounterEvidence {
        CounterEvidence(
            isNamed: isNamed || other.isNamed, hasRates: hasRates && other.hasRates, values: values &+ other.values,
            entities: entities &+ other.entities, increases: increases &+ other.increases,
            decreases: decreases &+ other.decreases, resets: resets &+ other.resets)
    }

    /// As if only a part of the rows were there.
    func weighed(_ weight: StatisticsComparison.Weight?) -> CounterEvidence {
        guard let weight else { return self }
        var result = self
        result.values = weight.share(of: values)
        result.increases = weight.share(of: increases)
        result.decreases = weight.share(of: decreases)
        result.resets = weight.share(of: resets)
        return result
    }
}
