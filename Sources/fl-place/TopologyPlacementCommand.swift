import Charts
import CommandLine
import Placement

/// `fl-place topology`.
struct TopologyPlacementCommand: Command {
    private static let instance = Option<String>.optional(
        "instance", "FILE", "check and summarise this instance instead of making one")
    private static let graphML = Option<String>.optional(
        "graphml", "FILE", "import this GraphML file, such as one of the Internet Topology Zoo, instead of drawing one")
    private static let roundTrips = Option<String>.optional(
        "round-trips", "FILE", "take measured round trips, lines of node,node,seconds, instead of drawing a topology")
    private static let attribute = Option<String>.optional(
        "latency-attribute", "NAME",
        "GraphML: the edge attribute with the round trip; without it, distance at 200,000 km/s both ways")
    private static let unit = Option<Double>(
        "latency-unit", "SECONDS", default: 1, "GraphML: one unit of that attribute in seconds; 0.001 for milliseconds",
        constraint: "above 0", valid: { $0 > 0 })
    private static let fallback = Option<Double>.optional(
        "fallback-latency", "SECONDS", "GraphML: the round trip of links without an attribute or without places",
        constraint: "0 or more", valid: { $0 >= 0 })
    private static let target = Option<Double>(
        "target", "SECONDS", default: 2, "target time of the instance", constraint: "above 0", valid: { $0 > 0 })
    private static let rounds = Option<Int>(
        "rounds", "R", default: 10, "rounds of the instance", constraint: "at least 1", valid: { $0 >= 1 })
    private static let index = Option<Int>(
        "index", "I", default: 0, "which of the random accelerator placements to take", constraint: "0 or more",
        valid: { $0 >= 0 })
    private static let keepLatencies = Option<Bool>(
        "keep-latencies", default: false, "do not scale latencies to --latency-share")
    private static let trainingTimes = Option<String>.optional(
        "training-times", "FILE", "p_k as measured by 'fl-train profile', instead of a published curve")
    private static let output = Option<String>.optional("output", "FILE", "write the instance as JSON")
    private static let format = Option<OutputFormat>(
        "format", "FORMAT", default: .table, "the summary as a table, for people, or as json")

    static let manual = CommandManual(
        name: "topology", summary: "draw or import a topology, check it, and write it as an instance",
        discussion: """
            Without --graphml, --round-trips or --instance, draws a Mandala access topology: access, aggregation, core and application \
            nodes, every node with two random uplinks into the next tier, and caps on how many a node takes in; the \
            same seed gives the same topology. Link delays are drawn by tier and scaled so that the largest round trip \
            is a given share of the smallest training time. Accelerators go to random hosting nodes.

            Prints a summary: nodes by tier, links, connected parts, round trips. With --instance nothing is made; the \
            file is checked and summarised, and a malformed one ends with status 65 and one line that says why.
            """,
        examples: [
            .init("fl-place topology --seed 3 --output mandala.json", "a random instance of 26 nodes"),
            .init("fl-place topology --graphml Geant2012.graphml --keep-latencies --output geant.json", "an import"),
            .init("fl-place topology --round-trips pings.csv --output live.json", "from measurements of live nodes"),
            .init("fl-place topology --instance edge.json --plot edge.svg", "check a file and draw it"),
        ],
        options: [
            instance, graphML, roundTrips, attribute, unit, fallback, trainingTimes, target, rounds, index,
            keepLatencies,
        ] + ExperimentOptions.all + [output, format, PlaceOptions.plot])

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let sources = [Self.instance, Self.graphML, Self.roundTrips].filter { arguments[optional: $0] != nil }
        if arguments[optional: Self.instance] != nil, arguments[optional: Self.trainingTimes] != nil {
            throw CommandLineError.usage("--training-times: an instance has training times; leave one of both out")
        }
        if sources.count > 1 {
            throw CommandLineError.usage("--instance, --graphml and --round-trips exclude each other")
        }
        let problem: PlacementInstance
        if let file = arguments[optional: Self.instance] {
            problem = try InstanceReader.read(file: file)
        } else {
            let measured = try arguments[optional: Self.trainingTimes].map { try MeasuredProfile.read(file: $0) }
            problem = try make(arguments, measured)
        }
        let summary = Topology.summary(of: problem)
        switch arguments[Self.format] {
        case .table: console.print(text(summary, problem))
        case .json: console.print(json(summary, problem).compact)
        }
        if let file = arguments[optional: Self.output] {
            try PlaceReport.write(InstanceWriter.text(problem), to: file)
        }
        if let file = arguments[optional: PlaceOptions.plot] {
            let picture = TopologyPicture(instance: problem, objective: nil, placement: nil)
            try PlaceReport.write(picture.graph.svg(), to: file)
        }
    }

    private func make(_ arguments: Arguments, _ times: MeasuredProfile?) throws -> PlacementInstance {
        let experiment = ExperimentOptions.experiment(arguments)
        if let file = arguments[optional: Self.roundTrips] {
            let measured = try RoundTripReader.read(file: file)
            // What was measured is not scaled.
            let topology = Topology(nodes: measured.names.map { PlacementInstance.Node(id: $0) }, links: [])
            var problem = try experiment.instance(
                topology, latency: measured.latency, index: arguments[Self.index],
                targetSeconds: arguments[Self.target], rounds: arguments[Self.rounds])
            problem.name = file.split(separator: "/").last.map(String.init) ?? file
            return try Self.timed(problem, times)
        }
        var topology: Topology
        var name: String
        if let file = arguments[optional: Self.graphML] {
            var options = GraphMLReader.Options()
            options.latencyAttribute = arguments[optional: Self.attribute]
            options.latencyUnit = arguments[Self.unit]
            options.fallbackSeconds = arguments[optional: Self.fallback]
            topology = try GraphMLReader.read(file: file, options)
            name = file.split(separator: "/").last.map(String.init) ?? file
        } else {
            topology = experiment.mandala.topology(seed: experiment.seed)
            name = "Mandala topology, \(topology.nodes.count) nodes, seed \(experiment.seed)"
        }
        if !arguments[Self.keepLatencies] {
            let count = topology.nodes.count
            let profile = try times?.profile() ?? experiment.profile.profile(count: count)
            let smallest = profile.values(count: count).min() ?? 0
            topology = topology.scaled(toLargestRoundTrip: experiment.latencyShare * smallest)
        }
        var problem = try experiment.instance(
            topology, index: arguments[Self.index], targetSeconds: arguments[Self.target],
            rounds: arguments[Self.rounds])
        problem.name = name
        return try Self.timed(problem, times)
    }

    /// The same problem with measured training times; what an accelerator gains too, where that was measured.
    private static func timed(
        _ problem: PlacementInstance, _ times: MeasuredProfile?
    ) throws(PlacementError) -> PlacementInstance {
        guard let times else { return problem }
        let alpha = times.accelerationFactor.flatMap { $0 < 1 ? $0 : nil } ?? problem.accelerationFactor
        var timed = problem
        timed.trainingTime = try times.profile()
        timed.accelerationFactor = alpha
        return timed
    }

    private func text(_ summary: Topology.Summary, _ problem: PlacementInstance) -> String {
        var table = Table(["property", "value"])
        table.add(["nodes", "\(problem.nodes.count)"])
        for tier in summary.tiers { table.add(["  \(tier.name)", "\(tier.nodes)"]) }
        table.add(["may host", "\(summary.hosts)"])
        table.add(["with an accelerator", "\(summary.accelerators) (at most \(problem.acceleratorLimit) in use)"])
        if let degrees = summary.degrees {
            table.add(["links", "\(summary.links), \(degrees.lowerBound) to \(degrees.upperBound) at a node"])
        } else {
            table.add(["links", "none: a latency matrix"])
        }
        let parts = summary.parts.map(String.init).joined(separator: ", ")
        table.add(["connected", summary.parts.count == 1 ? "yes" : "no: parts of \(parts) nodes"])
        table.add(["median round trip", "\(PlaceReport.short(summary.medianRoundTrip)) s"])
        table.add(["largest round trip", "\(PlaceReport.short(summary.largestRoundTrip)) s"])
        let times = problem.trainingTime.values(count: max(problem.maximumWorkers, 1))
        table.add(["training time alone", "\(PlaceReport.short(times[0])) s"])
        table.add(["smallest training time", "\(PlaceReport.short(times.min() ?? 0)) s"])
        table.add(["budget of a round", "\(PlaceReport.short(problem.budgetSeconds)) s"])
        return table.text
    }

    private func json(_ summary: Topology.Summary, _ problem: PlacementInstance) -> OrderedJSON {
        .object([
            ("nodes", .integer(problem.nodes.count)),
            ("tiers", .object(summary.tiers.map { ($0.name, .integer($0.nodes)) })),
            ("hosts", .integer(summary.hosts)), ("accelerators", .integer(summary.accelerators)),
            ("links", .integer(summary.links)), ("parts", .array(summary.parts.map { .integer($0) })),
            ("medianRoundTripSeconds", .seconds(summary.medianRoundTrip)),
            ("largestRoundTripSeconds", .seconds(summary.largestRoundTrip)),
            ("budgetSeconds", .seconds(problem.budgetSeconds)),
        ])
    }
}
