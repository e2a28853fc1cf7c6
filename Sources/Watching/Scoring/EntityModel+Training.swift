extension EntityModel {
    /// The share of the false-alarm budget that single metrics may spend.
    package static let singleShare = 0.1
    /// Cells of views that are kept exactly while ranges are learned; beyond, sketches of 10 bits bound the memory.
    package static let largestExactFit = 60_000_000

    /// Learns from entities of one type: a detector from all their samples, and thresholds from scores of samples
    /// that were held out.
    ///
    /// The samples of each entity are cut into `folds` blocks; each block is scored by a detector that did not see
    /// it, and thresholds are those for the scores of all entities together.
    ///
    /// - Parameters:
    ///   - entities: samples that are mostly normal; all with the same metrics.
    ///   - stepSeconds: time from one sample to the next.
    ///   - isCancelled: whether the result is no longer wanted; asked between the passes.
    /// - Throws: ``DetectionError`` when there are too few samples, the metrics differ, or it is no longer wanted.
    package static func trained(
        _ method: DetectionMethod, on entities: [DetectorSamples], stepSeconds: Double, folds: Int = 4,
        seed: UInt64 = 0, isCancelled: () -> Bool = { false }
    ) throws(DetectionError) -> EntityModel {
        precondition(folds > 1, "a held-out part needs two folds")
        guard let first = entities.first else {
            throw DetectionError(.insufficientData, "training", "no entity to learn from")
        }
        guard first.metricCount > 0 else {
            throw DetectionError(.invalidData, "training", "no metric to learn from")
        }
        if let short = entities.first(where: { $0.count < 2 * folds }) {
            throw DetectionError(
                .insufficientData, "training", "\(short.count) samples of an entity, at least \(2 * folds) are needed")
        }
        let cells = entities.reduce(0) { $0 + $1.count } * first.metricCount * MetricView.standard.count
        let fit = method.makeFit(
            metrics: first.metrics, groups: first.groups, precision: cells <= largestExactFit ? 52 : 10, seed: seed)
        var detector = try fit.fitted(to: entities.map { TrainingPart($0) }, isCancelled: isCancelled)
        var heldOut = HeldOutScores(groups: first.groups, lengths: entities.map(\.count))
        for fold in 0..<folds {
            let blocks = entities.map { fold * $0.count / folds..<(fold + 1) * $0.count / folds }
            let other = try fit.fitted(
                to: zip(entities, blocks).map { TrainingPart($0, heldOut: $1) }, isCancelled: isCancelled)
            for (entity, samples) in entities.enumerated() {
                heldOut.add(other, samples: samples, rows: blocks[entity], entity: entity)
            }
        }
        heldOut.calibrateSurprises(of: &detector)
        return try EntityModel(
            method: method, detector: detector, groups: first.groups,
            calibrations: heldOut.calibrations(method, detector: detector, stepSeconds: stepSeconds))
    }
}

/// Scores of samples that a detector did not learn from, and the thresholds that follow.
package struct HeldOutScores: Sendable {
    private let groups: [String]
    private let scoredGroups: [String]
    private let lengths: [Int]
    /// The unsmoothed deviation of each scored group, `[G][entity][N]`.
    private var deviations: [[[Double]]]
    /// Smoothed distances of single views beyond their ranges, where there are any, for each entity.
    private var excursions: [[ViewExcursion]]

    /// Nothing yet.
    ///
    /// - Parameters:
    ///   - groups: the resource group of each metric.
    ///   - lengths: samples of each entity.
    package init(groups: [String], lengths: [Int]) {
        self.groups = groups
        self.lengths = lengths
        scoredGroups = EntityModel.scoredGroups(groups)
        deviations = scoredGroups.map { _ in lengths.map { [Double](repeating: 0, count: $0) } }
        excursions = lengths.map { _ in [] }
    }

    /// Scores an entity's samples with a detector that did not learn from `rows`, and keeps those rows.
    package mutating func add(_ detector: FittedDetector, samples: DetectorSamples, rows: Range<Int>, entity: Int) {
        precondition(samples.count == lengths[entity], "an entity has as many samples as announced")
        var aggregator = GroupAggregator(groups: groups, settling: detector.memory)
        var found = MetricDeviations(metrics: detector.metrics, rows: 1)
        var scorer = detector.makeScorer()
        let cells = samples.cells
        for segment in samples.segments {
            scorer.startSegment()
            // What comes after the held-out rows changes nothing in them.
            cells.forEach(segment.clamped(to: 0..<rows.upperBound)) { index, row in
                found.withFirstRow { output in
                    scorer.score(row, into: output)
                    if rows.contains(index) { aggregator.update(output, ages: row.ages) }
                }
                guard rows.contains(index) else { return }
                for group in scoredGroups.indices {
                    deviations[group][entity][index] = aggregator.sums[group].deviation
                }
                scorer.appendExcursions(row: index, to: &excursions[entity])
            }
        }
    }

    /// Tells the detector how far single views go in normal operation.
    package func calibrateSurprises(of detector: inout FittedDetector) {
        guard case .multiView(var multiView) = detector else { return }
        multiView.calibrateSurprises(excursions, samples: lengths.reduce(0, +))
        detector = .multiView(multiView)
    }

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
        let singles = singleSurprises(detector)
        let levelRule =
            singles == nil ? method.thresholdRule : method.thresholdRule.sharing(1 - EntityModel.singleShare)
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
            let level = try levelRule.calibration(
                heldOut: fast, stepSeconds: stepSeconds, gap: method.alarmRule.mergeGap, adaptationTime: time)
            var single: (threshold: Double, tail: TailCalibration?)?
            if let singles {
                single = try method.thresholdRule.sharing(EntityModel.singleShare).calibration(
                    heldOut: singles[group], stepSeconds: stepSeconds, gap: method.alarmRule.mergeGap,
                    adaptationTime: time)
            }
            let streams = method.adaptation == .tail
            result.append(
                GroupCalibration(
                    level: level.threshold, single: single?.threshold, levelTail: streams ? level.tail : nil,
                    singleTail: streams ? single?.tail : nil, adaptationTime: own))
        }
        return result
    }

    /// The most surprising metric of each scored group at each held-out sample, `[G][entity][N]`.
    private func singleSurprises(_ detector: FittedDetector) -> [[[Double]]]? {
        guard case .multiView(let multiView) = detector else { return nil }
        var result = scoredGroups.map { _ in lengths.map { [Double](repeating: 0, count: $0) } }
        for (entity, excursions) in excursions.enumerated() {
            var aggregator = GroupAggregator(groups: groups)
            var found = MetricDeviations(metrics: detector.metrics, rows: 1)
            var habits = MetricHabits(width: groups.count, adaptationTime: multiView.adaptationTime)
            var surprises = MetricSurprises(multiView)
            var next = 0
            let ages = [Int32](repeating: .max, count: groups.count)
            for row in 0..<lengths[entity] {
                found.withFirstRow { output in
                    surprises.clear()
                    while next < excursions.count, excursions[next].row == row {
                        surprises.add(excursions[next], by: multiView)
                        next += 1
                    }
                    surprises.write(to: output.surprises)
                    habits.forgive(output.surprises)
                    ages.withUnsafeBufferPointer { aggregator.update(output, ages: $0) }
                }
                for group in scoredGroups.indices { result[group][entity][row] = aggregator.sums[group].surprise }
            }
        }
        return result
    }
}
