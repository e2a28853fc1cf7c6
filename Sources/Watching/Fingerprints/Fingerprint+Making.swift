import Telemetry

extension Fingerprint {
    /// How a fingerprint is taken.
    package struct Options: Codable, Sendable, Hashable {
        /// The share of the deviation that the kept metrics make up, 0…1.
        package var coverage = 0.9
        /// Samples before the event in which an onset is looked for: a slow fault begins before its alarm.
        package var lookBack = 60
        /// A sample deviates when it reaches this share of the largest deviation in the event, 0…1.
        package var onsetShare = 0.25
        /// Most suspects listed.
        package var causeCount = 50
        /// Samples from an event's start that are looked at even where its alarm is shorter: a single metric's alarm
        /// only announces.
        package var leastRows = 1

        /// The defaults: 90 % of the deviation, an hour of minutes back.
        package init() {}
    }

    /// The fingerprint of one event.
    ///
    /// - Parameters:
    ///   - event: the event's samples.
    ///   - scores: the entity's scores.
    ///   - groups: the group of each metric, `[F]`.
    ///   - firstIndex: the row of the first score in the entity's data.
    /// - Precondition: `event` is not empty and within the scores; there is a group for each metric.
    package init(
        of event: Range<Int>, in scores: EntityScores, groups: [String], entity: String, firstIndex: Int = 0,
        options: Options = Options()
    ) {
        precondition(!event.isEmpty && event.upperBound <= scores.count, "an event is within the scores")
        let rows = event.lowerBound..<max(event.upperBound, min(scores.count, event.lowerBound + options.leastRows))
        precondition(groups.count == scores.found.metrics.count, "one group for each metric")
        let width = groups.count
        let metrics = scores.found.metrics
        let deviations = scores.found.deviations
        let totals = (0..<width).map { metric in rows.reduce(0.0) { $0 + deviations[$1 * width + metric] } }
        let whole = totals.reduce(0, +)
        let context = max(0, rows.lowerBound - options.lookBack)..<rows.upperBound
        func shape(_ value: (Int) -> Double) -> Shape {
            Shape(rows: rows, context: context, times: scores.times, firstIndex: firstIndex, options, value)
        }
        self.entity = entity
        startIndex = firstIndex + event.lowerBound
        endIndex = firstIndex + event.upperBound
        startTime = scores.times[event.lowerBound]
        endTime = scores.times[event.upperBound - 1]
        peakScore = scores.scores[scores.combined][rows].max() ?? 0

        var kept: [Part] = []
        var covered = 0.0
        for metric in SuspectRanking.descending(totals) where totals[metric] > 0 && covered < options.coverage * whole {
            covered += totals[metric]
            let balance = rows.reduce(0.0) {
                $0 + deviations[$1 * width + metric] * Double(scores.found.signs[$1 * width + metric])
            }
            kept.append(
                Part(
                    metric: metrics[metric], group: groups[metric], share: totals[metric] / whole,
                    side: balance > 0 ? 1 : balance < 0 ? -1 : 0, balance: balance / totals[metric],
                    deviation: totals[metric] / Double(rows.count), shape: shape { deviations[$0 * width + metric] }))
        }
        parts = kept

        rhythm = Rhythm(
            rows.map { row in
                (0..<width).reduce(0.0) { $0 + deviations[row * width + $1] * totals[$1] } / max(whole, .ulpOfOne)
            })
        let count = MetricDeviations.aspectCount
        let sums = ViewAspect.allCases.map { aspect in
            rows.reduce(0.0) { $0 + scores.found.aspects[$1 * count + aspect.rawValue] }
        }
        let all = sums.reduce(0, +)
        aspects = Dictionary(
            uniqueKeysWithValues: zip(ViewAspect.allCases, sums).compactMap { $1 > 0 ? ($0.name, $1 / all) : nil })

        var members: [String: [Int]] = [:]
        for metric in 0..<width { members[groups[metric], default: []].append(metric) }
        let groupParts = members.sorted { $0.key < $1.key }.compactMap { group, members -> GroupPart? in
            let total = members.reduce(0.0) { $0 + totals[$1] }
            guard total > 0 else { return nil }
            return GroupPart(
                group: group, layer: MetricGroup(name: group).layer, share: total / whole,
                shape: shape { row in members.reduce(0.0) { $0 + deviations[row * width + $1] } })
        }
        // A group of many metrics takes part in every fault; where one began, its metrics changed most, and most of those that
        // move at all. What hardly moved before changes without measure, and counts no more than others that are beyond all
        // that was seen.
        var squares: [String: Double] = [:]
        for metric in 0..<width {
            let change = rows.reduce(0.0) { $0 + scores.found.causes[$1 * width + metric] } / Double(rows.count)
            let score = min(change, Self.loudest)
            squares[groups[metric], default: 0] += score * score
        }
        let leads = groupParts.map { part -> Double in
            let moving = (members[part.group] ?? []).count { metric in
                context.contains { deviations[$0 * width + metric] > 0 }
            }
            return ((squares[part.group] ?? 0) / Double(max(1, moving))).squareRoot()
        }
        self.groups = SuspectRanking.descending(leads).map { groupParts[$0] }
        // Of groups that set in together the one that is more likely leads.
        firstGroup = self.groups.min { $0.shape.onsetIndex < $1.shape.onsetIndex }?.group

        let suspects = Self.suspects(rows, in: scores, options: options).prefix(options.causeCount)
        self.causes = suspects.filter { $0.score > 0 }.map {
            Cause(metric: metrics[$0.metric], group: groups[$0.metric], score: $0.score)
        }
    }

    /// The most that one metric's change counts for its group.
    private static let loudest = 2 * NormalRange.cap

    /// Every metric with how much an event looks like being about it (``SuspectRanking``), most suspicious first.
    package static func suspects(
        _ rows: Range<Int>, in scores: EntityScores, options: Options = Options()
    ) -> [(metric: Int, score: Double)] {
        guard !rows.isEmpty else { return scores.found.metrics.indices.map { ($0, 0) } }
        let found = scores.found
        let ranking = SuspectRanking(
            rows, width: found.metrics.count, deviations: found.deviations, places: found.places,
            extents: found.extents, lookBack: options.lookBack, onsetShare: options.onsetShare)
        return ranking.order.map { ($0, ranking.scores[$0]) }
    }
}

extension Fingerprint.Shape {
    fileprivate init(
        rows: Range<Int>, context: Range<Int>, times: [Double], firstIndex: Int, _ options: Fingerprint.Options,
        _ value: (Int) -> Double
    ) {
        var peak = rows.lowerBound
        for row in rows where value(row) > value(peak) { peak = row }
        let limit = options.onsetShare * value(peak)
        // The stretch before the event belongs to it only as far as it deviates without a break.
        var onset = rows.first { value($0) >= limit } ?? rows.lowerBound
        if onset == rows.lowerBound {
            while onset > context.lowerBound, value(onset - 1) >= limit, value(onset - 1) > 0 { onset -= 1 }
        }
        let last = rows.last { value($0) >= limit } ?? peak
        self.init(
            onsetIndex: firstIndex + onset, onsetTime: times[onset], peakIndex: firstIndex + peak,
            peakTime: times[peak], durationSeconds: times[last] - times[onset])
    }
}
