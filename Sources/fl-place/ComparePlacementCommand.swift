import CommandLine
import Placement

/// `fl-place compare`.
struct ComparePlacementCommand: Command {
    private static let format = Option<OutputFormat>(
        "format", "FORMAT", default: .table, "table, for people, or json, a list of the objects that solve prints")

    static let manual = CommandManual(
        name: "compare", summary: "all models side by side on one instance",
        discussion: """
            Solves an instance under baseline, aif-p, aif-p-var and aif-p-var as published, with the same weights, and \
            prints one row for each. The two variants differ in what the spread counts: the workers only, or every node \
            as the publication prints it, which punishes accelerators whenever an idle node has none.

            The exit status is 0 if at least one model has a solution, and 3 if none has.
            """,
        examples: [
            .init("fl-place compare --instance edge.json", "one row for each model"),
            .init("fl-place compare --instance edge.json --spread-weight 100 --format json", "for a program"),
        ],
        options: [
            PlaceOptions.instance, PlaceOptions.aifWeight, PlaceOptions.spreadWeight, PlaceOptions.availabilityWeight,
            format,
        ])

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let instance = try InstanceReader.read(file: arguments[PlaceOptions.instance])
        let weights = (
            arguments[PlaceOptions.aifWeight], arguments[PlaceOptions.spreadWeight],
            arguments[PlaceOptions.availabilityWeight]
        )
        var objects: [OrderedJSON] = []
        var table = Table([
            "model", "status", "objective", "workers", "accelerated", "longest loop s", "spread s", "server", "solve s",
        ])
        var feasible = false
        let isExtended = !instance.isHomogeneous || weights.2 > 0
        for (name, model, asPublished) in [
            ("baseline", PlacementModel.baseline, false), ("aif-p", .aifP, false), ("aif-p-var", .aifPVariant, false),
            ("aif-p-var as published", .aifPVariant, true),
        ] where !(asPublished && isExtended) {
            let objective = PlacementObjective(
                model, aifWeight: weights.0, spreadWeight: weights.1, asPublished: asPublished,
                availabilityWeight: weights.2)
            let (outcome, seconds) = try timed { try PlacementSolver.solve(instance, objective) }
            let report = PlaceReport(instance: instance, objective: objective)
            var json = report.json(outcome, solveSeconds: seconds)
            if case .object(var members) = json, asPublished {
                members[1].value = .string(name)
                json = .object(members)
            }
            objects.append(json)
            guard let placement = outcome.placement else {
                table.add([name, "infeasible", "-", "-", "-", "-", "-", "-", PlaceReport.short(seconds)])
                continue
            }
            feasible = true
            table.add([
                name, "optimal", PlaceReport.short(placement.objective), "\(placement.count)",
                "\(placement.accelerated.count)", PlaceReport.fixed(placement.maxLoopSeconds, 6),
                PlaceReport.fixed(placement.spreadSeconds, 6), instance.nodes[placement.server].id,
                PlaceReport.short(seconds),
            ])
        }
        switch arguments[Self.format] {
        case .json: console.print(OrderedJSON.array(objects).compact)
        case .table:
            console.print(table.text)
            console.print(
                "\nbudget \(PlaceReport.short(instance.budgetSeconds)) s per round"
                    + " (\(PlaceReport.short(instance.targetSeconds)) s for \(instance.rounds) rounds)")
        }
        if !feasible { throw PlaceTool.infeasible }
    }
}
