import Numerics
import Platform

/// What statistics that came from elsewhere must be before anything is fitted to them: bounded, and such as real samples
/// can have.
///
/// Each contribution is judged by itself when it comes (``flaw(in:of:rules:)``), and all together once more, where one
/// of them would move what the others have measured (``StatisticsComparison``).
package struct StatisticsGate: Equatable, Sendable {
    /// Groups of metrics, counted once for each entity type that has them.
    package var mostGroups = 4_096
    /// Columns of one entity type.
    package var mostColumns = 65_536
    /// Rows of one entity.
    package var mostRows: UInt64 = 1 << 40
    /// Median step of a clock, in seconds: a millisecond to a month.
    package var steps: ClosedRange<Double> = 0.000_9...2_678_400
    /// How many times larger than at all the others the values of a metric may become by one contribution; beyond, they
    /// are of another unit, and the contribution is refused.
    package var largestScale = 1e9
    /// By how many spreads of the others one contribution may move the centre of a metric, or stretch its spread, and
    /// still count for its scale; beyond, it does not count. Needs two others.
    package var largestInfluence = 1e4
    /// How many times as large as at the typical contributor the values of a metric may be, and their distance from the
    /// typical centre, and still count for its scale. Needs two others.
    package var largestRatio = 100.0
    /// Rows of an entity type count for at most this many times the median of the contributors' rows. Needs two others.
    package var weightRatio = 3.0

    /// Bytes of statistics that are held until they can be compared with each other, beyond those of ``mostHeld``
    /// contributions; those that come later are compared with what came before.
    package var heldBytes = 8 << 20

    /// Contributions that are held whatever their size.
    package static let mostHeld = 9

    /// The defaults.
    package init() {}

    /// What is wrong with statistics, in one line; `nil` for sound ones.
    ///
    /// - Parameters:
    ///   - entities: keys of the entities that its sender serves; `nil`: whatever it says.
    ///   - rules: how columns are put into groups.
    package func flaw(in statistics: TelemetryStatistics, of entities: Set<String>?, rules: GroupRules) -> String? {
        var groups = 0
        for (name, type) in statistics.types.sorted(by: { $0.key < $1.key }) {
            if let flaw = Self.flaw(inName: name) { return flaw }
            let subject = "entity type '\(name)'"
            guard type.columns.count <= mostColumns else {
                return "\(subject): found \(type.columns.count) columns, expected at most \(mostColumns)"
            }
            if let flaw = flaw(inClocksOf: type, subject, entities) { return flaw }
            groups += Set(type.columns.keys.map { rules.group(for: $0) }).count
            guard groups <= mostGroups else { return "found more than \(mostGroups) groups, expected at most so many" }
            let rows = type.rows
            for (column, found) in type.columns.sorted(by: { $0.key < $1.key }) {
                if let flaw = Self.flaw(in: found, named: column, of: type, rows: rows) { return "\(subject), \(flaw)" }
            }
        }
        return nil
    }

    /// Takes out of one entity's own statistics what would be refused, so that the rest counts: names that nobody could
    /// read, columns that contradict themselves, or the whole entity where it has no clock to speak of.
    ///
    /// - Returns: what was taken out and why, a line each.
    package func sift(_ statistics: inout TelemetryStatistics) -> [String] {
        var found: [String] = []
        for (name, type) in statistics.types.sorted(by: { $0.key < $1.key }) {
            let subject = "entity type '\(PrintableText.line(name, limit: 80))'"
            if let flaw = Self.flaw(inName: name) ?? flaw(inClocksOf: type, subject, nil) {
                found.append(flaw)
                statistics.types[name] = nil
                continue
            }
            let rows = type.rows
            for (column, values) in type.columns.sorted(by: { $0.key < $1.key }) {
                guard let flaw = Self.flaw(in: values, named: column, of: type, rows: rows) else { continue }
                found.append("\(subject), \(flaw)")
                statistics.types[name]?.columns[column] = nil
            }
        }
        return found
    }

    private static func flaw(inName type: String) -> String? {
        NameRule.flaw(in: type, limit: NameRule.longestPart).map {
            "an entity type: found \($0.found), expected \($0.expected)"
        }
    }

    private static func flaw(
        in column: ColumnStatistics, named name: String, of type: TelemetryStatistics.EntityType, rows: UInt64
    ) -> String? {
        let named = NameRule.flaw(in: name, limit: NameRule.longestColumn).map {
            "found \($0.found), expected \($0.expected)"
        }
        return (named ?? column.contradiction(rows: rows, entities: type.clocks)).map {
            "column '\(PrintableText.line(name, limit: 80))': \($0)"
        }
    }

    private func flaw(
        inClocksOf type: TelemetryStatistics.EntityType, _ subject: String, _ entities: Set<String>?
    ) -> String? {
        for (entity, clock) in type.clocks.sorted(by: { $0.key < $1.key }) {
            if let flaw = NameRule.flaw(in: entity, limit: NameRule.longestEntity) {
                return "\(subject), an entity: found \(flaw.found), expected \(flaw.expected)"
            }
            if let entities, !entities.contains(entity) {
                return "\(subject): found entity '\(entity)', expected those that the sender serves"
            }
            guard clock.rows <= mostRows else {
                return "entity '\(entity)': found \(clock.rows) rows, expected at most \(mostRows)"
            }
            if let flaw = clock.contradiction { return "clock of entity '\(entity)': \(flaw)" }
            if let step = clock.medianStep, !steps.contains(step) {
                return "clock of entity '\(entity)': found a step of \(step) s, expected \(steps.lowerBound) to "
                    + "\(steps.upperBound) s"
            }
        }
        return nil
    }
}

extension TelemetryStatistics {
    /// Whether there is not one row behind them.
    package var isEmpty: Bool { types.values.allSatisfy { type in type.clocks.values.allSatisfy { $0.rows == 0 } } }

    /// Takes some columns out, by type.
    package mutating func leaveOut(_ columns: [String: Set<String>]) {
        for (type, names) in columns { for name in names { types[type]?.columns[name] = nil } }
    }

    /// Which columns are counters by their name, and which are none, is for rules to say, not for whoever measured them.
    package mutating func nameCounters(by naming: (String) -> GroupRules.Naming) {
        for (type, entry) in types {
            for (name, column) in entry.columns {
                let found = naming(name)
                if column.namedCounter != (found == .counter) { types[type]?.columns[name]?.namedCounter.toggle() }
                if found == .level { types[type]?.columns[name]?.leaveOutRates() }
            }
        }
    }
}

extension ClockFindings {
    /// What contradicts itself, with what was expected; `nil` for what a clock can show.
    var contradiction: String? {
        let (some, overflow) = duplicates.addingReportingOverflow(backwardSteps)
        let (all, again) = some.addingReportingOverflow(steps.count)
        guard !overflow, !again, all < max(rows, 1) else {
            return "found more steps than \(rows) rows have, expected fewer"
        }
        guard rows > 0 else {
            return firstTime == nil && lastTime == nil ? nil : "found times without rows, expected none"
        }
        guard let firstTime, let lastTime, firstTime.isFinite, lastTime.isFinite, firstTime <= lastTime else {
            return "found no first and last time, expected numbers in this order"
        }
        return steps.quantile(0).map { $0 >= 0 } ?? true ? nil : "found a step back among those that go forward"
    }
}

extension ColumnStatistics {
    /// What contradicts itself, with what was expected; `nil` for what samples can show.
    ///
    /// - Parameters:
    ///   - rows: of all entities of the type.
    ///   - entities: those entities.
    func contradiction(rows: UInt64, entities: [String: ClockFindings]) -> String? {
        guard (0..<65_536).contains(position) else { return "found position \(position), expected 0 to 65535" }
        let (values, overflow) = level.count.addingReportingOverflow(level.missing)
        guard !overflow, values <= rows else { return "found \(values) values in \(rows) rows, expected no more" }
        if let flaw = level.contradiction { return flaw }
        let (moves, tooMany) = increases.addingReportingOverflow(decreases)
        guard !tooMany, moves < max(level.count, 1), resets <= decreases, fractions <= level.count else {
            return "found more steps up and down, resets among them, or fractions, than values, expected fewer"
        }
        if let flaw = Self.contradiction(of: levelRanges, with: level, entities) { return flaw }
        guard let rate else { return rateRanges.isEmpty ? nil : "found ranges of rates without rates, expected none" }
        guard rate.count <= level.count, rate.missing == 0 else {
            return "found \(rate.count) rates of \(level.count) values, expected fewer"
        }
        return (rate.contradiction ?? Self.contradiction(of: rateRanges, with: rate, entities)).map { "rates: " + $0 }
    }

    private static func contradiction(
        of ranges: [String: Range], with statistics: MetricStatistics, _ entities: [String: ClockFindings]
    ) -> String? {
        guard ranges.keys.allSatisfy({ entities[$0] != nil }) else {
            return "found the range of an entity that has no clock, expected one for each"
        }
        guard ranges.values.allSatisfy({ $0.low.isFinite && $0.high.isFinite && $0.low <= $0.high }) else {
            return "found a range that is none, expected a low and a high value"
        }
        guard ranges.values.map(\.low).min() == statistics.minimum,
            ranges.values.map(\.high).max() == statistics.maximum
        else { return "found ranges of entities that do not make up the whole range, expected the same ends" }
        return nil
    }
}

extension MetricStatistics {
    /// What contradicts itself, with what was expected; `nil` for what samples can show.
    var contradiction: String? {
        guard sketch.count == count else {
            return "found a distribution of \(sketch.count) values beside a count of \(count), expected the same"
        }
        guard count > 0 else {
            let isNothing = minimum == nil && maximum == nil && sum == ExactSum() && sumOfSquares == ExactSum()
            return isNothing ? nil : "found a range or a sum of no values, expected none"
        }
        guard let minimum, let maximum, minimum.isFinite, maximum.isFinite, minimum <= maximum else {
            return "found no range of \(count) values, expected a minimum and a maximum"
        }
        guard sketch.reaches(from: minimum, to: maximum) else {
            return "found a distribution with other ends than \(minimum) and \(maximum), expected the same"
        }
        let total = sum.value
        let squares = sumOfSquares.value
        let bounds = sketch.sumBounds
        // Sums beyond what a double holds are infinite, and then there is nothing to compare.
        let size = max(minimum.magnitude, maximum.magnitude)
        guard !total.isNaN, !squares.isNaN, size > 1e150 || (total.isFinite && squares.isFinite) else {
            return "found a sum that is not finite, expected a number"
        }
        guard total.isFinite, squares.isFinite, bounds.low.isFinite, bounds.high.isFinite else { return nil }
        let number = Double(count)
        let slack = 1e-9 * size * number
        guard total >= bounds.low - slack, total <= bounds.high + slack else {
            return "found a sum of \(total), expected \(bounds.low) to \(bounds.high) by the distribution"
        }
        let least = total * (total / number)
        guard squares >= least - slack * size, squares <= size * size * number * (1 + 1e-9) else {
            return "found a sum of squares of \(squares), expected \(least) to \(size * size * number)"
        }
        return nil
    }
}
