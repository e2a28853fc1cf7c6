import CommandLine
import Placement

/// `fl-place explain`.
struct ExplainPlacementCommand: Command {
    private static let format = Option<OutputFormat>(
        "format", "FORMAT", default: .table, "table, sentences for people, or json, one object")

    static let manual = CommandManual(
        name: "explain", summary: "what binds an instance, and what would make an infeasible one feasible",
        discussion: """
            Says how far an instance is from the edge of what is possible: the smallest target time and the largest \
            number of rounds for which some placement exists, and, where there is none, the fewest extra accelerated \
            workers that would do and the nodes that would need an accelerator. Every figure is exact, and each holds \
            with everything else unchanged.

            The exit status is 0 for a feasible instance and 3 for an infeasible one.
            """,
        examples: [
            .init("fl-place explain --instance edge.json", "how much slack there is"),
            .init("fl-place explain --instance edge.json --model baseline --format json", "without accelerators"),
        ],
        options: [PlaceOptions.instance, PlaceOptions.model, format])

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let instance = try InstanceReader.read(file: arguments[PlaceOptions.instance])
        let objective = PlacementObjective(arguments[PlaceOptions.model])
        let explanation = PlacementSolver.explanation(instance, objective)
        let placement = try PlacementSolver.bestPlacement(instance, objective)
        let report = PlaceReport(instance: instance, objective: objective)
        switch arguments[Self.format] {
        case .json:
            console.print(
                OrderedJSON.object([
                    ("status", .string(placement == nil ? "infeasible" : "feasible")),
                    ("model", .string(objective.model.rawValue)), ("budgetSeconds", .seconds(instance.budgetSeconds)),
                    ("explanation", report.json(explanation)),
                ]).compact)
        case .table:
            guard let placement, let nearest = explanation.nearest else {
                console.print(report.text(explanation))
                break
            }
            var lines = [
                "\(objective.model.rawValue): feasible with \(placement.count) workers or more;"
                    + " the budget is \(PlaceReport.short(instance.budgetSeconds)) s per round",
                "  shortest possible loop  \(PlaceReport.short(nearest.maxLoopSeconds)) s, with \(nearest.count) workers"
                    + " and \(nearest.accelerated.count) accelerators",
            ]
            if let target = explanation.smallestTargetSeconds {
                lines.append("  smallest target time    \(PlaceReport.shortUp(target)) s for \(instance.rounds) rounds")
            }
            if let rounds = explanation.largestRounds {
                lines.append(
                    "  most rounds             \(rounds) within \(PlaceReport.short(instance.targetSeconds)) s")
            }
            console.print(lines.joined(separator: "\n"))
        }
        if placement == nil { throw PlaceTool.infeasible }
    }
}
