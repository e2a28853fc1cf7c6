import Numerics
import Platform

/// What is done to a cluster and when, drawn from the seed.
///
/// Each seed deals a third of all kinds, several times each: few enough that one misfortune can be told from another, and any
/// three seeds in a row see them all.
struct FaultSchedule {
    /// One misfortune.
    struct Incident {
        var kind: FaultKind
        var at: Instant
        var duration: Duration
        /// The place that it hits, where it hits one.
        var place: Int
        /// How bad it is, 0 to 1.
        var strength: Double
    }

    /// In order of time.
    let incidents: [Incident]

    /// A schedule for so many places, from `begin` to `end`; all of it is over at `end`.
    init(seed: UInt64, phase: String, places: Int, begin: Instant, end: Instant) {
        var deck = CounterBasedGenerator(seed: seed / 3, purpose: "deck")
        let kinds = FaultKind.allCases.shuffled(using: &deck)
        let dealt = kinds.indices.filter { UInt64($0 % 3) == seed % 3 }.map { kinds[$0] }
        var generator = CounterBasedGenerator(seed: seed, purpose: "schedule " + phase)
        var incidents: [Incident] = []
        let span = (end - begin).milliseconds
        for kind in dealt {
            for _ in 0..<Int.random(in: 1...kind.mostOften, using: &generator) {
                let start = Int64.random(in: 0..<span * 9 / 10, using: &generator)
                let longest = min(kind.longest.milliseconds, span - start)
                incidents.append(
                    Incident(
                        kind: kind, at: begin + .milliseconds(start),
                        duration: .milliseconds(Int64.random(in: min(200, longest)...longest, using: &generator)),
                        place: Int.random(in: 0..<places, using: &generator), strength: generator.uniform()))
            }
        }
        self.incidents = incidents.sorted { $0.at < $1.at }
    }
}

extension FaultKind {
    /// Incidents of it in one seed at most.
    fileprivate var mostOften: Int {
        switch self {
        case .lostFolder, .restoredFolder: 1
        case .serverKilled, .twoCopies, .anotherAddress, .clockDrift: 2
        case .workerKilled, .tornWrite, .lostWrite, .flippedBit, .poisonedParameters: 4
        default: 3
        }
    }

    /// The longest that one lasts.
    fileprivate var longest: Duration {
        switch self {
        case .delay, .loss, .duplication, .reordering, .corruption, .slowDisk, .clockDrift: .seconds(15)
        case .pause, .fullDisk, .flood: .seconds(6)
        default: .seconds(9)
        }
    }
}
