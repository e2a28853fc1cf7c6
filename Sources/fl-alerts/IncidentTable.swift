import CommandLine
import Platform
import Services
import Watching

/// Incidents as a table for people, with their alarms beneath them.
struct IncidentTable {
    /// The lines; coloured where that is wanted.
    let lines: [String]

    private static let header = [
        "incident", "state", "severity", "since (UTC)", "for", "where", "score", "fault", "what deviates",
    ]

    /// A table of a list.
    ///
    /// - Parameter withAlarms: whether alarms stand beneath, those without an incident at the end.
    init(_ list: IncidentList, withAlarms: Bool, usesColour: Bool) {
        // What operators say, they say of alarms.
        var table = Table(Self.header + (withAlarms ? ["said"] : []))
        var colours = ["1"]
        for incident in list.incidents {
            let isOpen = list.open.contains(incident.id)
            let worst = list.worst(of: incident)
            table.add(Self.cells(incident, worst, isOpen: isOpen) + (withAlarms ? [""] : []))
            colours.append(isOpen ? AlarmLine.colour(worst?.severity) : "2")
            guard withAlarms else { continue }
            for alarm in list.alarms(of: incident) { Self.add(alarm, list, &table, &colours) }
        }
        if withAlarms { for alarm in list.otherAlarms { Self.add(alarm, list, &table, &colours) } }
        guard !table.isEmpty else {
            lines = []
            return
        }
        lines = zip(table.text.split(separator: "\n", omittingEmptySubsequences: false), colours).map { line, colour in
            usesColour ? "\u{1b}[\(colour)m\(line)\u{1b}[0m" : String(line)
        }
    }

    private static func cells(_ incident: IncidentEntry, _ worst: AlarmEvent?, isOpen: Bool) -> [String] {
        let lead = incident.entities.first
        let others = incident.entities.count - 1
        return [
            incident.id, isOpen ? "goes on" : "over", worst?.severity.rawValue ?? "",
            AlarmLine.moment(incident.start), AlarmLine.duration(incident.start, incident.end),
            (lead.map { "\($0.site)/\($0.entity)" } ?? "") + (others > 0 ? " +\(others)" : ""),
            worst.map { Quantity.number($0.score) } ?? "", worst.map(AlarmLine.fault) ?? "-",
            (lead?.metrics.prefix(3).joined(separator: ", ") ?? ""),
        ]
    }

    /// An alarm's row, set in.
    private static func add(
        _ alarm: AlarmEvent, _ list: IncidentList, _ table: inout Table, _ colours: inout [String]
    ) {
        let stands = list.standing.contains(alarm.id)
        table.add([
            "  #\(alarm.sequence.map(String.init) ?? "-")", stands ? "stands" : "over", alarm.severity.rawValue,
            AlarmLine.moment(alarm.onset.time), AlarmLine.duration(alarm.onset.time, alarm.at.time),
            "\(alarm.site)/\(alarm.entity)", Quantity.number(alarm.score), AlarmLine.fault(alarm),
            AlarmLine.fingerprint(alarm), AlarmLine.said(alarm),
        ])
        colours.append(stands ? AlarmLine.colour(alarm.severity) : "2")
    }
}
