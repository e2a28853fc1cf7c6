import CommandLine
import Foundation
import Platform
import Services
import Telemetry
import Watching

/// `fl-alerts silence`.
struct SilenceCommand: Command {
    private static let alarm = Option<String>.optional("alarm", "ID", "one alarm, by its identity")
    private static let severity = MatcherOptions.severity("as severe as this or less")
    private static let duration = Option<String>(
        "for", "TIME", default: "1h", "how long, as 30m, 4h or 7d", constraint: "a time such as 4h",
        valid: { DurationText.seconds($0).map { $0 >= 1 } ?? false })
    private static let comment = Option<String>.optional("comment", "TEXT", "why")
    private static let change = Option<Int>.optional(
        "change", "NUMBER", "an earlier silence, which ends then instead", constraint: "at least 1", valid: { $0 >= 1 })
    private static let calendar = Option<String>.optional(
        "calendar", "FILE", "an iCalendar file: a silence for each of its events that is to come, instead of --for")
    private static let within = Option<String>(
        "within", "TIME", default: "30d", "events of the calendar that begin so soon, as 30d",
        constraint: "a time such as 30d", valid: { DurationText.seconds($0).map { $0 <= 366 * 86_400 } ?? false })

    static let manual = CommandManual(
        name: "silence", summary: "keep alarms that fit from being sent on",
        discussion: """
            Every field that is given must fit. Alarms under a silence stay on the feed and on the page, marked with its \
            number (handling.silence), and no forwarder sends them. The number is printed; fl-alerts unsilence ends it.

            With calendar, windows of maintenance come from an iCalendar file (times without a zone are this machine's). \
            What was silenced before is not silenced twice, nor what somebody has ended or changed, so that a timer may \
            run it each day.
            """,
        examples: [
            .init("fl-alerts silence --site site1 --entity 'ue*' --for 4h --comment 'drive tests'", "four hours"),
            .init("fl-alerts silence --severity minor --for 30m", "whatever is minor or less"),
            .init(
                "fl-alerts silence --site site1 --calendar maintenance.ics", "while its events last, the next 30 days"),
            .init("fl-alerts silence --change 12 --for 2h", "silence 12 ends two hours from now"),
        ],
        options: MatcherOptions.all + [alarm, severity, duration, comment, change, calendar, within]
            + AlertsCommand.access)

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let client = try OperationsClient(arguments)
        var matcher: [String: JSONValue] = [:]
        for (field, text) in MatcherOptions.given(arguments) { matcher[field] = .string(text) }
        if let alarm = arguments[optional: Self.alarm] { matcher["alarm"] = .string(alarm) }
        if let severity = arguments[optional: Self.severity] { matcher["severity"] = .string(severity) }
        let seconds = Int64(min(DurationText.seconds(arguments[Self.duration]) ?? 3_600, 1e12))
        var body: [String: JSONValue] = ["seconds": JSONValue(seconds)]
        if let comment = arguments[optional: Self.comment] { body["comment"] = .string(comment) }
        let number = arguments[optional: Self.change]
        guard arguments[ifGiven: Self.within] == nil || arguments[optional: Self.calendar] != nil else {
            throw CommandLineError.usage("--within goes with --calendar")
        }
        guard number == nil || matcher.isEmpty else {
            throw CommandLineError.usage("--change changes when a silence ends, not what it is about")
        }
        guard number != nil || !matcher.isEmpty else {
            throw CommandLineError.usage(
                "expected at least one of --site, --entity, --group, --metric, --fault, --alarm, --severity")
        }
        if let file = arguments[optional: Self.calendar] {
            guard number == nil, arguments[ifGiven: Self.duration] == nil else {
                throw CommandLineError.usage("--calendar goes without --for and --change")
            }
            return try await follow(file, JSONValue.object(matcher), arguments, client, console)
        }
        if number == nil { body["matcher"] = .object(matcher) }
        let wanted = body
        let answer = try await BackgroundThread.run {
            if let number { return try client.send(wanted, to: "/v1/silences/\(number)", puts: true) }
            return try client.send(wanted, to: "/v1/silences")
        }
        struct Done: Decodable { let number: Int64 }
        if let number {
            console.print("silence \(number) ends in \(Quantity.seconds(Double(seconds)))")
        } else if let done = try? JSONDecoder().decode(Done.self, from: Data(answer)) {
            console.print("silence \(done.number), for \(Quantity.seconds(Double(seconds)))")
        }
    }

    /// A silence for each window of a calendar that has none yet.
    private func follow(
        _ file: String, _ matcher: JSONValue, _ arguments: Arguments, _ client: OperationsClient, _ console: Console
    ) async throws {
        let text = String(decoding: try FileContents.read(file, limit: 4 << 20), as: UTF8.self)
        let now = Int64(Date.now.timeIntervalSince1970)
        let end = now + Int64(DurationText.seconds(arguments[Self.within]) ?? 0)
        let windows: [MaintenanceCalendar.Window]
        do {
            windows = try MaintenanceCalendar.windows(of: text, in: now..<end, zone: .current)
        } catch {
            throw CommandLineError(.data, "\(file): \(error)")
        }
        let wanted = try matcher.decode(AlarmMatcher.self)
        let comment = arguments[optional: Self.comment]
        let made = try await BackgroundThread.run {
            struct Known: Decodable { let silences: [Silence] }
            let known = try client.get(Known.self, "/v1/silences").silences
            let new = windows.filter { window in
                // What somebody has made of one afterwards stands.
                !known.contains {
                    $0.matcher == wanted && $0.from == window.start && ($0.until == window.end || $0.changedBy != nil)
                }
            }
            for window in new {
                var body: [String: JSONValue] = [
                    "matcher": matcher, "from": JSONValue(window.start), "until": JSONValue(window.end),
                ]
                let why = comment ?? PrintableText.line(window.summary, limit: 120)
                if !why.isEmpty { body["comment"] = .string(why) }
                try client.send(body, to: "/v1/silences")
            }
            return new.count
        }
        console.print(
            "\(Quantity.count(windows.count, "window")) of \(file), \(Quantity.count(made, "silence")) made")
    }
}
