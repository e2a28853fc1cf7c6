package import Autoencoders
package import Federation
import Platform
package import Telemetry

/// Makes the first version from the workers' statistics, and says whose statistics stand in its way.
package struct TelemetryModelMaker: InitialModelMaker {
    private let configuration: TrainingConfiguration
    private let rules: GroupRules
    private let gate: StatisticsGate

    /// A maker for models that are trained as `configuration` says.
    package init(configuration: TrainingConfiguration, rules: GroupRules, gate: StatisticsGate = StatisticsGate()) {
        self.configuration = configuration
        self.rules = rules
        var gate = gate
        gate.mostGroups = min(gate.mostGroups, WireLimits.groups)
        self.gate = gate
    }

    private typealias Part = (sender: String, statistics: TelemetryStatistics)

    private static func decoded(_ bytes: [UInt8]) throws(FederationError) -> TelemetryStatistics {
        guard let statistics = try? DeterministicJSON.decode(TelemetryStatistics.self, from: bytes) else {
            throw FederationError(.unusableStatistics, "statistics of another form")
        }
        return statistics
    }

    package func check(statistics: [UInt8], from worker: String, entities: [String]) throws(FederationError) -> Bool {
        let found = try Self.decoded(statistics)
        if let flaw = gate.flaw(in: found, of: Set(entities), rules: rules) {
            throw FederationError(.unusableStatistics, flaw)
        }
        return !found.isEmpty
    }

    package func rows(statistics: [UInt8]) -> [String: UInt64] {
        guard let found = try? Self.decoded(statistics) else { return [:] }
        return found.types.values.reduce(into: [:]) { rows, type in
            for (entity, clock) in type.clocks { rows[entity] = max(rows[entity] ?? 0, clock.rows) }
        }
    }

    package func makeModel(
        statistics: [(worker: String, bytes: [UInt8])], continuing last: FederatedModel?
    ) -> InitialModelOutcome {
        let outcome = makeInitialModel(statistics: statistics)
        guard let last, case .made(let model, var notes) = outcome, let old = try? FederationContext(of: last),
            let new = try? FederationContext(of: model)
        else { return outcome }
        let (carried, begun) = new.carrying(last, of: old, into: model)
        if !begun.isEmpty {
            let fields = ["groups": "\(begun.count)", "first": PrintableText.line(begun[0], limit: 120)]
            notes.append(Note(.notice, "groups begin to learn anew", fields))
        }
        return .made(carried, notes: notes)
    }

    package func makeInitialModel(statistics: [(worker: String, bytes: [UInt8])]) -> InitialModelOutcome {
        var parts: [Part] = []
        var refused: [String: String] = [:]
        for (worker, bytes) in statistics where !bytes.isEmpty {
            do throws(FederationError) {
                let found = try Self.decoded(bytes)
                // Who serves what was looked at when they came.
                if let flaw = gate.flaw(in: found, of: nil, rules: rules) { refused[worker] = flaw }
                if !found.isEmpty { parts.append((worker, found)) }
            } catch {
                refused[worker] = error.description
            }
        }
        guard refused.isEmpty else { return .refused(refused) }
        let comparison = StatisticsComparison(parts, gate: gate)
        guard comparison.refused.isEmpty else { return .refused(comparison.refused) }
        do {
            return try model(of: parts, comparison)
        } catch {
            return .impossible("\(error)")
        }
    }

    private func model(of parts: [Part], _ comparison: StatisticsComparison) throws -> InitialModelOutcome {
        var merged = TelemetryStatistics()
        for part in parts { merged.merge(part.statistics) }
        var scale = merged
        var notes: [Note] = []
        if !comparison.leftOut.isEmpty {
            scale = TelemetryStatistics()
            for part in parts {
                let columns = comparison.leftOut[part.sender] ?? [:]
                scale.merge(part.statistics.leavingOut(columns))
                let names = columns.flatMap { type, names in names.map { "\(type)/\($0)" } }.sorted()
                guard !names.isEmpty else { continue }
                notes.append(
                    Note(
                        .warning,
                        "metrics of a worker are far from those of the others and do not count for their scale",
                        [
                            "worker": part.sender, "metrics": "\(names.count)",
                            "first": PrintableText.line(names[0], limit: 120),
                        ]))
            }
        }
        let context = try FederationContext.fitted(
            to: merged, scaledBy: scale, rules: rules, configuration: configuration)
        guard !context.groups.isEmpty else { return .impossible("no worker has a metric that varies") }
        if context.groups.count > gate.mostGroups {
            return blame(parts, because: "with it there are \(context.groups.count) groups, at most \(gate.mostGroups)")
            {
                Set(
                    $0.types.flatMap { type, entry in entry.columns.keys.map { "\(type)/\(rules.group(for: $0).name)" }
                    }
                )
                .count
            }
        }
        for group in context.groups {
            do throws(ModelError) {
                try configuration.requireModest(features: group.metrics.count, subject: "group '\(group.name)'")
            } catch {
                let wanted = Set(group.metrics)
                return blame(parts, because: "\(error)") { statistics in
                    statistics.types.values.map { wanted.intersection($0.columns.keys).count }.max() ?? 0
                }
            }
        }
        let model = try context.initialModel()
        // As every worker will: what cannot be read must not become a version.
        try model.readable()
        guard try FederationContext(of: model) == context else {
            return .impossible("the context is read as another one than was written")
        }
        return .made(model, notes: notes)
    }

    /// Refuses the sender that has most of something; nobody where there is only one.
    private func blame(
        _ parts: [Part], because reason: String, _ measure: (TelemetryStatistics) -> Int
    ) -> InitialModelOutcome {
        let worst = parts.map { (sender: $0.sender, size: measure($0.statistics)) }
            .max { ($0.size, $0.sender) < ($1.size, $1.sender) }
        guard parts.count > 1, let worst else { return .impossible(reason) }
        return .refused([worst.sender: reason])
    }
}
