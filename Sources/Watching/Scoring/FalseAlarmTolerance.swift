/// What is no alarm of an entity because the same was called false before.
///
/// It changes no score and nothing that scores depend on, only whether a row that exceeds its threshold is an alarm: taken
/// back, all is as before.
package struct FalseAlarmTolerance: Sendable {
    /// How much further the thresholds of a row are.
    package struct Reach: Equatable, Sendable {
        /// That of the combined score, as a factor.
        package var combined: Double
        /// Those of the groups that are in alarm, `[G]` without the combined one; 1 where none is.
        package var groups: [Double]
    }

    /// One false alarm with its groups by their places.
    private struct Known: Sendable {
        let alarm: FalseAlarm
        /// What each scored group reached, in units of its threshold; `nil`: it had no part in it.
        let reached: [Double?]
        /// Its metrics by their places, each with whether it was above what is normal.
        let metrics: [(place: Int, isAbove: Bool)]
    }

    /// How far metrics deviate in some rows together, by sides.
    package struct Recent: Sendable {
        private var above: [Double]
        private var below: [Double]
        private var total = 0.0

        /// No row yet.
        package init(metrics: Int) {
            above = [Double](repeating: 0, count: metrics)
            below = above
        }

        /// Takes in a metric's deviation in a row.
        package mutating func add(_ deviation: Double, sign: Int8, of metric: Int) {
            guard deviation > 0 else { return }
            total += deviation
            if sign >= 0 { above[metric] += deviation }
            if sign <= 0 { below[metric] += deviation }
        }

        fileprivate func share(of metrics: [(place: Int, isAbove: Bool)]) -> Double {
            total > 0 ? metrics.reduce(0) { $0 + ($1.isAbove ? above : below)[$1.place] } / total : 0
        }
    }

    private let known: [Known]

    /// Nothing is tolerated.
    package init() { known = [] }

    /// The same again as any of some alarms is none.
    ///
    /// - Parameters:
    ///   - groups: the scored groups, the combined one last.
    ///   - metrics: the metrics, `[F]`.
    package init(_ alarms: [FalseAlarm], groups: [String], metrics: [String]) {
        let places = Dictionary(metrics.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        known = alarms.map { alarm in
            Known(
                alarm: alarm,
                reached: groups.dropLast().map { group in
                    if let score = alarm.groups[group] { return score > 0 ? max(1, score) : .infinity }
                    return alarm.leads.contains(group) ? 1 : nil
                },
                metrics: alarm.metrics.sorted { $0.key < $1.key }.compactMap { name, side in
                    places[name].map { ($0, side > 0) }
                })
        }
    }

    /// Whether nothing is tolerated.
    package var isEmpty: Bool { known.isEmpty }

    /// How much further the thresholds of a row in alarm are, so that it is none; `nil` where it is one.
    ///
    /// - Parameters:
    ///   - time: of the row, in seconds of the entity's clock.
    ///   - ratios: each scored group's score in units of its threshold, the combined one last, `[G]`.
    ///   - alarms: whether an alarm of each group stands, `[G]`.
    ///   - recent: how far the metrics deviate in the rows that the scores are made of.
    package func reach(at time: Double, ratios: [Double], alarms: [Bool], recent: Recent) -> Reach? {
        guard !known.isEmpty, let combined = ratios.last, combined > 0 else { return nil }
        let places = ratios.indices.dropLast()
        // A group in alarm speaks for itself; where none is, the one that deviates most does.
        let exceeding = places.filter { alarms[$0] }
        let lead = exceeding.isEmpty ? places.max { ratios[$0] < ratios[$1] }.map { [$0] } ?? [] : exceeding
        for one in known where one.alarm.isRemembered(at: time) {
            guard combined <= one.alarm.score * FalseAlarm.margin,
                recent.share(of: one.metrics) >= FalseAlarm.leastShare
            else { continue }
            let isSame = lead.allSatisfy { place in
                one.reached[place].map { ratios[place] <= $0 * FalseAlarm.margin } ?? false
            }
            guard isSame else { continue }
            return Reach(
                combined: one.alarm.score * FalseAlarm.margin,
                groups: places.map { alarms[$0] ? max(1, ratios[$0]) * FalseAlarm.margin : 1 })
        }
        return nil
    }
}
