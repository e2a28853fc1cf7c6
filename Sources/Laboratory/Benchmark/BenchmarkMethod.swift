import Watching

/// A method as the benchmark compares it: one of module Detection's, or autoencoders learned from more or less data.
enum BenchmarkMethod: Sendable, Encodable {
    /// A detector of the metrics themselves.
    case metrics(DetectionMethod)
    /// A detector that looks at the autoencoders' residuals.
    case autoencoder(Learning, DetectionMethod)

    /// Whose samples the autoencoders learn from.
    enum Learning: String, Sendable, Encodable, CaseIterable {
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
        case .autoencoder(.local, let method): method.name
        // The shipped one has the federation's autoencoders inside.
        case .autoencoder(.federated, let method) where method.kind == .evidence: method.name
        case .autoencoder(let learning, let method): "\(method.name)-\(learning.rawValue)"
        }
    }

    /// The detector's method, with thresholds and rules.
    var detection: DetectionMethod {
        switch self {
        case .metrics(let method), .autoencoder(_, let method): method
        }
    }

    /// Whether it learns from other entities of the set too.
    var learnsFromPeers: Bool {
        if case .autoencoder(let learning, _) = self { learning != .local } else { false }
    }

    /// Whether there is what it learns from: the autoencoders want a training part of its own.
    func canLearn(_ entity: BenchmarkEntity) -> Bool {
        if case .autoencoder = self { entity.training != nil } else { true }
    }

    /// Every method; the shipped one last.
    static let all: [BenchmarkMethod] =
        DetectionMethod.all.filter { $0.name != DetectionMethod.shipped.name }.map { .metrics($0) }
        + Learning.allCases.map { .autoencoder($0, DetectorTraining.autoencoder) }
        + [.autoencoder(.federated, .shipped)]

    /// The shipped method without each of its parts, for what the part is worth.
    static let ablations: [BenchmarkMethod] = DetectionMethod.ablations.map { method in
        method.needsResiduals ? .autoencoder(.federated, method) : .metrics(method)
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
                    unknownMethod: name, among: all.map(\.name) + ["all", "ablations"])
            }
            for method in found where !chosen.contains(where: { $0.name == method.name }) {
                var detection = method.detection
                detection.thresholdRule = .falseAlarms(perDay: falseAlarmsPerDay)
                if let adaptation { detection.adaptation = adaptation }
                switch method {
                case .metrics: chosen.append(.metrics(detection))
                case .autoencoder(let learning, _): chosen.append(.autoencoder(learning, detection))
                }
            }
        }
        return chosen
    }
}
