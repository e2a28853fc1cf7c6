import CommandLine
import Foundation
import Telemetry
import Watching

/// How well incidents tell where they began, on every set of faults with known places.
struct LocalizationReport: Encodable {
    /// How often the culprit is among the first suspects; a fault without an incident counts as missed.
    struct Row: Encodable {
        let method: String
        let accuracy1: Double
        let accuracy3: Double
        /// The mean of AC@1 to AC@5.
        let average5: Double
        /// Faults with an incident; `nil` where the time is given.
        let found: Int?
        /// Incidents in the quiet stretch.
        let falseIncidents: Int?
    }

    /// Names by a library of other faults.
    struct Naming: Encodable {
        let library: String
        /// Found faults whose kind is in the library.
        let known: Int
        let accuracy: Double?
        /// The share called unknown when their kind is taken out.
        let unknownRejection: Double?
    }

    /// False alarms against a budget in the quiet stretch.
    struct Budget: Encodable {
        /// Allowed, a day and entity.
        let perDay: Double
        let expected: Double
        let observed: Int
        /// The 95 % Poisson interval of what was observed.
        let lower: Double
        let upper: Double
    }

    /// One judged day of a set.
    struct Day: Encodable {
        let set: String
        let day: String
        let faults: Int
        let entities: Int
        let quietHours: Double
        let rows: [Row]
        let naming: [Naming]
        let budgets: [Budget]
    }

    let days: [Day]
    /// Whose dependencies would be chosen for a set by all others, with what that gives there (AC@1).
    let leaveOneSetOut: [Choice]

    /// What a choice that was made on the other sets gives on this one.
    struct Choice: Encodable {
        let set: String
        let chosen: String
        let accuracy1: Double
        let best: String
        let bestAccuracy1: Double
    }

    /// Budgets that thresholds are held against.
    private static let budgets = [0.2, 1, 5]

    /// Measures all sets; `nil` without any.
    ///
    /// - Throws: what reading and learning throw.
    init?(_ sets: [LocalizationSet], options: ReaderOptions, rules: GroupRules, falseAlarmsPerDay: Double) throws {
        guard !sets.isEmpty else { return nil }
        let runs = try sets.map {
            try LocalizationRun($0, options: options, rules: rules, falseAlarmsPerDay: falseAlarmsPerDay)
        }
        let libraries = try runs.map { run in
            try Self.observations(
                run.judge(run.set.days[0], dependencies: Self.given(run, 0) ?? run.model.dependencies),
                Self.given(run, 0) ?? run.model.dependencies)
        }
        var days: [Day] = []
        for (index, run) in runs.enumerated() {
            for (place, day) in run.set.days.enumerated().dropFirst() {
                days.append(
                    try Self.measure(
                        run, place, day, own: libraries[index],
                        foreign: libraries.enumerated().filter { $0.offset != index }.flatMap(\.element), rules: rules))
            }
        }
        self.days = days
        leaveOneSetOut = Self.choices(days)
    }

    private static func given(_ run: LocalizationRun, _ place: Int) -> DependencyGraph? {
        run.set.days[place].dependencies
    }

    private static func measure(
        _ run: LocalizationRun, _ place: Int, _ day: LocalizationSet.Day, own: [Observation], foreign: [Observation],
        rules: GroupRules
    ) throws -> Day {
        let none = try run.judge(day, dependencies: DependencyGraph())
        var rows = [Row(random: none.entities, faults: day.faults.count)]
        rows.append(Row("robust z-score, told the time", try run.ranksOfRobustZScore(day)))
        var ways: [(String, LocalizationRun.Judged)] = [("incidents, no dependencies", none)]
        ways.append(("incidents, learned dependencies", try run.judge(day, dependencies: run.model.dependencies)))
        if let given = day.dependencies {
            ways.append(("incidents, given dependencies", try run.judge(day, dependencies: given)))
        }
        rows += ways.map { Row($0.0, $0.1, of: day) }
        let best = ways[ways.count - 1].1
        let seen = observations(best, day.dependencies ?? run.model.dependencies)
        var naming = [
            Naming("first day", seen, own) { _, _ in true },
            Naming("first day, other entities", seen, own) {
                WorkloadName.of($0.entity) != WorkloadName.of($1.entity)
            },
        ]
        if !foreign.isEmpty { naming.append(Naming("other systems", seen, foreign) { _, _ in true }) }
        let budgets = try Self.budgets.map { budget in
            let other = try LocalizationRun(
                run.set, options: run.options, rules: rules, falseAlarmsPerDay: budget)
            let judged = try other.judge(day, dependencies: DependencyGraph())
            return Budget(
                perDay: budget, entityDays: judged.quietSeconds / 86_400 * Double(judged.entities),
                observed: judged.falseIncidents)
        }
        return Day(
            set: run.set.name, day: day.name, faults: day.faults.count, entities: best.entities,
            quietHours: best.quietSeconds / 3_600, rows: rows, naming: naming, budgets: budgets)
    }

    /// A fault as an incident saw it.
    struct Observation {
        let entity: String
        let kind: String
        let signature: FaultSignature
    }

    /// The signatures of found faults, each seen from the first suspect: that is all that is known without labels.
    private static func observations(
        _ judged: LocalizationRun.Judged, _ dependencies: DependencyGraph
    ) -> [Observation] {
        judged.faults.compactMap { fault, found in
            guard !fault.kind.isEmpty, let found, let first = found.suspects.first else { return nil }
            return Observation(
                entity: fault.entity ?? "", kind: fault.kind,
                signature: FaultSignature(
                    of: found.incident, seenFrom: "\(first.site)/\(first.entity)", dependencies: dependencies))
        }
    }

    private static func choices(_ days: [Day]) -> [Choice] {
        let sets = Set(days.map(\.set)).sorted()
        guard sets.count > 1 else { return [] }
        func mean(_ method: String, _ days: [Day]) -> Double? {
            let values = days.compactMap { day in day.rows.first { $0.method == method }?.accuracy1 }
            return values.count == days.count && !values.isEmpty ? values.reduce(0, +) / Double(values.count) : nil
        }
        let methods = (days.first?.rows ?? []).map(\.method).filter { $0.hasPrefix("incidents") }
        return sets.compactMap { set in
            let (mine, others) = (days.filter { $0.set == set }, days.filter { $0.set != set })
            func best(_ days: [Day]) -> (String, Double)? {
                methods.compactMap { method in mean(method, days).map { (method, $0) } }.max { $0.1 < $1.1 }
            }
            guard let chosen = best(others), let top = best(mine), let value = mean(chosen.0, mine) else { return nil }
            return Choice(
                set: set, chosen: chosen.0, accuracy1: value, best: top.0, bestAccuracy1: top.1)
        }
    }
}

extension LocalizationReport.Row {
    /// What chance gives among so many entities.
    fileprivate init(random entities: Int, faults: Int) {
        let count = Double(max(1, entities))
        self.init(
            method: "random, told the time", accuracy1: 1 / count, accuracy3: min(1, 3 / count),
            average5: (1...5).reduce(0) { $0 + min(1, Double($1) / count) } / 5, found: nil, falseIncidents: nil)
    }

    /// Ranks of the culprits, from 1; `nil`: not ranked.
    fileprivate init(_ method: String, _ ranks: [Int?], found: Int? = nil, falseIncidents: Int? = nil) {
        func accuracy(_ most: Int) -> Double {
            Double(ranks.filter { $0.map { $0 <= most } ?? false }.count) / Double(max(1, ranks.count))
        }
        self.init(
            method: method, accuracy1: accuracy(1), accuracy3: accuracy(3),
            average5: (1...5).reduce(0) { $0 + accuracy($1) } / 5, found: found, falseIncidents: falseIncidents)
    }

    fileprivate init(_ method: String, _ judged: LocalizationRun.Judged, of day: LocalizationSet.Day) {
        let ranks = judged.faults.map { fault, found in
            found.flatMap { found in
                found.suspects.firstIndex { day.isFaulty($0.entity, fault) }.map { $0 + 1 }
            }
        }
        self.init(
            method, ranks, found: judged.faults.filter { $0.found != nil }.count,
            falseIncidents: judged.falseIncidents)
    }
}

extension LocalizationReport.Naming {
    fileprivate init(
        _ library: String, _ seen: [LocalizationReport.Observation], _ known: [LocalizationReport.Observation],
        _ mayTeach: (LocalizationReport.Observation, LocalizationReport.Observation) -> Bool
    ) {
        var (right, knownCount, rejected) = (0, 0, 0)
        for fault in seen {
            var library = FaultLibrary()
            for other in known where mayTeach(other, fault) { library.add(other.signature, as: other.kind) }
            var without = library
            let isKnown = without.remove(fault.kind)
            if without.match(fault.signature).fault == nil { rejected += 1 }
            guard isKnown else { continue }
            knownCount += 1
            if library.match(fault.signature).fault == fault.kind { right += 1 }
        }
        self.init(
            library: library, known: knownCount,
            accuracy: knownCount > 0 ? Double(right) / Double(knownCount) : nil,
            unknownRejection: seen.isEmpty ? nil : Double(rejected) / Double(seen.count))
    }
}

extension LocalizationReport.Budget {
    fileprivate init(perDay: Double, entityDays: Double, observed: Int) {
        let interval = PoissonInterval(observed: observed)
        self.init(
            perDay: perDay, expected: perDay * entityDays, observed: observed, lower: interval.lower,
            upper: interval.upper)
    }
}

extension LocalizationReport {
    /// The tables.
    var text: String { (days.map(\.text) + [choiceText].compactMap(\.self)).joined(separator: "\n\n") }

    private var choiceText: String? {
        guard !leaveOneSetOut.isEmpty else { return nil }
        var table = Table(["set", "chosen on the other sets", "AC@1", "best here", "AC@1"])
        for choice in leaveOneSetOut {
            table.add([
                choice.set, choice.chosen, Quantity.fixed(choice.accuracy1, 2), choice.best,
                Quantity.fixed(choice.bestAccuracy1, 2),
            ])
        }
        return "dependencies, leave-one-set-out\n\n" + table.text
    }
}

extension LocalizationReport.Day {
    fileprivate var text: String {
        func fixed(_ value: Double?) -> String { value.map { Quantity.fixed($0, 2) } ?? "-" }
        var places = Table(["where it began", "AC@1", "AC@3", "Avg@5", "found", "false incidents"])
        for row in rows {
            places.add([
                row.method, fixed(row.accuracy1), fixed(row.accuracy3), fixed(row.average5),
                row.found.map { "\($0)" } ?? "-", row.falseIncidents.map { "\($0)" } ?? "-",
            ])
        }
        var names = Table(["library", "known", "named right", "unknown without its kind"])
        for row in naming {
            names.add([row.library, "\(row.known)", fixed(row.accuracy), fixed(row.unknownRejection)])
        }
        var limits = Table(["budget per day and entity", "expected", "observed", "95 %"])
        for row in budgets {
            limits.add([
                Quantity.number(row.perDay), fixed(row.expected), "\(row.observed)",
                "\(Quantity.fixed(row.lower, 1))–\(Quantity.fixed(row.upper, 1))",
            ])
        }
        return [
            "\(set), \(day): \(Quantity.count(faults, "fault")) at \(Quantity.count(entities, "entity", "entities")), "
                + "\(Quantity.fixed(quietHours, 1)) quiet hours", "", places.text, "", names.text, "", limits.text,
        ].joined(separator: "\n")
    }
}
