import Charts
import CommandLine
import Laboratory
import Placement

extension PublishedProfile: ChoiceOptionValue {}

/// The options that describe the published experiment's instances.
enum ExperimentOptions {
    static let accessNodes = Option<Int>(
        "access-nodes", "N", default: 16,
        "access nodes of the Mandala topology; with aggregation, core and application nodes 13/8 of it",
        constraint: "4 to 10000", valid: { (4...10_000).contains($0) })
    static let profile = Option<PublishedProfile>(
        "profile", "NAME", default: .stepped,
        "training times: stepped (piecewise linear, 1.40 s alone to 0.18 s) or smooth (0.165 + 0.95/k^1.05 s)")
    static let latencyShare = Option<Double>(
        "latency-share", "SHARE", default: 0.07, "largest round trip as a share of the smallest training time",
        constraint: "above 0", valid: { $0 > 0 && $0.isFinite })
    static let factor = Option<Double>(
        "acceleration-factor", "ALPHA", default: 0.5, "what an accelerator multiplies the training time by",
        constraint: "between 0 and 1", valid: { $0 > 0 && $0 < 1 })
    static let acceleratorShares = Option<[Double]>(
        "accelerator-share", "LOW,HIGH", default: [0.1, 0.6],
        "accelerators are drawn uniformly from this range of shares of the nodes", constraint: "two shares in order",
        valid: { $0.count == 2 && $0[0] >= 0 && $0[0] <= $0[1] && $0[1] <= 1 })
    static let applicationHosts = Option<Bool>(
        "application-nodes-host", default: false, "let application nodes host AIFs")
    static let seed = Option<UInt64>("seed", "SEED", default: 1, "what all random draws depend on")

    static let all: [any AnyOption] = [
        accessNodes, profile, latencyShare, factor, acceleratorShares, applicationHosts, seed,
    ]

    static func experiment(_ arguments: Arguments) -> PublishedExperiment {
        var experiment = PublishedExperiment()
        experiment.mandala.accessNodes = arguments[accessNodes]
        experiment.mandala.applicationNodesHost = arguments[applicationHosts]
        experiment.profile = arguments[profile]
        experiment.latencyShare = arguments[latencyShare]
        experiment.accelerationFactor = arguments[factor]
        let shares = arguments[acceleratorShares]
        experiment.acceleratorShare = shares[0]...shares[1]
        experiment.seed = arguments[seed]
        return experiment
    }
}

/// `fl-place sweep`.
struct SweepPlacementCommand: Command {
    private static let targets = Option<[Double]>(
        "targets", "SECONDS,…", default: [2, 1.6, 1.2], "target times", constraint: "above 0",
        valid: { $0.allSatisfy { $0 > 0 && $0.isFinite } })
    private static let rounds = Option<[Int]>(
        "rounds", "R,…", default: [1, 5, 10, 15], "numbers of rounds", constraint: "at least 1",
        valid: { $0.allSatisfy { $0 >= 1 } })
    private static let instances = Option<Int>(
        "instances", "COUNT", default: 15, "random placements of accelerators for each combination",
        constraint: "1 to 100000", valid: { (1...100_000).contains($0) })
    private static let instance = Option<String>.optional(
        "instance", "FILE",
        "sweep over this instance's topology, latencies and training times instead of a generated one; accelerators are"
            + " drawn anew")
    private static let published = Option<Bool>(
        "published", default: false, "check every published claim and print the table of docs/placement.md")
    private static let format = Option<OutputFormat>(
        "format", "FORMAT", default: .table, "table, for people, or json, one object for each cell")

    static let manual = CommandManual(
        name: "sweep", summary: "the published experiment on any grid, with error bars",
        discussion: """
            Solves baseline, aif-p, aif-p-var and aif-p-var as published for every combination of target time and \
            number of rounds, on many instances that differ in the number and place of their accelerators, and prints \
            for each cell how many instances have a solution and the mean and standard deviation of the learning time \
            (rounds times the longest loop), the workers and the accelerators in use. Without options it is the \
            published experiment.

            --plot draws learning time and active workers against rounds, one row of charts for each target time; \
            bars are one standard deviation. --published ignores the grid and prints claim by claim what was \
            published and what comes out here, for both training-time curves.
            """,
        examples: [
            .init("fl-place sweep", "the published experiment: 26 nodes, 15 instances"),
            .init("fl-place sweep --plot figures.svg --seed 7", "draw it, with other draws"),
            .init("fl-place sweep --access-nodes 64 --targets 1,2,4 --rounds 5,20 --instances 100", "another grid"),
            .init("fl-place sweep --published", "the table of published claims"),
        ],
        options: [targets, rounds, instances, instance] + ExperimentOptions.all + [
            PlaceOptions.aifWeight, PlaceOptions.spreadWeight, published, format, PlaceOptions.plot,
        ])

    func run(_ arguments: Arguments, _ console: Console) async throws {
        if arguments[Self.published] {
            console.print(try PublishedClaims().table { console.progress($0) })
            return
        }
        let experiment = ExperimentOptions.experiment(arguments)
        let contenders = PlacementSweep.Contender.published.map { contender in
            var contender = contender
            contender.objective.aifWeight = arguments[PlaceOptions.aifWeight]
            contender.objective.spreadWeight = arguments[PlaceOptions.spreadWeight]
            return contender
        }
        let targets = arguments[Self.targets]
        let rounds = arguments[Self.rounds].sorted()
        let count = arguments[Self.instances]
        let given = try arguments[optional: Self.instance].map { try InstanceReader.read(file: $0) }
        let topology = try given.map { Topology(nodes: $0.nodes, links: $0.links) } ?? experiment.topology()
        let latency = given?.latency ?? topology.latency
        let cells = try PlacementSweep.run(
            targets: targets, rounds: rounds, instances: count, contenders: contenders
        ) { index, target, round throws(PlacementError) in
            console.progress("T = \(PlaceReport.short(target)) s, R = \(round), instance \(index + 1) of \(count)")
            guard var problem = given else {
                return try experiment.instance(
                    topology, latency: latency, index: index, targetSeconds: target, rounds: round)
            }
            problem.targetSeconds = target
            problem.rounds = round
            problem.acceleratorLimit = experiment.placeAccelerators(&problem.nodes, index: index)
            problem.accelerationFactor = experiment.accelerationFactor
            return problem
        }
        let report = SweepReport(cells: cells)
        switch arguments[Self.format] {
        case .table: console.print(report.table)
        case .json: console.print(report.json.compact)
        }
        if let file = arguments[optional: PlaceOptions.plot] {
            let subtitle =
                "\(topology.nodes.count) nodes, \(count) random accelerator placements, error bars ± 1 standard deviation"
            try PlaceReport.write(report.picture(subtitle: subtitle).svg(), to: file)
        }
    }
}
