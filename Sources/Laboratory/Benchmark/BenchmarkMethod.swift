import Watching

/// A method as the benchmark compares it: a detector fitted to the entity alone, or one that is fitted as the product
/// does, beside autoencoders learned from more or less data and what is usual among the set's entities.
enum BenchmarkMethod: Sendable, Encodable {
    /// A detector of the metrics themselves, of the entity alone.
    case metrics(DetectionMethod)
    /// A detector fitted beside a model, as the product does.
    case product(Learning, DetectionMethod)

    /// Whose samples the model learns from.
    enum Learning: String, Sendable, Encodable {
        /// Those of all entities of the set, without an autoencoder: how to clean, and what is usual.
        case plain
        /// The entity's own.
        case local
        /// Those of all entities of the set, in one place.
        case central
        /// Those of all entities of the set, each keeping its own: federated averaging, one epoch a round, and then a
        /// few epochs of each entity alone, as `fl-worker --tuning-epochs` does.
        case federated
    }

    /// The name in options, tables and folders.
    var name: String {
        switch self {
        case .metrics(let method): method.name
        case .product(.local, let method): method.name
        // The shipped one has the federation's autoencoders inside; its ablations are fitted like it.
        case .product(_, let method) where method.kind == .evidence: method.name
        case .product(let learning, let method): "\(method.name)-\(learning.rawValue)"
        }
    }

    /// The detector's method, with thresholds and rules.
    var detection: DetectionMethod {
        switch self {
        case .metrics(let method), .product(_, let method): method
        }
    }

    /// Whether it learns from other entities of the set too.
    var learnsFromPeers: Bool {
        if case .product(let learning, _) = self { learning != .local } else { false }
    }

    /// Every method; the shipped one last.
    static let all: [BenchmarkMethod] =
        DetectionMethod.all.filter { $0.name != DetectionMethod.shipped.name }.map { .metrics($0) }
        + [Learning.local, .central, .federated].map { .product($0, DetectorTraining.autoencoder) }
        + [.product(.federated, .shipped)]

    /// The shipped method without each of its parts, for what the part is worth: fitted on the same road, so that they
    /// differ in the part alone.
    static let ablations: [BenchmarkMethod] = DetectionMethod.ablations.map { method in
        .product(method.needsResiduals ? .federated : .plain, method)
    }

    /// The methods that the words of the option stand for, with thresholds for a budget.
    ///
    /// - Parameter adaptation: how thresholds follow the stream; `nil`: as the method wants.
    /// - Throws: `DetectionError` (`invalidOption`) for an unknown name.
    static func chosen(
        _ words: [String], falseAlarmsPerDay: Double, adaptation: ThresholdAdaptation? = nil
    ) throws -> [BenchmarkMethod] {
        var chosen: [BenchmarkMethod] = []
        for name in words.flatMap({ $0.split(separator: ",").map(String.init) }) {
            let found =
                switch name {
                case "all": all
                case "ablations": ablations
                default: (all + ablations).filter { $0.name == name }
                }
            guard !found.isEmpty else {
                throw DetectionError(
                    unknownMethod: name, among: (all + ablations).map(\.name) + ["all", "ablations"])
            }
            for method in found where !chosen.contains(where: { $0.name == method.name }) {
                var detection = method.detection
                detection.thresholdRule = .falseAlarms(perDay: falseAlarmsPerDay)
                if let adaptation { detection.adaptation = adaptation }
                switch method {
                case .metrics: chosen.append(.metrics(detection))
                case .product(let learning, _): chosen.append(.product(learning, detection))
                }
            }
        }
        return chosen
    }
}
