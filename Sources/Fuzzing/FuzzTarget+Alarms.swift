import Forwarding
import Foundation
import Platform
import Services
import Telemetry
import Watching

extension FuzzTarget {
    /// Alarms, what is known of faults, what operators say, and the HTTP interface.
    static let alarms: [FuzzTarget] = [
        // From the bytes that a worker sends to everything that is made of them.
        FuzzTarget("alarm", longest: 8_192, texts: [Examples.alarm, signedAlarm]) { bytes in
            let event = try AlarmEvent(decoding: bytes)
            let again = try event.encoded()
            try require(AlarmEvent(decoding: again).encoded() == again, "an event is written as another than was read")
            guard event.flaw == nil else { return }
            show(event)
        },
        FuzzTarget("alarm-page", texts: ["{\"events\":[\(Examples.alarm)]}"]) { bytes in
            for event in try AlarmEvent.decode([String: [AlarmEvent]].self, from: bytes).values.joined() {
                _ = event.flaw
            }
        },
        FuzzTarget("false-alarm", texts: [Examples.falseAlarm]) { bytes in
            let alarm = try FalseAlarm(decoding: bytes)
            guard let again = alarm.encoded else { throw Refused() }
            try require(
                FalseAlarm(decoding: again) == alarm, "what an alarm reached is written as another than was read")
            _ = FalseAlarmTolerance([alarm], groups: ["physical.cpu", "site"], metrics: ["cpu_a"])
        },
        // Several, one a line, as a log has them.
        FuzzTarget("incidents", texts: [Examples.alarm + "\n" + signedAlarm]) { bytes in
            var machine = IncidentMachine(dependencies: DependencyGraph([.init(source: "b", target: "c", weight: 1)]))
            for line in bytes.split(separator: 0x0a).prefix(32) {
                guard let event = try? AlarmEvent(decoding: Array(line)), event.flaw == nil else { continue }
                _ = machine.observe(EntityReport(event))
            }
            for incident in machine.incidents {
                _ = CulpritRanking(incident, dependencies: machine.dependencies).suspects.flatMap(\.alarms)
            }
        },
        FuzzTarget("fault-library", texts: ["{\"formatVersion\":2,\"faults\":{\"disk\":[\(signature)]}}"]) { bytes in
            let library = try FaultLibrary(decoding: bytes)
            try require(
                FaultLibrary(decoding: library.encoded()) == library, "a library is written as another than was read")
            if let known = library.faults.values.first?.first?.signature { _ = library.match(known) }
            for name in library.faults.keys { _ = library.strongestMetrics(of: name) }
        },
        FuzzTarget(
            "desk",
            texts: [
                #"{"mark":{"alarm":"a/b@5","notes":[{"text":"x","by":"me","at":3}],"changed":4,"acknowledged":{"by":"me","at":3}}}"#,
                #"{"silence":{"id":1,"matcher":{"site":"a*"},"from":1,"until":9,"by":"me"}}"#,
                #"{"hint":{"fault":"disk","text":"x","by":"me","at":2}}"#,
            ]
        ) { bytes in
            let piece = try JSONDecoder().decode(DeskPiece.self, from: Data(bytes))
            let again = try DeterministicJSON.encode(piece)
            try require(DeterministicJSON.decode(DeskPiece.self, from: again) == piece, "a piece is written as another")
            let desk = OperatorDesk(restoring: [piece], lastEntry: 3)
            let event = try AlarmEvent(decoding: Array(Examples.alarm.utf8))
            _ = desk.handling(of: event, fault: "disk", at: 5)
        },
        FuzzTarget(
            "matcher", texts: [#"{"alarm":"a/*@5","site":"**a*","metric":"cpu*","severity":"minor"}"#]
        ) { bytes in
            let matcher = try JSONDecoder().decode(AlarmMatcher.self, from: Data(bytes))
            guard matcher.flaw == nil else { throw Refused() }
            _ = matcher.matches(try AlarmEvent(decoding: Array(Examples.alarm.utf8)), fault: "disk")
        },
        FuzzTarget("calendar", texts: calendars) { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            _ = try MaintenanceCalendar.windows(
                of: text, in: 1_700_000_000..<1_710_000_000, zone: TimeZone(secondsFromGMT: 3_600) ?? .gmt)
        },
        // A request: method, path with query, and type on a line, the body behind it.
        FuzzTarget("http", longest: 8_192, texts: requests) { bytes in
            let parts = bytes.split(separator: 0x0a, maxSplits: 1, omittingEmptySubsequences: false)
            let words = String(decoding: parts[0], as: UTF8.self).split(separator: " ").map(String.init)
            guard words.count >= 2 else { throw Refused() }
            let answer = try interface().answer(
                words[0], words[1], type: words.count > 2 ? words[2] : nil, body: parts.count > 1 ? Array(parts[1]) : []
            )
            try require(answer.map { $0 < 500 || $0 == 503 } ?? true, "an answer with the status \(answer ?? 0)")
        },
        FuzzTarget("score-body", longest: 8_192, texts: [Examples.table(rows: 6), "[{\"cpu_a\": 1}, {\"cpu_a\": 2}]"]) {
            bytes in
            let isList = bytes.first == UInt8(ascii: "[")
            _ = try interface().rows(of: bytes, type: isList ? "application/json" : "text/csv")
        },
    ]

    private static func interface() throws -> DetachedInterface { try shared.get() }
    private static let shared = Result {
        try DetachedInterface(
            folder: Scratch.shared.folder + "/server",
            alarms: [Examples.alarm, signedAlarm].map { try AlarmEvent(decoding: Array($0.utf8)) })
    }

    private static func show(_ event: AlarmEvent) {
        var event = event
        (event.sequence, event.federation) = (7, "f")
        _ = CloudEvent.envelope(of: event).description
        _ = AlarmText.summary(of: event)
        _ = VESEvent.fault(event, reporter: "r", now: 1_700_000_000).description
        _ = VESEvent.crossing(event, reporter: "r", now: 1_700_000_000, hasFault: true).description
        let place = GrafanaAnnotation.Place(dashboard: nil, panel: nil, tags: [])
        _ = GrafanaAnnotation(event, at: place, now: 1_700_000_000).whole.count
        _ = SyslogMessage.text(event, host: "h", process: 1)
        _ = FaultManagement.record(of: event, mark: nil, now: 1_700_000_000).description
        for isSilenced in [false, true] {
            let letter = Letter(sequence: 7, event: event, isSilenced: isSilenced)
            _ = FaultManagement.notification(of: letter, now: 1_700_000_000)?.description
            _ = AlertmanagerAlert.alerts(letter.event, now: 1_700_000_000).map(\.description)
        }
        _ = MailMessage.text(
            [event], from: "a@b", to: ["c@d"], id: "1", date: Date(timeIntervalSince1970: 1_700_000_000))
        var library = FaultLibrary()
        if let signature = event.signature {
            _ = library.add(signature, as: "fault", origin: event.id)
            _ = FaultMatcher(library).fault(of: signature)
            _ = signature.compact
        }
    }

    private static let signature = """
        {"aspects":{"level":0.5},"metrics":{"cpu_a":{"above":0.9,"below":0.1}},"resources":{"cpu":{"above":0.9,\
        "below":0.1}},"rhythm":{"centre":0.5,"duty":0.5,"restlessness":0.1},"sidedness":0.5}
        """

    private static let signedAlarm =
        String(Examples.alarm.dropLast()) + ",\"signature\":\(signature),\"signatureSamples\":60}"

    private static let calendars = [
        """
        BEGIN:VCALENDAR\r
        VERSION:2.0\r
        BEGIN:VTIMEZONE\r
        TZID:Europe/Berlin\r
        END:VTIMEZONE\r
        BEGIN:VEVENT\r
        UID:1\r
        SUMMARY:Upgrade \\, all\r
        DTSTART;TZID=Europe/Berlin:20231120T220000\r
        DTEND;TZID=Europe/Berlin:20231121T020000\r
        RRULE:FREQ=WEEKLY;BYDAY=MO,TH;INTERVAL=2;COUNT=5\r
        EXDATE;TZID=Europe/Berlin:20231123T220000\r
        END:VEVENT\r
        END:VCALENDAR\r

        """,
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:2\nDTSTART:20231201T000000Z\nDURATION:P1DT2H\nRRULE:FREQ=MONTHLY;UNTIL=20240301T000000Z\nEND:VEVENT\nBEGIN:VEVENT\nUID:3\nDTSTART;VALUE=DATE:20231224\nEND:VEVENT\nEND:VCALENDAR\n",
    ]

    private static let requests = [
        "GET /healthz", "GET /metrics", "GET /v1/alarms?since=0&limit=10&form=cloudevents",
        "GET /v1/alarms/stream?since=0",
        "GET /v1/incidents?limit=5", "GET /v1/library?form=file", "GET /v1/workers?limit=5&after=a",
        "GET /v1/rounds?limit=5", "GET /v1/versions?limit=2&before=9", "GET /v1/versions/1/model", "GET /v1/operations",
        "GET /v1/audit?since=1&limit=3", "GET /openapi.json", "GET /", "DELETE /v1/silences/1",
        "GET /3GPPManagement/FaultSupervisionMnS/v1810/alarms?alarmAckState=ALL_ALARMS",
        "PATCH /3GPPManagement/FaultSupervisionMnS/v1810/alarms/a/b@50 application/merge-patch+json\n"
            + #"{"ackState":"ACKNOWLEDGED","ackUserId":"me"}"#,
        "PATCH /3GPPManagement/FaultSupervisionMnS/v1810/alarms application/merge-patch+json\n"
            + #"{"a/b@50":{"ackState":"ACKNOWLEDGED","ackUserId":"me"}}"#,
        "POST /3GPPManagement/FaultSupervisionMnS/v1810/alarms/a/b@50/comments application/json\n"
            + #"{"commentUserId":"me","commentText":"x"}"#,
        "POST /v1/operations application/json\n" + #"{"operation":"note","alarm":"a/b@50","text":"x"}"#,
        "POST /v1/operations application/json\n" + #"{"operation":"confirm","alarm":1,"fault":"disk"}"#,
        "POST /v1/silences application/json\n"
            + #"{"matcher":{"site":"a"},"from":1700000000,"seconds":60,"comment":"x"}"#,
        "PUT /v1/silences/1 application/json\n" + #"{"until":1900000000}"#,
        "PUT /v1/hints/disk application/json\n" + #"{"text":"x"}"#,
        "POST /v1/placement/target application/json\n" + #"{"targetSeconds":10,"rounds":3}"#,
        "POST /v1/library application/json\n{\"name\":\"disk\",\"signature\":\(signature)}",
        "POST /v1/score?entity=a/b&learn=2 text/csv\ncpu_a\n1\n2\n3\n",
    ]
}
