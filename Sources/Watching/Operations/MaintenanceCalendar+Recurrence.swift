import Foundation
import Platform
import Telemetry

extension MaintenanceCalendar {
    /// How an event recurs.
    ///
    /// Source: RFC 5545, 3.3.10: `FREQ=DAILY`, `WEEKLY`, `MONTHLY` or `YEARLY` with `INTERVAL`, `COUNT`, `UNTIL`, `WKST`, `BYMONTH`,
    /// `BYMONTHDAY`, `BYDAY` and `BYSETPOS`. Not read are shorter frequencies, and days and weeks counted within a year.
    struct Recurrence {
        private enum Frequency: String {
            case daily = "DAILY"
            case weekly = "WEEKLY"
            case monthly = "MONTHLY"
            case yearly = "YEARLY"
        }

        /// A day of the week, counted from Monday; of a month the so manieth, from its end where negative; 0: each.
        private struct Weekday {
            var day: Int
            var ordinal: Int
        }

        /// A day of the calendar.
        private struct Day {
            var year: Int
            var month: Int
            var day: Int

            /// Days since 1970.
            var number: Int { CivilTime.daysSince1970(year: year, month: month, day: day) }
            /// Days after Monday: 1 January 1970 was a Thursday.
            var weekday: Int { Recurrence.remainder(number + 3, 7) }

            init(year: Int, month: Int, day: Int) { (self.year, self.month, self.day) = (year, month, day) }
            init(number: Int) { (year, month, day) = CivilTime.date(daysSince1970: number) }

            /// Days of its month.
            var monthLength: Int {
                Day(year: month == 12 ? year + 1 : year, month: month == 12 ? 1 : month + 1, day: 1).number
                    - Day(year: year, month: month, day: 1).number
            }
        }

        private let frequency: Frequency
        private var interval = 1
        private var count: Int?
        private var until: Date?
        private var weekdays: [Weekday] = []
        private var monthDays: [Int] = []
        private var months: [Int] = []
        private var positions: [Int] = []
        private var weekStart = 0

        private static let dayNames = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]

        private static func remainder(_ value: Int, _ divisor: Int) -> Int {
            let rest = value % divisor
            return rest < 0 ? rest + divisor : rest
        }

        init(_ line: Line, _ zone: Zone) throws(Flaw) {
            var parts: [String: String] = [:]
            for part in line.value.split(separator: ";") {
                let pair = part.split(separator: "=", maxSplits: 1)
                guard pair.count == 2 else { throw line.flaw("NAME=VALUE;…") }
                parts[pair[0].uppercased()] = pair[1].uppercased()
            }
            guard let frequency = parts.removeValue(forKey: "FREQ").flatMap({ Frequency(rawValue: $0) }) else {
                throw line.flaw("FREQ=DAILY, WEEKLY, MONTHLY or YEARLY")
            }
            self.frequency = frequency
            if let text = parts.removeValue(forKey: "INTERVAL") {
                interval = try Self.numbers(text, 1...1_000, line, "INTERVAL=1 to 1000")[0]
            }
            if let text = parts.removeValue(forKey: "COUNT") {
                count = try Self.numbers(text, 1...1_000_000, line, "COUNT=1 or more")[0]
            }
            if let text = parts.removeValue(forKey: "UNTIL") {
                let moment = try Moment(line, text, zone)
                // A day that stands for the last instance, whose time it does not say: all of it.
                let next = zone.nextDay(moment.date)
                until = moment.isDay ? next?.addingTimeInterval(-1) : moment.date
            }
            if let text = parts.removeValue(forKey: "BYMONTH") {
                months = try Self.numbers(text, 1...12, line, "BYMONTH=1 to 12")
            }
            if let text = parts.removeValue(forKey: "BYMONTHDAY") {
                guard frequency != .weekly else { throw line.flaw("no BYMONTHDAY with FREQ=WEEKLY") }
                monthDays = try Self.numbers(text, -31...31, line, "BYMONTHDAY=1 to 31, or -31 to -1")
            }
            if let text = parts.removeValue(forKey: "BYDAY") { weekdays = try readWeekdays(text, line) }
            if let text = parts.removeValue(forKey: "BYSETPOS") {
                guard frequency == .monthly || frequency == .yearly, !weekdays.isEmpty || !monthDays.isEmpty else {
                    throw line.flaw("BYSETPOS with FREQ=MONTHLY or YEARLY and BYDAY or BYMONTHDAY")
                }
                positions = try Self.numbers(text, -366...366, line, "BYSETPOS=1 to 366, or -366 to -1")
            }
            if let text = parts.removeValue(forKey: "WKST") {
                guard let day = Self.dayNames.firstIndex(of: text) else { throw line.flaw("WKST=MO to SU") }
                weekStart = day
            }
            if let other = parts.keys.min() { throw line.flaw("no \(PrintableText.line(other, limit: 40))") }
        }

        /// Lets the rule end so many seconds later.
        mutating func delayEnd(by seconds: Int64) { until = until?.addingTimeInterval(Double(seconds)) }

        /// Whole numbers with commas between them, none of them 0.
        private static func numbers(
            _ text: String, _ range: ClosedRange<Int>, _ line: Line, _ expected: String
        ) throws(Flaw) -> [Int] {
            let words = text.split(separator: ",", omittingEmptySubsequences: false)
            let numbers = words.compactMap { Int($0) }.filter { range.contains($0) && $0 != 0 }
            guard numbers.count == words.count, numbers.count <= 400 else { throw line.flaw(expected) }
            return numbers
        }

        /// `MO,TU`, or of a month `1SU,-1FR`.
        private func readWeekdays(_ text: String, _ line: Line) throws(Flaw) -> [Weekday] {
            // Weeks of a year are not counted.
            let counts = frequency == .monthly || frequency == .yearly && !months.isEmpty
            guard frequency != .yearly || counts else { throw line.flaw("BYDAY with FREQ=YEARLY and BYMONTH") }
            var days: [Weekday] = []
            for word in text.split(separator: ",") {
                let ordinal = word.dropLast(2)
                guard let day = Self.dayNames.firstIndex(of: String(word.suffix(2))),
                    ordinal.isEmpty || (counts && monthDays.isEmpty), days.count < 400,
                    let number = ordinal.isEmpty ? 0 : Int(ordinal), (-5...5).contains(number),
                    ordinal.isEmpty || number != 0
                else { throw line.flaw(counts ? "BYDAY=MO,2TU,-1FR,…" : "BYDAY=MO,TU,…") }
                days.append(Weekday(day: day, ordinal: number))
            }
            guard !days.isEmpty else { throw line.flaw("BYDAY=MO,TU,…") }
            return days
        }

        // MARK: Days

        /// When instances begin, from the event's own start up to a time.
        ///
        /// - Parameters:
        ///   - earliest: instances before it may be left out.
        ///   - most: periods that are looked at from there, or from the start where instances are counted.
        func starts(
            from start: Date, in zone: Zone, since earliest: Date, until limit: Date, _ most: Int
        ) throws(Flaw) -> [Date] {
            let end = until.map { min($0, limit) } ?? limit
            let parts = zone.wall(start)
            let first = Day(year: parts.year, month: parts.month, day: parts.day)
            var found: [Date] = []
            let skipped = count == nil ? periods(from: start, before: earliest) : 0
            for step in skipped..<skipped + most {
                let these = period(step * interval, from: first)
                for day in these.days {
                    var moment = parts
                    (moment.year, moment.month, moment.day) = (day.year, day.month, day.day)
                    guard let date = zone.date(moment), date >= start else { continue }
                    guard date <= end, count.map({ found.count < $0 }) ?? true else { return found }
                    found.append(date)
                }
                // Whatever the period has, what comes after it is later.
                var moment = parts
                (moment.year, moment.month, moment.day) = (these.begin.year, these.begin.month, these.begin.day)
                guard let begin = zone.date(moment), begin <= end else { return found }
            }
            throw Flaw(
                description: "RRULE: an event recurs more than \(most) times up to the end of the time asked for")
        }

        /// How many periods end before a time, or one or two fewer.
        private func periods(from start: Date, before time: Date) -> Int {
            let days = (time.timeIntervalSince(start) / 86_400).rounded(.down)
            let longest: Double =
                switch frequency {
                case .daily: 1
                case .weekly: 7
                case .monthly: 31
                case .yearly: 366
                }
            return max(0, Int(min(days / longest / Double(interval), 1e7)) - 2)
        }

        /// The days of one period, in order, and its first day.
        private func period(_ offset: Int, from first: Day) -> (begin: Day, days: [Day]) {
            switch frequency {
            case .daily:
                let day = Day(number: first.number + offset)
                return (day, isWanted(day) ? [day] : [])
            case .weekly:
                let begin = first.number - Self.remainder(first.weekday - weekStart, 7) + 7 * offset
                let wanted = weekdays.isEmpty ? [first.weekday] : weekdays.map(\.day)
                let numbers = Set(wanted.map { begin + Self.remainder($0 - weekStart, 7) }).sorted()
                let days = numbers.map { Day(number: $0) }
                return (Day(number: begin), days.filter { months.isEmpty || months.contains($0.month) })
            case .monthly:
                let month = first.year * 12 + first.month - 1 + offset
                let begin = Day(year: month / 12, month: month % 12 + 1, day: 1)
                let hasMonth = months.isEmpty || months.contains(begin.month)
                return (begin, hasMonth ? chosen(days(inMonthOf: begin, like: first)) : [])
            case .yearly:
                let year = first.year + offset
                // With days of a month and no month, all of them.
                let wanted = months.isEmpty ? (monthDays.isEmpty ? [first.month] : Array(1...12)) : months.sorted()
                let all = Set(wanted).sorted().flatMap {
                    days(inMonthOf: Day(year: year, month: $0, day: 1), like: first)
                }
                return (Day(year: year, month: 1, day: 1), chosen(all))
            }
        }

        private func isWanted(_ day: Day) -> Bool {
            let length = day.monthLength
            return (months.isEmpty || months.contains(day.month))
                && (weekdays.isEmpty || weekdays.contains { $0.day == day.weekday })
                && (monthDays.isEmpty || monthDays.contains { $0 == day.day || length + $0 + 1 == day.day })
        }

        /// The days of a month that the rule names, in order; without naming any that of the event itself, if the month has it.
        private func days(inMonthOf begin: Day, like first: Day) -> [Day] {
            let length = begin.monthLength
            let all = (1...length).map { Day(year: begin.year, month: begin.month, day: $0) }
            guard !weekdays.isEmpty || !monthDays.isEmpty else { return all.filter { $0.day == first.day } }
            return all.filter { day in
                let isNamed = monthDays.isEmpty || monthDays.contains { $0 == day.day || length + $0 + 1 == day.day }
                guard isNamed, !weekdays.isEmpty else { return isNamed }
                let (fromBegin, fromEnd) = ((day.day - 1) / 7 + 1, -((length - day.day) / 7 + 1))
                return weekdays.contains {
                    $0.day == day.weekday && ($0.ordinal == 0 || $0.ordinal == fromBegin || $0.ordinal == fromEnd)
                }
            }
        }

        /// Of a period's days those at the wanted places.
        private func chosen(_ days: [Day]) -> [Day] {
            guard !positions.isEmpty else { return days }
            let wanted = Set(positions.map { $0 > 0 ? $0 - 1 : days.count + $0 })
            return days.enumerated().filter { wanted.contains($0.offset) }.map(\.element)
        }
    }
}
