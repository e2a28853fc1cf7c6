import CommandLine
import Platform
import Services
import Watching

/// The screen of `fl-alerts top` as lines, each as wide as the terminal at most.
struct TopScreen {
    private(set) var lines: [String] = []
    private let width: Int
    private let usesColour: Bool

    /// - Parameter trouble: why the server was not reached at the last look.
    init(_ state: TopState, width: Int, height: Int, usesColour: Bool, trouble: String? = nil) {
        self.width = max(20, width)
        self.usesColour = usesColour
        let (title, colour) = Self.title(state)
        add("Faultline  \(title), \(Quantity.count(state.standingCount, "alarm")) standing", colour)
        if let trouble {
            add("the server is away: " + PrintableText.line(trouble, limit: 200), "1;33")
        } else {
            add(Self.system(state), "2")
        }
        let foot = Self.notes(state)
        // At least a third of the screen is for alarms, where there are some.
        let room = height == .max ? .max : max(4, height - lines.count - foot.count - 4)
        let forIncidents =
            room == .max ? 50 : min(state.incidents.count, max(room - state.standing.count, room * 2 / 3))
        add("")
        add("INCIDENTS (times in UTC\(state.isFiltered ? "; only what the filters show" : ""))", "1")
        if state.incidents.isEmpty { add("  none so far", "2") }
        for incident in state.incidents.prefix(max(1, forIncidents)) { add(incident, state) }
        add("")
        add("ALARMS THAT STAND", "1")
        if state.standing.isEmpty { add("  none", "2") }
        let left = height == .max ? 50 : max(0, height - lines.count - foot.count)
        for alarm in state.standing.prefix(left) { add(alarm) }
        for note in foot { add(note, "33") }
        if lines.count > height { lines.removeLast(lines.count - height) }
    }

    /// Never better than what is known: that nothing is found says something only where somebody looks.
    private static func title(_ state: TopState) -> (text: String, colour: String) {
        if !state.open.isEmpty { return (Quantity.count(state.open.count, "incident") + " open", "1;31") }
        if state.standingCount > 0 { return ("no incident open", "1;31") }
        if state.activeWorkers == 0 { return ("nothing is watched: no worker is here", "1;33") }
        if !state.isWatched { return ("nothing is watched yet: the workers are learning", "1;33") }
        if state.unwatched > 0 || state.health.dataQualityCount > 0 {
            return ("nothing is wrong where somebody looks", "1;33")
        }
        return ("nothing is wrong now", "1;32")
    }

    private static func system(_ state: TopState) -> String {
        let health = state.health
        let what = health.waitingFor ?? (health.finished ? "all rounds are done" : "learning")
        return "version \(health.version), \(state.activeWorkers) of \(Quantity.count(state.workers, "worker")), "
            + PrintableText.line(what, limit: 120)
    }

    private static func notes(_ state: TopState) -> [String] {
        var notes: [String] = []
        if state.unwatched > 0 {
            notes.append(
                "not watched: \(Quantity.count(state.unwatched, "entity", "entities")) of workers that are gone")
        }
        if let first = state.health.dataQuality.first {
            let more = state.health.dataQualityCount > 1 ? " (and \(state.health.dataQualityCount - 1) more)" : ""
            notes.append("data quality: \(first.site)/\(first.entity): \(first.detail)\(more)")
        }
        for forwarder in state.health.forwarders ?? [] where forwarder.state != "well" {
            notes.append("forwarder \(forwarder.name): \(forwarder.waiting) waiting, \(forwarder.trouble ?? "failing")")
        }
        return notes.map { PrintableText.line($0, limit: 300) }
    }

    private mutating func add(_ incident: IncidentEntry, _ state: TopState) {
        let isOpen = state.open.contains(incident.id)
        let worst = state.worst(of: incident)
        let lead = incident.entities.first
        let place = lead.map { "\($0.site)/\($0.entity)" } ?? incident.id
        let others = incident.entities.count - 1
        let fault = worst.map(AlarmLine.fault) ?? "-"
        var text = "  \(Self.padded(isOpen ? worst?.severity.rawValue ?? "open" : "over", 9))"
        text += Self.padded(
            "\(AlarmLine.moment(incident.start)) \(AlarmLine.duration(incident.start, incident.end))", 26)
        text += Self.padded(PrintableText.line(place, limit: 24) + (others > 0 ? " +\(others)" : ""), 28)
        text += Self.padded(fault, 16) + " " + PrintableText.line(lead?.metrics.prefix(3).joined(separator: ", ") ?? "")
        add(text, isOpen ? AlarmLine.colour(worst?.severity) : "2")
    }

    private mutating func add(_ alarm: AlarmEvent) {
        let mark = alarm.handling.map { handling in
            handling.silence != nil
                ? "silenced" : handling.isFalse == true ? "false" : handling.acknowledgedBy != nil ? "seen" : ""
        }
        var text = "  \(Self.padded(alarm.severity.rawValue, 9))"
        text += Self.padded("#\(alarm.sequence.map(String.init) ?? "-")", 7)
        text += Self.padded(mark ?? "", 9)
        text += Self.padded("score " + Quantity.number(alarm.score), 12)
        text += Self.padded(PrintableText.line("\(alarm.site)/\(alarm.entity)", limit: 26), 28)
        text += Self.padded(AlarmLine.fault(alarm), 16) + " " + AlarmLine.fingerprint(alarm)
        add(text, (mark ?? "").isEmpty ? AlarmLine.colour(alarm.severity) : "2")
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }

    private mutating func add(_ text: String, _ code: String = "") {
        let cut = text.count > width ? text.prefix(width - 1) + "…" : text[...]
        lines.append(usesColour && !code.isEmpty ? "\u{1b}[\(code)m\(cut)\u{1b}[0m" : String(cut))
    }
}
