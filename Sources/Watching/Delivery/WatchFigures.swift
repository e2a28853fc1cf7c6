/// How a server's watching goes, for peers that ask for figures.
package struct WatchFigures: Equatable, Sendable {
    /// A site.
    package struct Site: Equatable, Sendable {
        /// Its name.
        package var name: String
        /// Workers that are at work, and those that are lost.
        package var (activeWorkers, lostWorkers) = (0, 0)
        /// Entities that active workers serve.
        package var entities = 0
        /// Samples that its active workers have scored since they began.
        package var scoredSamples: UInt64 = 0
        /// Versions by which the one furthest behind is behind.
        package var modelLag: UInt64 = 0
        /// The longest time from a heartbeat to its answer, in seconds; `nil` where none was measured.
        package var roundTripSeconds: Double?
        /// Alarms that stand, by severity.
        package var standing: [AlarmEvent.Severity: Int] = [:]

        /// A site of which nothing is known yet.
        package init(name: String) { self.name = name }
    }

    /// An entity with alarms that stand.
    package struct Entity: Equatable, Sendable {
        /// Its site and its name.
        package var (site, name): (String, String)
        /// Alarms that stand.
        package var alarms: Int
        /// The most severe of them.
        package var severity: AlarmEvent.Severity
        /// The worst score, in units of its threshold.
        package var score: Double
    }

    /// Entities that are told of, the worst first.
    package static let mostEntities = 200
    /// Sites that are told of.
    package static let mostSites = 1_000

    /// The federation.
    package var federation: String
    /// The latest model version.
    package var modelVersion: UInt64
    /// Events in the log of alarms.
    package var alarmEvents: Int64
    /// Incidents that go on.
    package var openIncidents: Int
    /// What is wrong with the watching.
    package var findings: Int
    /// Why learning does not go on; `nil` where it does.
    package var waitingFor: String?
    /// The sites by name, at most ``mostSites``.
    package var sites: [Site]
    /// Entities with alarms that stand, at most ``mostEntities``.
    package var entities: [Entity]

    /// Figures of a server; what stands is counted.
    ///
    /// - Parameter standing: the latest events of alarms that stand.
    package init(
        federation: String, modelVersion: UInt64, alarmEvents: Int64, openIncidents: Int, findings: Int,
        waitingFor: String?, sites: [Site], standing: [AlarmEvent]
    ) {
        (self.federation, self.modelVersion, self.alarmEvents) = (federation, modelVersion, alarmEvents)
        (self.openIncidents, self.findings, self.waitingFor) = (openIncidents, findings, waitingFor)
        var byName = Dictionary(sites.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for event in standing {
            byName[event.site, default: Site(name: event.site)].standing[event.severity, default: 0] += 1
        }
        self.sites = Array(byName.values.sorted { $0.name < $1.name }.prefix(Self.mostSites))
        let entities = Dictionary(grouping: standing) { [$0.site, $0.entity] }.values.compactMap { events -> Entity? in
            guard let worst = events.max(by: { $0.severity < $1.severity }) else { return nil }
            return Entity(
                site: worst.site, name: worst.entity, alarms: events.count, severity: worst.severity,
                score: events.map(\.score).max() ?? 0)
        }
        self.entities = Array(
            entities.sorted {
                ($1.severity, $1.score, $0.site, $0.name) < ($0.severity, $0.score, $1.site, $1.name)
            }.prefix(Self.mostEntities))
    }
}
