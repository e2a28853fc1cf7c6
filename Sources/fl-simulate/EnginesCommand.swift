import CommandLine
import Engines
import Platform
import Simulation
import Synchronization

/// `fl-simulate engines`.
struct EnginesCommand: Command {
    private static let seed = Option<UInt64>.optional("seed", "SEED", "play only this one")
    private static let trace = Option<Bool>("trace", default: false, "with --seed: say line by line what happens")
    private static let seeds = Option<Int>(
        "seeds", "NUMBER", default: 1_000, "how many to play", constraint: "at least 1", valid: { $0 >= 1 })
    private static let variant = Option<EngineVariantOption>.optional(
        "variant", "NAME", "break the controller in this way, to see that it is caught")
    private static let measure = Option<Bool>(
        "measure", default: false, "instead: how long one step takes with 5,000 nodes, 500 of them workers")

    static let manual = CommandManual(
        name: "engines", summary: "play controllers between a lying engine and a placement that changes",
        discussion: """
            The reconciler of fl-engine, killed now and then, follows a toy placement at an engine that is slow, lies, loses nodes and \
            requests, leaves processes running, refuses and preempts; then nothing goes wrong any more. It must never have had two \
            changes of a worker in flight, nor ended what a round needs, what is not wanted no longer, or what is not its own, and \
            in the end exactly what is wanted runs. The status is 70 where that is not so.
            """,
        examples: [
            .init("fl-simulate engines --seeds 10000", "ten thousand"),
            .init("fl-simulate engines --seed 17 --trace", "one, line by line"),
            .init("fl-simulate engines --measure", "seconds for a large cluster"),
        ],
        options: [seeds, seed, trace, variant, measure])

    func run(_ arguments: Arguments, _ console: Console) async throws {
        if arguments[Self.measure] { return try await Self.measure(console) }
        let variant = arguments[optional: Self.variant]?.variant
        let (range, traces): (Range<UInt64>, Bool) =
            arguments[optional: Self.seed].map { ($0..<$0 + 1, arguments[Self.trace]) }
            ?? (0..<UInt64(arguments[Self.seeds]), false)
        let outcomes = await withTaskGroup(of: [EngineSimulation.Outcome].self) { group in
            let parts = UInt64(2)
            for part in 0..<parts {
                group.addTask {
                    let played = try? await BackgroundThread.run {
                        range.filter { $0 % parts == part }.map { seed in
                            EngineSimulation.play(
                                seed: seed, variant: variant, trace: traces ? { console.print($0) } : nil)
                        }
                    }
                    return played ?? []
                }
            }
            return await group.reduce(into: []) { $0 += $1 }.sorted { $0.seed < $1.seed }
        }
        let broken = outcomes.filter { !$0.violations.isEmpty }
        for outcome in broken.prefix(20) {
            for violation in outcome.violations.prefix(3) { console.print("seed \(outcome.seed), \(violation)") }
        }
        let times = outcomes.map(\.secondsToConverge).sorted()
        let report = Report(
            seeds: outcomes.count, starts: outcomes.reduce(0) { $0 + $1.starts },
            stops: outcomes.reduce(0) { $0 + $1.stops },
            kills: outcomes.reduce(0) { $0 + $1.kills },
            faults: outcomes.reduce(into: [:]) { $0.merge($1.faults, uniquingKeysWith: +) },
            medianSecondsToConverge: times[times.count / 2], mostSecondsToConverge: times[times.count - 1],
            brokenSeeds: broken.count)
        console.print(try Console.json(report, pretty: false))
        if !broken.isEmpty { throw CommandLineError(.software, "\(broken.count) seeds broke a promise") }
    }

    private struct Report: Encodable {
        var seeds: Int
        var starts: Int
        var stops: Int
        var kills: Int
        var faults: [String: Int]
        var medianSecondsToConverge: Int
        var mostSecondsToConverge: Int
        var brokenSeeds: Int
    }

    private struct Times: Encodable {
        var nodes: Int
        var workers: Int
        var starts: Int
        var firstMilliseconds: Double
        var medianMilliseconds: Double
        var mostMilliseconds: Double
    }

    /// Steps with 5,000 nodes: the first, which starts 500, and a hundred in which a few change.
    private static func measure(_ console: Console) async throws {
        let times = try await BackgroundThread.run {
            let names = (0..<5_000).map { "w\($0)" }
            let places = Dictionary(uniqueKeysWithValues: names.map { ($0, "n" + $0) })
            let nodes = names.map { EngineNode("n" + $0) }
            var wish = EngineWish(
                decision: 1, minimumWorkers: 250,
                nodes: names.enumerated().map { .init($0.element, $0.offset % 10 == 0 ? .worker : .nothing) })
            var reconciler = EngineReconciler(epoch: 1)
            var jobs: [EngineJob] = []
            var took: [Double] = []
            var starts = 0
            for turn in 0...100 {
                let observation = EngineObservation(nodes: nodes, jobs: jobs)
                let begin = ContinuousClock.now
                let directives = reconciler.step(observation, wish, nodes: places, at: .zero + .seconds(turn * 2))
                took.append(Double((ContinuousClock.now - begin).nanoseconds) / 1e6)
                for case .start(let request) in directives {
                    if turn == 0 { starts += 1 }
                    jobs.append(EngineJob(id: "\(jobs.count)", request: request, state: .running))
                }
                for case .stop(let job, _) in directives { jobs.removeAll { $0.id == job.id } }
                wish.nodes = wish.nodes.enumerated().map { index, worker in
                    var worker = worker
                    worker.isHere = worker.wants == .worker
                    if index % 500 == turn { worker.wants = worker.wants == .worker ? .nothing : .worker }
                    return worker
                }
            }
            let later = took.dropFirst().sorted()
            return Times(
                nodes: names.count, workers: 500, starts: starts, firstMilliseconds: took[0],
                medianMilliseconds: later[later.count / 2], mostMilliseconds: took.max() ?? 0)
        }
        console.print(try Console.json(times, pretty: false))
    }
}

/// A way to break the controller, on the command line.
struct EngineVariantOption: OptionValue {
    let variant: EngineVariant

    static var expectation: String { "one of " + EngineVariant.allCases.map(\.rawValue).joined(separator: ", ") }
    static func parse(_ words: [String]) -> EngineVariantOption? {
        words.first.flatMap { EngineVariant(rawValue: $0) }.map { EngineVariantOption(variant: $0) }
    }
    static func parse(_ json: JSONValue) -> EngineVariantOption? {
        if case .string(let word) = json { parse([word]) } else { nil }
    }
    var json: JSONValue { .string(variant.rawValue) }
}
