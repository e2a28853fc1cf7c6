package import Autoencoders
package import Telemetry
package import Watching

/// One entity's live stream: reads rows, scores them, and makes alarm events of the scores.
///
/// Alarms are decided by the detection method; the autoencoders' reconstruction error, in units of a threshold of its
/// own, goes along as evidence.
package struct EntityStream {
    /// Whether every row was scored.
    package private(set) var hasEnded = false
    /// Rows scored.
    package private(set) var scoredRows = 0
    /// Times of the first and of the last row that were scored, in seconds; `nil` before there is one.
    package private(set) var times: ClosedRange<Double>?

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

    /// Rows after which the history begins again, unless an alarm stands.
    private static let historyRows = 512
    /// Rows that it never exceeds.
    private static let mostHistoryRows = 8_192
    /// Metrics in a fingerprint.
    private static let causeCount = 6

    /// A stream at its beginning.
    ///
    /// - Parameters:
    ///   - worker: who is named in the events.
    ///   - version: the model version that is named in them.
    ///   - quietSamples: samples without an alarm after which one is cleared.
    ///   - reconstructs: whether the autoencoders' error goes along; without, they are not needed.
    /// - Throws: what makes it impossible to read the source or to score it.
    package init(
        source: EntitySource, options: ReaderOptions, model: MonitoringModel, method: String, worker: String,
        version: UInt64, quietSamples: Int, reconstructs: Bool = true, backend: any AcceleratorBackend
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
        reconstruction = method == autoencoder || !reconstructs ? nil : try makeMonitor(autoencoder)
        lifecycle = AlarmLifecycle(
            site: source.site, entity: source.entity, worker: worker, modelVersion: version, quietSamples: quietSamples,
            settlingSamples: Fingerprint.announcedRows,
            identity: StreamIdentity(clock: reader.layout.clock, schema: schema))
    }

    /// Scores at most so many rows; returns the events that they make.
    package mutating func advance(rows: Int) throws -> [AlarmEvent] {
        guard !hasEnded else { return [] }
        guard let frame = try reader.nextChunk(maximumRows: rows) else {
            hasEnded = true
            var lifecycle = lifecycle
            defer { self.lifecycle = lifecycle }
            return lifecycle.end(at: lastPoint) { evidence(of: $0) }
        }
        lifecycle.see(frame)
        let scores = try monitor.append(frame)
        let reconstructed = try reconstruction?.append(frame)
        scoredRows += frame.rowCount
        let known = history?.count ?? 0
        if known > Self.mostHistoryRows || (known > Self.historyRows && lifecycle.earliestRow == nil) { history = nil }
        if history == nil { historyStart = frame.firstRow }
        if history?.append(scores) == nil { history = scores }
        var events: [AlarmEvent] = []
        var lifecycle = lifecycle
        defer { self.lifecycle = lifecycle }
        for row in 0..<scores.count {
            let index = frame.firstRow + row
            let time = scores.times[row]
            lastPoint = AlarmEvent.Point(index: index, time: time)
            if time.isFinite { times = min(times?.lowerBound ?? time, time)...max(times?.upperBound ?? time, time) }
            let combined = scores.combined
            let sample = AlarmLifecycle.Sample(
                point: lastPoint, isAlarm: scores.alarms[combined][row],
                ratio: Self.ratio(scores.scores[combined][row], scores.thresholds[combined][row]),
                groups: (0..<combined).filter { scores.alarms[$0][row] }.map { scores.groups[$0] },
                reconstruction: reconstructed.flatMap { other in
                    row < other.count
                        ? Self.ratio(other.scores[other.combined][row], other.thresholds[other.combined][row]) : nil
                })
            events += lifecycle.step(sample) { evidence(of: $0) }
        }
        return events
    }

    /// What rows of the stream look like: the metrics with the largest parts in the deviation, and the signature.
    /// Where the first of them are not at hand any more, there is no signature.
    private func evidence(of stream: Range<Int>) -> AlarmLifecycle.Evidence {
        let nothing = AlarmLifecycle.Evidence(causes: [], signature: nil)
        guard let history else { return nothing }
        let lower = max(0, stream.lowerBound - historyStart)
        let upper = min(history.count, stream.upperBound - historyStart)
        guard lower < upper else { return nothing }
        let rows = lower..<upper
        let print = Fingerprint(
            of: rows, in: history, groups: monitor.metricGroups, entity: source.key, firstIndex: historyStart)
        let width = history.found.metrics.count
        let columns = Dictionary(
            zip(history.found.metrics, 0..<width), uniquingKeysWith: { first, _ in first })
        let causes = print.parts.prefix(Self.causeCount).map { part in
            let sum = columns[part.metric].map { column in
                rows.reduce(0.0) { $0 + history.found.deviations[$1 * width + column] }
            }
            let mean = (sum ?? 0) / Double(rows.count)
            return AlarmEvent.Cause(
                group: part.group, metric: part.metric, share: part.share, deviation: part.side < 0 ? -mean : mean)
        }
        let signature = FaultSignature(print).compact
        let isWhole = stream.lowerBound >= historyStart && signature.flaw == nil
        return AlarmLifecycle.Evidence(causes: causes, signature: isWhole ? signature : nil)
    }

    private static func ratio(_ score: Double, _ threshold: Double) -> Double {
        threshold > 0 && threshold.isFinite && score.isFinite ? score / threshold : 0
    }
}
