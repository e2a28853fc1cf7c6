/// One labelled anomaly: a range of rows and the metrics that caused it; a row of an interpretation file.
public struct AnomalySegment: Hashable, Sendable, Codable {
    /// Rows of the anomaly.
    public var rows: Range<Int>
    /// Positions of the metrics among the metric columns, counted from 0.
    public var dimensions: [Int]
    /// Names of the metrics; may be empty where the file gives positions only.
    public var metrics: [String]
    /// What kind of anomaly it is; empty where the source does not say.
    public var type: String

    /// A segment with every field given.
    public init(rows: Range<Int>, dimensions: [Int], metrics: [String], type: String) {
        self.rows = rows
        self.dimensions = dimensions
        self.metrics = metrics
        self.type = type
    }
}
