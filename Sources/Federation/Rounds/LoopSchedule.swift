import Platform

/// When the rounds begin again: learning on the latest samples, loop after loop.
///
/// A loop is the round of statistics, the rounds of training, and the evaluation where there is one. Rounds are counted
/// on from loop to loop.
package struct LoopSchedule: Sendable, Hashable {
    /// Time from the beginning of a loop to that of the next; `nil`: there is one.
    package var every: Duration?
    /// Loops in all; `nil`: without an end.
    package var loops: UInt32?
    /// Rows of each entity that a loop learns from, the latest; 0: all there are.
    package var samples: Int = 0
    /// Share by which the loss on held-out samples may grow in a loop before its version is kept out.
    package var tolerance = 0.0

    /// One loop on all samples.
    package init() {}

    /// What workers are told with a round of statistics: how many rows a loop learns from.
    package var order: [UInt8] { samples > 0 ? Array("\(samples)".utf8) : [] }

    /// What ``order`` said; 0: all rows.
    package static func samples(of order: [UInt8]) -> Int { max(0, Int(String(decoding: order, as: UTF8.self)) ?? 0) }

    /// Whether another loop follows that of a round.
    ///
    /// - Parameter length: rounds of a loop.
    package func goesOn(after round: UInt32, length: UInt32) -> Bool {
        guard every != nil else { return false }
        return loops.map { round / length + 1 < $0 } ?? true
    }
}

/// What a loop began with, and whether what it ended with is better.
struct LoopCourse: Sendable {
    /// When it began; `nil` after a restart.
    var began: Instant?
    /// The version that the statistics made: what was learned before, in the new scaling.
    var start: (model: FederatedModel, bytes: [UInt8], digest: [UInt8])?
    /// Its loss on the samples held out.
    var startLoss: Double?

    /// The same, by site.
    var startSites: [String: Double] = [:]

    /// Rounds of it in which workers answered, and none had anything to learn from.
    var fruitless = 0

    /// After so many of them it is given up when the next loop is due.
    static let mostFruitless = 3

    /// The losses that its first round of training measured.
    mutating func noteStart(_ summary: RoundSummary) {
        guard startLoss == nil else { return }
        startLoss = summary.lossBefore
        startSites = summary.siteLossBefore
    }

    /// The loop goes on from a version that somebody asked for: what it ends with is held against that.
    mutating func restart(from restored: Restoration) {
        if start != nil { start = (restored.model, restored.bytes, restored.digest) }
        startLoss = nil
        startSites = [:]
    }

    /// Whether a loop that ends with these losses is worse than what it began with: by the mean, or from three sites on, of
    /// which one may say anything, by what most of them measured.
    func isWorse(_ summary: RoundSummary, tolerance: Double) -> Bool {
        let votes = summary.siteLossBefore.compactMap { site, loss in
            startSites[site].map { !(loss <= $0 * (1 + tolerance)) }
        }
        if votes.count >= RoundGate.fewest { return votes.count { $0 } * 2 > votes.count }
        guard let startLoss, let loss = summary.lossBefore else { return false }
        return !(loss <= startLoss * (1 + tolerance))
    }
}
