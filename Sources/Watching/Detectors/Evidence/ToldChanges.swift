import Platform

/// What an alarm's fault did to each metric, so that its way back is told from something new: where the metric was before,
/// and how far it went up and down at most since some thirty rows before.
struct ToldChanges: Sendable {
    /// What leads back is no larger than so many times the largest change the other way: metrics move meanwhile.
    static let tolerance = 1.5
    /// Rows before an alarm that may be how its fault began: alarms are late. Up to twice as many are looked at.
    static let onset = 30

    /// The largest change up and down of some rows, as each part sees it, `[C × F]`.
    private struct Extremes {
        var up: [Double]
        var down: [Double]

        init(count: Int) {
            up = [Double](repeating: 0, count: count)
            down = up
        }

        mutating func clear() {
            for index in up.indices {
                up[index] = 0
                down[index] = 0
            }
        }

        mutating func merge(_ other: Extremes) {
            for index in up.indices {
                up[index] = max(up[index], other.up[index])
                down[index] = min(down[index], other.down[index])
            }
        }

        mutating func update(_ values: [Double], from start: Int, width: Int, at offset: Int) {
            for metric in 0..<width {
                let value = values[start + metric]
                // What is not a number is neither.
                if value > up[offset + metric] { up[offset + metric] = value }
                if value < down[offset + metric] { down[offset + metric] = value }
            }
        }
    }

    private let width: Int
    /// C: the parts that see changes, by their places among all.
    private let parts: [Int]
    /// The place of each part among those that see changes, `[P]`.
    private let places: [Int?]
    /// Where each metric was, `[F]`.
    private var before: [Double]
    private var latest: Extremes
    private var earlier: Extremes
    /// Since the alarm's fault began.
    private var told: Extremes
    /// Rows in `latest`.
    private var rows = 0

    init(parts all: [EvidencePart], width: Int) {
        self.width = width
        parts = all.indices.filter { all[$0].seesChanges }
        var places = [Int?](repeating: nil, count: all.count)
        for (place, part) in parts.enumerated() { places[part] = place }
        self.places = places
        before = [Double](repeating: 0, count: width)
        latest = Extremes(count: parts.count * width)
        earlier = latest
        told = latest
    }

    /// The stream has a hole.
    mutating func restart() {
        latest.clear()
        earlier.clear()
        rows = 0
    }

    /// The latest row began an alarm.
    mutating func begin(_ view: EvidenceView) {
        view.writeLatestPast(into: &before)
        told = latest
        told.merge(earlier)
    }

    /// Takes in what a row changed.
    mutating func update(_ view: EvidenceView, after past: AlarmPast) {
        if rows == Self.onset {
            swap(&earlier, &latest)
            latest.clear()
            rows = 0
        }
        rows += 1
        for (place, part) in parts.enumerated() {
            latest.update(view.values, from: part * width, width: width, at: place * width)
            if past != .none { told.update(view.values, from: part * width, width: width, at: place * width) }
        }
    }

    /// Whether what a part sees of a metric in the row at hand, which was not taken in yet, only leads back: nearer to where
    /// it was before the alarm, or, once that is over, about as far as it went the other way.
    func leadsBack(_ metric: Int, part: Int, in view: EvidenceView, after past: AlarmPast) -> Bool {
        guard past != .none, let place = places[part] else { return false }
        let change = view.values[part * width + metric]
        let now = view.settled[metric] - before[metric]
        if abs(now) < abs(now - change) { return true }
        // While it lasts, what moves on is the fault's own.
        guard past == .over else { return false }
        let index = place * width + metric
        return abs(change) <= Self.tolerance * (change > 0 ? -told.down[index] : told.up[index])
    }
}

extension ToldChanges: StreamState {
    func save(to state: inout StateWriter) {
        state.append(before)
        state.append(rows)
        for extremes in [latest, earlier, told] {
            state.append(extremes.up)
            state.append(extremes.down)
        }
    }

    mutating func restore(from state: inout StateReader) throws(StateError) {
        before = try state.doubles(count: width)
        rows = try state.int(in: 0...Self.onset)
        func extremes() throws(StateError) -> Extremes {
            var extremes = latest
            extremes.up = try state.doubles(count: latest.up.count)
            extremes.down = try state.doubles(count: latest.down.count)
            return extremes
        }
        let found = (try extremes(), try extremes(), try extremes())
        (latest, earlier, told) = found
    }
}
