/// One column of an entity, or the four of a histogram: what its series' samples make of it in each row.
struct ColumnSlot: Sendable {
    private enum Content: Sendable {
        case level
        /// What counts: as the sum of all that was ever added, or as its rate.
        case counter(asRate: Bool)
        case histogram(HistogramState)
    }

    /// What has become of the column since the row before.
    enum Change { case same, vanished, returned, new }

    /// The columns' names.
    let names: [String]
    /// Whether it is gone.
    private(set) var isGone = false
    /// Whether it counts.
    let counts: Bool
    /// Place of the first of them in a row.
    var firstColumn: Int
    private let fold: Preset.FamilyRule.Fold?
    private var content: Content
    private var sum = 0.0
    private var maximum = -Double.infinity
    private var present = 0
    /// Of what counts: all that was ever added, and what of it at the last row.
    private var accumulated = 0.0
    private var written = 0.0
    private var lastTime: Double?
    private var silentFor = 0
    private var everSeen = false

    init(place: SeriesResolver.Place, firstColumn: Int, rules: GroupRules) {
        self.firstColumn = firstColumn
        fold = place.fold
        switch place.role {
        case .level, .up:
            content = .level
            // Later steps know counters by their names: what is none, whatever it is called, is called otherwise.
            let isMisnamed = place.isDeclaredLevel && rules.isCounter(place.column)
            names = [isMisnamed ? Self.name(place.column, ending: ":level") : place.column]
            counts = false
        case .counter:
            let isKnown = rules.isCounter(place.column)
            content = .counter(asRate: !isKnown)
            names = [isKnown ? place.column : Self.name(place.column, ending: ":rate")]
            counts = true
        case .bucket, .observations, .total:
            content = .histogram(HistogramState())
            names = HistogramState.endings.map { Self.name(place.column, ending: $0) }
            counts = true
        }
    }

    /// `family{labels}` with an ending of the family.
    private static func name(_ column: String, ending: String) -> String {
        guard let brace = column.firstIndex(of: "{") else { return column + ending }
        return column[..<brace] + ending + column[brace...]
    }

    /// Goes on after a row that was made earlier: what a histogram's observations were stands until there are others.
    mutating func resume(_ row: [Double]) {
        guard case .histogram(var state) = content, firstColumn + names.count <= row.count else { return }
        state.resume(Array(row[firstColumn..<firstColumn + names.count]))
        content = .histogram(state)
    }

    /// Whether no series had a value in this row.
    var isEmpty: Bool { present == 0 }

    /// Takes the new value of a counter; returns whether it began anew.
    mutating func take(_ value: Double, after last: Double, role: SeriesResolver.Role, isFirstRow: Bool) -> Bool {
        let isReset = value < last
        let increment = last.isNaN ? 0 : isReset ? max(0, value) : value - last
        switch content {
        case .level: break
        case .counter:
            if fold == nil {
                accumulated = value
                return isReset
            }
            // The sum begins where the counters stand, so that it goes on over a restart of this process.
            accumulated += last.isNaN && (isFirstRow || written == 0) ? value : increment
        case .histogram(var state):
            state.add(increment, to: role)
            content = .histogram(state)
        }
        return isReset
    }

    /// A row begins.
    mutating func begin() {
        sum = 0
        maximum = -.infinity
        present = 0
    }

    /// A series has a value in this row.
    mutating func count(_ value: Double) {
        present += 1
        sum += value
        if value > maximum { maximum = value }
    }

    /// Writes the row's values.
    mutating func write(at time: Double, into values: inout [Double]) {
        guard present > 0 else { return }
        switch content {
        case .level:
            values[firstColumn] =
                switch fold {
                case nil, .sum: sum
                case .mean: sum / Double(present)
                case .maximum: maximum
                }
        case .counter(let asRate):
            if !asRate {
                values[firstColumn] = accumulated
            } else if let lastTime, time > lastTime {
                // Of a single series the accumulated value is its own, and falls when it begins anew.
                let increment = accumulated >= written ? accumulated - written : accumulated
                values[firstColumn] = increment / (time - lastTime)
            }
            written = accumulated
            lastTime = time
        case .histogram(var state):
            for (offset, value) in state.values(at: time).enumerated() { values[firstColumn + offset] = value }
            content = .histogram(state)
        }
    }

    /// Notes whether the column had a value in this row.
    mutating func noteSilence(limit: Int, row: Int) -> Change {
        if present > 0 {
            silentFor = 0
            if !everSeen {
                everSeen = true
                return row > 1 ? .new : .same
            }
            guard isGone else { return .same }
            isGone = false
            return .returned
        }
        guard everSeen else { return .same }
        silentFor += 1
        guard silentFor == limit else { return .same }
        isGone = true
        return .vanished
    }
}
