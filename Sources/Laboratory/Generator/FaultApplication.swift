import Numerics

/// A column as faults see it.
struct FaultTarget {
    var name: String
    var group: String
    /// Whether the column accumulates: then level, spread and shift are those of its increments from row to row.
    var isCounter: Bool
    /// The standard deviation of the metric's level while nothing is wrong; 0 for a constant.
    var spread: Double
    /// The metric's mean level while nothing is wrong.
    var mean: Double
    /// Levels are held within these.
    var bounds: ClosedRange<Double>
}

/// Puts faults into columns of samples.
struct FaultApplication {
    let targets: [FaultTarget]
    /// Rows `0..<normalRows` hold no fault; a decorrelated metric takes its values from them.
    let normalRows: Int

    private var columns: Int { targets.count }

    /// The columns that a kind of fault moves at a severity, with the effect on each.
    ///
    /// A column is left out when it is constant, or when its bounds leave room for less than one unit of its spread and
    /// less than half of what is asked for. Without a metric of the fault's own kind left, none is.
    func touched(by kind: FaultKind, severity: Double) -> [(column: Int, effect: FaultKind.Effect)] {
        let all: [(column: Int, effect: FaultKind.Effect)] = targets.enumerated().compactMap { column, target in
            guard target.spread > 0, target.spread.isFinite,
                let effect = kind.effect(onMetric: target.name, group: target.group)
            else { return nil }
            if kind.shape != .freeze, kind.shape != .decorrelation, kind.shape != .variance {
                let wanted = abs(effect.weight) * severity
                let room =
                    (effect.weight > 0
                        ? target.bounds.upperBound - target.mean : target.mean - target.bounds.lowerBound)
                    / target.spread
                guard room >= min(wanted / 2, max(1, wanted / 4)) else { return nil }
            }
            return (column, effect)
        }
        // One metric alone cannot fall out of step with itself.
        let needed = kind.shape == .decorrelation ? 2 : 1
        return all.count { abs($0.effect.weight) >= FaultKind.ownWeight } >= needed ? all : []
    }

    /// Puts one fault into samples `[rows × columns]`, and says what it moved.
    mutating func apply(
        _ kind: FaultKind, severity: Double, rows: Range<Int>, to values: inout [Double],
        random: inout CounterBasedGenerator
    ) -> InjectedFault {
        let touched = touched(by: kind, severity: severity)
        let bursts = Self.bursts(rows.count, random: &random)
        let period = min(max(rows.count / 6, 4), 30)
        var metrics: [InjectedFault.TouchedMetric] = []
        for (column, effect) in touched {
            let delay = min(Int(Double(rows.count) * effect.delay), rows.count - 1)
            let own = (rows.lowerBound + delay)..<rows.upperBound
            let target = targets[column]
            var envelope = [Double](repeating: 0, count: own.count)
            for index in envelope.indices {
                switch kind.shape {
                case .step: envelope[index] = min(1, Double(index + 1) / Double(min(3, max(1, own.count / 10))))
                case .ramp: envelope[index] = Double(index + 1) / Double(own.count)
                case .spikes: envelope[index] = bursts[index + delay]
                case .oscillation: envelope[index] = index / max(1, period / 2) % 2 == 0 ? 1 : 0
                case .variance: envelope[index] = random.normal()
                case .freeze, .decorrelation: envelope[index] = 1
                }
            }
            let size = severity * effect.weight
            let reached: Double
            switch kind.shape {
            case .freeze: reached = freeze(column, rows: own, in: &values)
            case .decorrelation:
                let source = mostDifferent(column, from: own, in: values, random: &random)
                reached = replace(column, rows: own, from: source, in: &values)
            default:
                let shifts = envelope.map { $0 * size * target.spread }
                reached = shift(column, rows: own, by: shifts, in: &values)
            }
            metrics.append(
                InjectedFault.TouchedMetric(
                    column: column, name: target.name, group: target.group, intended: size, reached: reached,
                    firstRow: own.lowerBound))
        }
        metrics.sort { ($0.firstRow, $0.column) < ($1.firstRow, $1.column) }
        return InjectedFault(
            fault: kind.name, shape: kind.shape, rows: rows, severity: severity, metrics: metrics)
    }

    /// Adds shifts to the levels of some rows, within the bounds; the largest one reached, in units of spread.
    private func shift(
        _ column: Int, rows: Range<Int>, by shifts: [Double], in values: inout [Double]
    ) -> Double {
        let target = targets[column]
        var reached = 0.0
        func note(_ change: Double) {
            let size = change / target.spread
            if abs(size) > abs(reached) { reached = size }
        }
        guard target.isCounter else {
            for (index, row) in rows.enumerated() {
                let position = row * columns + column
                let old = values[position]
                guard old.isFinite else { continue }
                // A value that lies outside already is not pulled back.
                let low = min(target.bounds.lowerBound, old)
                let high = max(target.bounds.upperBound, old)
                let new = min(max(old + shifts[index], low), high)
                note(new - old)
                values[position] = new
            }
            return reached
        }
        adjustIncrements(column, rows: rows, keepsOffset: true, in: &values) { index, increment in
            let change = max(shifts[index], -max(increment, 0))
            note(change)
            return change
        }
        return reached
    }

    /// Repeats the value before the fault; the last row shows the true value again.
    private func freeze(_ column: Int, rows: Range<Int>, in values: inout [Double]) -> Double {
        let held = rows.lowerBound..<max(rows.lowerBound, rows.upperBound - 1)
        var last = Double.nan
        for row in stride(from: held.lowerBound - 1, through: 0, by: -1) {
            last = values[row * columns + column]
            if last.isFinite { break }
        }
        guard last.isFinite else { return 0 }
        for row in held { values[row * columns + column] = last }
        return 0
    }

    /// The first of as many normal rows whose levels differ most from those of some rows, among twelve drawn at random.
    private func mostDifferent(
        _ column: Int, from rows: Range<Int>, in values: [Double], random: inout CounterBasedGenerator
    ) -> Int {
        func level(_ row: Int) -> Double {
            let value = values[row * columns + column]
            guard targets[column].isCounter else { return value }
            return row > 0 ? value - values[(row - 1) * columns + column] : .nan
        }
        var best = (source: 0, difference: -1.0)
        for _ in 0..<12 {
            let source = Int(random.uniform() * Double(max(1, normalRows - rows.count - 1)))
            var difference = 0.0
            for (index, row) in rows.enumerated() where source + index < normalRows {
                let change = level(source + index) - level(row)
                if change.isFinite { difference += change * change }
            }
            if difference > best.difference { best = (source, difference) }
        }
        return best.source
    }

    /// Shows the levels of normal rows instead.
    private func replace(_ column: Int, rows: Range<Int>, from source: Int, in values: inout [Double]) -> Double {
        let target = targets[column]
        var reached = 0.0
        let old = values
        func level(_ row: Int) -> Double { old[min(row, max(normalRows - 1, 0)) * columns + column] }
        guard target.isCounter else {
            for (index, row) in rows.enumerated() {
                let position = row * columns + column
                let new = level(source + index)
                guard new.isFinite, old[position].isFinite else { continue }
                let size = (new - old[position]) / target.spread
                if abs(size) > abs(reached) { reached = size }
                values[position] = new
            }
            return reached
        }
        adjustIncrements(column, rows: rows, keepsOffset: true, in: &values) { index, increment in
            let other = level(source + index + 1) - level(source + index)
            guard other.isFinite, other >= 0 else { return 0 }
            let change = max(other - increment, -max(increment, 0))
            let size = change / target.spread
            if abs(size) > abs(reached) { reached = size }
            return change
        }
        return reached
    }

    /// Changes a counter's increments within some rows; the rows behind keep the sum of the changes.
    private func adjustIncrements(
        _ column: Int, rows: Range<Int>, keepsOffset: Bool, in values: inout [Double],
        change: (_ index: Int, _ increment: Double) -> Double
    ) {
        var last = Double.nan
        for row in stride(from: rows.lowerBound - 1, through: 0, by: -1) {
            last = values[row * columns + column]
            if last.isFinite { break }
        }
        var offset = 0.0
        let count = values.count / columns
        for row in rows.lowerBound..<count {
            let position = row * columns + column
            let old = values[position]
            guard old.isFinite else { continue }
            if row < rows.upperBound, last.isFinite {
                offset += change(row - rows.lowerBound, old - last)
            }
            last = old
            values[position] = old + offset
        }
    }

    /// Bursts of two to five rows at full size, five to twelve rows apart.
    private static func bursts(_ count: Int, random: inout CounterBasedGenerator) -> [Double] {
        var result = [Double](repeating: 0, count: count)
        var row = 0
        while row < count {
            let length = 2 + Int(random.uniform() * 4)
            let height = 0.8 + 0.2 * random.uniform()
            for index in row..<min(row + length, count) { result[index] = row == 0 ? 1 : height }
            row += length + 5 + Int(random.uniform() * 8)
        }
        return result
    }
}
