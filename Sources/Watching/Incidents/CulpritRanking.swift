/// Ranks an incident's entities by how likely each is where it began: by what deviates by itself and first, not by what
/// deviates most.
///
/// What an entity shows of its own resources speaks for it. How slowly it answers does as far as those that it asks do
/// not explain it. How slowly *they* answer, seen from their callers, speaks for those asked, and for one that shows
/// nothing itself when nobody else can explain it (a slow network before it); a caller that does not wait speaks against
/// it. Failures speak for all below where they are seen. Load that stays away below an entity speaks for it: it no longer
/// asks. Several guests that strain at once speak for their host.
package struct CulpritRanking: Sendable {
    /// An entity and how likely it is where the incident began.
    package struct Suspect: Sendable, Equatable {
        /// The place.
        package let site: String
        /// The entity's name there.
        package let entity: String
        /// Its share of all suspicion, 0…1.
        package let score: Double
        /// The metrics of it that deviated, strongest first.
        package let metrics: [String]
        /// Its alarms.
        package let alarms: [String]
    }

    /// Suspects, most likely first.
    package let suspects: [Suspect]

    /// What one entity shows, by what it says.
    private struct Signs {
        var own = 0.0
        var serving = 0.0
        var calling = 0.0
        var errors = 0.0
        var load = 0.0
        /// Samples after the incident's start.
        var lag = 0.0
    }

    /// No evidence counts more than this.
    private static let most = 20.0

    /// Ranks an incident's entities and those that they depend on.
    ///
    /// - Parameters:
    ///   - dependencies: who depends on whom.
    ///   - others: further entities that show metrics and no deviation, by site; one of them may be the culprit when it
    ///     is its callers that wait.
    package init(_ incident: Incident, dependencies: DependencyGraph, others: [(site: String, entity: String)] = []) {
        let parts = incident.parts.values.sorted { $0.key < $1.key }
        let known = Set(parts.map(\.key))
        let silent = others.filter { !known.contains("\($0.site)/\($0.entity)") }
        let entities = parts.map(\.entity) + silent.map(\.entity)
        let graph = dependencies.among(entities)
        let signs =
            parts.map { Self.signs($0, incident) } + [Signs](repeating: Signs(), count: silent.count)
        let observers = Set(parts.indices.filter { parts[$0].isObserver && !graph.members.contains($0) })
        // Where dependencies are known, what they do not know of only looks on, unless nothing else is there.
        let members = entities.indices.filter { graph.members.contains($0) }
        let shown = parts.indices.filter { !observers.contains($0) }
        let candidates =
            members.isEmpty ? (shown.isEmpty ? Array(parts.indices) : shown) : Set(members + shown).sorted()

        let unexplained = entities.indices.map { place in
            let below = graph.callees[place].map { signs[$0].serving }.max() ?? 0
            return max(0, signs[place].serving - max(signs[place].calling, below))
        }
        let strength = entities.indices.map { signs[$0].own / 2 + unexplained[$0] }
        let onlookers = entities.indices.filter { !graph.members.contains($0) }
        var scores: [(place: Int, score: Double)] = []
        for place in candidates {
            let mine = signs[place]
            let early = 1 - 0.08 * min(mine.lag, 5)
            var score = early * (mine.own + unexplained[place]) + 0.2 * (mine.serving - unexplained[place])
            let callers = graph.callers[place]
            for caller in callers {
                let others = graph.callees[caller].filter { $0 != place }.map { strength[$0] }.max() ?? 0
                let waits = signs[caller].calling
                let share = strength[place] >= others ? 1 : max(0, 1 - others / max(waits, 1e-9))
                score += 0.7 * waits * share
            }
            let longest = callers.map { signs[$0].calling }.max() ?? 0
            let patient = callers.filter { signs[$0].calling < 0.2 * longest }.count
            score -= 0.3 * Double(patient) * min(longest, 10)
            let strained = callers.filter { signs[$0].own > 0 }
            if strained.count > 1, mine.own > 0 { score += 0.3 * strained.reduce(0) { $0 + signs[$1].own } }
            for other in entities.indices where other != place {
                if graph.ancestors[place].contains(other) {
                    score += 0.5 * signs[other].errors + 0.2 * max(signs[other].load, signs[other].serving)
                } else if graph.descendants[place].contains(other) {
                    score += 0.4 * signs[other].load
                }
            }
            if !graph.members.isEmpty {
                for other in onlookers where other != place {
                    score += 0.5 * signs[other].errors + 0.2 * max(signs[other].load, signs[other].serving)
                }
            }
            score += 0.5 * mine.errors + 0.1 * mine.load - 0.05 * Double(graph.ancestors[place].count)
            scores.append((place, score))
        }
        let rest = entities.indices.filter { !candidates.contains($0) && $0 < parts.count }.map { ($0, 0.0) }
        let ordered = (scores + rest).sorted {
            $0.1 != $1.1 ? $0.1 > $1.1 : (signs[$0.0].lag, $0.0) < (signs[$1.0].lag, $1.0)
        }
        let total = ordered.reduce(0) { $0 + max($1.1, 0) }
        suspects = ordered.compactMap { place, score in
            let share = total > 0 ? max(score, 0) / total : 0
            if place < parts.count {
                let part = parts[place]
                return Suspect(
                    site: part.site, entity: part.entity, score: share, metrics: part.metrics, alarms: part.alarms)
            }
            guard share > 0 else { return nil }
            let other = silent[place - parts.count]
            return Suspect(site: other.site, entity: other.entity, score: share, metrics: [], alarms: [])
        }
    }

    private static func signs(_ part: Incident.Part, _ incident: Incident) -> Signs {
        var signs = Signs()
        signs.lag = max(0, part.onset - incident.start) / incident.step
        for evidence in part.evidence.values.sorted(by: { $0.kind < $1.kind }) {
            let size = min(abs(evidence.value), most)
            let isRise = evidence.value > 0
            switch evidence.role {
            // Who has less to do needs less of the processor; less of another resource is a weaker sign than more.
            case .own where !isRise && evidence.kind == "cpu": signs.load = max(signs.load, size)
            case .own: signs.own += isRise ? size : size / 2
            case .system: if isRise { signs.own += 0.6 * size } else { signs.load = max(signs.load, size) }
            case .serving: signs.serving = max(signs.serving, isRise ? size : 0.3 * size)
            case .calling: signs.calling = max(signs.calling, isRise ? size : 0.3 * size)
            case .errors: signs.errors = max(signs.errors, isRise ? size : 0)
            case .load: signs.load = max(signs.load, size)
            case .host: break
            }
        }
        return signs
    }
}
