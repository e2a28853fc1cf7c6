/// The cells of consecutive rows as a detector sees them: its own metrics in its own order.
struct RowCells {
    /// F.
    let width: Int
    /// `[N]`.
    let times: [Double]
    /// `[N × F]`, row-major.
    let values: [Double]
    /// `[N × F]`; or one row, the same for all.
    let residuals: [Float]
    /// `[N × F]`; or one row, the same for all.
    let ages: [Int32]

    /// The cells; residuals that nobody made are 0, and metrics that nobody missed were always there.
    init(width: Int, times: [Double], values: [Double], residuals: [Float], ages: [Int32]) {
        self.width = width
        self.times = times
        self.values = values
        self.residuals = residuals.isEmpty ? [Float](repeating: 0, count: width) : residuals
        self.ages = ages.isEmpty ? [Int32](repeating: .max, count: width) : ages
    }

    /// Hands over some rows, one after the other.
    func forEach(_ rows: Range<Int>, _ body: (_ index: Int, _ row: StreamRow) -> Void) {
        let residualStep = residuals.count == values.count ? width : 0
        let ageStep = ages.count == values.count ? width : 0
        values.withUnsafeBufferPointer { values in
            residuals.withUnsafeBufferPointer { residuals in
                ages.withUnsafeBufferPointer { ages in
                    func cut<Cell>(_ cells: UnsafeBufferPointer<Cell>, _ start: Int) -> UnsafeBufferPointer<Cell> {
                        UnsafeBufferPointer(rebasing: cells[start..<start + width])
                    }
                    for row in rows {
                        body(
                            row,
                            StreamRow(
                                time: times[row], values: cut(values, row * width),
                                residuals: cut(residuals, row * residualStep), ages: cut(ages, row * ageStep)))
                    }
                }
            }
        }
    }
}
