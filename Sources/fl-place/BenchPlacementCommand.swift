import CommandLine
import Foundation
import Laboratory
import Numerics
import Placement
import Platform

/// `fl-place bench`.
struct BenchPlacementCommand: Command {
    private static let sizes = Option<[Int]>(
        "sizes", "N,…", default: [10, 30, 100, 300, 1000], "numbers of nodes", constraint: "3 to 20000",
        valid: { $0.allSatisfy { (3...PlacementInstance.maximumNodes).contains($0) } })
    private static let repetitions = Option<Int>(
        "repetitions", "COUNT", default: 5, "how often each is solved; the median counts", constraint: "1 to 1000",
        valid: { (1...1000).contains($0) })
    private static let models = Option<[String]>(
        "models", "MODEL", default: ["baseline", "aif-p", "aif-p-var", "aif-p-var-as-published"], "which models")
    private static let reading = Option<Int>(
        "read", "N", default: 0,
        "write a dense instance of N nodes to a temporary file and time the reading of it; 0 does not",
        constraint: "0 to 5000", valid: { (0...5000).contains($0) })
    private static let format = Option<OutputFormat>(
        "format", "FORMAT", default: .table, "table, for people, or json, one object for each size and model")

    static let manual = CommandManual(
        name: "bench", summary: "how the time of solve grows with the number of nodes",
        discussion: """
            Solves random instances in memory - nodes at random places of a square, round trips by distance up to 7 % of \
            the smallest training time, 40 % of the nodes with an accelerator, the smooth published training-time curve, \
            T = 2 s, R = 10 - and prints the median time of the solver alone. 10,000 nodes take 0.8 GB of memory.
            """,
        examples: [
            .init("fl-place bench", "10 to 1,000 nodes, all models"),
            .init("fl-place bench --read 2000", "and how fast an instance file of 2,000 nodes is read"),
            .init("fl-place bench --sizes 10000 --models aif-p --repetitions 3", "ten thousand nodes"),
        ],
        options: [sizes, repetitions, models, reading, ExperimentOptions.seed, format])

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let known = [
            "baseline": PlacementObjective(.baseline), "aif-p": PlacementObjective(.aifP),
            "aif-p-var": PlacementObjective(.aifPVariant),
            "aif-p-var-as-published": PlacementObjective(.aifPVariant, asPublished: true),
        ]
        let models = try arguments[Self.models].map { name in
            guard let objective = known[name] else {
                throw CommandLineError.usage(
                    "--models: unknown model '\(name)'\(Spelling.suggestion(for: name, among: known.keys.sorted()))")
            }
            return (name, objective)
        }
        var table = Table(["nodes", "model", "workers", "solve ms", "least ms", "most ms"])
        var objects: [OrderedJSON] = []
        for size in arguments[Self.sizes] {
            console.progress("making \(size) nodes")
            let instance = try Self.instance(nodes: size, seed: arguments[ExperimentOptions.seed])
            for (name, objective) in models {
                console.progress("\(size) nodes, \(name)")
                var times: [Double] = []
                var placement: Placement?
                for _ in 0..<arguments[Self.repetitions] {
                    let (outcome, seconds) = try timed { try PlacementSolver.solve(instance, objective) }
                    times.append(seconds)
                    placement = outcome.placement
                }
                times.sort()
                let median = times[times.count / 2]
                table.add([
                    "\(size)", name, placement.map { "\($0.count)" } ?? "-", PlaceReport.fixed(median * 1000, 3),
                    PlaceReport.fixed(times[0] * 1000, 3), PlaceReport.fixed(times[times.count - 1] * 1000, 3),
                ])
                objects.append(
                    .object([
                        ("nodes", .integer(size)), ("model", .string(name)), ("workers", .integer(placement?.count)),
                        ("solveSeconds", .seconds(median)), ("leastSeconds", .seconds(times[0])),
                        ("mostSeconds", .seconds(times[times.count - 1])),
                    ]))
            }
        }
        var footer = ""
        if arguments[Self.reading] > 2 {
            console.progress("reading")
            let instance = try Self.instance(nodes: arguments[Self.reading], seed: arguments[ExperimentOptions.seed])
            let file = FileManager.default.temporaryDirectory.appending(path: "fl-place-bench-\(getpid()).json")
            defer { try? FileManager.default.removeItem(at: file) }
            let text = InstanceWriter.text(instance)
            try PlaceReport.write(text, to: file.path)
            let times = try (0..<arguments[Self.repetitions]).map { _ in
                try timed { try InstanceReader.read(file: file.path) }.seconds
            }.sorted()
            let median = times[times.count / 2]
            let megabytes = Double(text.utf8.count) / 1e6
            footer =
                "\nread \(arguments[Self.reading]) nodes, \(PlaceReport.fixed(megabytes, 1)) MB, in"
                + " \(PlaceReport.fixed(median * 1000, 1)) ms: \(PlaceReport.fixed(megabytes / median, 0)) MB/s"
            objects.append(
                .object([
                    ("nodes", .integer(arguments[Self.reading])), ("bytes", .integer(text.utf8.count)),
                    ("readSeconds", .seconds(median)),
                ]))
        }
        switch arguments[Self.format] {
        case .table: console.print(table.text + footer)
        case .json: console.print(OrderedJSON.array(objects).compact)
        }
    }

    /// Nodes at random places of a square whose diagonal is a round trip of 7 % of the smallest training time.
    private static func instance(nodes n: Int, seed: UInt64) throws -> PlacementInstance {
        var generator = CounterBasedGenerator(seed: seed, purpose: "bench", n)
        let places = (0..<n).map { _ in (generator.uniform(), generator.uniform()) }
        let nodes = (0..<n).map {
            PlacementInstance.Node(id: "node-\($0)", accelerator: generator.uniform() < 0.4)
        }
        let profile = try PublishedProfile.smooth.profile(count: n)
        let scale = 0.07 * (profile.table.min() ?? 0) / 2.0.squareRoot()
        var values = [Double](repeating: 0, count: n * n)
        for a in 0..<n {
            for b in 0..<n {
                let (dx, dy) = (places[a].0 - places[b].0, places[a].1 - places[b].1)
                values[a * n + b] = scale * (dx * dx + dy * dy).squareRoot()
            }
        }
        return try PlacementInstance(
            nodes: nodes, latency: LatencyMatrix(count: n, values: values), trainingTime: profile, targetSeconds: 2,
            rounds: 10, acceleratorLimit: n / 3, accelerationFactor: 0.5)
    }
}
