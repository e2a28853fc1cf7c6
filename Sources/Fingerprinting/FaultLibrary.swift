/// Known faults: confirmed signatures under their names. Libraries of several sites merge; the order does not matter.
package struct FaultLibrary: Codable, Sendable, Hashable {
    /// The form of the file.
    package private(set) var formatVersion = 2
    /// The confirmed signatures of each fault, in an order of their own.
    package private(set) var faults: [String: [FaultSignature]] = [:]

    /// The newest form that is understood.
    package static let currentFormat = 2
    /// Below this likeness to every known fault an anomaly is unknown.
    package static let leastSimilarity = 0.71

    /// A library without faults.
    package init() {}

    /// Confirms that a signature is this fault; one that is already there is not kept twice.
    package mutating func add(_ signature: FaultSignature, as name: String) {
        guard faults[name]?.contains(signature) != true else { return }
        faults[name, default: []].append(signature)
        faults[name]?.sort { $0.sortKey < $1.sortKey }
    }

    /// Forgets a fault. Returns whether it was there.
    package mutating func remove(_ name: String) -> Bool { faults.removeValue(forKey: name) != nil }

    /// Takes in what another site has confirmed.
    package mutating func merge(_ other: FaultLibrary) {
        for (name, signatures) in other.faults {
            for signature in signatures { add(signature, as: name) }
        }
    }

    /// What an anomaly is likely to be.
    package struct Match: Codable, Sendable, Hashable {
        /// The nearest fault; `nil` when none is near enough: unknown.
        package let fault: String?
        /// Likeness to the nearest signature, 0…1.
        package let similarity: Double
        /// The likeness less half of that to the nearest other fault: high only when one fault fits and no other does;
        /// 0 when unknown.
        package let confidence: Double
        /// Every known fault with its likeness, nearest first.
        package let candidates: [Candidate]

        /// A known fault and how near it is.
        package struct Candidate: Codable, Sendable, Hashable {
            /// The fault.
            package let fault: String
            /// Likeness to its nearest signature.
            package let similarity: Double
        }
    }

    /// The nearest known fault, or unknown. O(signatures · metrics).
    package func match(_ signature: FaultSignature) -> Match {
        let candidates = faults.map { name, known in
            Match.Candidate(fault: name, similarity: known.map(signature.similarity).max() ?? 0)
        }.sorted { $0.similarity != $1.similarity ? $0.similarity > $1.similarity : $0.fault < $1.fault }
        let best = candidates.first?.similarity ?? 0
        let other = candidates.dropFirst().first?.similarity ?? 0
        let isKnown = best >= Self.leastSimilarity
        return Match(
            fault: isKnown ? candidates.first?.fault : nil, similarity: best,
            confidence: isKnown ? best - other / 2 : 0, candidates: candidates)
    }
}

extension FaultSignature {
    /// Orders signatures the same way wherever they come from.
    fileprivate var sortKey: String {
        func text(_ shares: [String: Share]) -> String {
            shares.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.above),\($0.value.below)" }.joined(
                separator: ",")
        }
        let parts = aspects.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
        return "\(text(metrics));\(text(resources));\(parts);\(rhythm.duty);\(rhythm.centre);\(rhythm.restlessness);"
            + "\(sidedness)"
    }
}
