import Telemetry

/// Tells rows that jump ahead of this machine's clock from those of an entity whose own clock is ahead, and what is to be
/// said of them. A value: whoever asks says what time it is.
struct AheadOfClock {
    /// Rows after which none is refused any more.
    private static let rowsUntilOver = 10

    /// Seconds by which a row may jump ahead.
    let mostSeconds: Double
    private var book = DataQualityBook()
    /// Rows since the last that was refused, of entities of which some were.
    private var sinceRefusal: [String: (source: String, rows: Int)] = [:]
    private var news: [(site: String, finding: DataQualityFinding)] = []

    init(mostSeconds: Double) { self.mostSeconds = mostSeconds }

    /// The latest time that is not ahead.
    func horizon(at now: Double) -> Double { now + mostSeconds }

    /// The rows without those that jump ahead of the clock.
    mutating func sound(
        _ rows: [SampledRow], of entity: SampleStore.Entity, from source: String, at now: Double
    ) -> [SampledRow] {
        let horizon = horizon(at: now)
        var last = entity.lastTime
        var refused: [Double] = []
        let kept = rows.filter { row in
            if let last, row.time > horizon, last <= horizon, row.time - last > mostSeconds {
                refused.append(row.time)
                return false
            }
            if row.time.isFinite { last = row.time }
            return true
        }
        if let first = refused.first {
            let rows = refused.count == 1 ? "a row was left out: it" : "\(refused.count) rows were left out: the first"
            book.raise(
                .samplesRefused, entity: entity.name, source: source, at: now, count: refused.count,
                detail: "\(rows) is \(Int(min(first - now, 9e18))) s ahead of this machine's clock")
            sinceRefusal[entity.key] = (source, 0)
        } else if let since = sinceRefusal[entity.key] {
            sinceRefusal[entity.key]?.rows += kept.count
            if since.rows + kept.count >= Self.rowsUntilOver {
                sinceRefusal[entity.key] = nil
                book.clear(.samplesRefused, entity: entity.name, source: since.source, at: now)
            }
        }
        book.pass(to: now)
        news += book.take().map { (entity.site, $0) }
        return kept
    }

    /// What there is to be said since the last time, and of which site.
    mutating func take() -> [(site: String, finding: DataQualityFinding)] {
        defer { news = [] }
        return news
    }
}
