import Accelerators
import Alarms
import Autoencoders
import Detection
import Fingerprinting
import Monitoring
import Telemetry

/// One entity's live stream: reads rows, scores them, and makes alarm events of the scores.
///
/// Alarms are decided by the detection method; the autoencoders' reconstruction error, in units of a threshold of its
/// own, goes along as evidence.
struct EntityStream {
    /// Whether every row was scored.
    private(set) var hasEnded = false
    /// Rows scored.
    private(set) var scoredRows = 0

    private let source: EntitySource
    private var reader: any FrameReader
    private var monitor: EntityMonitor
    private var reconstruction: EntityMonitor?
    private var lifecycle: AlarmLifecycle
    private var lastPoint = AlarmEvent.Point(index: 0, time: 0)
    /// The latest scores, for fingerprints; begins again when it has grown long.
    private var history: EntityScores?
    /// Row of the stream at which the history begins.
    private var historyStart = 0
    /// Row of the stream at which the present alarm began.
    private var onset: Int?

    /// Rows after which the history begins again, unless an alarm stands.
    private static let historyRows = 512
    /// Rows that it never exceeds.
    private static let mostHistoryRows = 8_192
    /// Metrics in a fingerprint.
    private static let causeCount = 6

    init(
        source: EntitySource, options: ReaderOptions, model: MonitoringModel, method: String, worker: String,
        version: UInt64, quietSamples: Int, backend: any AcceleratorBackend
    ) throws {
        self.source = source
        reader = try source.makeReader(options: options)
        let schema = reader.schema
        func makeMonitor(_ method: String) throws -> EntityMonitor {
            try EntityMonitor(
                model: model, method: method, site: source.site, entity: source.entity, type: source.type,
                schema: schema, backend: backend)
        }
        monitor = try makeMonitor(method)
        let autoencoder = DetectorTraining.autoencoder.name
        reconstruction = method == autoencoder ? nil : try makeMonitor(autoencoder)
        lifecycle = AlarmLifecycle(
            site: source.site, entity: source.entity, worker: worker, modelVersion: version, quietSamples: quietSamples)
    }

    /// Scores at most so many rows; returns the events that they make.
    mutating func advance(rows: Int) throws -> [AlarmEvent] {
        guard !hasEnded else { return [] }
        guard let frame = try reader.nextChunk(maximumRows: rows) else {
            hasEnded = true
            return lifecycle.end(at: lastPoint)
        }
        let scores = try monitor.append(frame)
        let reconstructed = try reconstruction?.append(frame)
        scoredRows += frame.rowCount
        let known = history?.count ?? 0
        if known > Self.mostHistoryRows || (known > Self.historyRows && onset == nil) { history = nil }
        if history == nil { historyStart = frame.firstRow }
        if history?.append(scores) == nil { history = scores }
        var events: [AlarmEvent] = []
        var lifecycle = lifecycle
        defer { self.lifecycle = lifecycle }
        for row in 0..<scores.count {
            let index = frame.firstRow + row
            lastPoint = AlarmEvent.Point(index: index, time: scores.times[row])
            let combined = scores.combined
            let sample = AlarmLifecycle.Sample(
                point: lastPoint, isAlarm: scores.alarms[combined][row],
                ratio: Self.ratio(scores.scores[combined][row], scores.thresholds[combined][row]),
                groups: (0..<combined).filter { scores.alarms[$0][row] }.map { scores.groups[$0] },
                reconstruction: reconstructed.flatMap { other in
                    row < other.count
                        ? Self.ratio(other.scores[other.combined][row], other.thresholds[other.combined][row]) : nil
                })
            if sample.isAlarm, onset == nil { onset = index }
            let found = lifecycle.step(sample) { fingerprint(upTo: index) }
            if found.last?.state == .cleared { onset = nil }
            events += found
        }
        return events
    }

    /// The metrics with the largest parts in the deviation of the present alarm so far.
    private func fingerprint(upTo index: Int) -> [AlarmEvent.Cause] {
        guard let history, let onset else { return [] }
        let rows = max(0, onset - historyStart)..<(index + 1 - historyStart)
        guard !rows.isEmpty, rows.upperBound <= history.count else { return [] }
        let print = Fingerprint(
            of: rows, in: history, groups: monitor.metricGroups, entity: source.key, firstIndex: historyStart)
        let width = history.found.metrics.count
        let columns = Dictionary(
            zip(history.found.metrics, 0..<width), uniquingKeysWith: { first, _ in first })
        return print.parts.prefix(Self.causeCount).map { part in
            let sum = columns[part.metric].map { column in
                rows.reduce(0.0) { $0 + history.found.deviations[$1 * width + column] }
            }
            let mean = (sum ?? 0) / Double(rows.count)
            return AlarmEvent.Cause(
                group: part.group, metric: part.metric, share: part.share, deviation: part.side < 0 ? -mean : mean)
        }
    }

    private static func ratio(_ score: Double, _ threshold: Double) -> Double {
        threshold > 0 && threshold.isFinite && score.isFinite ? score / threshold : 0
    }
}
