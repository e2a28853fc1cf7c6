import Foundation

/// Learns who calls whom from quiet times: where the time that one entity waits for those it asks goes up and down with
/// the time that another takes to answer, the one depends on the other.
///
/// Only metrics that say on which side of a call they are can tell the direction; without them nothing is learned.
/// Memory: the ranks of one series for each entity and side.
package struct DependencyLearning: Sendable {
    /// One side of an entity's calls: the rank of how long they take at each time, ascending.
    private struct Side: Sendable {
        var times: [Double] = []
        var ranks: [Double] = []
    }

    private struct Series: Sendable {
        let entity: String
        let site: String
        let step: Double
        var serving: Side
        var calling: Side
    }

    private let lexicon: MetricLexicon
    private var series: [Series] = []

    /// Rank correlation from which on two series belong together.
    static let leastCorrelation = 0.3
    /// Samples that two entities must have in common.
    private static let leastSamples = 100
    /// The latest samples that are compared.
    private static let mostSamples = 5_000
    /// Entities that are compared with each other.
    private static let mostEntities = 500

    /// Nothing learned.
    package init(lexicon: MetricLexicon) { self.lexicon = lexicon }

    /// Takes in the training part of an entity.
    package mutating func add(_ samples: DetectorSamples, site: String, entity: String, step: Double) {
        guard series.count < Self.mostEntities, step > 0 else { return }
        let kinds = lexicon.kinds(of: samples.metrics, groups: samples.groups)
        // Who only sees how users are served is nobody's callee.
        guard kinds.contains(where: { $0.role == .own || $0.role == .system }) else { return }
        func side(_ side: MetricKind.Side) -> Side {
            let columns = kinds.indices.filter {
                kinds[$0].role == .latency && kinds[$0].side == side && !kinds[$0].isHost
            }
            let first = max(0, samples.count - Self.mostSamples)
            guard !columns.isEmpty, first < samples.count else { return Side() }
            var sums = [Double](repeating: 0, count: samples.count - first)
            for column in columns {
                func value(_ row: Int) -> Double { samples.values[(first + row) * samples.metricCount + column] }
                let order = sums.indices.sorted { value($0) < value($1) }
                var start = 0
                while start < order.count {
                    // Equal values share their mean rank.
                    var end = start + 1
                    while end < order.count, value(order[end]) == value(order[start]) { end += 1 }
                    for place in start..<end { sums[order[place]] += Double(start + end - 1) / 2 }
                    start = end
                }
            }
            return Side(times: Array(samples.times[first...]), ranks: sums)
        }
        series.append(
            Series(entity: entity, site: site, step: step, serving: side(.inbound), calling: side(.outbound)))
    }

    /// The dependencies among entities of the same site.
    package func dependencies() -> DependencyGraph {
        var edges: [DependencyGraph.Edge] = []
        for caller in series where !caller.calling.times.isEmpty {
            for callee in series where callee.site == caller.site && callee.entity != caller.entity {
                let step = max(caller.step, callee.step)
                guard let correlation = Self.correlation(caller.calling, callee.serving, within: step / 2),
                    correlation >= Self.leastCorrelation
                else { continue }
                edges.append(.init(source: caller.entity, target: callee.entity, weight: correlation))
            }
        }
        // Of two that seem to call each other, the stronger way counts.
        let weights = Dictionary(edges.map { ([$0.source, $0.target], $0.weight) }, uniquingKeysWith: max)
        return DependencyGraph(
            edges.filter { $0.weight >= weights[[$0.target, $0.source]] ?? 0 })
    }

    /// The correlation of two series at times that they have in common; `nil` where these are too few.
    private static func correlation(_ a: Side, _ b: Side, within tolerance: Double) -> Double? {
        var (x, y): ([Double], [Double]) = ([], [])
        var (i, j) = (0, 0)
        while i < a.times.count, j < b.times.count {
            let apart = a.times[i] - b.times[j]
            if abs(apart) <= tolerance {
                x.append(a.ranks[i])
                y.append(b.ranks[j])
                i += 1
                j += 1
            } else if apart < 0 {
                i += 1
            } else {
                j += 1
            }
        }
        guard x.count >= leastSamples else { return nil }
        let count = Double(x.count)
        let (meanX, meanY) = (x.reduce(0, +) / count, y.reduce(0, +) / count)
        var (xx, yy, xy) = (0.0, 0.0, 0.0)
        for (p, q) in zip(x, y) {
            xx += (p - meanX) * (p - meanX)
            yy += (q - meanY) * (q - meanY)
            xy += (p - meanX) * (q - meanY)
        }
        return xx > 0 && yy > 0 ? xy / (xx * yy).squareRoot() : nil
    }
}
