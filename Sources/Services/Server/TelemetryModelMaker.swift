package import Autoencoders
package import Federation
import Platform
package import Telemetry

/// Makes the first version from the workers' statistics, and says whose statistics stand in its way.
package struct TelemetryModelMaker: InitialModelMaker {
    private let configuration: TrainingConfiguration
    let rules: GroupRules
    let gate: StatisticsGate

    /// A maker for models that are trained as `configuration` says.
    package init(configuration: TrainingConfiguration, rules: GroupRules, gate: StatisticsGate = StatisticsGate()) {
        self.configuration = configuration
        self.rules = rules
        var gate = gate
        // One more is that of what is usual.
        gate.mostGroups = min(gate.mostGroups, WireLimits.groups - 1)
        self.gate = gate
    }

    package func check(statistics: [UInt8], from worker: String, entities: [String]) throws(FederationError) -> Bool {
        try check(statistics: statistics, of: Set(entities))
    }

    private func check(statistics: [UInt8], of entities: Set<String>?) throws(FederationError) -> Bool {
        guard let found = try? TelemetryStatistics(reading: statistics) else {
            throw FederationError(.unusableStatistics, "statistics of another form")
        }
        if let flaw = gate.flaw(in: found, of: entities, rules: rules) {
            throw FederationError(.unusableStatistics, flaw)
        }
        return !found.isEmpty
    }

    package func collection(recorded: RoundTreatment?) -> any StatisticsCollection {
        TelemetryCollection(maker: self, recorded: recorded)
    }

    package func makeInitialModel(statistics: [(worker: String, bytes: [UInt8])]) -> InitialModelOutcome {
        makeModel(statistics: statistics, continuing: nil)
    }

    package func makeModel(
        statistics: [(worker: String, bytes: [UInt8])], continuing last: FederatedModel?
    ) -> InitialModelOutcome {
        var collection = self.collection(recorded: nil)
        var refused: [String: String] = [:]
        for (worker, bytes) in statistics where !bytes.isEmpty {
            do throws(FederationError) {
                if try check(statistics: bytes, of: nil) { collection.add(bytes, from: worker) }
            } catch {
                refused[worker] = error.description
            }
        }
        return refused.isEmpty ? collection.makeModel(leavingOut: [], continuing: last) : .refused(refused)
    }

    /// A version of what was added up.
    ///
    /// - Parameter done: what was done with it before.
    func model(
        of statistics: TelemetryStatistics, _ done: StatisticsTreatment, continuing last: FederatedModel?
    ) -> InitialModelOutcome {
        var notes = done.notes
        do {
            let context = try self.context(of: statistics)
            guard !context.groups.isEmpty else { return .impossible("no worker has a metric that varies") }
            let model = try context.initialModel()
            // As every worker will: what cannot be read must not become a version.
            try model.readable()
            guard try FederationContext(of: model) == context else {
                return .impossible("the context is read as another one than was written")
            }
            guard let last, let old = try? FederationContext(of: last) else { return .made(model, notes: notes) }
            let (carried, begun) = context.carrying(last, of: old, into: model)
            if !begun.isEmpty {
                let fields = ["groups": "\(begun.count)", "first": PrintableText.line(begun[0], limit: 120)]
                notes.append(Note(.notice, "groups begin to learn anew", fields))
            }
            return .made(carried, notes: notes)
        } catch {
            return .impossible("\(error)")
        }
    }

    private func context(of statistics: TelemetryStatistics) throws -> FederationContext {
        try FederationContext.fitted(to: statistics, rules: rules, configuration: configuration)
    }

    // MARK: What is too much

    /// That there is too much of something, and how much of it somebody has whose columns are these, by type.
    struct Excess {
        var reason: String
        var measure: ([String: Set<String>]) -> Int
    }

    /// What there is too much of; `nil` where a model can be made.
    func excess(of statistics: TelemetryStatistics) -> Excess? {
        guard let groups = try? context(of: statistics).groups else { return nil }
        if groups.count > gate.mostGroups {
            let reason = "with it there are \(groups.count) groups, at most \(gate.mostGroups)"
            return Excess(reason: reason) { [rules] types in
                types.values.reduce(0) { count, columns in count + Set(columns.map { rules.group(for: $0) }).count }
            }
        }
        for group in groups {
            guard let reason = excess(features: group.metrics.count, subject: "group '\(group.name)'") else { continue }
            let wanted = Set(group.metrics)
            return Excess(reason: reason) { types in types.values.map { wanted.intersection($0).count }.max() ?? 0 }
        }
        return nil
    }

    /// What would be too much; `nil` where that many groups can be, the widest with so many metrics.
    func excess(groups: Int, features: Int) -> String? {
        guard groups <= gate.mostGroups else { return "with it there are \(groups) groups, at most \(gate.mostGroups)" }
        return excess(features: features, subject: "the widest group")
    }

    private func excess(features: Int, subject: String) -> String? {
        do throws(ModelError) {
            try configuration.requireModest(features: features, subject: subject)
            return nil
        } catch {
            return "\(error)"
        }
    }
}
