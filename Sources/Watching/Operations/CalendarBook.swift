/// Which silences follow from a calendar that is looked at again and again, as a value: what its events say is said once,
/// and what an operator makes of it afterwards stands. What is taken out of the calendar ends.
package struct CalendarBook: Codable, Equatable, Sendable {
    /// A window that became a silence.
    package struct Entry: Codable, Equatable, Sendable {
        /// When it begins and when it is over, in seconds since 1970.
        package var start: Int64
        package var end: Int64
    }

    /// Windows of one calendar that are in force or to come at a time.
    package static let mostWindows = 200
    /// Seconds for which a window that is over is remembered: a calendar may say it again.
    static let memory: Int64 = 7 * 86_400

    /// What became a silence.
    package private(set) var entries: [Entry] = []

    /// A book in which nothing stands.
    package init() {}

    /// A change that follows, and the window that stands in the book once it is made.
    package struct Step: Equatable, Sendable {
        package var change: DeskChange
        package var entry: Entry?
    }

    /// What has to change at the desk.
    ///
    /// - Parameters:
    ///   - windows: what the calendar has, by their starts.
    ///   - author: who silences in the calendar's name.
    ///   - silences: those at the desk.
    ///   - now: seconds since 1970.
    package mutating func steps(
        _ windows: [MaintenanceCalendar.Window], matcher: AlarmMatcher, by author: String, silences: [Silence],
        at now: Int64
    ) -> [Step] {
        let wanted = windows.filter { $0.end > now }.prefix(Self.mostWindows)
        let mine = silences.filter { $0.by == author && $0.matcher == matcher }
        var steps: [Step] = []
        for entry in entries where entry.end > now {
            guard !wanted.contains(where: { $0.start == entry.start && $0.end == entry.end }) else { continue }
            // One whose end an operator has changed is his.
            for silence in mine where silence.from == entry.start && silence.until == entry.end {
                steps.append(Step(change: .endSilence(id: silence.id)))
            }
        }
        entries.removeAll { entry in
            entry.end <= now - Self.memory
                || (entry.end > now && !wanted.contains { $0.start == entry.start && $0.end == entry.end })
        }
        var seen: [Entry] = []
        for window in wanted {
            let entry = Entry(start: window.start, end: window.end)
            guard !entries.contains(entry), !seen.contains(entry) else { continue }
            seen.append(entry)
            // A server that died before it wrote the book.
            if mine.contains(where: { $0.from == entry.start && $0.until == entry.end }) {
                entries.append(entry)
                continue
            }
            let comment = window.summary.isEmpty ? nil : String(window.summary.prefix(100))
            steps.append(
                Step(
                    change: .silence(
                        .init(matcher: matcher, from: entry.start, until: entry.end, comment: comment)), entry: entry))
        }
        return steps
    }

    /// A step was made.
    package mutating func made(_ step: Step) {
        if let entry = step.entry { entries.append(entry) }
    }
}
