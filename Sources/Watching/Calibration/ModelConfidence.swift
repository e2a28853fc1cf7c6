internal import Numerics

/// How far the thresholds of a model can be trusted, judged by what its training part could show: not whether it detects
/// well, which nobody knows without labels.
package struct ModelConfidence: Codable, Sendable, Hashable {
    /// In three words.
    package enum Level: String, Codable, Sendable, Hashable, CaseIterable {
        /// The training part is too short for the budget of false alarms, or its parts are strangers to each other.
        case low
        /// It shows about as much as the budget asks.
        case medium
        /// It shows several times what the budget asks, and its parts resemble each other.
        case high
    }

    /// Days that the training part covers, all entities together.
    package let trainingDays: Double
    /// Days of one entity in which the budget allows one false alarm; `nil` where thresholds follow from no budget.
    package let returnDays: Double?
    /// The 98 % quantile of the scores of held-out blocks, as a multiple of the one of rows that were learned from: 1
    /// where every block is like the others, more where the training part is too short or holds several regimes.
    package let surprise: Double

    /// A confidence with every value given; numbers that are none count as the worst there is.
    package init(trainingDays: Double, returnDays: Double?, surprise: Double) {
        self.trainingDays = trainingDays.isFinite ? trainingDays : 0
        self.returnDays = returnDays
        self.surprise = surprise.isFinite ? surprise : Self.strange
    }

    /// From scores, row by row.
    ///
    /// - Parameters:
    ///   - own: of the detector that is shipped, on rows that it learned from.
    ///   - heldOut: of detectors that did not learn from the row's block.
    init(own: [Double], heldOut: [Double], stepSeconds: Double, rule: ThresholdRule) {
        let usual = own.sorted().quantile(PeaksOverThreshold.initialQuantile)
        let surprising = heldOut.sorted().quantile(PeaksOverThreshold.initialQuantile)
        var returnDays: Double?
        if case .falseAlarms(let perDay) = rule { returnDays = 1 / perDay }
        self.init(
            trainingDays: Double(own.count) * stepSeconds / 86_400, returnDays: returnDays,
            surprise: usual > 0 ? max(1, surprising / usual) : surprising > 0 ? Self.strange : 1)
    }

    /// A surprise beyond which the blocks of the training part are strangers to each other.
    private static let strange = 4.0
    /// One up to which they are alike.
    private static let alike = 2.0
    /// The training part of a model that is trusted covers so many return periods.
    private static let ample = 3.0

    /// The word for it.
    package var level: Level {
        let periods = returnDays.map { trainingDays / $0 } ?? .infinity
        if periods < 1 || surprise >= Self.strange { return .low }
        return periods >= Self.ample && surprise <= Self.alike ? .high : .medium
    }

    /// Why it is not better, for people; `nil` where nothing speaks against it.
    package var reason: String? {
        var reasons: [String] = []
        if let returnDays, trainingDays < Self.ample * returnDays {
            reasons.append(
                "learned from \(Self.duration(trainingDays)), and one false alarm in \(Self.duration(returnDays)) is "
                    + "asked for")
        }
        if surprise > Self.alike {
            reasons.append("parts of the training part are unlike the others")
        }
        return reasons.isEmpty ? nil : reasons.joined(separator: "; ")
    }

    private static func duration(_ days: Double) -> String {
        switch days {
        case ..<(1.0 / 24): "\(Int((days * 1_440).rounded())) min"
        case ..<2: "\(Int((days * 24).rounded())) h"
        default: "\(Int(min(days, 1e9).rounded())) days"
        }
    }

    /// Whether the numbers are usable: false for some that were read from a damaged manifest.
    var isConsistent: Bool {
        trainingDays.isFinite && trainingDays >= 0 && surprise.isFinite
            && returnDays.map { $0.isFinite && $0 > 0 } ?? true
    }
}
