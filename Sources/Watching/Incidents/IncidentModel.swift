import Telemetry

/// What a model knows for incidents: how each entity normally changes, and who depends on whom. It lies in the model's
/// folder (section `incidents` of the manifest).
package struct IncidentModel: Codable, Sendable, Equatable {
    /// How each entity changes, by its key `site/entity`.
    package var entities: [String: ChangeModel] = [:]
    /// How entities of a type change, for those that were not there in training.
    package var types: [String: ChangeModel] = [:]
    /// Dependencies learned from the training parts (``DependencyLearning``), or given.
    package var dependencies = DependencyGraph()

    /// A model that knows nothing.
    package init() {}

    /// How an entity changes: what is known of itself, of the workload that it is an instance of, or of its type.
    package func changes(of key: String, type: String) -> ChangeModel? {
        if let own = entities[key] { return own }
        let workload = WorkloadName.of(key)
        let replaced = entities.keys.filter { WorkloadName.of($0) == workload }.min()
        return replaced.flatMap { entities[$0] } ?? types[type]
    }

    /// Whether the numbers are usable: what a file says may be anything.
    package var isConsistent: Bool { (Array(entities.values) + Array(types.values)).allSatisfy(\.isConsistent) }
}
