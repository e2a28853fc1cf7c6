import Telemetry

/// Who depends on whom: callers on those they call, guests on their host. Names are entities' names or those of their
/// workloads (``WorkloadName``), whatever their case.
package struct DependencyGraph: Sendable, Equatable {
    /// A dependency.
    package struct Edge: Codable, Sendable, Hashable {
        /// Who depends.
        package let source: String
        /// On whom.
        package let target: String
        /// How much, more than 0; what is given as 0 is none.
        package let weight: Double

        /// An edge from its parts.
        package init(source: String, target: String, weight: Double = 1) {
            self.source = source
            self.target = target
            self.weight = weight
        }
    }

    /// The edges, in the order of the names.
    package let edges: [Edge]
    /// The piece that each name in lower case belongs to: names that hang together are one.
    private let pieces: [String: Int]

    /// Edges of a graph; more are an error where they are read.
    package static let mostEdges = 100_000

    /// A graph; edges from a name to itself and without weight are left out.
    package init(_ edges: [Edge] = []) {
        let edges = Set(edges.filter { $0.source != $0.target && $0.weight > 0 }).sorted {
            ($0.source, $0.target, $0.weight) < ($1.source, $1.target, $1.weight)
        }
        self.edges = edges
        var places: [String: Int] = [:]
        var roots: [Int] = []
        func root(_ name: String) -> Int {
            let name = name.lowercased()
            guard var place = places[name] else {
                places[name] = roots.count
                roots.append(roots.count)
                return roots.count - 1
            }
            while roots[place] != place {
                roots[place] = roots[roots[place]]
                place = roots[place]
            }
            return place
        }
        for edge in edges {
            let (source, target) = (root(edge.source), root(edge.target))
            roots[source] = target
        }
        var pieces: [String: Int] = [:]
        for name in places.keys { pieces[name] = root(name) }
        self.pieces = pieces
    }

    /// Whether nothing is known.
    package var isEmpty: Bool { edges.isEmpty }

    /// The piece that an entity belongs to; `nil` where nothing is known of it. O(1).
    func piece(of entity: String) -> Int? {
        pieces[entity.lowercased()] ?? pieces[WorkloadName.of(entity).lowercased()]
    }

    /// The dependencies among some entities; names that stand for none of them are left out. O(edges).
    package func among(_ entities: [String]) -> EntityGraph { EntityGraph(self, entities: entities) }
}

extension DependencyGraph: Codable {
    package init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode([Edge].self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(edges)
    }
}

/// Dependencies among entities that show metrics, by their places in a list.
package struct EntityGraph: Sendable {
    /// Whom each entity depends on.
    package let callees: [[Int]]
    /// Who depends on each.
    package let callers: [[Int]]
    /// All that depend on each, over any number of others.
    package let ancestors: [Set<Int>]
    /// All that each depends on, over any number of others.
    package let descendants: [Set<Int>]
    /// Entities that take part in a dependency.
    package let members: Set<Int>

    init(_ graph: DependencyGraph, entities: [String]) {
        var places: [String: [Int]] = [:]
        for (place, entity) in entities.enumerated() {
            for name in Set([entity.lowercased(), WorkloadName.of(entity).lowercased()]) {
                places[name, default: []].append(place)
            }
        }
        var callees = [Set<Int>](repeating: [], count: entities.count)
        var callers = callees
        for edge in graph.edges {
            let sources = places[edge.source.lowercased()] ?? []
            let targets = places[edge.target.lowercased()] ?? []
            for source in sources {
                for target in targets where source != target {
                    callees[source].insert(target)
                    callers[target].insert(source)
                }
            }
        }
        self.callees = callees.map { $0.sorted() }
        self.callers = callers.map { $0.sorted() }
        descendants = Self.closure(self.callees)
        ancestors = Self.closure(self.callers)
        members = Set(entities.indices.filter { !callees[$0].isEmpty || !callers[$0].isEmpty })
    }

    private static func closure(_ neighbours: [[Int]]) -> [Set<Int>] {
        neighbours.indices.map { start in
            var found: Set<Int> = []
            var open = neighbours[start]
            while let next = open.popLast() {
                if next != start, found.insert(next).inserted { open += neighbours[next] }
            }
            return found
        }
    }
}
