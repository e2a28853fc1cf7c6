import Charts
import CommandLine
import Placement

/// `fl-place solve`.
struct SolvePlacementCommand: Command {
    private static let format = Option<OutputFormat>(
        "format", "FORMAT", default: .json, "json, one object on one line, or table, for people")

    static let manual = CommandManual(
        name: "solve", summary: "the best placement of one instance",
        discussion: """
            Finds the placement with the smallest objective, exactly, and prints it. Ties are broken by fewest workers, \
            smallest longest loop, fewest accelerators, then by the order of the nodes in the file. solveSeconds counts \
            the solver alone, not the reading of the file.

            Where no placement meets the budget the exit status is 3 and the explanation says which smallest target \
            time, largest number of rounds or fewest extra accelerators would do. A malformed instance ends with \
            status 65 and one line that names the file, the field and the reason.

            With nodes of different speed, capacity or availability the search is exact as well, but slower: seconds \
            for some hundred nodes.
            """,
        examples: [
            .init("fl-place solve --instance edge.json", "fewest workers, accelerators allowed"),
            .init("fl-place solve --instance edge.json --model aif-p-var --format table", "balance the workers' loops"),
            .init("fl-place solve --instance edge.json --plot edge.svg", "draw the topology with the choice"),
        ],
        options: [
            PlaceOptions.instance, PlaceOptions.model, PlaceOptions.aifWeight, PlaceOptions.spreadWeight,
            PlaceOptions.asPublished, PlaceOptions.availabilityWeight, format, PlaceOptions.plot,
        ])

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let instance = try InstanceReader.read(file: arguments[PlaceOptions.instance])
        let objective = try PlaceOptions.objective(arguments)
        let (outcome, seconds) = try timed { try PlacementSolver.solve(instance, objective) }
        let report = PlaceReport(instance: instance, objective: objective)
        switch arguments[Self.format] {
        case .json: console.print(report.json(outcome, solveSeconds: seconds).compact)
        case .table: console.print(report.text(outcome, solveSeconds: seconds))
        }
        if let file = arguments[optional: PlaceOptions.plot] {
            let picture = TopologyPicture(instance: instance, objective: objective, placement: outcome.placement)
            try PlaceReport.write(picture.graph.svg(), to: file)
        }
        if outcome.placement == nil { throw PlaceTool.infeasible }
    }
}
