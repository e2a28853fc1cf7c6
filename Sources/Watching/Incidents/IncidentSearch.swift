/// Finds incidents in the rows of many entities: each entity's rows make reports, and the reports of all go through one
/// ``IncidentMachine`` in the order of time.
package struct IncidentSearch: Sendable {
    /// Everything that entities reported.
    package private(set) var reports: [EntityReport] = []
    /// Every entity that was looked at, by site.
    package private(set) var entities: [(site: String, entity: String)] = []

    /// Nothing looked at.
    package init() {}

    /// Adds an entity and what it reported.
    package mutating func add(site: String, entity: String, reports: [EntityReport]) {
        entities.append((site, entity))
        self.reports += reports
    }

    /// The incidents, in the order in which they began, each with its suspects.
    package func incidents(
        dependencies: DependencyGraph
    ) -> [(incident: Incident, suspects: [CulpritRanking.Suspect])] {
        var limits = IncidentMachine.Limits()
        limits.incidents = 100_000
        var machine = IncidentMachine(dependencies: dependencies, limits: limits)
        for report in reports.sorted(by: { ($0.time, $0.key) < ($1.time, $1.key) }) { machine.observe(report) }
        return machine.incidents.map { incident in
            (incident, CulpritRanking(incident, dependencies: dependencies, others: entities).suspects)
        }
    }
}
