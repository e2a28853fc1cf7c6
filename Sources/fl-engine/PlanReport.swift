import CommandLine
import Engines

/// A look at the engine, for people and programs.
struct PlanReport: Encodable {
    /// One node.
    struct Row: Encodable {
        var node: String
        var worker: String
        var state: String
        var canHost: Bool
        var reason: String
        /// Absent where the federation says nothing.
        var wants: String?
        /// What runs, or waits to run; absent where nothing does.
        var runs: String?
        var job: String?
        var isHere: Bool
        /// What is done, or why it is not; empty where all is as it should be.
        var does: String
    }

    var decision: UInt64?
    var minimumWorkers: Int?
    /// Whether what is named was done.
    var wasDone: Bool
    var nodes: [Row]
    var failures: [String]

    init(_ cycle: EngineController.Cycle, wasDone: Bool) {
        self.wasDone = wasDone
        decision = cycle.wish?.decision
        minimumWorkers = cycle.wish?.minimumWorkers
        failures = cycle.failures
        let known = Dictionary(uniqueKeysWithValues: cycle.observation.nodes.map { ($0.name, $0) })
        let wishes = Dictionary((cycle.wish?.nodes ?? []).map { ($0.name, $0) }) { $1 }
        let candidates = Dictionary(uniqueKeysWithValues: cycle.candidates.map { ($0.name, $0) })
        let jobs = Dictionary(
            cycle.observation.jobs.filter { $0.state != .ended }.map { ($0.request.worker, $0) }
        ) { $0.request.generation > $1.request.generation ? $0 : $1 }
        var doing: [String: String] = cycle.held.mapValues { "(\($0))" }
        for directive in cycle.directives { doing[directive.worker] = Self.line(directive) }
        nodes = cycle.members.map { member in
            let candidate = candidates[member.worker]
            let job = jobs[member.worker]
            return Row(
                node: member.node, worker: member.worker, state: known[member.node].map { "\($0.state)" } ?? "unknown",
                canHost: candidate?.canHost ?? false, reason: candidate?.reason ?? "",
                wants: wishes[member.worker]?.wants.rawValue,
                runs: job.map { "\($0.request.role.rawValue), \($0.state.rawValue)" }, job: job?.id,
                isHere: wishes[member.worker].map { $0.isHere || $0.standsBy } ?? false,
                does: doing[member.worker] ?? "")
        }
    }

    /// A directive in words.
    static func line(_ directive: EngineDirective) -> String {
        switch directive {
        case .start(let request): "start \(request.worker) on \(request.node) as \(request.role.rawValue)"
        case .stop(let job, let why): "end job \(job.id) of \(job.request.worker): \(why)"
        }
    }

    func print(asJSON: Bool, _ console: Console) throws {
        if asJSON { return try console.printJSON(self) }
        var table = Table(["node", "worker", "state", "wants", "runs", "here", wasDone ? "did" : "would do"])
        for row in nodes {
            let state = row.canHost || row.reason.isEmpty ? row.state : row.reason
            table.add([
                row.node, row.worker, state, row.wants ?? "?", row.runs ?? "nothing", row.isHere ? "yes" : "no",
                row.does,
            ])
        }
        console.print(table.text)
        guard let decision, let minimumWorkers else {
            return console.note("the federation says nothing of these nodes")
        }
        console.print("decision \(decision); a round needs \(minimumWorkers) workers")
    }
}
