import CommandLine
import Laboratory
import Placement

/// Every published claim about the placement models, recomputed: the table of `docs/placement.md`.
struct PublishedClaims {
    /// The two set-ups that agree with the published table: training-time curve and size.
    private static let setups: [(name: String, profile: PublishedProfile, accessNodes: Int)] = [
        ("26 nodes, stepped p_k", .stepped, 16), ("52 nodes, smooth p_k", .smooth, 32),
    ]
    private static let targets = [2, 1.6, 1.2]
    private static let rounds = [1, 5, 10, 15]
    /// Instances as published, and many for shares.
    private static let few = 15
    private static let many = 300

    /// The table in Markdown.
    func table(progress: (String) -> Void) throws(PlacementError) -> String {
        var rows: [(claim: String, ours: [String], verdict: [String])] = []
        func add(_ claim: String, _ column: Int, _ ours: String, _ verdict: String) {
            if let index = rows.firstIndex(where: { $0.claim == claim }) {
                rows[index].ours.append(ours)
                rows[index].verdict.append(verdict)
            } else {
                rows.append((claim, [ours], [verdict]))
            }
        }
        for (column, setup) in Self.setups.enumerated() {
            progress(setup.name)
            try claims(setup.profile, setup.accessNodes) { add($0, column, $1, $2) }
        }
        var lines = [
            "| published claim | " + Self.setups.map(\.name).joined(separator: " | ") + " | reproduced |",
            "| --- |" + Self.setups.map { _ in " --- |" }.joined() + " --- |",
        ]
        for row in rows {
            let verdicts = row.verdict.allSatisfy { $0 == row.verdict[0] } ? [row.verdict[0]] : row.verdict
            lines.append(
                "| \(row.claim) | \(row.ours.joined(separator: " | ")) | \(verdicts.joined(separator: "; ")) |")
        }
        return lines.joined(separator: "\n")
    }

    private func claims(
        _ profile: PublishedProfile, _ accessNodes: Int, _ add: (String, String, String) -> Void
    ) throws(PlacementError) {
        var experiment = PublishedExperiment()
        experiment.profile = profile
        experiment.mandala.accessNodes = accessNodes
        let topology = try experiment.topology()
        let latency = topology.latency
        func sweep(
            _ targets: [Double], _ rounds: [Int], _ instances: Int
        ) throws(PlacementError) -> [PlacementSweep.Cell] {
            try PlacementSweep.run(
                targets: targets, rounds: rounds, instances: instances, contenders: PlacementSweep.Contender.published
            ) { index, target, round throws(PlacementError) in
                try experiment.instance(
                    topology, latency: latency, index: index, targetSeconds: target, rounds: round)
            }
        }
        let cells = try sweep(Self.targets, Self.rounds, Self.few)
        func cell(_ target: Double, _ round: Int, _ name: String, in cells: [PlacementSweep.Cell])
            -> PlacementSweep.Cell?
        {
            cells.first { $0.targetSeconds == target && $0.rounds == round && $0.contender == name }
        }
        func most(_ target: Double, _ name: String) -> Int {
            cells.filter { $0.targetSeconds == target && $0.contender == name && $0.feasible > 0 }.map(\.rounds).max()
                ?? 0
        }
        func verdict(_ holds: Bool) -> String { holds ? "yes" : "no" }

        for (target, published) in zip(Self.targets, [10, 5, 5]) {
            let ours = most(target, "baseline")
            add(
                "baseline feasible up to R = \(published) at T = \(PlaceReport.short(target)) s", "R = \(ours)",
                verdict(ours == published))
        }
        for (target, published) in zip(Self.targets, [15, 15, 10]) {
            let ours = ["aif-p", "aif-p-var", "aif-p-var as published"].map { most(target, $0) }
            add(
                "aif-p and aif-p-var feasible up to R = \(published) at T = \(PlaceReport.short(target)) s",
                "R = \(ours.map(String.init).joined(separator: ", "))", verdict(ours.allSatisfy { $0 == published }))
        }
        for (target, published) in zip(Self.targets, [1.5, 3, 2]) {
            let gain = Double(most(target, "aif-p")) / Double(max(most(target, "baseline"), 1))
            add(
                "\(PlaceReport.short(published)) times the baseline's rounds at T = \(PlaceReport.short(target)) s",
                "\(PlaceReport.short(gain)) times", verdict(gain == published))
        }
        let large = try sweep([2], [15], Self.many)
        if let shared = cell(2, 15, "aif-p", in: large) {
            let share = 100 * Double(shared.instances - shared.feasible) / Double(shared.instances)
            add(
                "about 30 % of instances infeasible at T = 2 s, R = 15",
                "\(PlaceReport.fixed(share, 1)) % of \(shared.instances)", verdict(abs(share - 30) <= 10))
        }
        for (target, round) in [(2.0, 10), (1.6, 10), (1.2, 5)] {
            let claim =
                "aif-p deploys fewer workers than aif-p-var at T = \(PlaceReport.short(target)) s, R = \(round)"
            let plain = cell(target, round, "aif-p", in: cells)?.workers?.mean ?? .nan
            let printed = cell(target, round, "aif-p-var as published", in: cells)?.workers?.mean ?? .nan
            let corrected = cell(target, round, "aif-p-var", in: cells)?.workers?.mean ?? .nan
            add(
                claim,
                "\(PlaceReport.fixed(plain, 1)) against \(PlaceReport.fixed(printed, 1)) as published,"
                    + " \(PlaceReport.fixed(corrected, 1)) corrected",
                plain < printed - 0.5
                    ? (corrected < printed - 0.5
                        ? "only with the variant as published: an artefact of its constraints (22)-(23)" : "yes") : "no"
            )
        }
        let contrast = try experiment.instance(topology, latency: latency, index: 0, targetSeconds: 2, rounds: 5)
        let variants = try [true, false].map { asPublished throws(PlacementError) in
            try PlacementSolver.bestPlacement(contrast, PlacementObjective(.aifPVariant, asPublished: asPublished))
        }
        if let printed = variants[0], let corrected = variants[1] {
            func words(_ placement: Placement) -> String {
                "objective \(PlaceReport.short(placement.objective)) with \(placement.count) workers,"
                    + " \(placement.accelerated.count) accelerated"
            }
            add(
                "(not published) constraints (22)-(23) punish accelerators where an idle node has none: one instance,"
                    + " T = 2 s, R = 5",
                "as published \(words(printed)); corrected \(words(corrected))",
                verdict(printed.accelerated.count < corrected.accelerated.count))
        }
        let savings = try accelerationSavings(experiment, topology, latency)
        add(
            "accelerators cut training time by 50-59 %",
            "\(PlaceReport.fixed(savings.equal, 1)) % at equal k; training time saved at the models' own k:"
                + " \(PlaceReport.fixed(savings.least, 0)) to \(PlaceReport.fixed(savings.most, 0)) %",
            "50 % at equal k, which is 1 - α; other figures come from different k")
    }

    /// How much less the slowest accelerated worker trains than under the baseline: at equal k (all workers
    /// accelerated, which is what α says), and over all feasible cells at the k that each model chooses.
    private func accelerationSavings(
        _ experiment: PublishedExperiment, _ topology: Topology, _ latency: LatencyMatrix
    ) throws(PlacementError) -> (equal: Double, least: Double, most: Double) {
        var savings: [Double] = []
        var equal: [Double] = []
        for target in Self.targets {
            for round in Self.rounds {
                for index in 0..<Self.few {
                    let instance = try experiment.instance(
                        topology, latency: latency, index: index, targetSeconds: target, rounds: round)
                    guard
                        let without = try PlacementSolver.bestPlacement(instance, PlacementObjective(.baseline)),
                        let with = try PlacementSolver.bestPlacement(instance, PlacementObjective(.aifPVariant)),
                        with.accelerated.count == with.count
                    else { continue }
                    let slow = PlacementSweep.slowestTraining(instance, without)
                    let saving = 100 * (1 - PlacementSweep.slowestTraining(instance, with) / slow)
                    savings.append(saving)
                    if with.count == without.count { equal.append(saving) }
                }
            }
        }
        let mean = equal.isEmpty ? 100 * (1 - experiment.accelerationFactor) : equal.reduce(0, +) / Double(equal.count)
        return (mean, savings.min() ?? .nan, savings.max() ?? .nan)
    }
}
