/// Which of the marks 1 and −1 is the anomaly: what the column's name says, else the rarer one, and −1 where they are as
/// many.
package struct LabelSigns: Hashable, Sendable, Codable {
    /// One of the two marks.
    package enum Sign: Int, Hashable, Sendable, Codable {
        case negative = -1
        case positive = 1
    }

    /// Cells with each of them.
    package private(set) var negative = 0
    package private(set) var positive = 0
    /// Whether the column's name says it: −1 is the anomaly then.
    package var isNamed = false
    /// What was decided by more than this column.
    var decided: Sign?

    package init() {}

    /// The mark that is the anomaly.
    package var anomaly: Sign {
        if isNamed { return .negative }
        return decided ?? (positive > 0 && positive < negative ? .positive : .negative)
    }

    /// Takes cells that hold a number; others than the two do not count.
    mutating func add(_ number: Double, times count: Int) {
        if number == -1 { negative += count } else if number == 1 { positive += count }
    }

    /// Takes those of another file.
    mutating func add(_ other: LabelSigns) {
        negative += other.negative
        positive += other.positive
        isNamed = isNamed || other.isNamed
    }

    /// What was decided, in words; `nil` where the name says it.
    var note: String? {
        guard !isNamed else { return nil }
        let (rarer, count, other, rest) =
            anomaly == .positive ? ("1", positive, "−1", negative) : ("−1", negative, "1", positive)
        return "of the marks \(rarer) (\(count)) and \(other) (\(rest)), \(rarer) is taken for the anomaly"
    }
}
