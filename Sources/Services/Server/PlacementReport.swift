package import Federation
package import Placement

/// The placement as the HTTP interface shows it.
package struct PlacementReport: Codable, Equatable, Sendable {
    /// The model, such as `aif-p`.
    package var model: String
    /// T.
    package var targetSeconds: Double
    /// R.
    package var rounds: Int
    /// T/R.
    package var budgetSeconds: Double
    /// The decision that holds; absent before the first.
    package var decision: PlacementDecision?
    /// All decisions since the server's start, oldest first; the latest hundred.
    package var decisions: [PlacementDecision]
    /// Rounds of training beside their predictions, oldest first; the latest five hundred.
    package var measuredRounds: [PlacedRound]
    /// The median of |predicted − measured| / measured.
    package var medianErrorShare: Double?
    /// p_k as it is believed now; empty before anything is measured.
    package var trainingTimeBreakpoints: [TrainingTimeProfile.Breakpoint]
    /// Nodes that could run a worker, and what should run on them; absent where nobody names any.
    package var candidates: [PlacementWish]?

    init(_ loop: PlacementLoop, _ nodes: PlacementNodes) {
        model = loop.model.rawValue
        targetSeconds = loop.targetSeconds
        rounds = loop.rounds
        budgetSeconds = loop.targetSeconds / Double(loop.rounds)
        decision = loop.decisions.last
        decisions = loop.decisions
        measuredRounds = loop.placedRounds
        medianErrorShare = loop.medianErrorShare
        trainingTimeBreakpoints = loop.profile?.breakpoints ?? []
        candidates = nodes.list == nil ? nil : nodes.nodes
    }
}

/// What a cluster's engine should run, as the HTTP interface shows it.
package struct PlacementNodes: Codable, Equatable, Sendable {
    /// The latest list of candidates that this takes into account; absent where there is none.
    package var list: Int?
    /// Which start of the server this is: with the decision's number it only grows.
    package var epoch: UInt32
    /// The decision that holds; 0 before the first.
    package var decision: Int
    /// Workers without which no round starts, as things are to be.
    package var minimumWorkers: Int
    /// The candidates, by name.
    package var nodes: [PlacementWish]

    init(_ loop: PlacementLoop, start: UInt32, fenced: Set<String>) {
        list = loop.listNumber
        epoch = start
        decision = loop.decisions.last?.number ?? 0
        minimumWorkers = loop.neededWorkers
        nodes = list == nil ? [] : loop.wishes(fenced: fenced)
    }
}

/// A new target for the learning loop, as it arrives over HTTP.
struct PlacementTarget: Equatable, Sendable {
    /// T.
    var targetSeconds: Double
    /// R; `nil`: as before.
    var rounds: Int?

    /// Largest R.
    static let mostRounds = 1_000_000

    /// Reads `{"targetSeconds": T, "rounds": R}`; `rounds` may be left out. The fault in one line where it is not that.
    static func read(_ fields: [String: Double]?) -> Result<PlacementTarget, Fault> {
        guard var fields else {
            return .failure(Fault(line: "expected a JSON object of numbers: {\"targetSeconds\": T, \"rounds\": R}"))
        }
        guard let seconds = fields.removeValue(forKey: "targetSeconds") else {
            return .failure(Fault(line: "targetSeconds: missing; expected seconds, more than 0"))
        }
        guard seconds > 0, seconds <= 1e9 else {
            return .failure(Fault(line: "targetSeconds: found \(seconds); expected seconds, more than 0, at most 1e9"))
        }
        var target = PlacementTarget(targetSeconds: seconds, rounds: nil)
        if let rounds = fields.removeValue(forKey: "rounds") {
            guard let whole = Int(exactly: rounds), (1...mostRounds).contains(whole) else {
                return .failure(Fault(line: "rounds: found \(rounds); expected a whole number, 1 to \(mostRounds)"))
            }
            target.rounds = whole
        }
        if let other = fields.keys.sorted().first {
            let shown = String(other.prefix(40).filter { $0.isLetter || $0.isNumber })
            return .failure(Fault(line: "\(shown): not a key here; expected targetSeconds and rounds"))
        }
        return .success(target)
    }

    /// What is wrong with a target.
    struct Fault: Error {
        /// One line for people.
        let line: String
    }
}
