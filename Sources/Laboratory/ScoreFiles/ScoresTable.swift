import Platform
package import Watching

/// One entity's scores of one group, as a score file has them.
package struct ScoredSeries: Sendable, Equatable {
    /// The entity, `site/entity`.
    package let entity: String
    /// The group; ``EntityModel/combinedGroup`` for the combined score.
    package let group: String
    /// Row of each sample in the entity's data, `[N]`.
    package internal(set) var indices: [Int] = []
    /// Time of each sample in seconds, `[N]`.
    package internal(set) var times: [Double] = []
    /// The score, `[N]`; finite.
    package internal(set) var scores: [Double] = []
    /// The threshold of the score, `[N]`; may be infinite.
    package internal(set) var thresholds: [Double] = []
    /// Whether an alarm stands, `[N]`.
    package internal(set) var alarms: [Bool] = []

    /// A series without samples.
    package init(entity: String, group: String) {
        self.entity = entity
        self.group = group
    }
}

/// The text of `scores.csv`: `index,time,entity,group,score,threshold,alarm`, one row per sample and group.
package enum ScoresTable {
    /// The columns.
    package static let header = "index,time,entity,group,score,threshold,alarm"
    /// The columns of the per-metric file.
    package static let metricHeader = "index,time,entity,group,metric,deviation,cause,side,place,extent"

    /// A threshold as it is written beside its score: on the same side of it, and equal or apart by a billionth of the score
    /// at least. Who reads numbers with an error in the last places, as `pandas.read_csv` does, then sees the same alarms.
    package static func written(_ threshold: Double, beside score: Double) -> Double {
        let least = score.magnitude * 1e-9
        guard threshold != score, (threshold - score).magnitude < least else { return threshold }
        return score > threshold ? score - least : score + least
    }

    /// Appends the rows of one entity, sample by sample and group by group. Scores are written so that reading them
    /// gives the same bits, and so are thresholds but for what ``written(_:beside:)`` does.
    ///
    /// - Parameter firstIndex: the row of the first sample in the entity's data.
    package static func append(_ scores: EntityScores, entity: String, firstIndex: Int = 0, to text: inout [UInt8]) {
        let names = scores.groups.map { ",\(SeparatedField.text(entity)),\(SeparatedField.text($0))," }
        text.reserveCapacity(text.count + scores.count * names.count * 72)
        for row in 0..<scores.count {
            let start = "\(firstIndex + row),\(scores.times[row])"
            for group in names.indices {
                text += start.utf8
                text += names[group].utf8
                text += scores.scores[group][row].description.utf8
                text.append(0x2C)
                let threshold = written(scores.thresholds[group][row], beside: scores.scores[group][row])
                text += threshold.description.utf8
                text += scores.alarms[group][row] ? ",1\n".utf8 : ",0\n".utf8
            }
        }
    }

    /// Appends what was found metric by metric: how far each deviates, how much it changed, and its side;
    /// where its value lies, 0 and 1 at the ends of what is normal, and in what span of that it was seen so far.
    package static func appendMetrics(
        _ scores: EntityScores, groups: [String], entity: String, firstIndex: Int = 0, to text: inout [UInt8]
    ) {
        let width = scores.found.metrics.count
        let names = zip(groups, scores.found.metrics).map { [entity, $0, $1].map(SeparatedField.text) }
            .map { ",\($0.joined(separator: ","))," }
        for row in 0..<scores.count {
            let start = "\(firstIndex + row),\(scores.times[row])"
            for metric in 0..<width {
                let cell = row * width + metric
                text += start.utf8
                text += names[metric].utf8
                text +=
                    "\(scores.found.deviations[cell]),\(scores.found.causes[cell]),\(scores.found.signs[cell]),".utf8
                text += "\(scores.found.places[cell]),\(scores.found.extents[cell])\n".utf8
            }
        }
    }
}
