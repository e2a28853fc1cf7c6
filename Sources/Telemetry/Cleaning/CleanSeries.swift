public import Numerics

/// Cleaned rows of one entity and one resource group, not yet scaled: one row for every input row.
public struct CleanSeries: Sendable {
    /// The place.
    public let site: String
    /// The thing that emits the metrics.
    public let entity: String
    /// The entity's type.
    public let type: String
    /// The resource group.
    public let group: MetricGroup
    /// F: names of the columns of `values`.
    public let metrics: [String]
    /// Time of each row in seconds, `[N]`.
    public var times: [Double]
    /// Index of each row among the rows of its entity, `[N]`, counted from 0 over all its files.
    public var sourceIndex: [Int]
    /// Cleaned values `[N, F]`: finite, counters turned into rates per second, in the metric's own unit.
    public var values: Tensor<Float>
    /// 1 where a value is a stand-in, because the sample was missing or not finite for longer than it may be carried,
    /// `[N × F]`, row-major. Such a cell is no evidence.
    public var standIn: [UInt8]
    /// Rows between which nothing is missing; windows must not straddle two of them. They cover all rows.
    public var segments: [Range<Int>]
    /// Whether the first row goes on from the last row of the series taken before it.
    public var continuesPrevious: Bool
    /// C: metrics of the group that were constant, or missing throughout, at every site when the pipeline was fitted.
    public let constantMetrics: [String]
    /// What each constant metric was for this entity (NaN: missing), `[C]`. For an entity that was not there when the
    /// pipeline was fitted, the first value it showed.
    public var constantExpected: [Double]
    /// What each constant metric is, `[N, C]`; NaN: missing. A value other than the expected one is an anomaly.
    public var constantValues: Tensor<Float>
    /// 1 where the source marks a row as anomalous, `[N]`; `nil` without labels.
    public var labels: [UInt8]?

    /// N: number of rows.
    public var rowCount: Int { times.count }

    /// `site/entity`.
    public var key: String { "\(site)/\(entity)" }

    /// A series with every field given.
    ///
    /// - Precondition: the sizes fit each other.
    public init(
        site: String, entity: String, type: String, group: MetricGroup, metrics: [String], times: [Double],
        sourceIndex: [Int], values: Tensor<Float>, standIn: [UInt8]? = nil, segments: [Range<Int>]? = nil,
        continuesPrevious: Bool = false, constantMetrics: [String] = [], constantExpected: [Double] = [],
        constantValues: Tensor<Float>? = nil, labels: [UInt8]? = nil
    ) {
        let rows = times.count
        precondition(sourceIndex.count == rows && values.shape == [rows, metrics.count], "sizes fit each other")
        precondition(standIn.map { $0.count == values.count } ?? true, "one mark for each value")
        precondition(constantExpected.count == constantMetrics.count, "one expected value for each constant metric")
        let constants = constantValues ?? Tensor(repeating: .nan, shape: [rows, constantMetrics.count])
        precondition(constants.shape == [rows, constantMetrics.count], "one value for each row and constant metric")
        precondition(labels.map { $0.count == rows } ?? true, "one label for each row")
        self.site = site
        self.entity = entity
        self.type = type
        self.group = group
        self.metrics = metrics
        self.times = times
        self.sourceIndex = sourceIndex
        self.values = values
        self.standIn = standIn ?? [UInt8](repeating: 0, count: values.count)
        self.segments = segments ?? (rows == 0 ? [] : [0..<rows])
        self.continuesPrevious = continuesPrevious
        self.constantMetrics = constantMetrics
        self.constantExpected = constantExpected
        self.constantValues = constants
        self.labels = labels
    }
}
