import Federation
import Numerics
import Platform

/// Local work that is a function of what it starts from, small enough to run thousands of times.
enum ToyLearner {
    /// - Parameter changes: whether training changes anything.
    static func work(_ key: WorkKey, base: FederatedModel?, padding: Int = 0, changes: Bool = true) -> [UInt8] {
        switch key.kind {
        case .statistics:
            return Contribution(
                kind: .statistics, base: key.baseDigest, entities: key.entities, rawBytes: 100,
                statistics: key.entities.flatMap { Array($0.utf8) + [0x0a] } + [UInt8](repeating: 0, count: padding)
            ).encoded()
        case .training, .evaluation:
            let groups = (base?.groups ?? []).map { group in
                var generator = CounterBasedGenerator(
                    seed: UInt64(key.round), purpose: group.name + key.entities.joined(separator: ","))
                let trained = group.parameters.map { changes ? $0 * 0.5 + Float(generator.normal()) : $0 }
                return Contribution.GroupUpdate(
                    name: group.name, schema: group.schema, sampleCount: UInt64(key.entities.count * 10),
                    steps: 3, lossBefore: 2, lossAfter: 1, parameters: key.kind == .training ? trained : [])
            }
            return Contribution(
                kind: key.kind, base: key.baseDigest, entities: key.entities, rawBytes: 100, groups: groups
            ).encoded()
        }
    }
}

/// The first version of the toy models; its context lists the entities that were counted.
struct ToyMaker: InitialModelMaker {
    func makeInitialModel(statistics: [(worker: String, bytes: [UInt8])]) -> InitialModelOutcome {
        .made(
            FederatedModel(
                context: statistics.flatMap(\.bytes),
                groups: ["physical.cpu", "access.radio"].map {
                    FederatedModel.Group(name: $0, schema: "s", parameters: [Float](repeating: 0, count: 12))
                }))
    }
}

/// The slow arithmetic of rounds, done at once: what a server's directives ask for, as events.
final class ToyArithmetic {
    private let arithmetic = RoundArithmetic(
        gate: ContributionGate(), strategy: FederatedAveraging(), maker: ToyMaker())

    /// The event that follows from a directive, if it asks for arithmetic.
    func carryOut(_ directive: ServerDirective) -> ServerEvent? {
        switch directive {
        case .begin(let base): arithmetic.begin(base)
        case .judge(let upload): return .judged(arithmetic.judge(upload))
        case .fold(let round, let attempt, let contribution, let worker, let site):
            arithmetic.fold(round: round, attempt: attempt, contribution, from: worker, site: site)
        case .aggregate(let round, let attempt, let names):
            return .aggregated(
                round: round, attempt: attempt,
                arithmetic.aggregate(round: round, attempt: attempt, leavingOut: names))
        default: break
        }
        return nil
    }
}

extension WorkerEvent {
    /// Local work is done.
    static func finished(_ key: WorkKey, payload: [UInt8], seconds: Double = 0) -> WorkerEvent {
        .workFinished(key, payload: Bytes(payload), digest: SHA256.digest(payload), seconds: seconds)
    }
}
