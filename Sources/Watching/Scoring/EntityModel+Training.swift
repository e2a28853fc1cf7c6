extension EntityModel {
    /// Learns from entities of one type: a detector from all their samples, and thresholds from scores of samples
    /// that were held out.
    ///
    /// The samples of each entity are cut into `folds` blocks; each block is scored by a detector that did not see
    /// it, and thresholds are those for the scores of all entities together. Where the method says so, what the
    /// detector says of rows that it learned from counts beside (``DetectionMethod/ownShare``).
    ///
    /// - Parameters:
    ///   - entities: samples that are mostly normal; all with the same metrics.
    ///   - stepSeconds: time from one sample to the next.
    ///   - deviations: which deviations count.
    ///   - usual: what is known of the metrics from other entities; `nil`: nothing.
    ///   - isCancelled: whether the result is no longer wanted; asked between the passes.
    /// - Throws: ``DetectionError`` when there are too few samples, the metrics differ, or it is no longer wanted.
    package static func trained(
        _ method: DetectionMethod, on entities: [DetectorSamples], stepSeconds: Double, folds: Int = 4,
        seed: UInt64 = 0, deviations: DeviationRules = DeviationRules(), usual: UsualRanges? = nil,
        isCancelled: () -> Bool = { false }
    ) throws(DetectionError) -> EntityModel {
        precondition(folds > 1, "a held-out part needs two folds")
        guard let first = entities.first else {
            throw DetectionError(.insufficientData, "training", "no entity to learn from")
        }
        guard first.metricCount > 0 else {
            throw DetectionError(.insufficientData, "training", "no metric to learn from, one that varies is needed")
        }
        if let short = entities.first(where: { $0.count < 2 * folds }) {
            throw DetectionError(
                .insufficientData, "training", "\(short.count) samples of an entity, at least \(2 * folds) are needed")
        }
        let cells = entities.reduce(0) { $0 + $1.count } * first.metricCount * max(1, method.parts.count)
        let fit = method.makeFit(
            metrics: first.metrics, groups: first.groups,
            precision: cells <= EvidenceFit.largestExactFit ? 52 : EvidenceFit.coarsePrecision, seed: seed, usual: usual
        )
        let (detector, others) = try fit.fitted(to: entities, folds: folds, isCancelled: isCancelled)
        let limits = DeviationLimits(deviations, of: entities, input: method.input ?? .values)
        var heldOut = HeldOutScores(
            detector: detector, groups: first.groups, lengths: entities.map(\.count), limits: limits)
        for (entity, samples) in entities.enumerated() {
            for (fold, other) in others.enumerated() {
                heldOut.add(other, samples: samples, rows: samples.block(fold, of: folds), entity: entity)
            }
        }
        var own = HeldOutScores(
            detector: detector, groups: first.groups, lengths: entities.map(\.count), limits: limits)
        for (entity, samples) in entities.enumerated() {
            own.add(detector, samples: samples, rows: 0..<samples.count, entity: entity)
        }
        let confidence = ModelConfidence(
            own: own.combined, heldOut: heldOut.combined, stepSeconds: stepSeconds, rule: method.thresholdRule)
        heldOut.mix(own, share: method.ownShare)
        return try EntityModel(
            method: method, detector: detector, groups: first.groups,
            calibrations: heldOut.calibrations(method, detector: detector, stepSeconds: stepSeconds),
            confidence: confidence, limits: limits)
    }
}

extension DetectorSamples {
    /// The rows of one of so many blocks.
    func block(_ index: Int, of count: Int) -> Range<Int> {
        index * self.count / count..<(index + 1) * self.count / count
    }
}

extension DetectorFit {
    /// The fit carried through on all samples, and on all but each of so many blocks of every entity's.
    ///
    /// - Throws: ``DetectionError``, also when it is no longer wanted.
    func fitted(
        to entities: [DetectorSamples], folds: Int, isCancelled: () -> Bool
    ) throws(DetectionError) -> (all: FittedDetector, without: [FittedDetector]) {
        if let fit = self as? EvidenceFit {
            return try fit.fittedInBlocks(entities, folds: folds, isCancelled: isCancelled)
        }
        let all = try fitted(to: entities.map { TrainingPart($0) }, isCancelled: isCancelled)
        var without: [FittedDetector] = []
        for fold in 0..<folds {
            without.append(
                try fitted(
                    to: entities.map { TrainingPart($0, heldOut: $0.block(fold, of: folds)) }, isCancelled: isCancelled)
            )
        }
        return (all, without)
    }
}

extension EvidenceFit {
    /// The same in one go: summaries of blocks are made once and merged for each detector. What a pass is scaled by is
    /// that of all samples everywhere.
    fileprivate func fittedInBlocks(
        _ entities: [DetectorSamples], folds: Int, isCancelled: () -> Bool
    ) throws(DetectionError) -> (all: FittedDetector, without: [FittedDetector]) {
        var fit = self
        var others = [EvidenceFit](repeating: self, count: folds)
        var without: [FittedDetector] = []
        while true {
            if isCancelled() { throw DetectionError(cancelled: "fitting a detector") }
            var blocks: [FitSummary] = []
            for fold in 0..<folds {
                var summary: FitSummary?
                for samples in entities {
                    let part = try fit.summary(of: TrainingPart(samples, only: samples.block(fold, of: folds)))
                    if summary == nil { summary = part } else { try summary?.merge(part) }
                }
                if let summary { blocks.append(summary) }
            }
            var all = blocks[0]
            for block in blocks.dropFirst() { try all.merge(block) }
            let isFirst = fit.isFirstPass
            let detector = try fit.advance(with: all)
            for fold in 0..<folds {
                var rest = all
                if !isFirst {
                    let kept = blocks.indices.filter { $0 != fold }
                    rest = blocks[kept[0]]
                    for index in kept.dropFirst() { try rest.merge(blocks[index]) }
                }
                if let other = try others[fold].advance(with: rest, like: fit) {
                    without.append(.evidence(other))
                }
            }
            if let detector { return (detector, without) }
        }
    }
}

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
                    scorer.score(row, into: output)
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
            if group == scoredGroups.count - 1, result.contains(where: { $0.voice != nil }) {
                let settled = time.map { time in
                    fast.map { DriftOffset.removed(from: $0, threshold: level.threshold, adaptationTime: time) }
                }
                murmur = (settled ?? fast).flatMap(\.self).sorted().quantile(Self.murmurQuantile)
            }
            result.append(
                GroupCalibration(
                    level: level.threshold, levelTail: method.adaptation == .tail ? level.tail : nil,
                    adaptationTime: own, voice: voice, murmur: murmur))
        }
        return result
    }
}
