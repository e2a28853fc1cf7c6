import Federation
import Platform
import Telemetry

/// What is done with contributions to statistics before they are added up: metrics that do not count, and rows of which a
/// part counts. Written into the round's record, and read from it where the round is made again.
struct StatisticsTreatment {
    /// By worker and entity type.
    private(set) var leftOut: [String: [String: Set<String>]]
    private var weights: [String: [String: StatisticsComparison.Weight]]

    /// What a comparison says.
    init(_ comparison: StatisticsComparison) { (leftOut, weights) = (comparison.leftOut, comparison.weights) }

    /// What a comparison says of one worker.
    init(_ comparison: StatisticsComparison, of worker: String) {
        leftOut = comparison.leftOut[worker].map { [worker: $0] } ?? [:]
        weights = comparison.weights[worker].map { [worker: $0] } ?? [:]
    }

    /// What a record says.
    init(_ record: RoundTreatment) {
        (leftOut, weights) = ([:], [:])
        for (metric, workers) in record.leftOut ?? [:] {
            let parts = metric.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2 else { continue }
            for worker in workers { leftOut[worker, default: [:]][parts[0], default: []].insert(parts[1]) }
        }
        for line in record.lines where line.weight <= line.claimed {
            weights[line.worker, default: [:]][line.group] = .init(claimed: line.claimed, counted: line.weight)
        }
    }

    /// What counts of a contribution.
    func applied(to statistics: TelemetryStatistics, from worker: String) -> TelemetryStatistics {
        var result = statistics
        if let columns = leftOut[worker] { result.leaveOut(columns) }
        if let own = weights[worker] { result.weigh(own) }
        return result
    }

    /// The record of it. A name has no tab.
    var recorded: RoundTreatment {
        var record = RoundTreatment()
        var metrics: [String: [String]] = [:]
        for (worker, types) in leftOut.sorted(by: { $0.key < $1.key }) {
            for (type, names) in types { for name in names { metrics["\(type)\t\(name)", default: []].append(worker) } }
        }
        record.leftOut = metrics
        for (worker, types) in weights.sorted(by: { $0.key < $1.key }) {
            for (type, weight) in types.sorted(by: { $0.key < $1.key }) {
                record.lines.append(
                    RoundTreatment.Line(
                        worker: worker, group: type, change: nil, factor: nil, claimed: weight.claimed,
                        weight: weight.counted,
                        reason: "\(weight.claimed) rows of entities of this type count as \(weight.counted)"))
            }
        }
        return record
    }

    /// What is to be logged of it.
    var notes: [Note] {
        leftOut.sorted { $0.key < $1.key }.map { worker, types in
            let names = types.flatMap { type, names in names.map { "\(type)/\($0)" } }.sorted()
            return Note(
                .warning, "metrics of a worker are far from those of the others and do not count",
                [
                    "worker": worker, "metrics": "\(names.count)",
                    "first": PrintableText.line(names.first ?? "", limit: 120),
                ])
        }
    }
}
