/// Measures the time from row to row, and notices when it has become another.
struct Pace: Sendable {
    /// Steps that are looked at.
    private static let length = 9
    /// The median of the first steps, or of the latest after a change; `nil` before there are enough.
    private(set) var interval: Double?
    private var recent: [Double] = []
    private var next = 0

    /// Forgets the latest steps, not the interval.
    mutating func forget() {
        recent = []
        next = 0
    }

    /// Takes a step; returns whether the interval has become another, known by all of the latest steps.
    mutating func add(_ step: Double) -> Bool {
        if recent.count < Self.length { recent.append(step) } else { recent[next % Self.length] = step }
        next += 1
        guard let known = interval else {
            if recent.count >= 4 { interval = Self.median(recent) }
            return false
        }
        guard recent.count == Self.length, recent.allSatisfy({ abs($0 - known) > 0.25 * known }) else { return false }
        interval = Self.median(recent)
        return true
    }

    private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
}
