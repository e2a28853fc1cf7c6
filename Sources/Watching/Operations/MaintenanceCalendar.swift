package import Foundation
import Platform

/// Windows of maintenance as a calendar has them: the events of an iCalendar file.
///
/// Source: RFC 5545. Events may recur (``Recurrence``, with `EXDATE`); single instances may be moved (`RECURRENCE-ID`); times may
/// be of zones that the file defines (``ZoneTable``). What is not read is refused: a window that is missed by half is worse than none.
package enum MaintenanceCalendar {
    /// One window, in seconds since 1970.
    package struct Window: Hashable, Sendable {
        /// When it begins.
        package var start: Int64
        /// When it is over.
        package var end: Int64
        /// What it is.
        package var summary: String
    }

    /// Why a calendar cannot be used: the line, what was found, what was expected.
    package struct Flaw: Error, Equatable, CustomStringConvertible {
        package let description: String
    }

    /// Instances of one event that are looked at.
    private static let mostInstances = 20_000
    /// Events of a calendar.
    private static let mostEvents = 10_000

    /// The windows of a calendar that overlap a span of time, by their starts.
    ///
    /// - Parameters:
    ///   - span: seconds since 1970.
    ///   - zone: of times that name none.
    /// - Throws: ``Flaw``.
    package static func windows(of text: String, in span: Range<Int64>, zone: TimeZone) throws(Flaw) -> [Window] {
        let events = try events(of: text, .known(zone))
        // What was moved is another event by now.
        var moved: [String: Set<Date>] = [:]
        for event in events {
            if let instance = event.movedFrom { moved[event.uid, default: []].insert(instance) }
        }
        var windows: [Window] = []
        for event in events where !event.isCancelled {
            let gone = event.movedFrom == nil ? moved[event.uid] ?? [] : []
            for start in try event.starts(in: span) where !gone.contains(start) {
                let first = Int64(start.timeIntervalSince1970)
                let window = Window(start: first, end: first + event.seconds, summary: event.summary)
                // One that only marks a moment silences nothing.
                guard window.end > window.start else { continue }
                if window.start < span.upperBound, window.end > span.lowerBound { windows.append(window) }
            }
        }
        return Set(windows).sorted { ($0.start, $0.end, $0.summary) < ($1.start, $1.end, $1.summary) }
    }

    // MARK: Reading

    struct Line {
        let number: Int
        let name: String
        let parameters: [String: String]
        let value: String

        func flaw(_ expected: String) -> Flaw {
            Flaw(
                description:
                    "line \(number): \(name): found \(PrintableText.line(value, limit: 80)), expected \(expected)")
        }
    }

    /// Content lines: folded ones are put together (3.1).
    private static func lines(of text: String) throws(Flaw) -> [Line] {
        var whole: [(number: Int, text: String)] = []
        for (index, line) in text.replacing("\r\n", with: "\n").split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            if let first = line.first, first == " " || first == "\t", !whole.isEmpty {
                whole[whole.count - 1].text += line.dropFirst()
            } else if !line.isEmpty {
                whole.append((index + 1, String(line)))
            }
        }
        guard whole.first?.text.uppercased() == "BEGIN:VCALENDAR" else {
            throw Flaw(description: "line 1: found no BEGIN:VCALENDAR, expected an iCalendar file (RFC 5545)")
        }
        // What was cut on its way would end the windows that it lacks.
        guard let last = whole.last, last.text.uppercased() == "END:VCALENDAR" else {
            throw Flaw(
                description: "line \(whole.last?.number ?? 1): the file ends there, expected END:VCALENDAR at its end")
        }
        return whole.map { number, text in
            // A colon in quotes belongs to a parameter.
            var isQuoted = false
            let colon =
                text.firstIndex {
                    if $0 == "\"" { isQuoted.toggle() }
                    return $0 == ":" && !isQuoted
                } ?? text.endIndex
            let head = text[..<colon].split(separator: ";")
            let parameters = head.dropFirst().map { part -> (String, String) in
                let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return (pair[0].uppercased(), pair.count == 2 ? String(pair[1].filter { $0 != "\"" }) : "")
            }
            return Line(
                number: number, name: head.first?.uppercased() ?? "",
                parameters: Dictionary(parameters, uniquingKeysWith: { first, _ in first }),
                value: colon == text.endIndex ? "" : String(text[text.index(after: colon)...]))
        }
    }

    private static func events(of text: String, _ zone: Zone) throws(Flaw) -> [Event] {
        var events: [Event] = []
        var open: [Line]?
        var inner = 0
        let lines = try lines(of: text)
        let zones = try ZoneTable(lines)
        for line in lines {
            switch (line.name, line.value.uppercased()) {
            case ("BEGIN", "VEVENT"): (open, inner) = ([], 0)
            case ("END", "VEVENT"):
                guard let lines = open else { throw line.flaw("BEGIN:VEVENT before it") }
                guard events.count < mostEvents else { throw line.flaw("at most \(mostEvents) events") }
                events.append(try Event(lines, endingAt: line, zone, zones))
                open = nil
            case ("BEGIN", _): inner += 1
            case ("END", _): inner -= 1
            default: if inner <= 0 { open?.append(line) }
            }
        }
        return events
    }

    /// An event with how it recurs.
    private struct Event {
        var uid = ""
        var summary = ""
        var isCancelled = false
        var start = Date.distantPast
        var seconds: Int64 = 0
        var zone: Zone
        var movedFrom: Date?
        var excluded: Set<Date> = []
        /// Days whose instances are called off, each by its first moment.
        var excludedDays: Set<Date> = []
        var rule: Recurrence?

        init(_ lines: [Line], endingAt last: Line, _ zone: Zone, _ zones: ZoneTable) throws(Flaw) {
            guard let first = lines.last(where: { $0.name == "DTSTART" }) else {
                throw last.flaw("DTSTART in the event before it")
            }
            let begin = try Moment(first, first.value, zone, zones)
            (start, self.zone) = (begin.date, begin.zone)
            let isDay = begin.isDay
            var end: Date?
            var duration: Int64?
            // Times that name no zone are the event's.
            let zone = begin.zone
            for line in lines {
                switch line.name {
                case "UID": uid = line.value
                case "SUMMARY": summary = line.value.replacing("\\,", with: ",").replacing("\\;", with: ";")
                case "STATUS": isCancelled = line.value.uppercased() == "CANCELLED"
                case "DTEND": end = try Moment(line, line.value, zone, zones).date
                case "DURATION": duration = try MaintenanceCalendar.duration(line)
                case "RECURRENCE-ID":
                    let instance = try Moment(line, line.value, zone, zones)
                    guard line.parameters["RANGE"] == nil, instance.isDay == isDay else {
                        throw line.flaw("a single instance of an event, by a time like that of DTSTART")
                    }
                    movedFrom = instance.date
                case "EXDATE":
                    for text in line.value.split(separator: ",") {
                        let moment = try Moment(line, String(text), zone, zones)
                        if moment.isDay == isDay {
                            excluded.insert(moment.date)
                        } else {
                            excludedDays.insert(zone.startOfDay(moment.date))
                        }
                    }
                case "RRULE": rule = try Recurrence(line, zone)
                case "RDATE", "EXRULE": throw line.flaw("RRULE and EXDATE alone")
                default: break
                }
            }
            let length = end.map { Int64($0.timeIntervalSince(start)) } ?? duration ?? (isDay ? 86_400 : 0)
            guard length > 0 || (end == nil && duration == nil) else {
                throw last.flaw("an event that ends after it begins")
            }
            seconds = length
        }

        /// When its instances begin that overlap a span of time, and maybe some before it.
        func starts(in span: Range<Int64>) throws(Flaw) -> [Date] {
            guard let rule else { return [start] }
            return try rule.starts(
                from: start, in: zone, since: Date(timeIntervalSince1970: Double(span.lowerBound) - Double(seconds)),
                until: Date(timeIntervalSince1970: Double(span.upperBound)), mostInstances
            )
            .filter { instance in
                !excluded.contains(instance)
                    && !excludedDays.contains(zone.startOfDay(instance))
            }
        }
    }

    /// A date, or a date with a time (3.3.4, 3.3.5).
    struct Moment {
        let date: Date
        let zone: Zone
        let isDay: Bool

        /// - Parameter zones: those that a line may name; without, none is looked for.
        init(_ line: Line, _ text: String, _ fallback: Zone, _ zones: ZoneTable? = nil) throws(Flaw) {
            var zone = try zones?.zone(of: line) ?? fallback
            let isUTC = text.hasSuffix("Z")
            if isUTC { zone = .gmt }
            let digits = text.filter { $0 != "T" && $0 != "Z" }.map { $0.isASCII ? $0.wholeNumberValue ?? -1 : -1 }
            isDay = !text.contains("T")
            guard digits.count == (isDay ? 8 : 14), digits.allSatisfy({ $0 >= 0 }) else {
                throw line.flaw("a time such as 20260131T220000Z")
            }
            func number(_ from: Int, _ count: Int) -> Int { digits[from..<from + count].reduce(0) { $0 * 10 + $1 } }
            var wall = WallTime(year: number(0, 4), month: number(4, 2), day: number(6, 2))
            if !isDay { (wall.hour, wall.minute, wall.second) = (number(8, 2), number(10, 2), number(12, 2)) }
            guard (1...12).contains(number(4, 2)), (1...31).contains(number(6, 2)),
                isDay || (number(8, 2) < 24 && number(10, 2) < 60 && number(12, 2) < 61),
                let date = zone.date(wall)
            else { throw line.flaw("a time such as 20260131T220000Z") }
            (self.date, self.zone) = (date, zone)
        }
    }

    static func calendar(_ zone: TimeZone) -> Calendar {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        return calendar
    }

    /// `PT2H30M`, `P1D`, `P1W` in seconds (3.3.6).
    private static func duration(_ line: Line) throws(Flaw) -> Int64 {
        let units: [Character: Int64] = ["W": 604_800, "D": 86_400, "H": 3_600, "M": 60, "S": 1]
        var total: Int64 = 0
        var digits = ""
        for character in line.value.dropFirst() where character != "T" {
            if character.isASCII, character.isNumber, digits.count < 7 {
                digits.append(character)
            } else {
                guard let unit = units[character], let number = Int64(digits) else {
                    throw line.flaw("a time such as PT2H30M")
                }
                total += number * unit
                digits = ""
            }
        }
        guard line.value.hasPrefix("P"), digits.isEmpty, total > 0 else { throw line.flaw("a time such as PT2H30M") }
        return total
    }
}
