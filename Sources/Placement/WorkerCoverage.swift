/// Sets of nodes of which each must hold a worker. An extension of the published models, which know no such rule: where
/// samples may only travel within a domain, a domain without a worker would be neither trained nor watched.
///
/// Kept as families of disjoint sets: a choice of workers meets the rule if and only if it meets every set of one family.
/// Sets that do not overlap, such as domains, are one family; each node that overlapping sets share doubles the number of
/// families at most (it is chosen, or it is left out).
public struct WorkerCoverage: Sendable, Equatable {
    /// The sets as given, ascending positions.
    public let sets: [[Int]]
    /// The families. No family at all: no choice meets the rule.
    let families: [[[Int]]]

    /// The most families; beyond, the problem is refused, not approximated.
    public static let maximumFamilies = 256

    /// No rule.
    public static let none = WorkerCoverage()

    private init() {
        sets = []
        families = [[]]
    }

    /// A rule.
    ///
    /// - Throws: `PlacementError` where the sets overlap so much that solving exactly would take too long.
    public init(_ sets: [[Int]]) throws(PlacementError) {
        self.sets = sets.map { $0.sorted() }
        var families: [[[Int]]] = []
        var open = [Self.reduced(self.sets)]
        while let next = open.popLast() {
            guard let next else { continue }
            guard let node = Self.mostShared(next) else {
                families.append(next)
                if families.count > Self.maximumFamilies {
                    throw PlacementError(
                        .tooLarge, field: "coverage",
                        reason: "the sets that need a worker overlap in more than \(Self.maximumFamilies) ways;"
                            + " an exact solution would take too long")
                }
                continue
            }
            open.append(Self.reduced(next.map { $0.filter { $0 != node } }))
            open.append(Self.reduced(next.filter { !$0.contains(node) } + [[node]]))
        }
        self.families = families
    }

    /// Whether there is no rule.
    public var isEmpty: Bool { sets.isEmpty }

    /// Whether each set holds one of these workers.
    public func isMet(by workers: [Int]) -> Bool {
        let workers = Set(workers)
        return sets.allSatisfy { $0.contains { workers.contains($0) } }
    }

    /// The sets without those that contain another one; nil where one is empty.
    private static func reduced(_ sets: [[Int]]) -> [[Int]]? {
        if sets.contains(where: \.isEmpty) { return nil }
        let distinct = Set(sets).sorted { ($0.count, $1[0]) < ($1.count, $0[0]) }
        var kept: [[Int]] = []
        for set in distinct where !kept.contains(where: { Set($0).isSubset(of: set) }) { kept.append(set) }
        return kept.sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// The node that stands in most sets, if one stands in more than one.
    private static func mostShared(_ sets: [[Int]]) -> Int? {
        var counts: [Int: Int] = [:]
        for set in sets { for node in set { counts[node, default: 0] += 1 } }
        return counts.filter { $0.value > 1 }.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
    }
}
