import Autoencoders
import Telemetry
import Watching

/// One entity's test part while a study judges it, piece by piece: the same scores, held against thresholds that stay
/// and against thresholds that follow the stream.
struct JudgedEntity {
    /// The thresholds that are compared.
    static let adaptations: [ThresholdAdaptation] = [.fixed, .tail]

    let entity: BenchmarkEntity
    /// What the alarms of one kind of threshold were worth.
    struct AlarmFigures: Codable, Equatable {
        var eventF1: Double
        var falseAlarmsPerDay: Double
        var alarmShare: Double
    }

    private let frame: MetricFrame
    private let labels: [Bool]
    private let stepSeconds: Double
    private var scores: [Double] = []
    /// Whether a sample is in alarm, by threshold.
    private var alarms = [[Bool]](repeating: [], count: adaptations.count)
    /// The detectors of the present model, one for each threshold.
    private var detectors: [EntityModel] = []

    /// Nothing judged yet.
    ///
    /// - Throws: `TelemetryError` and `CommandLineError` for data that cannot be used.
    init(_ entity: BenchmarkEntity) throws {
        self.entity = entity
        (frame, labels, _) = try entity.readTest()
        stepSeconds = SampleTime.mean(of: frame.times) ?? 1
    }

    /// Rows of the test part.
    var rowCount: Int { frame.rowCount }

    private var key: String { entity.test.key }

    /// Calibrates on cleaned rows; too few of them change nothing.
    mutating func calibrate(
        _ bundle: ModelBundle, on frame: MetricFrame, seed: UInt64, backend: any AcceleratorBackend
    ) throws {
        let methods = Self.adaptations.map { adaptation in
            var method = DetectorTraining.autoencoder
            method.adaptation = adaptation
            return method
        }
        do {
            detectors = try DetectorTraining(methods: methods, falseAlarmsPerDay: 1, seed: seed).detectors(
                for: bundle, frames: [frame], site: entity.test.site, entity: entity.test.entity,
                type: entity.test.type, stepSeconds: SampleTime.mean(of: frame.times) ?? stepSeconds, backend: backend)
        } catch let error as DetectionError where error.code == .insufficientData && !detectors.isEmpty {
            return
        }
    }

    /// Scores the next rows, up to `end`.
    ///
    /// - Throws: what the backend throws, or errors for a model that does not fit the entity.
    mutating func score(upTo end: Int, with bundle: ModelBundle, reader: ReaderOptions, backend: any AcceleratorBackend)
        throws
    {
        let first = scores.count
        // What a window at the first row looks back at.
        let lead = min(first, bundle.manifest.configuration.window)
        for (index, detector) in detectors.enumerated() {
            var set = DetectorSet()
            set.entities[key] = detector
            let model = MonitoringModel(
                bundle: bundle, reader: reader, detectors: [detector.method.name: set],
                defaultMethod: detector.method.name)
            var monitor = try EntityMonitor(
                model: model, method: detector.method.name, site: entity.test.site, entity: entity.test.entity,
                type: entity.test.type, schema: frame.schema, backend: backend)
            let found = try monitor.append(frame.slice(first - lead..<end))
            let combined = found.combined
            if index == 0 { scores += found.scores[combined].dropFirst(lead) }
            alarms[index] += zip(found.scores[combined], found.thresholds[combined]).map { $0 > $1 }.dropFirst(lead)
        }
    }

    /// The latest scored rows, those in alarm left out unless wanted; what was not side by side is told apart.
    func newer(from first: Int, withAlarms: Bool) -> MetricFrame {
        let inAlarm = alarms[alarms.count - 1]
        let rows = (first..<scores.count).filter { withAlarms || !inAlarm[$0] }
        return frame.rows(rows)
    }

    /// Everything measured of the scored rows.
    func measures(mergeGap: Int) throws -> (volume: Double, precision: Double, alarms: [String: AlarmFigures]) {
        let truth = Array(labels[..<scores.count])
        let labelled = try LabelledScores(labels: truth, scores: scores)
        var figures: [String: AlarmFigures] = [:]
        for (adaptation, alarms) in zip(Self.adaptations, alarms) {
            let found = try AlarmMeasures(labels: truth, alarms: alarms, stepSeconds: stepSeconds, mergeGap: mergeGap)
            figures[adaptation.rawValue] = AlarmFigures(
                eventF1: found.eventF1 ?? 0, falseAlarmsPerDay: found.falseAlarmsPerDay, alarmShare: found.alarmShare)
        }
        return (labelled.volumeUnderPrecisionRecall() ?? 0, labelled.averagePrecision() ?? 0, figures)
    }
}

extension MetricFrame {
    /// Some rows, in ascending order, as if each run of them were a file of its own.
    fileprivate func rows(_ chosen: [Int]) -> MetricFrame {
        var starts: [Int] = []
        var values: [Double] = []
        values.reserveCapacity(chosen.count * columnCount)
        for (place, row) in chosen.enumerated() {
            if place > 0, chosen[place - 1] != row - 1 { starts.append(place) }
            values += self.values[row * columnCount..<(row + 1) * columnCount]
        }
        return MetricFrame(
            schema: schema, firstRow: 0, fileStarts: starts, times: chosen.map { times[$0] }, values: values)
    }
}
