import Numerics

/// Collects the cleaned rows of one entity and one group until they are taken.
struct GroupOutput: Sendable {
    private let group: Int

    private var times: [Double] = []
    private var sourceIndex: [Int] = []
    private var values: [Float] = []
    private var standIn: [UInt8] = []
    private var constantValues: [Float] = []
    private var labels: [UInt8] = []
    private var hasLabels = false
    /// Rows, among those collected, at which a segment begins.
    private var segmentStarts: [Int] = []

    init(group: Int) { self.group = group }

    mutating func append(_ rows: CleanRows) {
        let place = rows.schema.groups[group]
        let (width, groups) = (rows.width, rows.schema.groups.count)
        for row in 0..<rows.count {
            let base = row * width
            for metric in place.varying {
                values.append(Float(rows.values[base + metric]))
                standIn.append(rows.marks[base + metric] >= CleanRows.Mark.standIn.rawValue ? 1 : 0)
            }
            for metric in place.constant {
                let isObserved = rows.marks[base + metric] == CleanRows.Mark.observed.rawValue
                constantValues.append(isObserved ? Float(rows.values[base + metric]) : .nan)
            }
            if rows.startsGroupSegment[row * groups + group] { segmentStarts.append(times.count + row) }
        }
        times += rows.times
        sourceIndex += rows.indices
        labels += rows.labels
        hasLabels = hasLabels || rows.hasLabels
    }

    mutating func take(_ cleaner: RowCleaner) -> CleanSeries {
        let schema = cleaner.schema
        let place = schema.groups[group]
        let rows = times.count
        var bounds = segmentStarts
        let continues = rows > 0 && bounds.first != 0
        if continues { bounds.insert(0, at: 0) }
        bounds.append(rows)
        let segments = rows == 0 ? [] : zip(bounds, bounds.dropFirst()).map { $0..<$1 }
        let series = CleanSeries(
            site: schema.site, entity: schema.entity, type: schema.type, group: place.group,
            metrics: Array(schema.metrics[place.varying]), times: times, sourceIndex: sourceIndex,
            values: Tensor(values, shape: [rows, place.varying.count]), standIn: standIn, segments: segments,
            continuesPrevious: continues, constantMetrics: Array(schema.metrics[place.constant]),
            constantExpected: cleaner.expected(place.constant),
            constantValues: Tensor(constantValues, shape: [rows, place.constant.count]),
            labels: hasLabels ? labels : nil)
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
