/// Scores of samples that a detector did not learn from, and the thresholds that follow.
package struct HeldOutScores: Sendable {
    private let aggregator: GroupAggregator
    private let scoredGroups: [String]
    /// Whether each scored group may raise an alarm by itself: it has two metrics, and there are others.
    private let isLone: [Bool]
    private let lengths: [Int]
    /// The unsmoothed deviation of each scored group without what is no news, `[G][entity][N]`.
    private var deviations: [[[Double]]]
    /// How much the metric of each looks like a cause that does so most, `[G][entity][N]`.
    private var voices: [[[Double]]]

    /// Nothing yet.
    ///
    /// - Parameters:
    ///   - detector: one of those that will score.
    ///   - groups: the resource group of each metric.
    ///   - lengths: samples of each entity.
    ///   - limits: which deviations count; `nil`: all.
    package init(
        detector: FittedDetector, groups: [String], lengths: [Int], limits: DeviationLimits? = nil
    ) {
        aggregator = GroupAggregator(groups: groups, detector: detector, limits: limits)
        self.lengths = lengths
        let scored = EntityModel.scoredGroups(groups)
        scoredGroups = scored
        isLone = scored.map { name in
            let count = groups.count { $0 == name }
            return name != EntityModel.combinedGroup && count > 1 && count < groups.count
        }
        deviations = scoredGroups.map { _ in lengths.map { [Double](repeating: 0, count: $0) } }
        voices = deviations
    }

    /// Scores an entity's samples with a detector that did not learn from `rows`, and keeps those rows.
    package mutating func add(_ detector: FittedDetector, samples: DetectorSamples, rows: Range<Int>, entity: Int) {
        precondition(samples.count == lengths[entity], "an entity has as many samples as announced")
        var aggregator = aggregator
        var found = MetricDeviations(metrics: detector.metrics, rows: 1)
        var scorer = detector.makeScorer()
        let cells = samples.cells
        for segment in samples.segments {
            scorer.startSegment()
            // What comes after the held-out rows changes nothing in them.
            cells.forEach(segment.clamped(to: 0..<rows.upperBound)) { index, row in
                found.withFirstRow { output in
                    scorer.score(row, after: .none, into: output)
                    if rows.contains(index) { aggregator.update(output, of: row) }
                }
                guard rows.contains(index) else { return }
                for group in scoredGroups.indices {
                    deviations[group][entity][index] = aggregator.news[group]
                    voices[group][entity][index] = aggregator.voices[group]
                }
            }
        }
    }

    /// The combined group's deviations, of all entities.
    var combined: [Double] { deviations.last?.flatMap(\.self) ?? [] }

    /// Replaces a share of what each row shows by what it shows to another detector.
    mutating func mix(_ other: HeldOutScores, share: Double) {
        guard share > 0 else { return }
        func mix(_ own: inout [[[Double]]], _ other: [[[Double]]]) {
            for group in own.indices {
                for entity in own[group].indices {
                    for row in own[group][entity].indices {
                        own[group][entity][row] += share * (other[group][entity][row] - own[group][entity][row])
                    }
                }
            }
        }
        mix(&deviations, other.deviations)
        mix(&voices, other.voices)
    }

    /// A group is believed in rows in which the entity as a whole shows more than so many of its held-out rows.
    private static let murmurQuantile = 0.8

    /// The thresholds of each scored group.
    ///
    /// - Throws: ``DetectionError`` (`insufficientData`) without a score.
    package func calibrations(
        _ method: DetectionMethod, detector: FittedDetector, stepSeconds: Double
    ) throws(DetectionError) -> [GroupCalibration] {
        let own =
            method.adaptation == .fixed || detector.adaptationTime != nil
            ? nil : ThresholdAdaptation.time(trainingSamples: lengths.max() ?? 0)
        let time = method.adaptation == .fixed ? nil : own ?? detector.adaptationTime
        let loners = method.letsGroupsSpeak ? isLone.count { $0 } : 0
        var result: [GroupCalibration] = []
        for group in scoredGroups.indices {
            let fast = deviations[group].map { deviations in
                var means = method.horizons.prefix(method.fastCount).map(TrailingMean.init)
                return deviations.map { deviation in
                    var sum = 0.0
                    for index in means.indices { sum += means[index].update(deviation) }
                    return sum / Double(means.count)
                }
            }
            let level = try method.thresholdRule.calibration(
                heldOut: fast, stepSeconds: stepSeconds, gap: method.alarmRule.mergeGap, adaptationTime: time)
            var voice: Double?
            if isLone[group], loners > 0, case .falseAlarms(let perDay) = method.thresholdRule {
                voice = try PeaksOverThreshold(
                    scores: voices[group], stepSeconds: stepSeconds, gap: method.alarmRule.mergeGap
                ).sharedThreshold(alarmsPerDay: perDay, among: loners)
            }
            var murmur: Double?
            var lasting: Double?
            if group == scoredGroups.count - 1 {
                let settled = fast.map { scores in
                    time.map { DriftOffset.removed(from: scores, threshold: level.threshold, adaptationTime: $0) }
                        ?? scores
                }
                if result.contains(where: { $0.voice != nil }) {
                    murmur = settled.flatMap(\.self).sorted().quantile(Self.murmurQuantile)
                }
                if method.seesWhatLasts, case .falseAlarms(let perDay) = method.thresholdRule {
                    lasting = try LastingNews.limit(
                        heldOut: settled, threshold: level.threshold, alarmsPerDay: perDay, stepSeconds: stepSeconds,
                        gap: method.alarmRule.mergeGap)
                }
            }
            result.append(
                GroupCalibration(
                    level: level.threshold, levelTail: method.adaptation == .tail ? level.tail : nil,
                    adaptationTime: own, voice: voice, murmur: murmur, lasting: lasting))
        }
        return result
    }
}
