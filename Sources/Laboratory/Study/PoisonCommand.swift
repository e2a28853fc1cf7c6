import Autoencoders
package import CommandLine
import Foundation
import Numerics
import Platform
import Services
import Telemetry

/// `fl-train study-poison`: what workers that mean ill do to the others' models, and what helps.
package struct PoisonCommand: Command {
    private static let attackers = Option<[Int]>(
        "attackers", "N,…", default: [2], "how many of a set's entities mean ill; one table for each number",
        constraint: "at least 1", valid: { $0.allSatisfy { $0 >= 1 } && !$0.isEmpty })
    private static let attacks = Option<[String]>(
        "attacks", "NAME…", default: ["all"], "what they do, or all; see below",
        constraint: "all, \(PoisonAttack.allCases.dropFirst().map(\.rawValue).joined(separator: ", "))",
        valid: {
            !$0.isEmpty
                && $0.allSatisfy {
                    $0 == "all" || (PoisonAttack(rawValue: $0) ?? PoisonAttack.none) != PoisonAttack.none
                }
        })
    private static let defences = Option<[String]>(
        "defences", "NAME…", default: ["all"],
        "what the server does about it, or all: plain averages whatever is finite, the others stand behind the default gate",
        constraint: "all, \(PoisonDefence.allCases.map(\.rawValue).joined(separator: ", "))",
        valid: { !$0.isEmpty && $0.allSatisfy { $0 == "all" || PoisonDefence(rawValue: $0) != nil } })
    private static let rounds = Option<Int>(
        "rounds", "N", default: 10, "rounds", constraint: "1 to 100000", valid: { (1...100_000).contains($0) })
    private static let seeds = Option<Int>(
        "seeds", "N", default: 5, "how often everything is done, with other initial parameters and other attackers",
        constraint: "1 to 1000", valid: { (1...1_000).contains($0) })
    package static let manual = CommandManual(
        name: "study-poison", summary: "measure what workers that mean ill do to the others, and what helps",
        discussion: """
            One worker an entity. Of each set some, drawn by the seed, do to their contributions what an attack says; the \
            others' models are judged on their labelled test parts (VUS-PR) and compared with the same federation and the \
            same rule in which nobody means ill, over pairs with the same seed. Local training, gate, rules and statistics are \
            those of a federation; that the server leaves out who is refused again and again, and takes bad versions back, is \
            not part of it. One in refused is a contribution of an attacker (or of an honest worker) in one round.

            """ + PoisonAttack.allCases.dropFirst().map { "\($0.rawValue): \($0.meaning)." }.joined(separator: "\n"),
        examples: [
            .init("fl-train study-poison --data sites --attackers 2,4", "two, and four, of the entities"),
            .init(
                "fl-train study-poison --data sites --attackers 1 --attacks tenfold --defences plain gate median",
                "one attack, three ways to meet it"),
        ],
        options: [
            BenchmarkCommand.data, attackers, attacks, defences, rounds, StudyCommand.epochs, seeds,
            BenchmarkCommand.threads,
            TrainingOptions.window, TrainingOptions.hidden, TrainingOptions.batch, TrainingOptions.learningRate,
            TrainingOptions.maximumWindows, TrainingOptions.seed, StudyCommand.out, StudyCommand.format,
        ] + DataOptions.all)

    /// A command that gets its arguments when it runs.
    package init() {}

    /// Runs it.
    package func run(_ arguments: Arguments, _ console: Console) async throws {
        let reader = DataOptions.readerOptions(arguments)
        let rules = try DataOptions.rules(arguments)
        console.progress("looking for labelled entities")
        let entities = try BenchmarkEntity.discover(
            arguments[BenchmarkCommand.data], options: reader, rules: rules, drift: nil)
        let sets = Dictionary(grouping: entities, by: \.set).sorted { $0.key < $1.key }.map(\.value)
        let counts = arguments[Self.attackers]
        for members in sets where members.count <= counts.max() ?? 0 {
            throw CommandLineError(
                .data,
                "\(members[0].set): found \(members.count) labelled entities, of which \(counts.max() ?? 0) mean ill; expected "
                    + "one honest one at least")
        }
        let study = PoisonStudy(
            study: FederatedStudy(
                setting: Self.setting(arguments), configuration: try Self.configuration(arguments), reader: reader,
                rules: rules))
        let first = arguments[TrainingOptions.seed]
        var work: [(set: Int, attackers: Int, attack: PoisonAttack, defence: PoisonDefence, seed: UInt64)] = []
        for seed in 0..<UInt64(arguments[Self.seeds]) {
            for set in sets.indices {
                for count in counts {
                    for defence in Self.chosen(PoisonDefence.self, arguments[Self.defences]) {
                        for attack in [PoisonAttack.none] + Self.chosen(PoisonAttack.self, arguments[Self.attacks]) {
                            work.append((set, count, attack, defence, first &+ seed))
                        }
                    }
                }
            }
        }
        let threads = arguments[optional: BenchmarkCommand.threads] ?? ProcessInfo.processInfo.activeProcessorCount
        let (tasks, members) = (work, sets)
        let outcomes = try await BackgroundThread.run {
            try ParallelTasks.map(count: tasks.count, threads: threads) { index in
                let task = tasks[index]
                console.progress(
                    "\(index + 1) of \(tasks.count): \(task.attackers) × \(task.attack.rawValue), \(task.defence.rawValue)"
                )
                return try study.outcome(
                    task.attack, task.defence, attackers: task.attackers, seed: task.seed, entities: members[task.set])
            }
        }
        console.clearProgress()
        let report = PoisonReport(outcomes: outcomes, seed: first)
        if let file = arguments[optional: StudyCommand.out] {
            try FileContents.writeAtomically(Array((try Console.json(report, pretty: true) + "\n").utf8), to: file)
        }
        switch arguments[StudyCommand.format] {
        case .json: try console.printJSON(report)
        case .table: console.print(report.text)
        }
    }

    private static func chosen<Kind: RawRepresentable & CaseIterable>(_: Kind.Type, _ names: [String]) -> [Kind]
    where Kind.RawValue == String {
        Kind.allCases.filter {
            names.contains("all") ? $0.rawValue != PoisonAttack.none.rawValue : names.contains($0.rawValue)
        }
    }

    private static func setting(_ arguments: Arguments) -> FederatedStudy.Setting {
        FederatedStudy.Setting(
            rounds: arguments[rounds], epochs: arguments[StudyCommand.epochs], proximalWeight: 0, participation: 1,
            stragglers: 0,
            tuningRounds: 1, trainingShare: 1, newSiteShare: 1, drift: 0, periods: 1, updateRounds: 1)
    }

    private static func configuration(_ arguments: Arguments) throws -> TrainingConfiguration {
        var configuration = TrainingConfiguration()
        configuration.window = arguments[TrainingOptions.window]
        configuration.hidden = arguments[TrainingOptions.hidden]
        configuration.batch = arguments[TrainingOptions.batch]
        configuration.learningRate = arguments[TrainingOptions.learningRate]
        configuration.maximumWindows = arguments[TrainingOptions.maximumWindows]
        try configuration.validate()
        return configuration
    }
}

/// What the study found.
struct PoisonReport: Encodable {
    /// One attack against one defence: means over seeds.
    struct Row: Encodable {
        var set: String
        var attackers: Int
        var of: Int
        var attack: PoisonAttack
        var defence: PoisonDefence
        /// At the honest entities.
        var volumeUnderPR: BootstrapInterval
        /// Over the same where nobody means ill, less one; absent for that itself.
        var change: BootstrapInterval?
        /// Mean squared error on what the honest workers held out; absent where it is no number.
        var heldOutLoss: Double?
        var refused: Int
        var refusedHonest: Int
    }

    let rows: [Row]
    let outcomes: [PoisonStudy.Outcome]

    init(outcomes: [PoisonStudy.Outcome], seed: UInt64) {
        self.outcomes = outcomes
        struct Key: Hashable {
            var set: String
            var attackers: Int
            var attack: PoisonAttack
            var defence: PoisonDefence
        }
        func key(_ outcome: PoisonStudy.Outcome) -> Key {
            Key(set: outcome.set, attackers: outcome.attackers, attack: outcome.attack, defence: outcome.defence)
        }
        var order: [Key] = []
        for outcome in outcomes where !order.contains(key(outcome)) { order.append(key(outcome)) }
        func interval(_ values: [Double]) -> BootstrapInterval? {
            var generator = CounterBasedGenerator(seed: seed, purpose: "study/interval")
            return BootstrapInterval(meanOf: values, generator: &generator)
        }
        rows = order.compactMap { key -> Row? in
            let own = outcomes.filter {
                $0.set == key.set && $0.attackers == key.attackers && $0.attack == key.attack
                    && $0.defence == key.defence
            }
            guard let volume = interval(own.map(\.mean)) else { return nil }
            let changes = own.compactMap { outcome -> Double? in
                let peer = outcomes.first {
                    $0.set == key.set && $0.attackers == key.attackers && $0.attack == .none
                        && $0.defence == key.defence && $0.seed == outcome.seed
                }
                return peer.flatMap { $0.mean > 0 ? outcome.mean / $0.mean - 1 : nil }
            }
            return Row(
                set: key.set, attackers: key.attackers, of: key.attackers + (own[0].volumeUnderPR.count),
                attack: key.attack, defence: key.defence, volumeUnderPR: volume,
                change: key.attack == .none ? nil : interval(changes),
                heldOutLoss: Self.finite(own.reduce(0) { $0 + $1.heldOutLoss } / Double(own.count)),
                refused: own.reduce(0) { $0 + $1.refused },
                refusedHonest: own.reduce(0) { $0 + $1.refusedHonest })
        }
    }

    /// One table for each set and number of attackers: attacks down, defences across.
    var text: String {
        var parts: [String] = []
        for set in Set(rows.map(\.set)).sorted() {
            for count in Set(rows.map(\.attackers)).sorted() {
                let own = rows.filter { $0.set == set && $0.attackers == count }
                let defences = PoisonDefence.allCases.filter { defence in own.contains { $0.defence == defence } }
                var table = Table(["\(set): \(count) of \(own.first?.of ?? 0)"] + defences.map(\.rawValue))
                for attack in PoisonAttack.allCases where own.contains(where: { $0.attack == attack }) {
                    table.add(
                        [attack.rawValue]
                            + defences.map { defence in
                                own.first { $0.attack == attack && $0.defence == defence }.map(Self.cell) ?? "-"
                            })
                }
                parts.append(table.text)
            }
        }
        parts.append(
            "VUS-PR at the honest entities where nobody means ill, and below how much of it an attack changes, over pairs with "
                + "the same seed ([95 %]); behind the semicolon the mean squared error on held-out windows of the honest workers; \(Quantity.count(Set(outcomes.map(\.seed)).count, "seed"))."
        )
        return parts.joined(separator: "\n\n")
    }

    private static func finite(_ value: Double) -> Double? { value.isFinite ? value : nil }

    private static func cell(_ row: Row) -> String {
        let loss = row.heldOutLoss.map { "; " + Quantity.number($0, digits: 3) } ?? ""
        guard let change = row.change else { return Quantity.number(row.volumeUnderPR.mean, digits: 3) + loss }
        func percent(_ share: Double) -> String { (share < 0 ? "" : "+") + Quantity.number(share * 100, digits: 2) }
        return "\(percent(change.mean)) % [\(percent(change.lower)), \(percent(change.upper))]" + loss
    }
}
