import CommandLine
import Watching

/// How far the thresholds of an entity's model can be trusted, as `--format json` prints it.
struct ConfidenceReport: Encodable {
    /// In one word.
    var level: ModelConfidence.Level
    /// Days that it learned from.
    var trainingDays: Double
    /// How much rows that it did not learn from surprise it; 1 is as much as those that it did.
    var surprise: Double
    /// Why it is not better.
    var reason: String?

    /// The report of one.
    init(_ confidence: ModelConfidence) {
        level = confidence.level
        trainingDays = confidence.trainingDays
        surprise = confidence.surprise
        reason = confidence.reason
    }

    /// The best that a training part of so many days can give, at one false alarm a day: if its parts resemble each other.
    static func best(trainingDays: Double) -> ModelConfidence {
        ModelConfidence(trainingDays: trainingDays, returnDays: 1, surprise: 1)
    }

    /// For people: a line for all entities of which the same is to be said.
    static func lines(_ confidence: [String: ModelConfidence], word: String = "confidence") -> [String] {
        var said: [String: Int] = [:]
        for confidence in confidence.values {
            let why = confidence.reason.map { ": \($0)" } ?? ""
            said["\(word) \(confidence.level.rawValue)\(why)", default: 0] += 1
        }
        return said.sorted { $0.key < $1.key }.map { line, count in
            "\(Quantity.count(count, "entity", "entities")): \(line)"
        }
    }
}
