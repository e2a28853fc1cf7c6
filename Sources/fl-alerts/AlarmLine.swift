import CommandLine
import FoundationEssentials
import Platform
import Watching

/// An alarm event as people read it.
enum AlarmLine {
    static let header = ["no", "state", "severity", "entity", "row", "time", "score", "fault", "fingerprint"]

    static func cells(_ event: AlarmEvent) -> [String] {
        [
            event.sequence.map(String.init) ?? "-", event.state.rawValue, event.severity.rawValue, name(event),
            "\(event.onset.index)–\(event.at.index)", time(event.at.time),
            Quantity.number(event.score), fault(event), fingerprint(event),
        ]
    }

    /// When something was, to the minute in UTC: `2026-01-06 20:12`; seconds for clocks that count from a start of their own.
    static func moment(_ seconds: Double) -> String {
        guard isSince1970(seconds) else { return Quantity.number(seconds) + " s" }
        let date = Date(timeIntervalSince1970: seconds.rounded(.down)).formatted(.iso8601)
        return String(date.dropLast(4)).replacing("T", with: " ")
    }

    /// How long something lasted.
    static func duration(_ start: Double, _ end: Double) -> String { end > start ? Quantity.seconds(end - start) : "" }

    /// What operators said of it.
    static func said(_ event: AlarmEvent) -> String {
        guard let handling = event.handling else { return "" }
        return [
            handling.isFalse == true ? handling.learnedAt == nil ? "false" : "false, learned" : nil,
            handling.confirmedAs.map { "confirmed as \($0)" }, handling.acknowledgedBy.map { "seen by \($0)" },
            handling.silence.map { "silence \($0)" },
            handling.notes.map { Quantity.count($0, "note") },
        ].compactMap { $0 }.joined(separator: ", ")
    }

    private static func isSince1970(_ seconds: Double) -> Bool { seconds > 1e8 && seconds < 1e11 }

    /// A date for clocks that count from 1970, seconds for those that count from a start of their own.
    private static func time(_ seconds: Double) -> String {
        guard isSince1970(seconds) else { return Quantity.fixed(seconds, 1) + " s" }
        let date = Date(timeIntervalSince1970: seconds.rounded(.down))
        return date.formatted(.iso8601)
    }

    /// One line, for events that come one by one.
    static func text(_ event: AlarmEvent, usesColour: Bool) -> String {
        let number = padded("#\(event.sequence.map(String.init) ?? "-")", 5)
        let state = padded(event.state.rawValue, 8)
        let severity = padded(event.severity.rawValue, 9)
        let rows = "rows \(event.onset.index)–\(event.at.index)"
        let line =
            "\(number) \(paint(state, colour(of: event), usesColour)) \(paint(severity, colour(of: event), usesColour)) "
            + "\(padded(name(event), 14)) \(padded(rows, 15)) score \(padded(Quantity.number(event.score), 5))"
        let evidence = event.reconstruction.map { " reconstruction \(padded(Quantity.number($0), 5))" } ?? ""
        let flaps = event.flaps.map { " returned \($0)×" } ?? ""
        return line + evidence + flaps + "  \(padded(fault(event), 12))  " + fingerprint(event)
    }

    private static func name(_ event: AlarmEvent) -> String { printable("\(event.site)/\(event.entity)") }

    /// A peer's text without what a terminal would obey, or a reader not see.
    private static func printable(_ text: String) -> String { PrintableText.line(text, limit: 120) }

    /// The known fault it is like, with the likeness: `disk-stall 86 %`, `unknown`, or `-` where nothing can be said.
    static func fault(_ event: AlarmEvent) -> String {
        guard let fault = event.fault else { return "-" }
        guard fault.name != AlarmEvent.Fault.unknown else { return fault.name }
        let likeness = Int(exactly: (fault.similarity * 100).rounded()).map { "\($0)" } ?? "–"
        return printable(fault.name) + " \(likeness) %"
    }

    /// The metrics with the largest shares: `physical.cpu node_load1 ↑ 61 %`.
    static func fingerprint(_ event: AlarmEvent) -> String {
        if let quality = event.quality {
            let subjects = quality.subjects.prefix(3).joined(separator: ", ")
            return printable("data quality: \(quality.kind), \(quality.detail)")
                + printable(subjects.isEmpty ? "" : " (\(subjects))")
        }
        return event.fingerprint.prefix(3).map { cause in
            let share = Int(exactly: (cause.share * 100).rounded()).map { "\($0)" } ?? "–"
            return printable("\(cause.group) \(cause.metric)") + " \(cause.deviation < 0 ? "↓" : "↑") \(share) %"
        }.joined(separator: ", ")
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func colour(of event: AlarmEvent) -> String {
        event.state == .cleared ? "32" : colour(event.severity)
    }

    /// The colour of something so severe.
    static func colour(_ severity: AlarmEvent.Severity?) -> String {
        switch severity {
        case .critical: "1;31"
        case .major: "31"
        case .minor: "1;33"
        case .warning, nil: "33"
        }
    }

    private static func paint(_ text: String, _ code: String, _ usesColour: Bool) -> String {
        usesColour ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
    }
}
