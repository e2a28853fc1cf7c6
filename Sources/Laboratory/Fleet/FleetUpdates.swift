import Federation
import Numerics
import Platform
import Telemetry

/// What the workers of a fleet contribute, made once for all of them: statistics of some rows of generated metrics, and
/// for each version a few updates that differ. One copy of the version is put together from the pieces that they fetch.
/// Used by one thread.
final class FleetUpdates {
    /// A contribution's bytes and their SHA-256.
    struct Update {
        var bytes: Bytes
        var digest: [UInt8]
        var changes: [AnnouncedChange]

        init(_ contribution: Contribution, from base: FederatedModel? = nil) {
            changes = contribution.announcement(from: base)
            let encoded = contribution.encoded()
            digest = SHA256.digest(encoded)
            bytes = Bytes(encoded)
        }
    }

    /// Updates that differ.
    private static let variants = 8
    private static let rows = 64

    private let statistics: Update
    private var version: UInt64 = 0
    private var digest: [UInt8] = []
    private var model: [UInt8] = []
    private var updates: [Update] = []

    /// Statistics of so many metrics.
    init(metrics: Int) throws {
        var generator = CounterBasedGenerator(seed: 1, purpose: "fleet")
        let frame = MetricFrame(
            schema: (0..<metrics).map { "cpu_\($0)" }, firstRow: 0, times: (0..<Self.rows).map(Double.init),
            values: (0..<Self.rows * metrics).map { _ in generator.uniform() })
        var found = TelemetryStatistics()
        let names = FleetWorker.entity.split(separator: "/").map(String.init)
        found.add(frame, site: names[0], entity: names[1], type: "host", rules: try GroupRules.builtIn())
        statistics = Update(
            Contribution(
                kind: .statistics, rawBytes: UInt64(Self.rows * metrics * 8),
                statistics: try DeterministicJSON.encode(found, pretty: false)
            ).computed(from: [], of: [FleetWorker.entity]))
    }

    /// A piece that somebody fetched; whoever is first with it adds it.
    func take(_ piece: ModelPiece) {
        // Of an earlier version some may still be on their way.
        guard piece.version >= version else { return }
        if piece.version != version || piece.digest != digest {
            (version, digest, model, updates) = (piece.version, piece.digest, [], [])
        }
        guard updates.isEmpty, piece.offset == UInt64(model.count) else { return }
        model += piece.bytes.array
        guard UInt64(model.count) == piece.totalBytes, SHA256.digest(model) == digest,
            let base = try? FederatedModel(decoding: model)
        else { return }
        updates = (0..<Self.variants).map { Self.update(of: base, digest: digest, variant: $0) }
        model = []
    }

    private static func update(of base: FederatedModel, digest: [UInt8], variant: Int) -> Update {
        let groups = base.groups.map { group in
            var parameters = group.parameters
            for index in parameters.indices {
                // Small changes that are not all alike; what they are is of no matter here.
                let noise = (index &* 40_503 &+ variant &* 10_007) & 1_023
                parameters[index] += Float(noise - 512) * 1e-6
            }
            return Contribution.GroupUpdate(
                name: group.name, schema: group.schema, sampleCount: UInt64(rows - FleetShape.window + 1), steps: 1,
                lossBefore: 1, lossAfter: 1,
                parameters: parameters)
        }
        return Update(
            Contribution(kind: .training, rawBytes: UInt64(rows * 8), groups: groups)
                .computed(from: digest, of: [FleetWorker.entity]), from: base)
    }

    /// What a worker contributes to a round; `nil` where the version is not here yet.
    func update(for plan: RoundPlan, of worker: Int) -> Update? {
        switch plan.kind {
        case .statistics: return statistics
        case .training:
            guard plan.baseVersion == version, plan.baseDigest == digest, !updates.isEmpty else { return nil }
            return updates[worker % updates.count]
        case .evaluation: return nil
        }
    }
}
