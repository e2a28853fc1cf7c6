import Foundation

extension FaultSignature {
    /// The signature of an incident, seen from one of its entities: what deviated there, at those that depend on it,
    /// at those that it depends on, and at the users' end; and of its own kinds whether they pass, last or grow. It
    /// knows kinds of metrics and no names, so that it carries over to other entities, systems and exporters.
    package init(of incident: Incident, seenFrom key: String, dependencies: DependencyGraph) {
        let parts = incident.parts.values.sorted { $0.key < $1.key }
        let graph = dependencies.among(parts.map(\.entity))
        let centre = parts.firstIndex { $0.key == key }
        var weights: [String: Double] = [:]
        for (place, part) in parts.enumerated() {
            guard let position = Self.position(of: place, from: centre, in: graph, isKnown: !graph.members.isEmpty)
            else {
                continue
            }
            for evidence in part.evidence.values where evidence.role != .host && abs(evidence.value) >= 1 {
                let name = position + evidence.kind
                // What is far off counts a little more than what is off.
                let weight = log1p(min(abs(evidence.value), 20)) * (evidence.value < 0 ? -1 : 1)
                if abs(weight) > abs(weights[name] ?? 0) { weights[name] = weight }
            }
        }
        if let centre {
            for evidence in parts[centre].evidence.values where evidence.role != .host && abs(evidence.value) >= 2 {
                let (early, late) = (max(evidence.early, 1e-9), evidence.late)
                // How it runs tells more than how far it goes.
                let weight = 2 * log1p(min(evidence.early, 20))
                weights[evidence.kind + ".passes"] = weight * (1 - min(1, late / early))
                weights[evidence.kind + ".lasts"] = weight * min(1, late / early)
                weights[evidence.kind + ".grows"] = weight * max(0, min(1, late / early - 1))
            }
        }
        let whole = weights.values.map(abs).sorted().reduce(0, +)
        let shares = weights.filter { $0.value != 0 }.mapValues { value in
            Share(above: max(value, 0) / whole, below: max(-value, 0) / whole)
        }
        self.init(kinds: shares)
    }

    /// Where a part is, as a prefix; `nil` for one that has nothing to do with the entity in the middle.
    private static func position(of place: Int, from centre: Int?, in graph: EntityGraph, isKnown: Bool) -> String? {
        guard place != centre else { return "" }
        guard let centre else { return "callers." }
        if graph.ancestors[centre].contains(place) { return "callers." }
        if graph.descendants[centre].contains(place) { return "below." }
        return isKnown && !graph.members.contains(place) ? "users." : nil
    }
}
