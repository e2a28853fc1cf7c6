import CommandLine
import Platform

/// A worker's own HTTP interface: `/healthz` and `/metrics`, for this machine only.
package struct WorkerHTTP: Sendable {
    let settings: WorkerSettings
    let figures: WorkerFigures

    /// The interface of a worker.
    package init(settings: WorkerSettings, figures: WorkerFigures) {
        self.settings = settings
        self.figures = figures
    }

    /// Begins to serve.
    ///
    /// - Throws: ``ServiceError`` when the address is not on loopback or cannot be had.
    package func start(_ address: (host: String, port: Int)) throws -> HTTPServer {
        try Self.check(address)
        return try HTTPServer(host: address.host, port: address.port) { answer($0) }
    }

    /// Nobody is asked for a token, so nobody else may reach it.
    static func check(_ address: (host: String, port: Int)) throws {
        let host = address.host.contains(":") ? "[\(address.host)]" : address.host
        guard try Endpoint("tcp://\(host):1").isLoopback else {
            throw ServiceError(
                .configuration,
                "http: found \(host):\(address.port), which other machines reach, expected a loopback address")
        }
    }

    func answer(_ request: HTTPRequest) -> HTTPResponse {
        guard ["/healthz", "/metrics"].contains(request.path) else {
            return .text(404, "nothing here; there are /healthz and /metrics")
        }
        guard request.method == .get else { return .text(405, "GET it here").adding("Allow", "GET, HEAD") }
        if request.path == "/metrics" { return metrics }
        let state = figures.current
        let health = Health(
            worker: settings.name, site: settings.site, version: state.version, lease: state.lease,
            entities: state.entities, scoredRows: state.scored.files + state.scored.live, waitingRows: state.backlog,
            waitingAlarms: state.alarmsWaiting, streamsEnded: state.streamsEnded, waitingFor: state.waitingFor)
        return (try? HTTPResponse.encoding(health)) ?? .text(500, "the state cannot be written")
    }

    private struct Health: Encodable {
        var status = "ok"
        var worker: String
        var site: String
        var version: UInt64
        /// Under which lease the server knows it; absent while it does not.
        var lease: UInt64?
        var entities: Int
        var scoredRows: UInt64
        var waitingRows: Int
        var waitingAlarms: UInt64
        var streamsEnded: Bool
        /// What it waits for before it takes part; absent where it does not.
        var waitingFor: String?
    }

    private var metrics: HTTPResponse {
        let state = figures.current
        var text = PrometheusText()
        func counts(_ all: [String: Int], _ label: String) -> [(labels: [(String, String)], value: Double)] {
            all.sorted { $0.key < $1.key }.map { ([(label, $0.key)], Double($0.value)) }
        }
        text.add("faultline_build_info", "gauge", "Version of the program", [([("version", Tool.version)], 1)])
        text.add("faultline_worker_connected", "gauge", "1 while a server has let it in", state.lease == nil ? 0 : 1)
        text.add("faultline_worker_leases_total", "counter", "Leases it was given", Double(state.leases))
        text.add("faultline_worker_model_version", "gauge", "Version that it holds", Double(state.version))
        text.add("faultline_worker_entities", "gauge", "Entities that it reaches", Double(state.entities))
        text.add(
            "faultline_worker_rows_scored_total", "counter", "Rows scored since the start",
            [
                ([("source", "files")], Double(state.scored.files)), ([("source", "live")], Double(state.scored.live)),
            ])
        text.add("faultline_worker_rows_waiting", "gauge", "Live rows that are not scored", Double(state.backlog))
        text.add("faultline_worker_scoring_seconds_total", "counter", "Time spent scoring", state.scoring.seconds)
        text.add("faultline_worker_fits_total", "counter", "Fits of detectors", Double(state.fits.count))
        text.add("faultline_worker_fits_failed_total", "counter", "Fits that failed", Double(state.failedFits))
        text.add("faultline_worker_fit_seconds_total", "counter", "Time spent fitting", state.fits.seconds)
        text.add(
            "faultline_worker_round_work_total", "counter", "Pieces of rounds' work done; statistics begin a loop",
            counts(state.work.mapValues(\.count), "kind"))
        text.add(
            "faultline_worker_round_work_failed_total", "counter", "Pieces of rounds' work that failed",
            counts(state.failedWork, "kind"))
        text.add(
            "faultline_worker_round_work_seconds_total", "counter", "Time spent on rounds' work",
            state.work.sorted { $0.key < $1.key }.map { ([("kind", $0.key)], $0.value.seconds) })
        text.add(
            "faultline_worker_alarm_events_total", "counter", "Events of alarms", counts(state.events, "state"))
        text.add(
            "faultline_worker_alarm_events_waiting", "gauge", "Events that the server does not have",
            Double(state.alarmsWaiting))
        text.add(
            "faultline_worker_data_quality_total", "counter", "What was found wrong with the watching",
            counts(state.findings, "kind"))
        text.add(
            "faultline_worker_log_lines_total", "counter", "Warnings and errors in the log",
            state.lines.sorted { ($0.key.level, $0.key.message) < ($1.key.level, $1.key.message) }.map {
                ([("level", $0.key.level), ("message", $0.key.message)], Double($0.value))
            })
        if let store = state.live?.figures {
            text.add("faultline_worker_rows_read_total", "counter", "Rows taken from sources", Double(store.taken))
            text.add(
                "faultline_worker_rows_dropped_total", "counter", "Rows let go to keep the store in its bounds",
                Double(store.forgotten))
            text.add(
                "faultline_worker_store_damaged_blocks_total", "counter", "Blocks of the store that were damaged",
                Double(store.damaged))
            text.add("faultline_worker_store_bytes", "gauge", "Bytes in the sample store", Double(store.bytes))
        }
        return text.answer
    }
}
