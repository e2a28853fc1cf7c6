import Federation
import Numerics
import Platform

/// Local work that is a function of what it starts from, small enough to be done thousands of times.
///
/// Unchecked: a cluster lives on one thread.
final class ToyLearner: Learner, @unchecked Sendable {
    /// Ways to give something that is no good.
    enum Spoiling {
        /// Parameters that are no numbers, or far too large.
        case poison
        /// Parameters or groups that no model has.
        case shape
        /// Bytes that are no statistics.
        case statistics
    }

    /// Groups of the toy models.
    static let groups = ["access.radio", "physical.cpu"]
    /// Parameters of a group.
    static let parameters = 12

    let entities: [String]
    let capabilities: Capabilities
    /// What is done to each piece of work; `nil`: nothing.
    var spoiling: Spoiling?
    /// Whether work fails.
    var fails = false
    /// Told of each contribution that was spoilt.
    var spoilt: ((Contribution, WorkKey) -> Void)?
    private var generator: CounterBasedGenerator

    init(entities: [String], seed: UInt64, process: Int) {
        self.entities = entities
        capabilities = Capabilities(cores: 2, accelerator: "cpu", samplesPerGroup: [:], schemaHash: "")
        generator = CounterBasedGenerator(seed: seed, purpose: "learner", process)
    }

    /// What a worker says of itself when it has counted and measured.
    static let measured = Capabilities(
        cores: 2, accelerator: "cpu",
        device: .init(name: "toy", precision: "float32", threads: 2, windowsPerSecond: 100, cpuWindowsPerSecond: 50),
        samplesPerGroup: ["physical.cpu": 7], schemaHash: "")

    func measureCapabilities(isCancelled: @escaping @Sendable () -> Bool) throws -> Capabilities { Self.measured }

    func work(
        _ key: WorkKey, hyperparameters: [UInt8], model: FederatedModel?, mayAccelerate: Bool,
        isCancelled: @escaping @Sendable () -> Bool
    ) throws -> Contribution {
        if fails { throw FederationError(.malformed, "the samples cannot be read just now") }
        let good = Self.work(key, base: model)
        guard let spoiling, let bad = Self.spoil(good, spoiling, draw: generator.next()) else { return good }
        spoilt?(bad, key)
        return bad
    }

    /// What an honest worker makes of it.
    static func work(_ key: WorkKey, base: FederatedModel?) -> Contribution {
        switch key.kind {
        case .statistics:
            return Contribution(
                kind: .statistics, rawBytes: 100, statistics: Array((key.entities.joined(separator: "\n") + "\n").utf8))
        case .training, .evaluation:
            let groups = (base?.groups ?? []).map { group in
                var generator = CounterBasedGenerator(
                    seed: UInt64(key.round), purpose: group.name + key.entities.joined(separator: ","))
                let trained = group.parameters.map { $0 * 0.5 + Float(generator.normal()) }
                return Contribution.GroupUpdate(
                    name: group.name, schema: group.schema, sampleCount: UInt64(max(1, key.entities.count) * 10),
                    steps: 3, lossBefore: 2, lossAfter: 1, parameters: key.kind == .training ? trained : [])
            }
            return Contribution(kind: key.kind, rawBytes: 100, groups: groups)
        }
    }

    /// The same, spoilt; `nil` where that cannot be done to this kind of work.
    static func spoil(_ good: Contribution, _ spoiling: Spoiling, draw: UInt64) -> Contribution? {
        switch spoiling {
        case .poison:
            guard good.kind == .training, var group = good.groups.first, !group.parameters.isEmpty else { return nil }
            group.parameters[Int(draw % UInt64(group.parameters.count))] =
                [Float.nan, .infinity, -.infinity, 6e4][Int(draw >> 8 % 4)]
            return Contribution(kind: good.kind, rawBytes: good.rawBytes, groups: [group] + good.groups.dropFirst())
        case .shape:
            guard good.kind == .training, var group = good.groups.first else { return nil }
            switch draw % 4 {
            case 0: group.parameters.append(0)
            case 1: group.name = "no.group"
            case 2: group.schema = "another"
            default: group.sampleCount = 0
            }
            return Contribution(kind: good.kind, rawBytes: good.rawBytes, groups: [group] + good.groups.dropFirst())
        case .statistics:
            guard good.kind == .statistics else { return nil }
            return Contribution(kind: .statistics, rawBytes: 100, statistics: [draw % 2 == 0 ? 0xff : 0xfe, 0])
        }
    }
}
