package import Services

/// Which rows of a live entity are learned from: the latest in which nothing happened.
///
/// Alarms and what is around them are left out, and the window reaches back for as much, so that an hour with faults in it
/// leaves as many rows as one without. Two things end that, or a wrong model would keep what it needs to learn from itself
/// for ever: alarms that follow each other without a pause for longer than ``acceptSeconds`` are how things are now; and
/// where several alarms leave less than half of what is wanted, or a few less than a quarter, they are left out without what
/// is around them, and where that is not enough either, as many of the latest as leave so much, since models know more the
/// later they are: one of one minute that has been in alarm for four is no judge of them.
package struct LearningRule: Sendable, Hashable {
    /// Seconds around an alarm that are not learned from.
    package var marginSeconds = 30.0
    /// What stands for longer is a change, and is learned.
    package var acceptSeconds = 1_800.0
    /// Fewer alarms than this may each be something that happened, as long as they leave ``leastShare`` of what is wanted.
    private static let fewAlarms = 3
    private static let leastShare = 0.25
    /// How often a window reaches further back for what is left out of it.
    private static let mostTurns = 32

    /// Half a minute around alarms; what lasts half an hour is normal from then on.
    package init() {}

    /// Alarms with what is around them, in order, those that touch as one; without what is how things are now.
    package func excluded(_ alarms: [ClosedRange<Double>]) -> [ClosedRange<Double>] {
        happenings(alarms).map(withMargins)
    }

    private func withMargins(_ span: ClosedRange<Double>) -> ClosedRange<Double> {
        span.lowerBound - marginSeconds...span.upperBound + marginSeconds
    }

    /// From the first to the last of alarms that follow each other without a pause; without what is how things are now.
    private func happenings(_ alarms: [ClosedRange<Double>]) -> [ClosedRange<Double>] {
        Self.joined(alarms, over: 2 * marginSeconds).filter { $0.length < acceptSeconds }
    }

    /// Spans in order, those with no more than a pause between them as one.
    private static func joined(_ spans: [ClosedRange<Double>], over pause: Double) -> [ClosedRange<Double>] {
        var result: [ClosedRange<Double>] = []
        for span in spans.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = result.last, last.upperBound + pause >= span.lowerBound {
                result[result.count - 1] = last.lowerBound...max(last.upperBound, span.upperBound)
            } else {
                result.append(span)
            }
        }
        return result
    }

    /// The latest rows that are good to learn from.
    ///
    /// - Parameters:
    ///   - count: how many are wanted.
    ///   - rows: those that there are.
    ///   - alarms: in epoch seconds, in any order.
    ///   - time: that of a row in epoch seconds, or of the next that can be read; rows between two are taken to be spread evenly.
    package func window(
        latest count: Int, of rows: Range<Int>, alarms: [ClosedRange<Double>], time: (Int) -> Double?
    ) -> LearningWindow {
        let happenings = happenings(alarms)
        let alone = Self.joined(alarms.filter { alarm in happenings.contains { $0.overlaps(alarm) } }, over: 0)
        func without(_ spans: [ClosedRange<Double>]) -> LearningWindow? {
            window(latest: count, of: rows, without: spans, alarms: alarms, time: time)
        }
        if let window = without(happenings.map(withMargins)) ?? without(alone) { return window }
        var best = LearningWindow(rows: rows.suffix(count))
        var (few, tooMany) = (0, alone.count)
        while few + 1 < tooMany {
            let tried = (few + tooMany) / 2
            if let window = without(alone.suffix(tried)) { (best, few) = (window, tried) } else { tooMany = tried }
        }
        return best
    }

    /// The latest rows outside of some spans; `nil` where these leave too little.
    private func window(
        latest count: Int, of rows: Range<Int>, without spans: [ClosedRange<Double>], alarms: [ClosedRange<Double>],
        time: (Int) -> Double?
    ) -> LearningWindow? {
        var window = LearningWindow(rows: rows.suffix(count))
        guard !spans.isEmpty, let newest = window.rows.last, let end = time(newest) else { return window }
        let wanted = window.rows.count
        var inside: [ClosedRange<Double>] = []
        var reached = end
        var good = 0.0
        for _ in 0..<Self.mostTurns {
            guard let start = time(window.rows.lowerBound), end > start else { return window }
            reached = start
            inside = spans.filter { $0.overlaps(start...end) }
            let covered = inside.reduce(0) { $0 + $1.clamped(to: start...end).length }
            let share = covered / (end - start)
            good = Double(window.rows.count) * (1 - share)
            let missing = (Double(wanted) - good).rounded(.up)
            guard missing >= 1, window.rows.lowerBound > rows.lowerBound else { break }
            let lower = max(rows.lowerBound, window.rows.lowerBound - Int(missing))
            window.rows = lower..<rows.upperBound
        }
        let believed = alarms.count { $0.overlaps(reached...end) } < Self.fewAlarms ? Self.leastShare : 0.5
        guard good >= believed * Double(wanted) else { return nil }
        window.excluded = inside
        return window
    }
}

extension ClosedRange<Double> {
    fileprivate var length: Double { upperBound - lowerBound }
}
