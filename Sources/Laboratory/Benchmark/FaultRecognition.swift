import CommandLine
package import Watching

/// A labelled fault of a known kind as a method saw it.
package struct FaultObservation: Codable, Sendable {
    /// The kind, from the interpretation file.
    let kind: String
    /// What the first alarm during the fault looked like; `nil` when there was none.
    let signature: FaultSignature?

    /// An observation.
    package init(kind: String, signature: FaultSignature?) {
        self.kind = kind
        self.signature = signature
    }
}

/// How well faults are named by a library of what was seen on *other* entities: each entity's faults are matched
/// against those of all others.
package struct FaultRecognition: Encodable {
    /// Labelled faults with a kind.
    package let faults: Int
    /// Those with an alarm.
    package let found: Int
    /// Found ones whose kind was also found on another entity.
    package let known: Int
    /// The share of ``known`` that got its name.
    package let accuracy: Double?
    /// The share of ``known`` that would, if all had the name that is commonest on the other entities: what a name is worth.
    package let accuracyOfCommonest: Double?
    /// The mean over kinds of the F1 of their names.
    let macroF1: Double?
    /// The share of found ones called unknown when their own kind is taken out of the library.
    package let unknownRejection: Double?

    /// `nil` without a found fault of a kind.
    package init?(_ entities: [[FaultObservation]]) {
        let all = entities.flatMap(\.self)
        let seen = all.compactMap(\.signature)
        guard !seen.isEmpty else { return nil }
        faults = all.count
        found = seen.count
        var (right, rightByCommonest, known, rejected) = (0, 0, 0, 0)
        var named: [String: (right: Int, named: Int, true: Int)] = [:]
        for (index, observations) in entities.enumerated() {
            var library = FaultLibrary()
            for (other, peers) in entities.enumerated() where other != index {
                for peer in peers {
                    if let signature = peer.signature { library.add(signature, as: peer.kind) }
                }
            }
            let counts = entities.enumerated().filter { $0.offset != index }.flatMap(\.element).filter {
                $0.signature != nil
            }.reduce(into: [String: Int]()) { $0[$1.kind, default: 0] += 1 }
            let commonest = counts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
            for observation in observations {
                guard let signature = observation.signature else { continue }
                var without = library
                let isKnown = without.remove(observation.kind)
                if without.match(signature).fault == nil { rejected += 1 }
                guard isKnown else { continue }
                known += 1
                if observation.kind == commonest { rightByCommonest += 1 }
                named[observation.kind, default: (0, 0, 0)].true += 1
                guard let name = library.match(signature).fault else { continue }
                named[name, default: (0, 0, 0)].named += 1
                if name == observation.kind {
                    right += 1
                    named[name, default: (0, 0, 0)].right += 1
                }
            }
        }
        self.known = known
        accuracy = known > 0 ? Double(right) / Double(known) : nil
        accuracyOfCommonest = known > 0 ? Double(rightByCommonest) / Double(known) : nil
        let scores = named.values.map { 2 * Double($0.right) / Double(max(1, $0.named + $0.true)) }
        macroF1 = scores.isEmpty ? nil : scores.reduce(0, +) / Double(scores.count)
        unknownRejection = Double(rejected) / Double(seen.count)
    }

    /// A line for people.
    var text: String {
        func share(_ value: Double?) -> String { value.map { Quantity.fixed($0, 2) } ?? "-" }
        return "kinds of faults, default method, library of the other entities: \(found) of \(faults) faults found; of "
            + "\(known) whose kind is known \(share(accuracy)) named rightly "
            + "(\(share(accuracyOfCommonest)) by the commonest name for all), macro F1 \(share(macroF1)); "
            + "with their kind taken out \(share(unknownRejection)) called unknown"
    }
}
