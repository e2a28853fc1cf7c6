import CommandLine
import Placement

/// The file formats of `fl-place export`.
enum ModelFileFormat: String, ChoiceOptionValue {
    case lp
    case mps
}

/// `fl-place export`.
struct ExportPlacementCommand: Command {
    private static let to = Option<ModelFileFormat>("to", "FORMAT", default: .lp, "lp (CPLEX LP) or mps (free MPS)")
    private static let output = Option<String>.optional(
        "output", "FILE", "where to write; standard output if not given")

    static let manual = CommandManual(
        name: "export", summary: "a model as an LP or MPS file for a MILP solver",
        discussion: """
            Writes the mixed-integer linear program of a model on an instance, in the published formulation, for HiGHS, \
            CBC, GLPK, SCIP or a commercial solver. Its optimum is the objective that solve prints. The file has about \
            n² variables: a hundred nodes are much work for a MILP solver.

            Nodes are numbered in file order: x_1 is 1 where the first node works, y_1 where it serves, w_1 where it is \
            accelerated.
            """,
        examples: [
            .init(
                "fl-place export --instance edge.json --model aif-p-var --output edge.lp && highs edge.lp",
                "solve with HiGHS"),
            .init(
                "fl-place export --instance edge.json --to mps --output edge.mps && glpsol --freemps edge.mps",
                "solve with GLPK"),
        ],
        options: [
            PlaceOptions.instance, PlaceOptions.model, PlaceOptions.aifWeight, PlaceOptions.spreadWeight,
            PlaceOptions.asPublished, PlaceOptions.availabilityWeight, to, output,
        ])

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let instance = try InstanceReader.read(file: arguments[PlaceOptions.instance])
        let model = try MILPModel(instance, try PlaceOptions.objective(arguments))
        let text =
            switch arguments[Self.to] {
            case .lp: model.lpText
            case .mps: model.mpsText
            }
        if let file = arguments[optional: Self.output] {
            try PlaceReport.write(text, to: file)
            console.note(
                "\(file): \(model.variables.count) variables, \(model.constraints.count) constraints")
        } else {
            console.write(text)
        }
    }
}
