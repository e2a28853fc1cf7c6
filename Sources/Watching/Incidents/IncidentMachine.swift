/// Puts what entities report together as incidents: what begins within a few samples, at places that have to do with
/// each other, is one; samples that come faster than every twenty seconds count as if they did not. A value: no clock, no I/O; the same reports in the same order give the same incidents. Bounded
/// whatever comes.
package struct IncidentMachine: Codable, Sendable, Equatable {
    /// What it keeps at most.
    package struct Limits: Codable, Sendable, Equatable {
        /// Incidents, the oldest go first.
        package var incidents = 1_000
        /// Entities in one incident; later ones are left out.
        package var parts = 256
        /// Entities whose latest reports are at hand.
        package var entities = 10_000
        /// Alarms of one entity in an incident.
        package var alarms = 32

        /// The usual limits.
        package init() {}
    }

    /// The incidents, in the order in which they began.
    package private(set) var incidents: [Incident] = []
    /// Who depends on whom.
    package let dependencies: DependencyGraph

    private let limits: Limits
    /// The latest report of each entity: what weak evidence there was when an incident begins.
    private var latest: [String: EntityReport] = [:]

    /// Samples without news after which what comes is another incident.
    static let gatheringSamples = 3.0
    /// Samples before the first news from which on evidence belongs to it: as far back as what is news may have begun.
    static let leadSamples = Double(ChangeStream.freshSamples + 1)
    /// Samples from the beginning of evidence in which it counts: an aftermath is no cause.
    static let countedSamples = 4.0
    /// Samples without a report after which nothing goes on.
    static let silentSamples = 3.0

    /// A machine before the first report.
    package init(dependencies: DependencyGraph = DependencyGraph(), limits: Limits = Limits()) {
        self.dependencies = dependencies
        self.limits = limits
    }

    /// The incident that an alarm belongs to, the latest one.
    package func incident(ofAlarm id: String) -> Incident? {
        incidents.last { $0.parts.values.contains { $0.alarms.contains(id) } }
    }

    /// Takes in a report. Returns the id of the incident that it belongs to, if any.
    @discardableResult
    package mutating func observe(_ report: EntityReport) -> String? {
        guard report.time.isFinite, report.step.isFinite, report.step > 0 else { return nil }
        defer { remember(report) }
        close(before: report.time)
        let isNews = report.news >= 1 || report.alarm?.isNew == true
        // An alarm goes where its first event went.
        if let alarm = report.alarm, !alarm.isNew,
            let place = incidents.lastIndex(where: { $0.parts[report.key]?.alarms.contains(alarm.id) == true })
        {
            add(report, to: place)
            return incidents[place].id
        }
        let related = relations(to: report)
        if let place = incidents.lastIndex(where: { isGathering($0, for: report) && related($0) }) {
            add(report, to: place)
            let begins = report.evidence.contains { report.time - $0.onset <= 1.5 * report.unit }
            if isNews, begins || report.alarm?.isNew == true {
                incidents[place].lastNews = max(incidents[place].lastNews, report.time)
            }
            return incidents[place].id
        }
        if !isNews || !hasFreshEvidence(report) {
            // What goes on belongs to where it began.
            guard
                let place = incidents.lastIndex(where: { incident in
                    incident.parts[report.key].map { part in
                        report.evidence.contains { part.evidence[$0.kind]?.onset == $0.onset }
                    } ?? false
                })
            else { return nil }
            add(report, to: place)
            return incidents[place].id
        }
        return begin(with: report, related: related)
    }

    /// Says what time it is: incidents without a report for a while are over.
    package mutating func close(before time: Double) {
        for place in incidents.indices.suffix(64) where incidents[place].isOpen {
            let incident = incidents[place]
            let wait = (Self.gatheringSamples + Self.silentSamples) * incident.step
            if time - max(incident.end, incident.lastNews) > wait, !incident.parts.values.contains(where: stands) {
                incidents[place].isOpen = false
            }
        }
    }

    /// Whether an alarm of a part still stands, by its latest report.
    private func stands(_ part: Incident.Part) -> Bool {
        guard let alarm = latest[part.key]?.alarm else { return false }
        return alarm.stands && part.alarms.contains(alarm.id)
    }

    private func isGathering(_ incident: Incident, for report: EntityReport) -> Bool {
        let step = max(incident.step, report.unit)
        return report.time - incident.lastNews <= Self.gatheringSamples * step * 1.01
            && report.time >= incident.began - Self.gatheringSamples * step
    }

    /// Whether something in a report began after the gathering of every incident that the entity is part of.
    private func hasFreshEvidence(_ report: EntityReport) -> Bool {
        if report.alarm?.isNew == true { return true }
        let last = incidents.last { $0.parts[report.key] != nil }
        guard let last else { return true }
        return report.evidence.contains { $0.onset > last.lastNews }
    }

    /// Tells which incidents a report's entity has to do with: by the dependencies where they say something of it, by
    /// the site where not.
    private func relations(to report: EntityReport) -> (Incident) -> Bool {
        if dependencies.isEmpty {
            return { $0.parts.values.contains { $0.site == report.site } || Self.isAlike($0, report) }
        }
        let piece = dependencies.piece(of: report.entity)
        return { [dependencies] incident in
            incident.parts.values.contains { part in
                // What the dependencies do not know is where it is.
                guard let piece, let other = dependencies.piece(of: part.entity) else {
                    return part.site == report.site
                }
                return piece == other
            } || Self.isAlike(incident, report)
        }
    }

    /// Whether an entity of another site shows the same: most of the evidence is of the same kinds and signs.
    private static func isAlike(_ incident: Incident, _ report: EntityReport) -> Bool {
        guard !report.evidence.isEmpty else { return false }
        return incident.parts.values.contains { part in
            var (common, either) = (0.0, 0.0)
            for kind in Set(part.evidence.keys).union(report.evidence.map(\.kind)).sorted() {
                let x = part.evidence[kind]?.value ?? 0
                let y = report.evidence.first { $0.kind == kind }?.value ?? 0
                common += x * y > 0 ? min(abs(x), abs(y)) : 0
                either += x * y > 0 ? max(abs(x), abs(y)) : abs(x) + abs(y)
            }
            return common >= 0.5 * either && either > 0
        }
    }

    private mutating func begin(with report: EntityReport, related: (Incident) -> Bool) -> String {
        let id = "\(report.key)@\(Int(max(-9e15, min(9e15, report.time.rounded()))))"
        incidents.append(
            Incident(
                id: id, began: report.time, start: report.time, end: report.time, lastNews: report.time,
                step: report.unit, isOpen: true,
                parts: [:]))
        if incidents.count > limits.incidents { incidents.removeFirst(incidents.count - limits.incidents) }
        let place = incidents.count - 1
        add(report, to: place)
        for other in latest.values.sorted(by: { $0.key < $1.key }) where other.key != report.key {
            guard abs(report.time - other.time) <= Self.leadSamples * max(report.unit, other.unit) else { continue }
            guard related(incidents[place]) else { continue }
            if relations(to: other)(incidents[place]) { add(other, to: place) }
        }
        return id
    }

    /// Adds what of a report began within an incident.
    private mutating func add(_ report: EntityReport, to place: Int) {
        var incident = incidents[place]
        let step = max(incident.step, report.unit)
        var part = incident.parts[report.key]
        if part == nil, incident.parts.count >= limits.parts { return }
        let last = report.news >= 1 ? max(incident.lastNews, report.time) : incident.lastNews
        let window = incident.began - Self.leadSamples * step...max(incident.began, last) + step
        let mine = report.evidence.filter { window.contains($0.onset) }
        if part == nil {
            guard !mine.isEmpty || report.alarm != nil else { return }
            part = Incident.Part(
                site: report.site, entity: report.entity, onset: mine.map(\.onset).min() ?? report.time, evidence: [:],
                peak: 0, alarms: [], isObserver: report.isObserver)
        }
        guard var part else { return }
        for evidence in mine {
            if report.time - evidence.onset <= Self.countedSamples * step {
                let known = part.evidence[evidence.kind]?.value ?? 0
                if abs(evidence.value) > abs(known) { part.evidence[evidence.kind] = evidence }
                part.onset = min(part.onset, evidence.onset)
            }
            // What comes later shapes it without making it stronger.
            if part.evidence[evidence.kind]?.onset == evidence.onset {
                part.evidence[evidence.kind]?.early = evidence.early
                part.evidence[evidence.kind]?.late = evidence.late
            }
        }
        part.peak = max(part.peak, report.activity)
        if let alarm = report.alarm, !part.alarms.contains(alarm.id), part.alarms.count < limits.alarms {
            part.alarms.append(alarm.id)
        }
        incident.parts[report.key] = part
        incident.step = step
        if part.peak >= 1 { incident.start = min(incident.start, part.onset) }
        if !mine.isEmpty || report.alarm?.stands == true {
            incident.end = max(incident.end, report.time)
            incident.isOpen = true
        }
        incidents[place] = incident
    }

    private mutating func remember(_ report: EntityReport) {
        latest[report.key] = report
        guard latest.count > limits.entities else { return }
        // The older half goes.
        let times = latest.values.map(\.time).sorted()
        let middle = times[times.count / 2]
        latest = latest.filter { $0.value.time > middle || $0.key == report.key }
    }
}
