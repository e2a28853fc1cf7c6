import CommandLine
import Foundation

/// The server's figures for Prometheus, in its text format 0.0.4: `/metrics`.
struct ServerMetrics {
    private var text = PrometheusText()

    /// The figures as they stand.
    init(
        board: ServerBoard.State, lastAlarm: Int64, openIncidents: Int, findings: Int,
        forwarders: [ForwardingReport.Forwarder], calendars: [CalendarThreads.Status]
    ) {
        text.add("faultline_build_info", "gauge", "Version of the program", [([("version", Tool.version)], 1)])
        text.add(
            "faultline_model_version", "gauge", "Number of the latest model version", [([], Double(board.version))])
        text.add(
            "faultline_learning_finished", "gauge", "1 when all rounds are done", [([], board.finished ? 1 : 0)])
        text.add(
            "faultline_waiting", "gauge", "1 when the server waits for something, which /healthz names",
            [([], board.waitingFor == nil ? 0 : 1)])
        let states = Dictionary(grouping: board.workers.values, by: \.state)
        text.add(
            "faultline_workers", "gauge", "Workers by state",
            ["active", "lost", "left"].map { ([("state", $0)], Double(states[$0]?.count ?? 0)) })
        let active = board.workers.values.filter { $0.state == "active" }.sorted { $0.name < $1.name }.prefix(1_000)
        text.add(
            "faultline_worker_samples_scored_total", "counter", "Samples that an active worker has scored",
            active.map { ([("worker", $0.name), ("site", $0.site)], Double($0.scoredSamples)) })
        text.add(
            "faultline_worker_model_lag", "gauge", "Versions by which an active worker is behind",
            active.map {
                ([("worker", $0.name), ("site", $0.site)], Double(board.version) - Double($0.version))
            })
        text.add(
            "faultline_worker_round_trip_seconds", "gauge", "Time from an active worker's heartbeat to its answer",
            active.compactMap { worker in
                worker.roundTripSeconds.map { ([("worker", worker.name), ("site", worker.site)], $0) }
            })
        text.add("faultline_alarm_events_total", "counter", "Events in the log of alarms", [([], Double(lastAlarm))])
        text.add(
            "faultline_alarm_events_refused_total", "counter", "Events that were refused, since the start",
            board.refusedAlarms.sorted { $0.key < $1.key }.map { ([("reason", $0.key)], Double($0.value)) })
        text.add(
            "faultline_contributions_rejected_total", "counter", "Contributions that did not count, since the start",
            board.rejections.sorted { $0.key < $1.key }.map { ([("reason", $0.key)], Double($0.value)) })
        text.add(
            "faultline_messages_refused_total", "counter", "Messages that were refused, since the start",
            board.refusedMessages.sorted { $0.key < $1.key }.prefix(1_000).flatMap { worker, reasons in
                reasons.sorted { $0.key < $1.key }.map { reason, count in
                    ([("worker", worker), ("reason", reason)], Double(count))
                }
            })
        text.add(
            "faultline_handshakes_refused_total", "counter", "Connections of keys that nobody has enrolled",
            [([], Double(board.refusedHandshakes))])
        text.add(
            "faultline_connections_cut_total", "counter",
            "Connections that were cut because their address had too many",
            board.refusedConnections.sorted { $0.key < $1.key }.map { ([("reason", $0.key)], Double($0.value)) })
        text.add(
            "faultline_http_requests_refused_total", "counter", "Requests of whoever asked too often, since the start",
            board.refusedRequests.sorted { $0.key < $1.key }.prefix(1_000).flatMap { asker, reasons in
                reasons.sorted { $0.key < $1.key }.map { reason, count in
                    ([("asker", asker), ("reason", reason)], Double(count))
                }
            })
        text.add(
            "faultline_workers_excluded", "gauge", "Active workers whose contributions are not wanted for a while",
            [([], Double(board.workers.values.count { $0.state == "active" && $0.excludedBecause != nil }))])
        text.add("faultline_incidents_open", "gauge", "Incidents that go on", [([], Double(openIncidents))])
        text.add(
            "faultline_data_quality_findings", "gauge", "What is wrong with the watching now", [([], Double(findings))])
        func each(_ value: (ForwardingReport.Forwarder) -> Double) -> [([(String, String)], Double)] {
            forwarders.map { ([("forwarder", $0.name), ("kind", $0.kind)], value($0)) }
        }
        text.add(
            "faultline_forwarder_up", "gauge", "1 while the peer takes alarms", each { $0.state == "well" ? 1 : 0 })
        text.add("faultline_forwarder_waiting_events", "gauge", "Events not dealt with", each { Double($0.waiting) })
        text.add("faultline_forwarder_sent_total", "counter", "Events that went", each { Double($0.sent) })
        text.add(
            "faultline_forwarder_dead_letters", "gauge", "Events that the peer refused", each { Double($0.deadLetters) }
        )
        text.add(
            "faultline_calendar_up", "gauge", "1 while a calendar of maintenance can be had and read",
            calendars.map { ([("calendar", $0.name)], $0.state == "well" ? 1 : 0) })
    }

    /// The answer.
    var answer: HTTPResponse { text.answer }
}
