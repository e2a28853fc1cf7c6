import Numerics
import Platform

/// What each contribution to statistics does to the scale of metrics that others have measured too.
///
/// A metric's scale is a centre and a spread. For each contribution the scale of all is compared with the scale of all the
/// others; what one of them moves too far is not what the others watch, by mistake or on purpose. Where only one has the
/// metric, or it does not move at the others, there is nothing to compare. And each is held against the medians over all
/// (``Typical``): several who say the same are each other's others, and hide behind one another.
///
/// Where there are too many to be held together, those that come later are held against all before them (``add(_:from:)``).
package struct StatisticsComparison: Sendable {
    /// Contributions that are refused, with the reason.
    package private(set) var refused: [String: String] = [:]
    /// Columns in which a contribution does not count, by sender and entity type.
    package private(set) var leftOut: [String: [String: Set<String>]] = [:]
    /// Rows of an entity type that count for less than what is claimed, by sender and type.
    package private(set) var weights: [String: [String: Weight]] = [:]

    /// How many rows are claimed, and how many of them count.
    package struct Weight: Hashable, Sendable {
        /// Those that are claimed.
        package var claimed: UInt64
        /// Those that count.
        package var counted: UInt64

        /// - Precondition: not more count than are claimed.
        package init(claimed: UInt64, counted: UInt64) {
            precondition(counted <= claimed, "more rows count than are claimed")
            (self.claimed, self.counted) = (claimed, counted)
        }

        /// What is left of a number that is in proportion to the rows; nothing only of nothing.
        func share(of number: UInt64) -> UInt64 {
            guard number > 0, counted < claimed else { return number }
            let product = number.multipliedFullWidth(by: counted)
            // Smaller than the number, so that it fits.
            return max(1, claimed.dividingFullWidth(product).quotient)
        }
    }

    /// What those that count have measured of a column.
    private struct Measured {
        var isRate: Bool
        var moments: Moments
        var senders: Int
        var typical: Typical?
    }

    /// What a metric is like at most contributors, whatever the fewer say: medians over them, each counted once.
    private struct Typical {
        let centre: Double
        /// How far values are from there.
        let distance: Double
        /// How large they are.
        let size: Double

        /// `nil` where they are too few.
        init?(_ parts: [Moments]) {
            guard parts.count > StatisticsComparison.fewest else { return nil }
            func median(_ values: [Double]) -> Double { values.sorted().quantile(0.5) }
            let centre = median(parts.map(\.mean))
            self.centre = centre
            distance = median(parts.map { $0.distance(from: centre) })
            size = median(parts.map(\.size))
        }
    }

    /// Number, mean and sum of squared distances from it.
    fileprivate struct Moments {
        var count = 0.0
        var mean = 0.0
        var squares = 0.0

        var spread: Double { count > 0 ? (squares / count).squareRoot() : 0 }
        /// Root of the mean square.
        var size: Double { count > 0 ? (squares / count + mean * mean).squareRoot() : 0 }

        init() {}

        init(count: Double, mean: Double, squares: Double) {
            (self.count, self.mean, self.squares) = (count, mean, squares)
        }

        /// Those of all values but the outermost; `nil` without any.
        init?(_ metric: MetricStatistics) {
            guard let winsorised = metric.winsorised(share: StatisticsComparison.tailShare) else { return nil }
            let spread = winsorised.standardDeviation
            self.init(
                count: Double(metric.count), mean: winsorised.mean, squares: spread * spread * Double(metric.count))
        }

        func weighed(_ weight: Weight?) -> Moments {
            guard let weight else { return self }
            let share = Double(weight.counted) / Double(weight.claimed)
            return Moments(count: count * share, mean: mean, squares: squares * share)
        }

        /// With others of another weight than they have.
        func with(_ other: Moments, weighing weight: Double) -> Moments {
            var both = self
            both.add(Moments(count: weight, mean: other.mean, squares: other.squares * (weight / other.count)))
            return both
        }

        /// Root of the mean square of the distance from a place.
        func distance(from centre: Double) -> Double {
            count > 0 ? (squares / count + (mean - centre) * (mean - centre)).squareRoot() : 0
        }

        /// How far the scale is from another: by its centre, or by how wide it is.
        func shift(from other: Moments) -> Double { max(spread, (mean - other.mean).magnitude) }

        mutating func add(_ other: Moments) {
            guard other.count > 0 else { return }
            let total = count + other.count
            let difference = other.mean - mean
            squares += other.squares + difference * difference * (count * other.count / total)
            mean += difference * (other.count / total)
            count = total
        }
    }

    /// Share of all values that the scale does not look at, at each end.
    private static let tailShare = 0.005

    /// Others whom it takes to leave one out.
    private static let fewest = 2

    private let gate: StatisticsGate
    /// Rows of a type that count at most, where enough have that type.
    private var caps: [String: UInt64] = [:]
    private var measured: [String: [String: Measured]] = [:]

    /// Compares contributions, each with its sender.
    package init(_ contributions: [(sender: String, statistics: TelemetryStatistics)], gate: StatisticsGate) {
        self.init(contributions.map { Summary(of: $0.statistics, from: $0.sender) }, gate: gate)
    }

    /// What a comparison needs of a contribution.
    package struct Summary: Sendable {
        fileprivate struct Column {
            var level: Moments?
            var rate: Moments?
            var evidence: CounterEvidence
        }

        /// Who sent it.
        package let sender: String
        fileprivate var columns: [String: [String: Column]]
        fileprivate var rows: [String: UInt64]

        /// Its columns, by type.
        package var columnNames: [String: Set<String>] { columns.mapValues { Set($0.keys) } }

        /// What statistics say of each column.
        package init(of statistics: TelemetryStatistics, from sender: String) {
            self.sender = sender
            rows = statistics.types.mapValues(\.rows)
            columns = statistics.types.mapValues { type in
                type.columns.mapValues { column in
                    Column(
                        level: Moments(column.level), rate: column.rate.flatMap { Moments($0) },
                        evidence: column.evidence)
                }
            }
        }
    }

    /// Compares contributions, each with its sender.
    package init(_ contributions: [Summary], gate: StatisticsGate) {
        self.gate = gate
        var rows: [String: [Double]] = [:]
        for contribution in contributions {
            for (type, count) in contribution.rows { rows[type, default: []].append(Double(count)) }
        }
        for (type, counts) in rows where counts.count > Self.fewest {
            caps[type] = UInt64(max(1, gate.weightRatio * counts.sorted().quantile(0.5)))
        }
        for contribution in contributions { weigh(contribution.rows, of: contribution.sender) }
        var columns: Set<[String]> = []
        for contribution in contributions {
            for (name, type) in contribution.columns {
                for column in type.keys { columns.insert([name, column]) }
            }
        }
        for key in columns.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            compare(type: key[0], column: key[1], contributions)
        }
    }

    private mutating func weigh(_ rows: [String: UInt64], of sender: String) {
        for (type, count) in rows {
            guard let cap = caps[type], count > cap else { continue }
            weights[sender, default: [:]][type] = Weight(claimed: count, counted: cap)
        }
    }

    private mutating func compare(type: String, column: String, _ contributions: [Summary]) {
        var found = contributions.compactMap { contribution in
            contribution.columns[type]?[column].map { (contribution.sender, $0) }
        }
        // What falls at one in four, or at one who says so, does not make what counts at the others a level for all.
        let others = found.filter { !$0.1.evidence.mayCount }
        let counters = found.count { $0.1.evidence.isCounter }
        if counters >= 3, others.count * 3 <= counters {
            for (sender, _) in others { leftOut[sender, default: [:]][type, default: []].insert(column) }
            found.removeAll { !$0.1.evidence.mayCount }
        }
        let evidence = found.map { sender, column in column.evidence.weighed(weights[sender]?[type]) }
        let isRate = evidence.dropFirst().reduce(evidence.first) { $0?.adding($1) }?.isCounter ?? false
        let parts = found.compactMap { sender, column -> (sender: String, moments: Moments)? in
            (isRate ? column.rate : column.level).map { (sender, $0.weighed(weights[sender]?[type])) }
        }
        // Sums of those before and of those after each, so that n senders cost n steps.
        var before: [Moments] = []
        var running = Moments()
        for part in parts {
            before.append(running)
            running.add(part.moments)
        }
        var after = Moments()
        var outside: Set<String> = []
        let typical = Typical(parts.map(\.moments))
        for index in parts.indices.reversed() {
            var others = before[index]
            others.add(after)
            after.add(parts[index].moments)
            let sender = parts[index].sender
            switch verdict(on: parts[index].moments, beside: others, of: parts.count - 1, typical) {
            case .counts: break
            case .isOfAnotherUnit:
                let line = Self.line(type, column, parts[index].moments, others)
                if refused[sender] == nil { refused[sender] = line }
            case .shiftsTheOthers: outside.insert(sender)
            }
        }
        // Where nearly everybody is left out, it is not one that shifts the others.
        if outside.count * 2 >= parts.count { outside = [] }
        for sender in outside { leftOut[sender, default: [:]][type, default: []].insert(column) }
        var counted = Measured(isRate: isRate, moments: Moments(), senders: 0, typical: typical)
        for part in parts where !outside.contains(part.sender) {
            counted.moments.add(part.moments)
            counted.senders += 1
        }
        measured[type, default: [:]][column] = counted
    }

    private enum Verdict {
        case counts
        case isOfAnotherUnit
        case shiftsTheOthers
    }

    private func verdict(
        on own: Moments, beside others: Moments, of senders: Int, _ typical: Typical?
    ) -> Verdict {
        guard senders > 0, own.count > Self.tailShare * (own.count + others.count), others.spread > 0 else {
            return .counts
        }
        // Taken from both, so that a contribution of astronomic weight does not become the measure.
        let weight = min(own.count, others.count)
        let both = others.with(own, weighing: weight)
        guard both.size <= gate.largestScale * others.size else { return .isOfAnotherUnit }
        if senders >= Self.fewest, both.shift(from: others) > gate.largestInfluence * others.spread {
            return .shiftsTheOthers
        }
        guard let typical, typical.distance > 0 else { return .counts }
        let distance = own.distance(from: typical.centre)
        let isFar =
            distance > gate.largestInfluence * typical.distance
            || distance > gate.largestRatio * max(typical.distance, typical.size)
        return isFar ? .shiftsTheOthers : .counts
    }

    private static func line(_ type: String, _ column: String, _ own: Moments, _ others: Moments) -> String {
        "entity type '\(type)', metric '\(PrintableText.line(column, limit: 80))': its values (about "
            + "\(text(own.mean)) ± \(text(own.spread))) are not of the unit of the others' (about "
            + "\(text(others.mean)) ± \(text(others.spread)))"
    }

    /// Holds one that comes later against those that count so far. It counts for those that come after it, except where it is
    /// refused or left out.
    package mutating func add(_ statistics: TelemetryStatistics, from sender: String) {
        weigh(statistics.types.mapValues(\.rows), of: sender)
        var own: [(type: String, column: String, Measured)] = []
        var outside: [String: Set<String>] = [:]
        for (type, entry) in statistics.types.sorted(by: { $0.key < $1.key }) {
            for (name, column) in entry.columns.sorted(by: { $0.key < $1.key }) {
                let others = measured[type]?[name]
                let isRate = others?.isRate ?? column.isCounter
                if isRate, !column.evidence.mayCount, let others, others.senders >= Self.fewest {
                    outside[type, default: []].insert(name)
                    continue
                }
                guard
                    let moments = Moments(isRate ? column.rate ?? column.level : column.level)?
                        .weighed(weights[sender]?[type])
                else { continue }
                switch verdict(
                    on: moments, beside: others?.moments ?? Moments(), of: others?.senders ?? 0, others?.typical)
                {
                case .counts: own.append((type, name, Measured(isRate: isRate, moments: moments, senders: 1)))
                case .isOfAnotherUnit:
                    refused[sender] = Self.line(type, name, moments, others?.moments ?? Moments())
                    return
                case .shiftsTheOthers: outside[type, default: []].insert(name)
                }
            }
        }
        if !outside.isEmpty { leftOut[sender] = outside }
        for (type, name, part) in own {
            if measured[type]?[name]?.moments.add(part.moments) == nil {
                measured[type, default: [:]][name] = part
            } else {
                measured[type]?[name]?.senders += 1
            }
        }
    }

    private static func text(_ value: Double) -> String {
        guard value != 0, value.isFinite else { return "\(value)" }
        // Three significant digits are enough to see the unit.
        var scale = 1.0
        var magnitude = value.magnitude
        while magnitude >= 1_000, scale.isFinite { (magnitude, scale) = (magnitude / 10, scale * 10) }
        while magnitude < 100 && scale > 1e-290 { (magnitude, scale) = (magnitude * 10, scale / 10) }
        let rounded = magnitude.rounded() * scale
        return "\(value < 0 ? -rounded : rounded)"
    }
}
