/// One entity's alarms, from sample to sample: raised when the score first exceeds its threshold, changed when it gets
/// worse or touches another group, cleared after a run of quiet samples. A value: no clock, no I/O.
package struct AlarmLifecycle: Sendable {
    /// What was found in one sample.
    package struct Sample: Sendable {
        /// Where in the stream.
        package var point: AlarmEvent.Point
        /// Whether an alarm of the entity stands.
        package var isAlarm: Bool
        /// The combined score in units of its threshold.
        package var ratio: Double
        /// Groups whose own alarm stands.
        package var groups: [String]
        /// Reconstruction error in units of its threshold, if there is a model for it.
        package var reconstruction: Double?

        /// A sample with every field given.
        package init(
            point: AlarmEvent.Point, isAlarm: Bool, ratio: Double, groups: [String], reconstruction: Double?
        ) {
            self.point = point
            self.isAlarm = isAlarm
            self.ratio = ratio
            self.groups = groups
            self.reconstruction = reconstruction
        }
    }

    private let site: String
    private let entity: String
    private let worker: String
    private let modelVersion: UInt64
    private let quietSamples: Int
    private var open: AlarmEvent?
    private var quiet = 0

    /// An entity without an alarm.
    ///
    /// - Parameter quietSamples: samples without an alarm after which one is cleared; shorter pauses do not end it.
    package init(site: String, entity: String, worker: String, modelVersion: UInt64, quietSamples: Int = 10) {
        precondition(quietSamples > 0, "an alarm needs a quiet sample to end")
        self.site = site
        self.entity = entity
        self.worker = worker
        self.modelVersion = modelVersion
        self.quietSamples = quietSamples
    }

    /// Takes in the next sample.
    ///
    /// - Parameter fingerprint: the metrics that deviate; asked for only when an event needs them.
    package mutating func step(_ sample: Sample, fingerprint: () -> [AlarmEvent.Cause]) -> [AlarmEvent] {
        guard sample.isAlarm else {
            guard open != nil else { return [] }
            quiet += 1
            return quiet >= quietSamples ? end(at: sample.point) : []
        }
        quiet = 0
        let ratio = sample.ratio.isFinite ? max(sample.ratio, 0) : 0
        guard var event = open else {
            let event = AlarmEvent(
                id: "\(site)/\(entity)@\(sample.point.index)", revision: 0, state: .raised, site: site, entity: entity,
                worker: worker, severity: .init(ratio: ratio), onset: sample.point, at: sample.point, score: ratio,
                groups: sample.groups.sorted(), fingerprint: fingerprint(), reconstruction: sample.reconstruction,
                modelVersion: modelVersion)
            open = event
            return [event]
        }
        let worse = AlarmEvent.Severity(ratio: ratio) > event.severity
        let groups = Set(event.groups).union(sample.groups).sorted()
        let wider = groups != event.groups
        event.score = max(event.score, ratio)
        event.groups = groups
        event.reconstruction = [event.reconstruction, sample.reconstruction].compactMap { $0 }.max()
        guard worse || wider else {
            open = event
            return []
        }
        event.severity = max(event.severity, .init(ratio: ratio))
        event.revision += 1
        event.state = .changed
        event.at = sample.point
        event.fingerprint = fingerprint()
        open = event
        return [event]
    }

    /// The stream has ended: an alarm that stands is cleared.
    package mutating func end(at point: AlarmEvent.Point) -> [AlarmEvent] {
        guard var event = open else { return [] }
        open = nil
        quiet = 0
        event.revision += 1
        event.state = .cleared
        event.at = point
        return [event]
    }
}
