import Platform

/// What each contribution to statistics does to the scale of metrics that others have measured too.
///
/// A metric's scale is a centre and a spread. For each contribution the scale of all is compared with the scale of all the
/// others; what one of them moves too far is not what the others watch, by mistake or on purpose. Where only one has the
/// metric, or it does not move at the others, there is nothing to compare.
package struct StatisticsComparison: Equatable, Sendable {
    /// Contributions that are refused, with the reason.
    package private(set) var refused: [String: String] = [:]
    /// Columns in which a contribution does not count for the scale, by sender and entity type.
    package private(set) var leftOut: [String: [String: Set<String>]] = [:]

    /// Number, mean and sum of squared distances from it.
    private struct Moments {
        var count = 0.0
        var mean = 0.0
        var squares = 0.0

        var spread: Double { count > 0 ? (squares / count).squareRoot() : 0 }
        /// Root of the mean square.
        var size: Double { count > 0 ? (squares / count + mean * mean).squareRoot() : 0 }

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

    /// Compares contributions, each with its sender.
    package init(_ contributions: [(sender: String, statistics: TelemetryStatistics)], gate: StatisticsGate) {
        var columns: Set<[String]> = []
        for contribution in contributions {
            for (name, type) in contribution.statistics.types {
                for column in type.columns.keys { columns.insert([name, column]) }
            }
        }
        for key in columns.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            compare(type: key[0], column: key[1], contributions, gate)
        }
    }

    private mutating func compare(
        type: String, column: String, _ contributions: [(sender: String, statistics: TelemetryStatistics)],
        _ gate: StatisticsGate
    ) {
        let found = contributions.compactMap { contribution in
            contribution.statistics.types[type]?.columns[column].map { (contribution.sender, $0) }
        }
        guard found.count > 1 else { return }
        // One of them alone cannot say whether the column is a counter for all.
        let isRate = found.allSatisfy { $0.1.rate != nil } && found.contains { $0.1.isCounter }
        let parts = found.compactMap { sender, statistics -> (sender: String, moments: Moments)? in
            let metric = isRate ? statistics.rate ?? statistics.level : statistics.level
            guard let winsorised = metric.winsorised(share: Self.tailShare) else { return nil }
            let count = Double(metric.count)
            let spread = winsorised.standardDeviation
            return (sender, Moments(count: count, mean: winsorised.mean, squares: spread * spread * count))
        }
        guard parts.count > 1 else { return }
        // Sums of those before and of those after each, so that n senders cost n steps.
        var before: [Moments] = []
        var running = Moments()
        for part in parts {
            before.append(running)
            running.add(part.moments)
        }
        let all = running
        var after = Moments()
        for index in parts.indices.reversed() {
            var others = before[index]
            others.add(after)
            after.add(parts[index].moments)
            let own = parts[index].moments
            guard own.count > Self.tailShare * all.count, others.spread > 0 else { continue }
            // Taken from both, so that a contribution of astronomic weight does not become the measure.
            let weight = min(own.count, others.count)
            var both = others
            both.add(Moments(count: weight, mean: own.mean, squares: own.squares * (weight / own.count)))
            guard both.size <= gate.largestScale * others.size else {
                let text =
                    "entity type '\(type)', metric '\(PrintableText.line(column, limit: 80))': its values (about "
                    + "\(Self.text(own.mean)) ± \(Self.text(own.spread))) are not of the unit of the others' (about "
                    + "\(Self.text(others.mean)) ± \(Self.text(others.spread)))"
                if refused[parts[index].sender] == nil { refused[parts[index].sender] = text }
                continue
            }
            let shift = max(both.spread, (both.mean - others.mean).magnitude)
            if shift > gate.largestInfluence * others.spread, parts.count > 2 {
                leftOut[parts[index].sender, default: [:]][type, default: []].insert(column)
            }
        }
        // Where nearly everybody is left out, it is not one that shifts the others.
        let outside = parts.filter { leftOut[$0.sender]?[type]?.contains(column) ?? false }
        if outside.count * 2 >= parts.count { for part in outside { leftOut[part.sender]?[type]?.remove(column) } }
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
