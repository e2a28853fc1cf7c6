import Platform

/// How much time a sample stands for: what a rate per day is counted by.
///
/// The median step says when rows are expected; where they come irregularly it says little of how long they last. A
/// thousand rows with steps of 1, 1 and 20 s cover two hours, not a quarter of one; rows that repeat a time cover none.
public enum SampleTime {
    /// A step is a gap, in which nobody watched, when it is longer than so many times the mean of those that are none.
    private static let gapFactor = CleaningOptions().gapFactor

    /// A moment since 1970 as a date in UTC, other times as seconds: for messages.
    package static func text(_ time: Double) -> String {
        guard time >= 1e8, time < 1e11 else {
            return time == time.rounded() && time.magnitude < 1e15 ? "\(Int(time)) s" : "\(time) s"
        }
        let seconds = Int(time)
        let (days, rest) = (seconds / 86_400, seconds % 86_400)
        let (year, month, day) = CivilTime.date(daysSince1970: days)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(year)-\(two(month))-\(two(day)) \(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60))"
    }

    /// The mean time from one sample to the next in seconds, gaps left out; `nil` where no time follows another one.
    /// O(N log N).
    ///
    /// - Parameter times: of consecutive samples in seconds; steps back do not count.
    public static func mean(of times: [Double]) -> Double? { mean(ofAll: [times]) }

    /// The same of several series together.
    public static func mean(ofAll series: [[Double]]) -> Double? {
        let steps = series.flatMap { times in
            zip(times.dropFirst(), times).map { $0 - $1 }.filter { $0 >= 0 && $0.isFinite }
        }
        return mean(of: steps.sorted().map { ($0, 1) })
    }

    /// The mean of steps in ascending order, each so many times.
    fileprivate static func mean(of steps: [(step: Double, weight: Double)]) -> Double? {
        var count = steps.reduce(0) { $0 + $1.weight }
        var sum = steps.reduce(0) { $0 + $1.step * $1.weight }
        for (step, weight) in steps.reversed() {
            guard step > gapFactor * (sum / count) else { break }
            sum -= step * weight
            count -= weight
        }
        return sum > 0 && sum.isFinite ? sum / count : nil
    }
}

extension ClockFindings {
    /// The mean time from one row to the next in seconds, gaps left out (``SampleTime``); `nil` where no time follows
    /// another one. As exact as the steps are kept.
    public var meanStep: Double? {
        let repeated = duplicates > 0 ? [(step: 0.0, weight: Double(duplicates))] : []
        return SampleTime.mean(of: repeated + steps.sortedBins.map { ($0.value, Double($0.weight)) })
    }
}
