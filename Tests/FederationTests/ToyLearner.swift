import Federation
import Numerics

/// Local work that is a function of what it starts from, small enough to run thousands of times.
enum ToyLearner {
    static func work(_ key: WorkKey, base: FederatedModel?) -> [UInt8] {
        switch key.kind {
        case .statistics:
            return Contribution(
                kind: .statistics, rawBytes: 100,
                statistics: key.entities.flatMap { Array($0.utf8) + [0x0a] }
            ).encoded()
        case .training, .evaluation:
            let groups = (base?.groups ?? []).map { group in
                var generator = CounterBasedGenerator(
                    seed: UInt64(key.round), purpose: group.name + key.entities.joined(separator: ","))
                let trained = group.parameters.map { $0 * 0.5 + Float(generator.normal()) }
                return Contribution.GroupUpdate(
                    name: group.name, schema: group.schema, sampleCount: UInt64(key.entities.count * 10),
                    steps: 3, lossBefore: 2, lossAfter: 1, parameters: key.kind == .training ? trained : [])
            }
            return Contribution(kind: key.kind, rawBytes: 100, groups: groups).encoded()
        }
    }
}

/// The first version of the toy models; its context lists the entities that were counted.
struct ToyMaker: InitialModelMaker {
    func makeInitialModels(statistics: [(worker: String, bytes: [UInt8])]) throws -> FederatedModel {
        FederatedModel(
            context: statistics.flatMap(\.bytes),
            groups: ["physical.cpu", "access.radio"].map {
                FederatedModel.Group(name: $0, schema: "s", parameters: [Float](repeating: 0, count: 12))
            })
    }
}
