import Federation
import Watching

/// The largest scores of an entity since somebody last asked, in units of their thresholds, and what else holds of these
/// rows.
struct ScoreTally {
    /// Time between two questions.
    static let interval = Duration.seconds(5)

    private var whole = 0.0
    private var groups: [Double]
    private var hasScore = false
    private var isAlarm = false
    private var time = -Double.infinity

    /// Nothing yet, of a number of groups and the whole.
    init(groups count: Int) { groups = Array(repeating: 0, count: max(0, count - 1)) }

    /// Takes in a row of scores.
    mutating func add(_ scores: EntityScores, row: Int) {
        let at = scores.times[row]
        guard abs(at) <= ScoreReport.mostSeconds else { return }
        time = max(time, at)
        hasScore = hasScore || scores.thresholds[scores.combined][row].isFinite
        whole = max(whole, scores.ratio(row))
        for group in groups.indices { groups[group] = max(groups[group], scores.ratio(row, of: group)) }
        isAlarm = isAlarm || scores.alarms[scores.combined][row]
    }

    /// What there is to say of an entity, which is then forgotten; `nil` where there was no row.
    mutating func take(
        entity: String, type: String, names: [String], standsAlarm: Bool, isMissing: Bool
    ) -> ScoreNews? {
        guard time.isFinite else { return nil }
        var flags: ScoreReport.Flags = []
        if isAlarm || standsAlarm { flags.insert(.alarm) }
        if isMissing { flags.insert(.missing) }
        func level(_ ratio: Double) -> UInt8 { hasScore ? ScoreLevel.level(of: ratio) : ScoreLevel.none }
        defer { self = ScoreTally(groups: groups.count + 1) }
        return ScoreNews(
            type: type, groups: Array(names.prefix(groups.count)),
            line: ScoreReport.Line(
                entity: entity, time: time, flags: flags, whole: level(whole), groups: groups.map(level)))
    }
}
