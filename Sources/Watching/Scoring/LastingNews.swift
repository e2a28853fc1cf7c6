import Platform

/// What is news in row after row, though each row alone is below the threshold: the mean of the latest sixteen (at the
/// beginning those that are not there yet show nothing), but no more than the latest row itself shows, so that it ends with
/// what caused it. What has lasted for some two hundred rows is no longer news.
///
/// What lasts raises an alarm beyond a limit of its own, from the same held-out rows, for a tenth of the budget: it is seen
/// where the quiet rows are quiet, and rarely where they wander.
struct LastingNews: Sendable {
    /// Rows of the mean.
    static let rows = 16
    /// Time constant in rows of what is no longer news.
    static let adaptationTime = 128.0
    /// Its part of the budget of false alarms, beside that of single rows.
    static let budgetShare = 0.1
    /// Its limit is at least this part of that for single rows: sixteen rows that show little are not something.
    static let leastShare = 0.125

    private var mean = TrailingMean(horizon: rows)
    private var offset = DriftOffset(adaptationTime: adaptationTime)

    /// The stream has a hole.
    mutating func restart() { mean.restart() }

    /// Takes in what a row shows above its drift.
    ///
    /// - Parameter threshold: that of single rows; more does not count for what is no longer news.
    /// - Returns: how much lasts.
    mutating func update(_ news: Double, threshold: Double) -> Double {
        let fresh = news - offset.value
        offset.update(news, threshold: threshold)
        return min(mean.update(fresh) * mean.filled, fresh)
    }

    /// How much lasts in each of some rows.
    private static func found(in news: [Double], threshold: Double) -> [Double] {
        var lasting = LastingNews()
        return news.map { lasting.update($0, threshold: threshold) }
    }

    /// The limit for what lasts.
    ///
    /// - Parameters:
    ///   - news: of held-out rows above their drift, one array for each entity.
    ///   - threshold: that of single rows.
    /// - Throws: ``DetectionError`` (`insufficientData`) without a row.
    static func limit(
        heldOut news: [[Double]], threshold: Double, alarmsPerDay: Double, stepSeconds: Double, gap: Int
    ) throws(DetectionError) -> Double {
        let peaks = try PeaksOverThreshold(
            scores: news.map { found(in: $0, threshold: threshold) }, stepSeconds: stepSeconds, gap: gap)
        return max(
            peaks.threshold(alarmsPerDay: budgetShare * alarmsPerDay, fewest: 1), leastShare * threshold)
    }
}

extension LastingNews: StreamState {
    func save(to state: inout StateWriter) {
        mean.save(to: &state)
        state.append(offset.value)
    }

    mutating func restore(from state: inout StateReader) throws(StateError) {
        try mean.restore(from: &state)
        offset.restore(try state.double())
    }
}
