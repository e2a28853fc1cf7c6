import Numerics

/// Collects the cleaned rows of one entity and one group until they are taken.
struct GroupOutput: Sendable {
    private let group: MetricGroup
    private let metrics: [String]
    private let constants: [String]
    private let columns: Range<Int>
    private let constantColumns: Range<Int>

    private var times: [Double] = []
    private var sourceIndex: [Int] = []
    private var values: [Float] = []
    private var standIn: [UInt8] = []
    private var constantValues: [Float] = []
    private var labels: [UInt8] = []
    private var hasLabels = false
    /// Rows, among those collected, at which a segment begins.
    private var segmentStarts: [Int] = []
    /// Whether every metric of the last row had been missing for longer than it may be carried.
    private var silent = false

    init(group: MetricGroup, metrics: [String], constants: [String], columns: Range<Int>, constantColumns: Range<Int>) {
        self.group = group
        self.metrics = metrics
        self.constants = constants
        self.columns = columns
        self.constantColumns = constantColumns
    }

    mutating func append(
        _ cleaned: [ColumnCleaner], time: Double, sourceIndex index: Int, label: UInt8?, afterGap: Bool,
        carryLimit: Int
    ) {
        var nowSilent = !columns.isEmpty
        for column in columns {
            values.append(cleaned[column].value)
            standIn.append(cleaned[column].isStandIn ? 1 : 0)
            nowSilent = nowSilent && cleaned[column].missingRun > carryLimit
        }
        for column in constantColumns { constantValues.append(Float(cleaned[column].observed)) }
        // A group that falls silent as a whole, and one that comes back, has a gap of its own.
        if afterGap || nowSilent != silent { segmentStarts.append(times.count) }
        silent = nowSilent
        times.append(time)
        sourceIndex.append(index)
        if let label { hasLabels = true; labels.append(label) } else { labels.append(0) }
    }

    mutating func take(site: String, entity: String, type: String, columns cleaned: [ColumnCleaner]) -> CleanSeries {
        let rows = times.count
        var bounds = segmentStarts
        let continues = rows > 0 && bounds.first != 0
        if continues { bounds.insert(0, at: 0) }
        bounds.append(rows)
        let segments = rows == 0 ? [] : zip(bounds, bounds.dropFirst()).map { $0..<$1 }
        let series = CleanSeries(
            site: site, entity: entity, type: type, group: group, metrics: metrics, times: times,
            sourceIndex: sourceIndex, values: Tensor(values, shape: [rows, metrics.count]), standIn: standIn,
            segments: segments, continuesPrevious: continues, constantMetrics: constants,
            constantExpected: constantColumns.map { cleaned[$0].expected ?? .nan },
            constantValues: Tensor(constantValues, shape: [rows, constants.count]), labels: hasLabels ? labels : nil)
        times.removeAll()
        sourceIndex.removeAll()
        values.removeAll()
        standIn.removeAll()
        constantValues.removeAll()
        labels.removeAll()
        segmentStarts.removeAll()
        return series
    }
}
