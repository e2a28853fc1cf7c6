/// Consecutive rows of one entity as a reader delivers them, before any cleaning.
public struct MetricFrame: Sendable, Equatable {
    /// Names of the columns, in the order of `values`; the time and label columns are not among them.
    public let schema: [String]
    /// Index of the first row, counted from 0 over all files of the entity.
    public let firstRow: Int
    /// Rows of this frame (ascending) at which another file of the entity begins; windows must not straddle them.
    public var fileStarts: [Int]
    /// Time of each row in seconds, `[rows]`: since 1970 where the source has an absolute clock, else since its start.
    public var times: [Double]
    /// The samples, `[rows × columns]`, row-major. NaN: missing. Infinities are kept as found.
    public var values: [Double]
    /// 1 where the source marks a row as anomalous, `[rows]`; `nil` without a label column.
    public var labels: [UInt8]?

    /// - Precondition: the sizes of `times`, `values` and `labels` fit each other and the schema.
    public init(
        schema: [String], firstRow: Int, fileStarts: [Int] = [], times: [Double], values: [Double],
        labels: [UInt8]? = nil
    ) {
        precondition(values.count == times.count * schema.count, "values are rows × columns")
        precondition(labels.map { $0.count == times.count } ?? true, "one label for each row")
        self.schema = schema
        self.firstRow = firstRow
        self.fileStarts = fileStarts
        self.times = times
        self.values = values
        self.labels = labels
    }

    /// Number of rows.
    public var rowCount: Int { times.count }
    /// Number of columns.
    public var columnCount: Int { schema.count }

    /// The sample at a row of this frame and a column.
    public subscript(row: Int, column: Int) -> Double {
        get {
            precondition(row >= 0 && row < rowCount && column >= 0 && column < columnCount, "index out of range")
            return values[row * columnCount + column]
        }
        set {
            precondition(row >= 0 && row < rowCount && column >= 0 && column < columnCount, "index out of range")
            values[row * columnCount + column] = newValue
        }
    }

    /// True when both hold the same bits, so that a missing value (NaN) equals a missing value.
    public static func == (a: MetricFrame, b: MetricFrame) -> Bool {
        func same(_ x: [Double], _ y: [Double]) -> Bool {
            x.count == y.count
                && zip(x, y).allSatisfy { $0.bitPattern == $1.bitPattern || ($0.isNaN && $1.isNaN) }
        }
        return a.schema == b.schema && a.firstRow == b.firstRow && a.fileStarts == b.fileStarts && a.labels == b.labels
            && same(a.times, b.times) && same(a.values, b.values)
    }
}
