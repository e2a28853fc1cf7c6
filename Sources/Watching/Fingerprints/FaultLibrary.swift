import Foundation

/// Known faults: confirmed signatures under their names. Libraries of several sites merge; the order does not matter.
package struct FaultLibrary: Sendable, Hashable {
    /// A signature that somebody has confirmed.
    package struct Confirmation: Sendable, Hashable {
        /// The signature.
        package let signature: FaultSignature
        /// Where it was seen first: `site/entity@onset` of the alarm; `nil` when nobody has said.
        package fileprivate(set) var origin: String?

        /// The same, with the signature as it travels.
        package var compact: Confirmation { Confirmation(signature: signature.compact, origin: origin) }
    }

    /// The confirmed signatures of each fault, in an order of their own.
    package private(set) var faults: [String: [Confirmation]] = [:]

    /// The newest form that is understood.
    package static let currentFormat = 2
    /// Below this likeness to every known fault an incident is unknown: its signature has nothing but kinds of metrics.
    package static let leastKindSimilarity = 0.3

    /// Below this likeness to every known fault an anomaly is unknown. The nearest of many strangers is nearer than the
    /// nearest of few: .71 among fifty confirmations, .033 more for each e times as many.
    ///
    /// - Parameter count: confirmations in the library; fewer than twenty count as twenty, more than a thousand as a thousand.
    package static func leastSimilarity(among count: Int) -> Double {
        0.71 + 0.033 * log(Double(min(max(count, 20), 1_000)) / 50)
    }

    /// A library without faults.
    package init() {}

    /// A library of faults that were read.
    init(faults: [String: [Confirmation]]) {
        for (name, confirmations) in faults where !confirmations.isEmpty {
            let known = Dictionary(
                confirmations.map { ($0.signature, $0.origin) },
                uniquingKeysWith: { [$0, $1].compactMap(\.self).min() })
            self.faults[name] = known.map {
                (key: $0.key.sortKey, value: Confirmation(signature: $0.key, origin: $0.value))
            }
            .sorted { $0.key < $1.key }.map(\.value)
        }
    }

    /// Confirmed signatures of all faults.
    package var count: Int { faults.values.reduce(0) { $0 + $1.count } }

    /// Confirms that a signature is this fault; one that is already there is not kept twice. Returns whether it is new.
    ///
    /// - Parameter origin: where it was seen; of several places of the same signature the first in their order stays.
    @discardableResult
    package mutating func add(_ signature: FaultSignature, as name: String, origin: String? = nil) -> Bool {
        if let place = faults[name]?.firstIndex(where: { $0.signature == signature }) {
            let places = [faults[name]?[place].origin, origin].compactMap(\.self)
            faults[name]?[place].origin = places.min()
            return false
        }
        let key = signature.sortKey
        let place = faults[name]?.firstIndex { $0.signature.sortKey > key } ?? faults[name]?.count ?? 0
        faults[name, default: []].insert(Confirmation(signature: signature, origin: origin), at: place)
        return true
    }

    /// Takes back what an alarm was said to be before, but for one name: the last word counts.
    package mutating func takeBack(origin: String, exceptAs name: String) {
        for other in faults.keys.sorted() where other != name {
            faults[other]?.removeAll { $0.origin == origin }
            if faults[other]?.isEmpty == true { faults[other] = nil }
        }
    }

    /// Forgets a fault. Returns whether it was there.
    package mutating func remove(_ name: String) -> Bool { faults.removeValue(forKey: name) != nil }

    /// Takes in what another site has confirmed.
    package mutating func merge(_ other: FaultLibrary) {
        for (name, confirmations) in other.faults {
            for confirmation in confirmations { add(confirmation.signature, as: name, origin: confirmation.origin) }
        }
    }

    /// The library with one of its faults alone; `nil` when it is not there.
    package func only(_ name: String) -> FaultLibrary? {
        faults[name].map { FaultLibrary(faults: [name: $0]) }
    }

    /// The metrics with the largest shares in a fault's signatures, largest first.
    package func strongestMetrics(of name: String) -> [String] {
        var shares: [String: Double] = [:]
        for confirmation in faults[name] ?? [] {
            for (metric, share) in confirmation.signature.metrics { shares[metric, default: 0] += share.total }
        }
        return shares.sorted { $0.value != $1.value ? $0.value > $1.value : $0.key < $1.key }.map(\.key)
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

    /// The nearest known fault, or unknown. O(signatures · metrics); who asks often makes a ``FaultMatcher`` once.
    package func match(_ signature: FaultSignature) -> Match { FaultMatcher(self).match(signature) }
}

/// A library laid out for naming many anomalies.
package struct FaultMatcher: Sendable {
    private let faults: [(name: String, signatures: [ComparableSignature])]
    private let leastSimilarity: Double

    /// Lays a library out.
    package init(_ library: FaultLibrary) {
        leastSimilarity = FaultLibrary.leastSimilarity(among: library.count)
        faults = library.faults.map { ($0.key, $0.value.map { ComparableSignature($0.signature) }) }
    }

    /// The nearest known fault, or unknown. O(signatures · metrics).
    package func match(_ signature: FaultSignature) -> FaultLibrary.Match {
        let wanted = ComparableSignature(signature)
        let candidates = faults.map { fault in
            FaultLibrary.Match.Candidate(
                fault: fault.name, similarity: fault.signatures.map(wanted.similarity).max() ?? 0)
        }.sorted { $0.similarity != $1.similarity ? $0.similarity > $1.similarity : $0.fault < $1.fault }
        let best = candidates.first?.similarity ?? 0
        let other = candidates.dropFirst().first?.similarity ?? 0
        let isKnown = best >= (signature.hasKindsOnly ? FaultLibrary.leastKindSimilarity : leastSimilarity)
        return FaultLibrary.Match(
            fault: isKnown ? candidates.first?.fault : nil, similarity: best,
            confidence: isKnown ? best - other / 2 : 0, candidates: candidates)
    }

    /// The naming of an alarm's signature.
    package func fault(of signature: FaultSignature) -> AlarmEvent.Fault {
        let match = match(signature)
        return AlarmEvent.Fault(
            name: match.fault ?? AlarmEvent.Fault.unknown, nearest: match.candidates.first?.fault,
            similarity: match.similarity, confidence: match.confidence)
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
        return
            "\(text(metrics));\(text(kinds));\(text(resources));\(parts);\(rhythm.duty);\(rhythm.centre);\(rhythm.restlessness);"
            + "\(sidedness)"
    }
}
