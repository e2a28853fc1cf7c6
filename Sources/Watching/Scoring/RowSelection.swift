import Telemetry

/// Which cells of a stream's rows a detector sees, resolved once when the stream starts.
struct RowSelection: Sendable {
    private let width: Int
    /// The place of each of the detector's metrics among those of the rows; `nil`: they are the same.
    private let columns: [Int]?
    private let input: DetectionMethod.Input

    init(width: Int, columns: [Int]?, input: DetectionMethod.Input) {
        precondition(columns.map { $0.count == width } ?? true, "a place for each metric")
        self.width = width
        self.columns = columns
        self.input = input
    }

    /// The cells of rows and of what the autoencoders say of them, `[N × M]`; empty: nobody asked.
    func cells(of rows: CleanRows, residuals: [Float]) -> RowCells {
        precondition(residuals.isEmpty || residuals.count == rows.values.count, "a residual for each cell")
        if columns == nil, input == .values {
            precondition(rows.width == width, "rows of the model's metrics")
            return RowCells(
                width: width, times: rows.times, values: rows.values, residuals: residuals, ages: rows.ages)
        }
        let columns = columns ?? Array(0..<width)
        var values: [Double] = []
        var ages: [Int32] = []
        var chosen: [Float] = []
        values.reserveCapacity(rows.count * width)
        ages.reserveCapacity(rows.count * width)
        if !residuals.isEmpty { chosen.reserveCapacity(rows.count * width) }
        for base in stride(from: 0, to: rows.count * rows.width, by: rows.width) {
            for column in columns {
                ages.append(rows.ages[base + column])
                if !residuals.isEmpty { chosen.append(residuals[base + column]) }
                switch input {
                case .values: values.append(rows.values[base + column])
                case .residuals: values.append(residuals.isEmpty ? 0 : Double(residuals[base + column]))
                }
            }
        }
        return RowCells(width: width, times: rows.times, values: values, residuals: chosen, ages: ages)
    }
}
