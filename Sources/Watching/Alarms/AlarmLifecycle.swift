package import Platform
package import Telemetry

/// One entity's alarms, from sample to sample: raised when the score first exceeds its threshold, changed when it gets
/// worse, touches another group or begins to look like something else, cleared after a run of quiet samples, and
/// settled when it began long enough ago that its signature can tell what it is. One that comes back soon after it was
/// over, again and again, takes longer to be over each time (``Flapping``). A value: no clock, no I/O.
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
        /// The score of each of these in units of its own threshold, in their order; empty: nobody looked.
        package var groupRatios: [Double]
        /// Reconstruction error in units of its threshold, if there is a model for it.
        package var reconstruction: Double?

        /// A sample with every field given.
        package init(
            point: AlarmEvent.Point, isAlarm: Bool, ratio: Double, groups: [String], groupRatios: [Double] = [],
            reconstruction: Double?
        ) {
            self.groupRatios = groupRatios
            self.point = point
            self.isAlarm = isAlarm
            self.ratio = ratio
            self.groups = groups
            self.reconstruction = reconstruction
        }
    }

    /// What the samples of an alarm look like.
    package struct Evidence: Sendable {
        /// The metrics that deviate (``AlarmEvent/fingerprint``).
        package var causes: [AlarmEvent.Cause]
        /// What tells this kind of fault from another.
        package var signature: FaultSignature?

        /// Evidence with every field given.
        package init(causes: [AlarmEvent.Cause], signature: FaultSignature?) {
            self.causes = causes
            self.signature = signature
        }
    }

    /// An alarm that is not over, or not settled.
    private struct Course: Codable {
        var event: AlarmEvent
        var quiet = 0
        var isSettled = false
        /// Since when it looks as it does.
        var appearance: AlarmEvent.Point
        /// What it looked like then.
        var reference: FaultSignature?
        /// The first of the samples that are looked at next.
        var block: AlarmEvent.Point?

        var isCleared: Bool { event.state == .cleared }
    }

    /// Below this share of metrics in common an alarm looks like something else.
    static let leastShared = 0.2
    /// Samples without an alarm after which one is cleared, unless somebody says otherwise.
    package static let defaultQuietSamples = 10

    private let site: String
    private let entity: String
    private let worker: String
    /// The model version that events name.
    package var modelVersion: UInt64
    /// Resource groups that the entity has.
    package var groupCount: Int
    private let quietSamples: Int
    private let settlingSamples: Int
    private var course: Course?
    private var flapping = Flapping()
    /// Names the alarms' onsets.
    private var identity: StreamIdentity

    /// An entity without an alarm.
    ///
    /// - Parameters:
    ///   - quietSamples: samples without an alarm after which one is cleared; shorter pauses do not end it.
    ///   - groupCount: resource groups that the entity has.
    ///   - settlingSamples: samples from its beginning after which it is settled.
    package init(
        site: String, entity: String, worker: String, modelVersion: UInt64,
        quietSamples: Int = AlarmLifecycle.defaultQuietSamples,
        settlingSamples: Int = 60, groupCount: Int = 0, identity: StreamIdentity
    ) {
        precondition(quietSamples > 0, "an alarm needs a quiet sample to end")
        precondition(settlingSamples > 0, "an alarm needs a sample to settle")
        self.site = site
        self.entity = entity
        self.worker = worker
        self.modelVersion = modelVersion
        self.quietSamples = quietSamples
        self.settlingSamples = settlingSamples
        self.groupCount = groupCount
        self.identity = identity
    }

    /// Rows that come next, before any of them is a sample: their beginning may name the stream.
    package mutating func see(_ frame: MetricFrame) { identity.see(frame) }

    /// The first row of which evidence may still be asked; `nil` when no alarm is under way.
    package var earliestRow: Int? { course?.event.onset.index }

    /// Where the alarm that stands began; `nil` without one.
    package var openAlarm: AlarmEvent.Point? { course.flatMap { $0.isCleared ? nil : $0.event.onset } }

    /// Takes in the next sample.
    ///
    /// - Parameter evidence: what rows of the stream look like, the last of them this sample's or an earlier one; asked
    ///   for only when an event needs it.
    package mutating func step(_ sample: Sample, evidence: (Range<Int>) -> Evidence) -> [AlarmEvent] {
        var events: [AlarmEvent] = []
        if sample.isAlarm {
            if isOver(before: sample.point, evidence) {
                events += clear(at: sample.point, before: sample.point.index, evidence)
            }
            // What comes now is another alarm's.
            if course?.isCleared == true {
                events += settle(at: sample.point, before: sample.point.index, evidence)
                course = nil
            }
            events += alarm(sample, evidence)
        } else if let course, !course.isCleared {
            self.course?.quiet += 1
            if course.quiet + 1 >= flapping.quietSamples(quietSamples) { events += clear(at: sample.point, evidence) }
        }
        if let onset = course?.event.onset.index, sample.point.index + 1 - onset >= settlingSamples {
            events += settle(at: sample.point, before: onset + settlingSamples, evidence)
            if course?.isCleared == true { course = nil }
        }
        return events + look(again: sample.point, evidence)
    }

    /// Whether the alarm stands only because it came back again and again, and what comes now is not it once more: an alarm that
    /// is waited for hides no other.
    private func isOver(before point: AlarmEvent.Point, _ evidence: (Range<Int>) -> Evidence) -> Bool {
        guard let course, !course.isCleared, course.quiet >= quietSamples else { return false }
        let found = evidence(point.index..<point.index + 1).causes.map(\.metric)
        return !Flapping.areAlike(Set(course.event.fingerprint.map(\.metric)), Set(found))
    }

    /// An alarm that has settled is looked at again and again, as many samples at a time as it takes to settle. Where
    /// most of what deviates is elsewhere than before, something else has begun.
    private mutating func look(
        again point: AlarmEvent.Point, _ evidence: (Range<Int>) -> Evidence
    ) -> [AlarmEvent] {
        guard let course, course.isSettled, let before = course.reference else { return [] }
        guard let block = course.block else {
            // The samples that it settled by end before this one, or with it.
            if point.index >= course.event.onset.index + settlingSamples { self.course?.block = point }
            return []
        }
        guard point.index + 1 - block.index >= settlingSamples else { return [] }
        self.course?.block = nil
        let found = evidence(block.index..<point.index + 1)
        guard let signature = found.signature else { return [] }
        guard before.sharedMetrics(with: signature) < Self.leastShared else { return [] }
        self.course?.appearance = block
        self.course?.reference = signature
        show(found, before: point.index + 1)
        return next(.changed, at: point)
    }

    /// The event that the alarm that stands would make now; `nil` without one.
    package var openEvent: AlarmEvent? { course.flatMap { $0.isCleared ? nil : $0.event } }

    /// The alarm that stands is over, for somebody found that nothing was wrong; what comes now is another one's.
    ///
    /// - Parameter point: the last sample that it was told of.
    package mutating func dismiss(
        at point: AlarmEvent.Point, evidence: (Range<Int>) -> Evidence
    ) -> [AlarmEvent] {
        guard let course, !course.isCleared else { return [] }
        return clear(at: point, evidence)
    }

    /// The stream has ended: an alarm that stands is cleared, one that has not settled has what there is.
    package mutating func end(at point: AlarmEvent.Point, evidence: (Range<Int>) -> Evidence) -> [AlarmEvent] {
        defer { course = nil }
        guard let course else { return [] }
        guard !course.isCleared else { return settle(at: point, before: point.index + 1, evidence) }
        return clear(at: point, evidence)
    }

    private mutating func alarm(_ sample: Sample, _ evidence: (Range<Int>) -> Evidence) -> [AlarmEvent] {
        let ratio = sample.ratio.isFinite ? max(sample.ratio, 0) : 0
        guard var course else {
            let event = AlarmEvent(
                id: AlarmIdentity.identity(site: site, entity: entity, mark: identity.mark(of: sample.point)),
                revision: 0, state: .raised, site: site, entity: entity,
                worker: worker, severity: .init(ratio: ratio, groups: sample.groups.count, of: groupCount),
                onset: sample.point, at: sample.point,
                lastAlarm: sample.point,
                score: ratio, groups: sample.groups.sorted(), fingerprint: [], reconstruction: sample.reconstruction,
                modelVersion: modelVersion)
            self.course = Course(event: event, appearance: sample.point)
            self.course?.event.note(sample)
            see(before: sample.point.index + 1, evidence)
            let metrics = Set(self.course?.event.fingerprint.map(\.metric) ?? [])
            flapping.raise(at: sample.point.index, usual: quietSamples, of: metrics)
            self.course?.event.flaps = flapping.count > 0 ? flapping.count : nil
            return self.course.map { [$0.event] } ?? []
        }
        course.quiet = 0
        course.event.lastAlarm = sample.point
        let groups = Set(course.event.groups).union(sample.groups).sorted()
        // Scores and groups at their worst, though not in the same sample.
        let severity = AlarmEvent.Severity(
            ratio: max(course.event.score, ratio), groups: groups.count, of: groupCount)
        let worse = severity > course.event.severity
        let wider = groups != course.event.groups
        course.event.score = max(course.event.score, ratio)
        course.event.groups = groups
        course.event.note(sample)
        course.event.reconstruction = [course.event.reconstruction, sample.reconstruction].compactMap { $0 }.max()
        course.event.severity = max(course.event.severity, severity)
        self.course = course
        guard worse || wider else { return [] }
        see(before: sample.point.index + 1, evidence)
        return next(.changed, at: sample.point)
    }

    /// Clears the alarm. One that has not settled is seen up to here, a longer one without the quiet at its end.
    ///
    /// - Parameter end: the first row that is not its own; `nil`: the one after this.
    private mutating func clear(
        at point: AlarmEvent.Point, before end: Int? = nil, _ evidence: (Range<Int>) -> Evidence
    ) -> [AlarmEvent] {
        guard let course else { return [] }
        let settled = course.appearance.index + settlingSamples
        see(before: min(end ?? point.index + 1, max((course.event.lastAlarm ?? point).index + 1, settled)), evidence)
        let events = next(.cleared, at: point)
        flapping.clear(at: point.index, of: Set(self.course?.event.fingerprint.map(\.metric) ?? []))
        if course.isSettled { self.course = nil }
        return events
    }

    /// Settles the alarm, if that has not happened, by its samples before a row.
    private mutating func settle(
        at point: AlarmEvent.Point, before row: Int, _ evidence: (Range<Int>) -> Evidence
    ) -> [AlarmEvent] {
        guard let course, !course.isSettled else { return [] }
        see(before: row, evidence)
        let signature = self.course?.event.signature
        self.course?.isSettled = true
        self.course?.reference = signature
        let isCleared = course.isCleared
        var events = next(.settled, at: point)
        // It is over all the same.
        if isCleared {
            self.course?.event.state = .cleared
            for index in events.indices { events[index].isOver = true }
        }
        return events
    }

    /// Looks at the alarm's samples before a row. A signature stays until there is a better one.
    private mutating func see(before row: Int, _ evidence: (Range<Int>) -> Evidence) {
        guard let first = course?.appearance.index, row > first else { return }
        show(evidence(first..<row), before: row)
    }

    private mutating func show(_ found: Evidence, before row: Int) {
        guard let appearance = course?.appearance, found.signature != nil || course?.event.signature == nil else {
            return
        }
        course?.event.fingerprint = found.causes
        course?.event.signature = found.signature
        course?.event.signatureSamples = found.signature.map { _ in row - appearance.index }
        course?.event.signatureStart = found.signature.map { _ in appearance }
    }

    private mutating func next(_ state: AlarmEvent.State, at point: AlarmEvent.Point) -> [AlarmEvent] {
        guard var event = course?.event else { return [] }
        event.revision += 1
        event.state = state
        event.at = point
        course?.event = event
        return [event]
    }
}

extension AlarmEvent {
    /// Takes in how far groups exceed their own thresholds.
    fileprivate mutating func note(_ sample: AlarmLifecycle.Sample) {
        for (group, ratio) in zip(sample.groups, sample.groupRatios) where ratio.isFinite {
            groupScores = (groupScores ?? [:]).merging([group: max(0, ratio)]) { max($0, $1) }
        }
    }
}

extension AlarmLifecycle: StreamState {
    /// What is written.
    private struct Saved: Codable {
        var course: Course?
        var flapping: Flapping
    }

    /// Writes the alarm that stands, or has not settled, and how often alarms came back.
    package func save(to state: inout StateWriter) {
        identity.save(to: &state)
        let saved = Saved(course: course, flapping: flapping)
        // A value of numbers and texts: it has a form.
        let bytes = course == nil && flapping == Flapping() ? [] : try? DeterministicJSON.encode(saved, pretty: false)
        state.append(bytes ?? [])
    }

    /// Takes it up.
    package mutating func restore(from state: inout StateReader) throws(StateError) {
        try identity.restore(from: &state)
        let bytes = try state.bytes()
        guard !bytes.isEmpty else {
            (course, flapping) = (nil, Flapping())
            return
        }
        let numbers = 0...(1 << 60)
        func isSound(_ course: Course?) -> Bool {
            course.map { numbers.contains($0.quiet) && numbers.contains($0.event.revision) } ?? true
        }
        if let saved = try? DeterministicJSON.decode(Saved.self, from: bytes), isSound(saved.course) {
            (course, flapping) = (saved.course, saved.flapping)
        } else if let course = try? DeterministicJSON.decode(Course.self, from: bytes), isSound(course) {
            // As versions before wrote it.
            (self.course, flapping) = (course, Flapping())
        } else {
            throw StateError("an alarm that cannot be read")
        }
    }
}
