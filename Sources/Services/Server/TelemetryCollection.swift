import Autoencoders
import Federation
import Platform
import Telemetry

/// The statistics of a round, held against each other and added up.
///
/// As long as they are few they are held, and compared when all are there. Beyond ``StatisticsGate/heldBytes`` what is there
/// is compared and added up, and those that come later are held against that and added as they come: memory does not grow
/// with the number of workers. Whose statistics of which metric do not count is part of the round's record, and with it the
/// sum is the same in any order.
struct TelemetryCollection: StatisticsCollection {
    private struct Held {
        var worker: String
        var bytes: [UInt8]
        var summary: StatisticsComparison.Summary
    }

    /// What came of putting statistics together.
    private enum Together {
        case merged(TelemetryStatistics, StatisticsComparison)
        case refused([String: String])
        case impossible(String)
    }

    private let maker: TelemetryModelMaker
    private let recorded: StatisticsTreatment?
    private var seen: Set<String> = []
    private var held: [Held] = []
    private var heldBytes = 0
    /// What is added up, and what others are held against; `nil` while all are held.
    private var merged: TelemetryStatistics?
    private var comparison: StatisticsComparison?
    private var tally: GroupTally
    private var refused: [String: String] = [:]
    private var naming: [String: GroupRules.Naming] = [:]
    private(set) var rows: [String: UInt64] = [:]
    private(set) var treatment = RoundTreatment()

    init(maker: TelemetryModelMaker, recorded: RoundTreatment?) {
        self.maker = maker
        tally = GroupTally(rules: maker.rules)
        self.recorded = recorded.map(StatisticsTreatment.init)
        if recorded != nil { merged = TelemetryStatistics() }
    }

    mutating func add(_ bytes: [UInt8], from worker: String) {
        // Whatever is repeated counts once.
        guard !bytes.isEmpty, seen.insert(worker).inserted else { return }
        guard let statistics = read(bytes) else {
            refused[worker] = "statistics of another form"
            return
        }
        guard !statistics.isEmpty else { return }
        if let recorded {
            merged?.merge(recorded.applied(to: statistics, from: worker))
        } else if merged != nil {
            addLate(statistics, from: worker)
        } else {
            let summary = StatisticsComparison.Summary(of: statistics, from: worker)
            held.append(Held(worker: worker, bytes: bytes, summary: summary))
            heldBytes += bytes.count
            if heldBytes > maker.gate.heldBytes, held.count > StatisticsGate.mostHeld { mergeHeld() }
        }
    }

    mutating func makeModel(
        leavingOut names: Set<String>, continuing last: FederatedModel?
    ) -> InitialModelOutcome {
        let blamed = refused.filter { !names.contains($0.key) }
        guard blamed.isEmpty else { return .refused(blamed) }
        held.removeAll { names.contains($0.worker) }
        guard let merged else {
            switch together(held) {
            case .merged(let sum, let comparison):
                return model(of: sum, StatisticsTreatment(comparison), continuing: last)
            case .refused(let reasons): return .refused(reasons)
            case .impossible(let reason): return .impossible(reason)
            }
        }
        let done = recorded ?? comparison.map(StatisticsTreatment.init) ?? StatisticsTreatment(RoundTreatment())
        return model(of: merged, done, continuing: last)
    }

    private mutating func model(
        of sum: TelemetryStatistics, _ done: StatisticsTreatment, continuing last: FederatedModel?
    ) -> InitialModelOutcome {
        treatment = done.recorded
        rows = sum.types.values.reduce(into: [:]) { rows, type in
            for (entity, clock) in type.clocks { rows[entity] = max(rows[entity] ?? 0, clock.rows) }
        }
        return maker.model(of: sum, done, continuing: last)
    }

    // MARK: Few

    private mutating func read(_ bytes: [UInt8]) -> TelemetryStatistics? {
        guard var statistics = try? TelemetryStatistics(reading: bytes) else { return nil }
        statistics.nameCounters { name in
            if let known = naming[name] { return known }
            let found = maker.rules.naming(of: name)
            naming[name] = found
            return found
        }
        return statistics
    }

    private mutating func together(_ held: [Held]) -> Together {
        let comparison = StatisticsComparison(held.map(\.summary), gate: maker.gate)
        guard comparison.refused.isEmpty else { return .refused(comparison.refused) }
        let done = StatisticsTreatment(comparison)
        var sum = TelemetryStatistics()
        for part in held {
            // Read once more instead of held, which takes several times as much.
            guard let statistics = read(part.bytes) else { continue }
            sum.merge(done.applied(to: statistics, from: part.worker))
        }
        guard let excess = maker.excess(of: sum) else { return .merged(sum, comparison) }
        let worst = held.map { (worker: $0.worker, size: excess.measure($0.summary.columnNames)) }
            .max { ($0.size, $0.worker) < ($1.size, $1.worker) }
        guard held.count > 1, let worst else { return .impossible(excess.reason) }
        return .refused([worst.worker: excess.reason])
    }

    // MARK: Many

    private mutating func mergeHeld() {
        while held.count > StatisticsGate.mostHeld {
            switch together(held) {
            case .merged(let sum, let comparison):
                merged = sum
                _ = tally.add(sum.types.mapValues(\.columns.keys)) { _, _ in nil }
                self.comparison = comparison
                held = []
            case .refused(let reasons):
                refused.merge(reasons) { old, _ in old }
                held.removeAll { reasons[$0.worker] != nil }
            // Where nobody is to blame there are few.
            case .impossible: return
            }
        }
        heldBytes = held.reduce(0) { $0 + $1.bytes.count }
    }

    private mutating func addLate(_ statistics: TelemetryStatistics, from worker: String) {
        comparison?.add(statistics, from: worker)
        if let reason = comparison?.refused[worker] {
            refused[worker] = reason
            return
        }
        var new: [String: [String]] = [:]
        for (type, entry) in statistics.types {
            let known = merged?.types[type]?.columns
            let names = entry.columns.keys.filter { known?[$0] == nil }
            if !names.isEmpty { new[type] = names }
        }
        if !new.isEmpty, let reason = tally.add(new, unless: maker.excess(groups:features:)) {
            refused[worker] = reason
            return
        }
        let done = comparison.map { StatisticsTreatment($0, of: worker) }
        merged?.merge(done?.applied(to: statistics, from: worker) ?? statistics)
    }
}
