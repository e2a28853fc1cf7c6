import CommandLine
import FoundationEssentials
import Platform
import Simulation
import Synchronization

/// `fl-simulate`.
struct SimulateCommand: Command {
    static let seeds = Option<Int>(
        "seeds", "NUMBER", default: 200, "how many clusters to play", constraint: "at least 1", valid: { $0 >= 1 })
    static let firstSeed = Option<UInt64>("first-seed", "SEED", default: 0, "the first one's seed")
    static let seed = Option<UInt64>.optional("seed", "SEED", "play only this one")
    static let trace = Option<Bool>("trace", default: false, "with --seed: say line by line what happens")
    static let variant = Option<VariantOption>.optional(
        "variant", "NAME", "break the cluster in this way, to see that it is caught")
    static let threads = Option<Int>(
        "threads", "NUMBER", default: 2, "clusters that are played at a time", constraint: "1 to 256",
        valid: { (1...256).contains($0) })

    static let manual = CommandManual(
        name: "", summary: "play federations",
        discussion: """
            The nodes of fl-server and fl-worker run on one time line over a simulated network, disks and clocks. \
            Faults of every kind are drawn from the seed; then nothing goes wrong any more, and rounds must commit and \
            alarms arrive. After every event oracles with books of their own look whether a promise is broken.

            The last line is one object of JSON: seeds, events, commits, alarmsDelivered, faults by kind, violations. The \
            status is 70 where a promise was broken; what is printed with it plays the same cluster again.
            """,
        examples: [
            .init("fl-simulate --seeds 1000", "a thousand clusters"),
            .init("fl-simulate --seed 17 --trace", "one, line by line"),
        ],
        options: [seeds, firstSeed, seed, trace, variant, threads])

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let variant = arguments[optional: Self.variant]?.variant
        if let seed = arguments[optional: Self.seed] {
            let outcome = SimulatedCluster.play(
                seed: seed, variant: variant, trace: arguments[Self.trace] ? { console.print($0) } : nil)
            var report = SimulationReport()
            report.add(outcome)
            return try Self.finish(report, variant, console)
        }
        let first = arguments[Self.firstSeed]
        let progress = Progress(first: first, end: first + UInt64(arguments[Self.seeds]))
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<arguments[Self.threads] {
                group.addTask {
                    try? await BackgroundThread.run {
                        while let seed = progress.next() {
                            progress.add(SimulatedCluster.play(seed: seed, variant: variant))
                        }
                    }
                }
            }
        }
        try Self.finish(progress.report, variant, console)
    }

    private static func finish(_ report: SimulationReport, _ variant: Variant?, _ console: Console) throws {
        for violation in report.violations {
            console.print(
                "seed \(violation.seed), \(violation.seconds) s: \(violation.promise.rawValue): \(violation.text)")
        }
        let again = variant.map { " --variant \($0.rawValue)" } ?? ""
        for seed in Set(report.violations.map(\.seed)).union(report.idleSeeds).sorted() {
            console.print("again: fl-simulate --seed \(seed)\(again) --trace")
        }
        console.print(try Console.json(Line(report), pretty: false))
        if !report.violations.isEmpty || !report.idleSeeds.isEmpty {
            throw CommandLineError(
                .software,
                "\(report.violations.count) violations; \(report.idleSeeds.count) seeds without a commit or an alarm")
        }
    }

    /// The last line.
    private struct Line: Encodable {
        var seeds: Int
        var events: Int
        var commits: Int
        var alarmsDelivered: Int
        var faults: [String: Int]
        var violations: Int

        init(_ report: SimulationReport) {
            seeds = report.seeds
            events = report.events
            commits = report.commits
            alarmsDelivered = report.alarmsDelivered
            faults = [:]
            for kind in FaultKind.allCases { faults[kind.rawValue] = report.faults[kind] ?? 0 }
            violations = report.violations.count
        }
    }

    /// Which seeds are still to be played, and what the others gave.
    private final class Progress: Sendable {
        private let end: UInt64
        private let state: Mutex<(next: UInt64, outcomes: [SimulatedCluster.Outcome])>

        init(first: UInt64, end: UInt64) {
            self.end = end
            state = Mutex((first, []))
        }

        func next() -> UInt64? {
            state.withLock { state in
                guard state.next < end else { return nil }
                state.next += 1
                return state.next - 1
            }
        }

        func add(_ outcome: SimulatedCluster.Outcome) { state.withLock { $0.outcomes.append(outcome) } }

        /// In the order of the seeds, whoever was first.
        var report: SimulationReport {
            var report = SimulationReport()
            for outcome in state.withLock({ $0.outcomes.sorted { $0.seed < $1.seed } }) { report.add(outcome) }
            return report
        }
    }
}

/// A way to break the cluster, on the command line.
struct VariantOption: OptionValue {
    let variant: Variant

    static var expectation: String { "one of " + Variant.allCases.map(\.rawValue).joined(separator: ", ") }
    static func parse(_ words: [String]) -> VariantOption? {
        words.first.flatMap { Variant(rawValue: $0) }.map { VariantOption(variant: $0) }
    }
    static func parse(_ json: JSONValue) -> VariantOption? {
        if case .string(let word) = json { parse([word]) } else { nil }
    }
    var json: JSONValue { .string(variant.rawValue) }
}
