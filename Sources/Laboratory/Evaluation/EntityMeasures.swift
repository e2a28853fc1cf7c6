internal import Numerics
package import Telemetry
package import Watching

/// Everything measured of one method on one entity: a row of a benchmark's report.
package struct EntityMeasures: Codable, Sendable {
    /// Samples judged.
    package let samples: Int
    /// Anomalous ones among them.
    package let anomalousSamples: Int
    /// Average precision; `nil` without an anomaly.
    package let averagePrecision: Double?
    /// Area under the receiver operating characteristic.
    package let areaUnderROC: Double?
    /// VUS-PR.
    package let volumeUnderPR: Double?
    /// The best F1 of single samples, at a threshold that the labels choose: an oracle.
    package let oracleF1: Double?
    /// Point-adjusted F1 at its best threshold.
    package let pointAdjustedF1: Double?
    /// What random scores get as ``pointAdjustedF1`` on the same labels.
    package let randomPointAdjustedF1: Double?
    /// Alarms where the score exceeds its threshold.
    package let alarms: AlarmMeasures
    /// HitRate@100 % of each event whose causes are known.
    package let hitRate100: [Double]
    /// HitRate@150 % of each.
    package let hitRate150: [Double]
    /// NDCG@5 of each.
    package let discountedGain5: [Double]

    /// Measures the combined score of one entity.
    ///
    /// - Parameters:
    ///   - labels: whether each sample is anomalous, `[N]`.
    ///   - causes: the anomalies whose causes are known; may be empty.
    ///   - rankings: for each of them all metrics, most suspicious first.
    ///   - stepSeconds: time from one sample to the next.
    /// - Throws: ``DetectionError`` when labels and scores do not fit.
    package init(
        scores: EntityScores, labels: [Bool], causes: [AnomalySegment], rankings: [[Int]], stepSeconds: Double,
        mergeGap: Int
    ) throws(DetectionError) {
        let combined = scores.combined
        let labelled = try LabelledScores(labels: labels, scores: scores.scores[combined])
        samples = labelled.count
        anomalousSamples = labelled.positiveCount
        averagePrecision = labelled.averagePrecision()
        areaUnderROC = labelled.areaUnderROC()
        volumeUnderPR = labelled.volumeUnderPrecisionRecall()
        oracleF1 = labelled.bestF1()?.f1
        pointAdjustedF1 = labelled.pointAdjustedF1()
        var generator = CounterBasedGenerator(seed: 0, purpose: "random point-adjusted F1")
        randomPointAdjustedF1 = try labelled.randomPointAdjustedF1(generator: &generator)
        let exceeding = zip(scores.scores[combined], scores.thresholds[combined]).map { $0 > $1 }
        alarms = try AlarmMeasures(labels: labels, alarms: exceeding, stepSeconds: stepSeconds, mergeGap: mergeGap)
        var (hits100, hits150, gains): ([Double], [Double], [Double]) = ([], [], [])
        for (cause, ranking) in zip(causes, rankings) where !cause.dimensions.isEmpty {
            let truth = Set(cause.dimensions)
            hits100.append(CauseMeasures.hitRate(ranking: ranking, causes: truth, share: 1))
            hits150.append(CauseMeasures.hitRate(ranking: ranking, causes: truth, share: 1.5))
            gains.append(CauseMeasures.normalizedDiscountedGain(ranking: ranking, causes: truth))
        }
        (hitRate100, hitRate150, discountedGain5) = (hits100, hits150, gains)
    }
}
