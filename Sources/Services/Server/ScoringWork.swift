import Autoencoders
import Foundation
import Platform
import Telemetry
import Watching

/// Scores one client's rows: fits a detector to the first of them beside the version's autoencoders, and streams the rest.
struct ScoringWork {
    /// A version of the federation's.
    struct Model: Sendable {
        let version: UInt64
        let context: FederationContext
        let bundle: ModelBundle
    }

    /// What is asked for.
    struct Wish: Sendable {
        var (site, entity) = ("request", "rows")
        /// Whether the client named the entity.
        var isNamed = false
        /// Its type, where the client says it.
        var type: String?
        /// Rows to learn from; 0: the first half.
        var learn = 0
        var method = ""
    }

    /// The version.
    let model: Model
    /// Names what looks like a known fault.
    let matcher: FaultMatcher
    /// Whether nobody waits any more.
    let isCancelled: @Sendable () -> Bool

    /// Metrics in a fingerprint.
    private static let causes = 6
    /// Rows between two questions whether it is still wanted.
    private static let step = 512

    /// The scores of rows.
    ///
    /// - Throws: ``Problem`` where they cannot be had.
    func scores(of frame: MetricFrame, _ wish: Wish, federation: String) throws -> Scores {
        let learned = wish.learn == 0 ? frame.rowCount / 2 : wish.learn
        guard learned > 0, learned < frame.rowCount else {
            throw Problem(400, "learn: found \(learned) of \(frame.rowCount) rows, expected at least one behind them")
        }
        let type = try type(wish)
        do {
            return try scored(frame, learned, wish, type, federation)
        } catch let error as DetectionError where error.code == .cancelled {
            throw Problem(503, "nobody waits any more")
        } catch let error as DetectionError {
            throw Problem(422, HTTPResponse.printable("\(error)"))
        } catch let error as ModelError {
            throw Problem(422, PrintableText.line("\(error)", limit: 300))
        } catch let error as TelemetryError {
            throw Problem(422, error.description)
        }
    }

    private func type(_ wish: Wish) throws(Problem) -> String {
        let known = model.context.pipeline.types.keys.sorted()
        let type =
            wish.type
            ?? (wish.isNamed ? EntitySource.entityType(ofEntity: wish.entity) : known.count == 1 ? known[0] : nil)
        guard let type, known.contains(type) else {
            throw Problem(
                422,
                "type: found \(type.map { "'\(HTTPResponse.printable($0))'" } ?? "none"), expected one that version "
                    + "\(model.version) knows: \(PrintableText.line(known.joined(separator: ", "), limit: 200))")
        }
        return type
    }

    private static func part(_ frame: MetricFrame, _ rows: Range<Int>) -> MetricFrame {
        let width = frame.columnCount
        return MetricFrame(
            schema: frame.schema, firstRow: rows.lowerBound, times: Array(frame.times[rows]),
            values: Array(frame.values[rows.lowerBound * width..<rows.upperBound * width]))
    }

    private func scored(
        _ frame: MetricFrame, _ learned: Int, _ wish: Wish, _ type: String, _ federation: String
    ) throws -> Scores {
        let backend = try AcceleratorCatalog.backend(named: "cpu", threads: 1) { _ in }
        let key = "\(wish.site)/\(wish.entity)"
        var fitting = DetectorTraining(
            methods: [try DetectorTraining.method(named: wish.method)], seed: model.context.configuration.seed)
        fitting.isCancelled = isCancelled
        let first = Self.part(frame, 0..<learned)
        let detectors = try fitting.detectors(
            for: model.bundle, frames: [first], site: wish.site, entity: wish.entity, type: type,
            stepSeconds: SampleTime.mean(of: first.times) ?? model.context.pipeline.types[type]?.step ?? 1,
            backend: backend)
        var set = DetectorSet()
        set.entities[key] = detectors.first
        let monitoring = MonitoringModel(
            bundle: model.bundle, reader: ReaderOptions(), detectors: [wish.method: set], defaultMethod: wish.method)
        var monitor = try EntityMonitor(
            model: monitoring, method: wish.method, site: wish.site, entity: wish.entity, type: type,
            schema: frame.schema, backend: backend)
        _ = try monitor.append(first)
        var found = EntityScores(of: monitor.model)
        for start in stride(from: learned, to: frame.rowCount, by: Self.step) {
            guard !isCancelled() else { throw Problem(503, "nobody waits any more") }
            try monitor.append(Self.part(frame, start..<min(frame.rowCount, start + Self.step)), to: &found)
        }
        let alarms = alarms(in: found, monitor, from: learned)
        return Scores(
            federation: federation, version: model.version, entity: key, type: type, method: wish.method,
            state: alarms.last { $0.stands }.map(\.severity.rawValue) ?? "normal", learnedRows: learned,
            firstRow: learned, confidence: monitoring.confidenceLine, times: found.times,
            groups: found.groups.indices.map { group in
                Scores.Group(
                    name: found.groups[group], scores: found.scores[group], thresholds: found.thresholds[group],
                    alarms: found.alarms[group])
            }, alarms: alarms, missingColumns: monitor.missingColumns, unknownColumns: monitor.unknownColumns)
    }

    /// Rows that stand in alarm one after the other.
    private func alarms(in scores: EntityScores, _ monitor: EntityMonitor, from first: Int) -> [Scores.Alarm] {
        let flags = scores.alarms[scores.combined]
        var alarms: [Scores.Alarm] = []
        var start: Int?
        for row in 0...flags.count {
            if row < flags.count, flags[row] {
                start = start ?? row
                continue
            }
            guard let onset = start else { continue }
            start = nil
            let print = Fingerprint(
                of: onset..<row, in: scores, groups: monitor.metricGroups, entity: monitor.entity, firstIndex: first)
            let signature = FaultSignature(print).compact
            let worst = (onset..<row).map { scores.ratio($0) }.max() ?? 0
            alarms.append(
                Scores.Alarm(
                    firstRow: first + onset, lastRow: first + row - 1, start: scores.times[onset],
                    end: scores.times[row - 1], stands: row == flags.count,
                    severity: AlarmEvent.Severity(ratio: worst), score: worst,
                    fingerprint: print.parts.prefix(Self.causes).map { part in
                        AlarmEvent.Cause(
                            group: part.group, metric: part.metric, share: part.share,
                            deviation: part.side < 0 ? -part.deviation : part.deviation)
                    }, fault: signature.flaw == nil ? matcher.fault(of: signature) : nil))
        }
        return alarms
    }

    /// What a client gets.
    struct Scores: Encodable, Sendable {
        /// A resource group, or all of them together (`site`).
        struct Group: Encodable, Sendable {
            let name: String
            let scores: [Double]
            let thresholds: [Double]
            let alarms: [Bool]
        }

        /// Rows in alarm.
        struct Alarm: Encodable, Sendable {
            let firstRow: Int
            let lastRow: Int
            let start: Double
            let end: Double
            /// Whether it stands at the last row.
            let stands: Bool
            let severity: AlarmEvent.Severity
            /// The worst, in units of the threshold.
            let score: Double
            let fingerprint: [AlarmEvent.Cause]
            let fault: AlarmEvent.Fault?
        }

        let federation: String
        let version: UInt64
        let entity: String
        let type: String
        let method: String
        let state: String
        let learnedRows: Int
        let firstRow: Int
        let confidence: String?
        let times: [Double]
        let groups: [Group]
        let alarms: [Alarm]
        let missingColumns: [String]
        let unknownColumns: [String]
    }
}
