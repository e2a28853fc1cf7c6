import CommandLine
import Engines
import Services

/// The controller's own HTTP interface: `/healthz` and `/metrics`. It shows names of nodes and workers, and takes nothing.
struct EngineHTTP: Sendable {
    let figures: EngineFigures

    /// Begins to serve.
    ///
    /// - Throws: `ServiceError` when the address cannot be had.
    func start(_ address: (host: String, port: Int)) throws -> HTTPServer {
        try HTTPServer(host: address.host, port: address.port, allowed: { _ in "GET, HEAD" }) { answer($0) }
    }

    func answer(_ request: HTTPRequest) -> HTTPResponse {
        guard request.method == .get else { return .text(405, "GET it here").adding("Allow", "GET") }
        switch request.path {
        case "/healthz": return health
        case "/metrics": return metrics
        default: return .text(404, "nothing here; there are /healthz and /metrics")
        }
    }

    private struct Health: Encodable {
        var status: String
        /// What does not work; absent where all does.
        var trouble: String?
        var decision: UInt64?
        var wantedWorkers: Int
        var runningWorkers: Int
        var held: [String: String]
    }

    private var health: HTTPResponse {
        let state = figures.current
        let wish = state.cycle?.wish
        let health = Health(
            status: state.cycle == nil && state.trouble.isEmpty
                ? "starting" : state.trouble.isEmpty ? "ok" : "degraded",
            trouble: state.trouble.isEmpty ? nil : state.trouble, decision: wish?.decision,
            wantedWorkers: wish?.nodes.count { $0.wants == .worker || $0.wants == .acceleratedWorker } ?? 0,
            runningWorkers: state.cycle?.observation.jobs.count {
                $0.state == .running && $0.request.role != .holder
            } ?? 0, held: state.cycle?.held ?? [:])
        return (try? HTTPResponse.encoding(health)) ?? .text(500, "the state cannot be written")
    }

    private var metrics: HTTPResponse {
        let state = figures.current
        var text = PrometheusText()
        func counts<Key: Hashable & Comparable>(_ keys: [Key], _ label: String) -> [(
            labels: [(String, String)], value: Double
        )] {
            Dictionary(keys.map { ($0, 1) }, uniquingKeysWith: +).sorted { $0.key < $1.key }.map {
                ([(label, "\($0.key)")], Double($0.value))
            }
        }
        text.add("faultline_build_info", "gauge", "Version of the program", [([("version", Tool.version)], 1)])
        text.add("faultline_engine_looks_total", "counter", "Looks at the engine", Double(state.cycles))
        text.add("faultline_engine_look_seconds_total", "counter", "Time spent on them", state.seconds)
        text.add("faultline_engine_failures_total", "counter", "What did not work", Double(state.failures))
        text.add("faultline_engine_trouble", "gauge", "1 while something does not work", state.trouble.isEmpty ? 0 : 1)
        text.add(
            "faultline_engine_directives_total", "counter", "What was asked of the engine",
            [([("kind", "start")], Double(state.starts)), ([("kind", "stop")], Double(state.stops))])
        guard let cycle = state.cycle else { return text.answer }
        text.add(
            "faultline_engine_nodes", "gauge", "Nodes of the engine by state",
            counts(cycle.observation.nodes.map { "\($0.state)" }, "state"))
        text.add(
            "faultline_engine_jobs", "gauge", "Jobs of the federation by state",
            counts(cycle.observation.jobs.map(\.state.rawValue), "state"))
        text.add(
            "faultline_engine_barred_nodes", "gauge", "Nodes that placement does without",
            Double(cycle.candidates.count { !$0.canHost }))
        text.add(
            "faultline_engine_held", "gauge", "Workers for which something wanted is not done yet",
            Double(cycle.held.count))
        if let wish = cycle.wish {
            text.add(
                "faultline_engine_decision", "gauge", "Decision of placement that is followed", Double(wish.decision))
            text.add(
                "faultline_engine_wanted", "gauge", "Workers by what is wanted for them",
                counts(wish.nodes.map(\.wants.rawValue), "as"))
        }
        return text.answer
    }
}
