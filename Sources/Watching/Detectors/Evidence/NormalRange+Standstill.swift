extension NormalRange {
    /// Rows that every metric may stand still for.
    private static let rest = 8.0
    /// How much longer than ever in training it has to stand still.
    private static let longer = 4.0
    /// The part of its rows in which a metric moves that is expected to move.
    private static let moving = 0.9
    /// Of fewer rows nobody knows whether a metric moves all the time, or did just then.
    private static let leastRows = 300.0

    /// For how many rows each metric may repeat its value. One that rests now and then even in training, as most counts do,
    /// may do so for as long as it likes: that an hour is quieter than those that were learned from is no fault. One that moves
    /// in nine rows of ten, as what is measured does, stands still when it is four times as long as it ever did, and for more
    /// than eight rows.
    ///
    /// - Parameter sketches: for how many rows it had been the same, in each row; one a metric.
    init(standstills sketches: ArraySlice<DistributionSketch>) {
        let ends = sketches.map { sketch in
            var rests = 0
            sketch.forEach(beyond: 0, 0) { rests += $1 }
            let count = Double(sketch.count)
            guard count >= Self.leastRows, Double(rests) <= (1 - Self.moving) * count else { return Self.endless }
            return Self.longer * (sketch.maximum + 1) + Self.rest
        }
        func all(_ value: Double) -> [Double] { [Double](repeating: value, count: ends.count) }
        self.init(
            low: all(-1), middle: all(0), high: ends, rarityBelow: all(1 / Self.usualIndex),
            rarityAbove: all(1 / Self.usualIndex), floors: all(0))
    }
}
