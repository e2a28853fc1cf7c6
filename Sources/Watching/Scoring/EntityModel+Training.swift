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
