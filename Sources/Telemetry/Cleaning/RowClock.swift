package import Platform

/// Where a row stands in its stream by its time. Pure: rows in, verdicts out.
///
/// The rules, in this order:
/// 1. A row that begins a file, and the first one, is connected to nothing.
/// 2. A row older than the newest one is **late**: it is looked at, but time does not go back for it. Three late rows in
///    ascending order mean that the clock was **set back**: the third one starts anew.
/// 3. A row more than `gapFactor` steps after the newest one follows a **gap**. Five such distances in a row that agree
///    within a quarter mean that the **interval changed**: the fifth is the step from then on.
/// 4. Every other row goes on, also one of the same time as the row before.
public struct RowClock: Hashable, Sendable {
    /// Where a row stands.
    public enum Place: Hashable, Sendable {
        /// It goes on from the row before.
        case next
        /// Something is missing before it.
        case gap
        /// Nothing connects it to the row before.
        case restart
        /// It is older than a row that came before it.
        case late
    }

    /// Something about the clock that is worth a word, once.
    public struct Change: Hashable, Sendable {
        /// What happened.
        public enum Kind: String, Hashable, Sendable, Codable {
            /// The clock was set back.
            case setBack
            /// Rows come at another interval.
            case interval
        }
        /// What happened.
        public let kind: Kind
        /// The row's time.
        public let time: Double
        /// By how many seconds it was set back; the new interval in seconds.
        public let seconds: Double
    }

    /// Late rows in a row that mean a clock set back, and agreeing gaps that mean another interval.
    private static let lateRows = 3
    private static let agreeingGaps = 5

    /// Seconds from one row to the next, as far as is known.
    public private(set) var step: Double
    private let gapFactor: Double
    private var newest: Double?
    private var lastLate: Double?
    private var lateRun = 0
    private var otherStep = 0.0
    private var otherRun = 0
    /// Rows that were late.
    public private(set) var lateCount = 0
    /// The last change, until it is taken.
    private var change: Change?

    /// A clock before the first row.
    public init(step: Double, gapFactor: Double) {
        self.step = step
        self.gapFactor = gapFactor
    }

    /// What changed since the last call, if anything.
    public mutating func takeChange() -> Change? {
        defer { change = nil }
        return change
    }

    /// Where the next row stands.
    public mutating func place(_ time: Double, startsFile: Bool = false) -> Place {
        guard let newest, !startsFile else {
            newest = time
            (lastLate, lateRun, otherRun) = (nil, 0, 0)
            return .restart
        }
        let elapsed = time - newest
        if elapsed < 0 {
            lateRun = lastLate.map { time > $0 } ?? true ? lateRun + 1 : 1
            lastLate = time
            guard lateRun < Self.lateRows else {
                self.newest = time
                (lastLate, lateRun, otherRun) = (nil, 0, 0)
                change = Change(kind: .setBack, time: time, seconds: -elapsed)
                return .restart
            }
            lateCount += 1
            return .late
        }
        (lastLate, lateRun) = (nil, 0)
        self.newest = time
        guard elapsed > gapFactor * step else {
            // A repeated time says nothing about the interval.
            if elapsed > 0 { otherRun = 0 }
            return .next
        }
        if otherRun > 0, abs(elapsed - otherStep) <= otherStep / 4 {
            otherRun += 1
        } else {
            (otherStep, otherRun) = (elapsed, 1)
        }
        guard otherRun >= Self.agreeingGaps else { return .gap }
        step = elapsed
        otherRun = 0
        change = Change(kind: .interval, time: time, seconds: elapsed)
        return .next
    }
}

extension RowClock: StreamState {
    /// Writes what the next row needs.
    package func save(to state: inout StateWriter) {
        state.append(step)
        state.append(newest)
        state.append(lastLate)
        state.append(lateRun)
        state.append(otherStep)
        state.append(otherRun)
        state.append(lateCount)
    }

    /// Takes it up.
    package mutating func restore(from state: inout StateReader) throws(StateError) {
        step = try state.double()
        newest = try state.optionalDouble()
        lastLate = try state.optionalDouble()
        lateRun = try state.int(in: 0...Self.lateRows)
        otherStep = try state.double()
        otherRun = try state.int(in: 0...Self.agreeingGaps)
        lateCount = try state.int(in: 0...(1 << 60))
    }
}
