import Numerics
public import Telemetry

/// Slow changes of normal operation: traffic that grows, loads that swing further, work at other hours. What drifts is
/// no fault, and labels stay as they are.
///
/// Let m and s be the mean and the standard deviation of a metric's level in the rows before (of a counter: of its
/// increments), z the size, and r what grows evenly from 0 at the first row to 1 at the last. The level v becomes
///
///     m + (1 + z·b·r)·(v − m) + z·r·s·(a + c·sin 2π(day − φ))
///
/// with a drawn for each metric from −1…1 (level), b from 0…½ (scale), c from 0…1 and φ from 0…1 (daily rhythm). A
/// metric that is constant before stays as it is; one that is never negative before never becomes so.
public struct SlowDrift: Hashable, Sendable, Codable {
    /// z: how far metrics have drifted at the last row, in units of their standard deviation; 0 changes nothing.
    public var size: Double
    /// What is drawn for each metric follows from it, and from the names of entity and metric.
    public var seed: UInt64

    /// A drift of this size.
    ///
    /// - Precondition: the size is not negative.
    public init(size: Double, seed: UInt64) {
        precondition(size >= 0 && size.isFinite, "a drift has a size of 0 or more")
        self.size = size
        self.seed = seed
    }

    /// What one metric is made to do.
    private struct Course {
        var level: Double
        var scale: Double
        var rhythm: Double
        var phase: Double
    }

    /// The rows with the drift in them, from `first` on; those before stay as they are. O(rows × columns).
    ///
    /// - Parameters:
    ///   - frame: an entity's rows.
    ///   - before: earlier rows of the same entity, that the drift is measured in.
    ///   - name: the entity's name.
    ///   - rules: tell counters.
    /// - Precondition: both frames have the same columns, and `first` is a row of `frame` or its end.
    public func applied(
        to frame: MetricFrame, from first: Int = 0, before: MetricFrame, name: String, rules: GroupRules
    ) -> MetricFrame {
        precondition(frame.schema == before.schema, "both frames have the same columns")
        precondition((0...frame.rowCount).contains(first), "the drift begins within the rows")
        guard size > 0 else { return frame }
        var result = frame
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        for (column, metric) in frame.schema.enumerated() {
            var random = CounterBasedGenerator(
                seed: seed, purpose: "drift \(metric)", Int(truncatingIfNeeded: hash))
            let course = Course(
                level: 2 * random.uniform() - 1, scale: 0.5 * random.uniform(), rhythm: random.uniform(),
                phase: random.uniform())
            let isCounter = rules.isCounter(metric) && Self.grows(column, of: before)
            let moments = ColumnMoments(
                values: before.values, columns: before.columnCount, column: column, rows: 0..<before.rowCount,
                isCounter: isCounter)
            guard moments.spread > 0, moments.spread.isFinite else { continue }
            drift(column, of: &result, from: first, course: course, moments: moments, before: before, isCounter)
        }
        return result
    }

    /// Puts the drift into one column.
    private func drift(
        _ column: Int, of frame: inout MetricFrame, from first: Int, course: Course, moments: ColumnMoments,
        before: MetricFrame, _ isCounter: Bool
    ) {
        let width = before.columnCount
        let wasNegative = (0..<before.rowCount).contains { before.values[$0 * width + column] < 0 }
        let rows = Double(max(1, frame.rowCount - first))
        func drifted(_ level: Double, _ row: Int) -> Double {
            let share = size * Double(row - first + 1) / rows
            let wave = sineOfTurn(frame.times[row] / 86_400 - course.phase)
            let moved =
                moments.mean + (1 + share * course.scale) * (level - moments.mean)
                + share * moments.spread * (course.level + course.rhythm * wave)
            return wasNegative && !isCounter ? moved : max(0, moved)
        }
        var last = Double.nan
        var lastRow = first
        var total = Double.nan
        for row in first..<frame.rowCount {
            let value = frame[row, column]
            guard value.isFinite else { continue }
            guard isCounter else {
                frame[row, column] = drifted(value, row)
                continue
            }
            if last.isFinite, value >= last {
                // What grew while the counter was missing grew evenly.
                let steps = Double(row - lastRow)
                total += drifted((value - last) / steps, row) * steps
            } else {
                total = value
            }
            (last, lastRow) = (value, row)
            frame[row, column] = total
        }
    }

    /// Whether a column hardly ever falls, as a counter must.
    private static func grows(_ column: Int, of frame: MetricFrame) -> Bool {
        var last = -Double.infinity
        var falls = 0
        for row in 0..<frame.rowCount {
            let value = frame.values[row * frame.columnCount + column]
            guard value.isFinite else { continue }
            if value < last { falls += 1 }
            last = value
        }
        return falls * 20 <= frame.rowCount
    }
}
