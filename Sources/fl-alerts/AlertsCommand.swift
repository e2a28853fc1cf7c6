import CommandLine
import Foundation
import Platform
import Services
import Synchronization
import Watching

/// `fl-alerts`.
struct AlertsCommand: Command {
    static let server = Option<String>(
        "server", "ADDRESS", default: "127.0.0.1:7410", "the server's HTTP endpoint, HOST:PORT or https://HOST:PORT",
        constraint: ServerAccess.constraint, valid: { HTTPPeer($0) != nil })
    /// What says where the server is and how one talks to it.
    static let access: [any AnyOption] = [server] + ServerAccess.options
    static let follow = Option<Bool>("follow", default: false, "wait for alarms and show them as they come")
    static let since = Option<Int>(
        "since", "NUMBER", default: 0, "only alarm events after this sequence number", constraint: "at least 0",
        valid: { $0 >= 0 })
    static let format = Option<ListFormat>(
        "format", "FORMAT", default: .table, "how to print: a table, one JSON value, or one JSON object a line")
    static let events = Option<Bool>(
        "events", default: false, "every event of alarms one after the other, instead of incidents with their alarms")

    static let manual = CommandManual(
        name: "", summary: "show incidents with their alarms, or alarms as they come",
        discussion: """
            Incidents come first, those that go on before those that are over, each with its alarms beneath it and what \
            operators said of these; then alarms that are in none. The latest 1,000 incidents and 20,000 events are looked at. \
            Times are UTC. Filters show the alarms that every one of them fits, and the incidents that these are in.

            With --events, --since or --follow it shows events. Every event of an alarm's life has a sequence number without \
            gaps: raised, changed (worse, another group, or something else now), settled (sixty samples after it began its \
            signature tells what it is), cleared. The fingerprint names the metrics that deviate, with their shares. The \
            fault is the known one that the alarm is like, with the likeness, by the server's library; fl-train library add \
            --server confirms one.

            With --follow it waits for more, and after a broken connection goes on where it was, or with the first alarm \
            where another federation answers; for a server that has not answered yet it waits half a minute. Events that come \
            one by one are one JSON object a line with json, too. SIGTERM and Ctrl-C end it.
            """,
        examples: [
            .init("fl-alerts", "incidents with their alarms"),
            .init("fl-alerts --site 'plant-*' --severity major", "what is major or critical at some places"),
            .init("fl-alerts --follow", "all events so far, then as they come"),
            .init("fl-alerts --since 120 --format ndjson", "what came after number 120, for another program"),
        ],
        options: access + [events, follow, since] + AlarmFilter.options + [format])

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let peer = try ServerAccess.peer(arguments[Self.server], arguments)
        let format = arguments[Self.format]
        let since = arguments[Self.since]
        let filter = AlarmFilter(arguments)
        if arguments[Self.follow] {
            let stop = StopSignal()
            stop.catchTermination()
            try await BackgroundThread.run {
                try Self.follow(peer, since: since, filter, isJSON: format != .table, stop: stop, console)
            }
        } else if arguments[Self.events] || arguments[ifGiven: Self.since] != nil {
            try await BackgroundThread.run { try Self.list(peer, since: since, filter, format, console) }
        } else {
            let client = try OperationsClient(arguments)
            let list = try await BackgroundThread.run { try IncidentList.read(client) }.shown(by: filter)
            try Self.show(list, format, console)
        }
    }

    // MARK: Incidents

    private struct Both: Encodable {
        let incidents: [IncidentList.Form]
        let alarms: [AlarmEvent]
    }

    private static func show(_ list: IncidentList, _ format: ListFormat, _ console: Console) throws {
        let forms = list.forms(withAlarms: true)
        switch format {
        case .json:
            let both = Both(incidents: forms, alarms: list.otherAlarms)
            console.print(JSONText.visible(try Console.json(both, pretty: true)))
        case .ndjson:
            try console.print(forms, as: .ndjson)
            try console.print(list.otherAlarms, as: .ndjson)
        case .table:
            let table = IncidentTable(list, withAlarms: true, usesColour: console.usesColour)
            if table.lines.isEmpty {
                console.note("no alarms")
            } else {
                console.print(table.lines.joined(separator: "\n"))
            }
        }
    }

    // MARK: Once

    private static func list(
        _ peer: HTTPPeer, since: Int, _ filter: AlarmFilter, _ format: ListFormat, _ console: Console
    ) throws {
        var table = Table(AlarmLine.header)
        var all: [AlarmEvent] = []
        let unreadable = try AlarmFeed.read(peer, since: Int64(since)) { events in
            let shown = events.filter { filter.shows($0) }
            switch format {
            case .table: for event in shown { table.add(AlarmLine.cells(event)) }
            case .json: all += shown
            case .ndjson: try console.print(shown, as: .ndjson)
            }
        }
        if unreadable > 0 { console.note("\(unreadable) damaged alarm events are left out") }
        switch format {
        case .json: try console.print(all, as: .json)
        case .ndjson: break
        case .table: if table.isEmpty { console.note("no alarms") } else { console.print(table.text) }
        }
    }

    // MARK: Following

    private static let longestBeginning: Duration = .seconds(30)

    private static func follow(
        _ peer: HTTPPeer, since: Int, _ filter: AlarmFilter, isJSON: Bool, stop: StopSignal, _ console: Console
    ) throws {
        let start = ContinuousClock.now
        var last = "\(since)"
        var connected = false
        var noted = false
        var federation: String?
        var hasSeen = false
        while !stop.isSet {
            // The numbers of one federation mean nothing in another.
            if let now = AlarmFeed.federation(of: peer) {
                if let federation, federation != now.name || (hasSeen && now.lastAlarm < Int64(last) ?? 0) {
                    console.note(
                        "another federation is there, or an older copy of this one's alarms; from the first on")
                    last = "0"
                }
                federation = now.name
            }
            var parser = EventStreamParser()
            let outcome = HTTPClient.get(
                peer, path: "/v1/alarms/stream", headers: ["Last-Event-ID": last], silence: nil
            ) { bytes in
                if noted { console.note("connected again") }
                (connected, noted) = (true, false)
                let dropped = parser.dropped
                let events = parser.append(bytes)
                if parser.dropped > dropped { console.note("an event of more than 1 MiB was left out") }
                for event in events {
                    if let id = event.id { (last, hasSeen) = (id, true) }
                    guard !isJSON || !filter.isOpen else {
                        console.print(JSONText.visible(event.data))
                        continue
                    }
                    guard let alarm = try? AlarmEvent(decoding: Array(event.data.utf8)) else {
                        console.note(
                            "alarm number \(PrintableText.line(event.id ?? "?", limit: 40)) cannot be read by this version; left out"
                        )
                        continue
                    }
                    guard filter.shows(alarm) else { continue }
                    console.print(
                        isJSON
                            ? JSONText.visible(event.data) : AlarmLine.text(alarm, usesColour: console.usesColour))
                }
                return !stop.isSet
            }
            if stop.isSet { return }
            if case .refused = outcome { try AlarmFeed.check(outcome) }
            // A server that has not answered for a while is more likely a wrong address than one that begins.
            if !connected, ContinuousClock.now - start >= longestBeginning { try AlarmFeed.check(outcome) }
            if !noted { console.note("the server is away; waiting for it") }
            noted = true
            for _ in 0..<5 where !stop.isSet { Thread.sleep(forTimeInterval: 0.1) }
        }
    }
}
