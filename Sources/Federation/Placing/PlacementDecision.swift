import Placement

/// Who was to train and serve from then on, and why: for the log and the HTTP interface.
package struct PlacementDecision: Codable, Equatable, Sendable {
    /// A chosen worker.
    package struct Worker: Codable, Equatable, Sendable {
        /// Its name.
        package var name: String
        /// ℓ: predicted seconds from the opening of a round to its contribution; absent before anything was measured.
        package var predictedLoopSeconds: Double?
        /// d: the measured round trip with the time that a round's transfers take.
        package var latencySeconds: Double?
        /// How many times as long as the profile says it trains.
        package var trainingTimeFactor: Double
        /// Whether it may use its accelerator.
        package var accelerated: Bool
    }

    /// What would have met the target.
    package struct Explanation: Codable, Equatable, Sendable {
        /// One line for people.
        package var reason: String
        /// The smallest T that would do.
        package var smallestTargetSeconds: Double?
        /// The largest R that would do.
        package var largestRounds: Int?
        /// The fewest further accelerators that would do.
        package var fewestExtraAccelerators: Int?

        init(_ explanation: InfeasibilityExplanation) {
            reason = explanation.reason
            smallestTargetSeconds = explanation.smallestTargetSeconds
            largestRounds = explanation.largestRounds
            fewestExtraAccelerators = explanation.fewestExtraAccelerators
        }
    }

    /// A candidate that could not be chosen.
    package struct Barred: Codable, Equatable, Sendable {
        /// Its name.
        package var name: String
        /// Why.
        package var reason: String
    }

    /// Why it was taken.
    package enum Reason: String, Codable, Sendable {
        /// The training times are not known yet: all work and are measured.
        case measuring
        /// The first placement.
        case started
        /// The one before lost a worker or no longer meets the target.
        case broken
        /// It has been better for the settling time.
        case better
        /// Nothing meets the target: this is the fastest.
        case bestEffort
        /// The same workers as before, which now meet the target.
        case kept
        /// No placement can run: all workers work.
        case impossible
    }

    /// Its number, from 1 since the server's start.
    package var number: Int
    /// Seconds since the server's start.
    package var atSeconds: Double
    /// Why it was taken.
    package var reason: Reason
    /// What had happened since the one before.
    package var causes: [String]
    /// T.
    package var targetSeconds: Double
    /// R.
    package var rounds: Int
    /// T/R.
    package var budgetSeconds: Double
    /// p_k for the chosen number of workers.
    package var trainingSeconds: Double?
    /// The longest predicted loop.
    package var predictedLoopSeconds: Double?
    /// Whether it is within the budget; absent before anything was measured.
    package var meetsTarget: Bool?
    /// Who trains and serves, by name.
    package var active: [Worker]
    /// Who stands by, by name.
    package var standby: [String]
    /// Workers that are there only because what a domain's samples are needs one of its own; 0 for the published model.
    package var workersForDomains: Int
    /// What stands in the way where it does not meet the target.
    package var explanation: Explanation?
    /// Who of the active was not here when it was taken; absent where nobody names candidates.
    package var awaited: [String]?
    /// Candidates that could not be chosen; absent where nobody names candidates.
    package var barred: [Barred]?
}

/// A round beside what was predicted for it.
package struct PlacedRound: Codable, Equatable, Sendable {
    /// The round.
    package var round: UInt32
    /// Number of the decision that it ran under.
    package var decision: Int
    /// Workers that contributed.
    package var workers: Int
    /// From its opening to its last contribution.
    package var seconds: Double
    /// What the placement said when it opened; absent before there was one.
    package var predictedSeconds: Double?
    /// T/R when it opened.
    package var budgetSeconds: Double
    /// Whether it took no longer than T/R.
    package var withinBudget: Bool
    /// Whether other workers were chosen while it ran.
    package var disturbed: Bool
}
