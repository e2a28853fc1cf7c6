/// When an entity's pushed samples came and how far each of its series is: which rows are whole, and which have waited
/// for long enough.
///
/// A series' samples come in the order of their times, by whatever way; those of different series overtake each other. So a
/// row is whole when every series that is expected in it has come as far as it, or further.
struct ArrivalWatch: Sendable {
    /// How far a series is.
    private struct Progress {
        /// Time of its newest sample.
        var newest = -Double.infinity
        /// Seconds between its latest samples, and between those before; NaN: unknown.
        var step = Double.nan
        var stepBefore = Double.nan
        /// Whether more of it is expected.
        var isLive = false
        /// Rows in a row that were closed without it.
        var missed = 0
        /// Whether it was said to have ended.
        var hasEnded = false
        /// Whether it came with some rows only, before its pace was known.
        var isRare = false

        /// When more of it is expected. One long step is a pause of its sender, not its pace.
        func due(_ grid: Grid) -> Double {
            let each = 2 * grid.tolerance
            // Before the rows' own pace is known, steps that vary a little would mislead.
            guard grid.interval != nil else { return newest + each }
            guard stepBefore.isNaN else { return newest + min(step, stepBefore) }
            return newest + (isRare && !step.isNaN ? step : each)
        }
    }

    /// How rows are told apart.
    struct Grid: Equatable {
        /// Seconds up to which samples after a row's first are of the same row.
        var tolerance: Double
        /// Seconds from row to row; `nil`: unknown.
        var interval: Double?
        /// Rows for which a series that says nothing is waited for.
        var silentRows: Int
    }

    /// Whether anything came since rows were last looked at.
    private(set) var isChanged = false
    /// Newest time of the samples that came long enough ago.
    private(set) var overdue = -Double.infinity

    private var progress: [Progress] = []
    /// The newest time that had come, and when it came; both ascend.
    private var marks: [(time: Double, arrival: Double)] = []
    private var newest = -Double.infinity
    private var lastArrival: Double?
    /// Seconds without a sample that are a pause of all that is sent, where rows come so often that this can be told.
    private var pause: Double?
    /// Times at which a series came for the first time, or again: nobody knows how many more do.
    private var beginnings: Set<Double> = []
    private var known: (due: Double, grid: Grid)?

    /// Most times that are kept of series that have come.
    private static let mostBeginnings = 1_024

    /// Takes that a sample came.
    ///
    /// - Parameter isEnd: whether it says that the series has ended.
    mutating func take(_ member: Int, at time: Double, isEnd: Bool, arrival: Double) {
        isChanged = true
        // What is missing was held up by a pause with all the rest, and has its time again.
        if let pause, let last = lastArrival, arrival - last >= pause {
            for index in marks.indices { marks[index].arrival = arrival }
        }
        lastArrival = arrival
        if time > newest {
            newest = time
            if let last = marks.last, last.arrival == arrival {
                marks[marks.count - 1].time = time
            } else {
                marks.append((time, arrival))
            }
        }
        if member >= progress.count {
            progress += [Progress](repeating: Progress(), count: member + 1 - progress.count)
        }
        var series = progress[member]
        guard time > series.newest else { return }
        known = nil
        if series.newest > -.infinity, !series.hasEnded {
            series.stepBefore = series.step
            series.step = time - series.newest
        }
        if !series.isLive, !isEnd, beginnings.count < Self.mostBeginnings { beginnings.insert(time) }
        series.newest = time
        series.missed = 0
        (series.isLive, series.hasEnded) = (!isEnd, isEnd)
        progress[member] = series
    }

    /// Looks which samples came long enough ago, and that anything came is seen. While nothing comes at all, as where the
    /// network is down, rows stay open, for some minutes.
    mutating func look(at now: Double, lateness: Double, interval: Double?) {
        isChanged = false
        pause = interval.flatMap { 2 * $0 <= lateness ? lateness / 2 : nil }
        lastArrival = lastArrival.map { min($0, now) }
        // By a clock that was set back, what is said to come later came now.
        for index in marks.indices where marks[index].arrival > now { marks[index].arrival = now }
        if let pause, let last = lastArrival, now - last >= pause, now - last < EntitySampler.quietBeforeStepBack {
            return
        }
        let old = marks.prefix { now - $0.arrival >= lateness }.count
        guard old > 0 else { return }
        overdue = max(overdue, marks[old - 1].time)
        marks.removeFirst(old)
    }

    /// Whether all samples of a row have come that are expected: those of all series, and not before its time.
    ///
    /// - Parameter previous: time of the row before.
    /// - Complexity: of the number of series, where anything came.
    mutating func isWhole(_ row: Double, after previous: Double, _ grid: Grid) -> Bool {
        if let interval = grid.interval, row - previous < 0.75 * interval { return false }
        let end = row + grid.tolerance
        if beginnings.contains(where: { $0 >= row && $0 <= end }) { return false }
        if let known, known.grid == grid { return end < known.due }
        var first = Double.infinity
        for series in progress where series.isLive { first = min(first, series.due(grid)) }
        known = (first, grid)
        return end < first
    }

    /// A row is closed though it is not whole: what is missing in several is waited for no longer.
    mutating func giveUp(_ row: Double, _ grid: Grid) {
        let end = row + grid.tolerance
        for index in progress.indices where progress[index].isLive && progress[index].due(grid) <= end {
            progress[index].missed += 1
            guard progress[index].missed >= grid.silentRows else { continue }
            progress[index].isLive = false
            progress[index].isRare = progress[index].stepBefore.isNaN
            known = nil
        }
    }

    /// Rows up to a time are over.
    mutating func close(through time: Double) {
        if !beginnings.isEmpty { beginnings = beginnings.filter { $0 > time } }
    }

    /// A series is no more: another may come under its number.
    mutating func forget(_ member: Int) {
        guard member < progress.count else { return }
        progress[member] = Progress()
        known = nil
    }

    /// Begins anew with what waits: the clock was set back.
    mutating func beginAnew(waitingUntil time: Double?, arrival: Double) {
        self = ArrivalWatch()
        guard let time else { return }
        newest = time
        marks = [(time, arrival)]
        isChanged = true
    }
}
