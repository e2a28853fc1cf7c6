/// Signatures that look alike, put together: each set is a state.
///
/// Average linkage (Sokal and Michener 1958): the two sets whose members are most alike in the mean become one, as long
/// as that mean reaches the limit. Which signature comes first leaves no trace, unlike with a leader that later ones
/// join; no chain of neighbours pulls different faults together, unlike with the nearest pair. Sets are found by chains
/// of nearest neighbours (Murtagh 1983), which for this linkage gives the same sets as looking at all pairs each time.
package struct StateSpace: Sendable {
    /// The state of each signature, from 0, in the order in which they first occur.
    package let assignment: [Int]
    /// The signature of each state that is most like all others of it: one that was seen, and can be confirmed.
    package let prototypes: [FaultSignature]

    /// Puts signatures together. O(n² · names) time, O(n²) memory.
    ///
    /// - Parameters:
    ///   - signatures: in an order of their own; it decides which state has which number, and between equals.
    ///   - leastSimilarity: likeness of the members of a state, in the mean over all pairs of the two halves that were
    ///     put together last.
    package init(_ signatures: [FaultSignature], leastSimilarity: Double) {
        let likeness = LikenessTable(signatures)
        let sets = likeness.linked(leastSimilarity)
        var assignment = [Int](repeating: 0, count: signatures.count)
        for (state, members) in sets.enumerated() {
            for member in members { assignment[member] = state }
        }
        self.assignment = assignment
        prototypes = sets.map { signatures[likeness.medoid(of: $0)] }
    }
}

/// How alike each two of some signatures are.
private struct LikenessTable {
    private let count: Int
    /// `[n × n]`, symmetric.
    private var values: [Float]

    init(_ signatures: [FaultSignature]) {
        count = signatures.count
        let compared = signatures.map(ComparableSignature.init)
        values = [Float](repeating: 1, count: count * count)
        for a in 0..<count {
            for b in 0..<a {
                let value = Float(compared[a].similarity(to: compared[b]))
                values[a * count + b] = value
                values[b * count + a] = value
            }
        }
    }

    /// The member that is most like all others in the mean; of equals the first.
    func medoid(of members: [Int]) -> Int {
        var best = (member: members[0], sum: -1.0)
        for member in members {
            let sum = members.reduce(0.0) { $0 + Double(values[member * count + $1]) }
            if sum > best.sum { best = (member, sum) }
        }
        return best.member
    }

    /// The sets, each with its members in ascending order, by their first members.
    func linked(_ least: Double) -> [[Int]] {
        var table = self
        var members = (0..<count).map { [$0] }
        var open = Array(0..<count)
        var chain: [Int] = []
        var finished: [[Int]] = []
        while let first = open.first {
            if chain.isEmpty { chain.append(first) }
            let top = chain[chain.count - 1]
            let before = chain.count > 1 ? chain[chain.count - 2] : nil
            // Of equals the one before in the chain, so that the chain ends.
            var nearest = before
            for other in open where other != top {
                guard let known = nearest else {
                    nearest = other
                    continue
                }
                if table.values[top * count + other] > table.values[top * count + known] { nearest = other }
            }
            guard let nearest, Double(table.values[top * count + nearest]) >= least else {
                // Nothing that is put together later comes nearer.
                finished.append(members[top].sorted())
                open.removeAll { $0 == top }
                chain.removeLast()
                continue
            }
            guard nearest == before else {
                chain.append(nearest)
                continue
            }
            chain.removeLast(2)
            table.join(nearest, top, sizes: (members[nearest].count, members[top].count), among: open)
            members[nearest] += members[top]
            open.removeAll { $0 == top }
        }
        return finished.sorted { ($0.first ?? 0) < ($1.first ?? 0) }
    }

    /// The likeness of a set that two have become to all others: the mean over its members (Lance and Williams 1967).
    private mutating func join(_ a: Int, _ b: Int, sizes: (Int, Int), among open: [Int]) {
        let (first, second) = (Float(sizes.0), Float(sizes.1))
        for other in open where other != a && other != b {
            let mean =
                (first * values[a * count + other] + second * values[b * count + other]) / (first + second)
            values[a * count + other] = mean
            values[other * count + a] = mean
        }
    }
}
