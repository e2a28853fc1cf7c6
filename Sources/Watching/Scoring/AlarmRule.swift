import Numerics
package import Platform

/// When scores above a threshold are an alarm, and which alarms are one event.
package struct AlarmRule: Codable, Sendable, Hashable {
    /// Samples in a row that must exceed the threshold before an alarm is raised.
    package var confirmation: Int
    /// An alarm ends when the score falls to this share of the threshold, so that it does not flicker; 0…1.
    package var release: Double
    /// Alarms with at most so many samples between them are one event.
    package var mergeGap: Int
    /// Events of fewer samples are dropped from reports.
    package var minimumLength: Int

    /// Rules with every field given; the defaults raise at once, release at the threshold and merge nothing.
    package init(confirmation: Int = 1, release: Double = 1, mergeGap: Int = 0, minimumLength: Int = 1) {
        precondition(
            confirmation > 0 && release > 0 && release <= 1 && mergeGap >= 0 && minimumLength > 0,
            "an alarm rule needs a confirmation ≥ 1, a release in 0…1, a gap ≥ 0 and a length ≥ 1")
        self.confirmation = confirmation
        self.release = release
        self.mergeGap = mergeGap
        self.minimumLength = minimumLength
    }

    /// Whether an alarm stands, sample by sample.
    package struct State: Codable, Sendable, Hashable {
        /// The rule it follows.
        package let rule: AlarmRule
        /// Whether an alarm stands now.
        package private(set) var isRaised = false
        private var exceeding = 0

        /// No alarm yet.
        package init(_ rule: AlarmRule) { self.rule = rule }

        /// Takes in the next score; returns whether an alarm stands.
        package mutating func update(score: Double, threshold: Double) -> Bool {
            exceeding = score > threshold ? exceeding + 1 : 0
            if isRaised {
                isRaised = score > threshold * rule.release
            } else {
                isRaised = exceeding >= rule.confirmation
            }
            return isRaised
        }
    }

    /// The events that a sequence of alarms makes: runs, merged across short gaps, without the short ones.
    package func events(_ alarms: [Bool]) -> [Range<Int>] {
        var events: [Range<Int>] = []
        for run in alarms.trueRuns {
            if let last = events.last, run.lowerBound - last.upperBound <= mergeGap {
                events[events.count - 1] = last.lowerBound..<run.upperBound
            } else {
                events.append(run)
            }
        }
        return events.filter { $0.count >= minimumLength }
    }
}

extension AlarmRule.State: StreamState {
    /// Writes whether an alarm stands, and since when.
    package func save(to state: inout StateWriter) {
        state.append(isRaised)
        state.append(exceeding)
    }

    /// Takes it up.
    package mutating func restore(from state: inout StateReader) throws(StateError) {
        isRaised = try state.bool()
        exceeding = try state.int(in: 0...(1 << 60))
    }
}
