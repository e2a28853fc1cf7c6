import Foundation
import Platform
import Telemetry

extension MaintenanceCalendar {
    /// A day with a time of that day, by the clocks of some zone.
    struct WallTime: Equatable {
        var year: Int
        var month: Int
        var day: Int
        var hour = 0
        var minute = 0
        var second = 0

        /// Seconds since 1970, were it the time of Greenwich.
        var seconds: Int64 {
            Int64(CivilTime.daysSince1970(year: year, month: month, day: day)) * 86_400 + Int64(hour) * 3_600
                + Int64(minute) * 60 + Int64(second)
        }
    }

    /// What turns a wall clock's time into a moment and back: a zone that this machine knows, or one that the calendar itself
    /// defines.
    enum Zone {
        case known(TimeZone)
        case defined(DefinedZone)

        static let gmt = Zone.known(.gmt)

        /// The moment of a wall clock's time; of one that there is twice the first, of one that is left out the one as much later.
        func date(_ wall: WallTime) -> Date? {
            switch self {
            case .known(let zone):
                return MaintenanceCalendar.calendar(zone).date(
                    from: DateComponents(
                        year: wall.year, month: wall.month, day: wall.day, hour: wall.hour, minute: wall.minute,
                        second: wall.second))
            case .defined(let zone):
                return Date(timeIntervalSince1970: Double(zone.moment(of: wall.seconds)))
            }
        }

        /// What a wall clock shows at a moment.
        func wall(_ date: Date) -> WallTime {
            switch self {
            case .known(let zone):
                let parts = MaintenanceCalendar.calendar(zone).dateComponents(
                    [.year, .month, .day, .hour, .minute, .second], from: date)
                return WallTime(
                    year: parts.year ?? 1970, month: parts.month ?? 1, day: parts.day ?? 1, hour: parts.hour ?? 0,
                    minute: parts.minute ?? 0, second: parts.second ?? 0)
            case .defined(let zone):
                let moment = Int64(date.timeIntervalSince1970.rounded(.down))
                let shown = moment + zone.offset(at: moment)
                let days = shown >= 0 ? shown / 86_400 : (shown - 86_399) / 86_400
                let rest = Int(shown - days * 86_400)
                let (year, month, day) = CivilTime.date(daysSince1970: Int(days))
                return WallTime(
                    year: year, month: month, day: day, hour: rest / 3_600, minute: rest / 60 % 60, second: rest % 60)
            }
        }

        /// The first moment of a moment's day.
        func startOfDay(_ date: Date) -> Date {
            switch self {
            case .known(let zone): return MaintenanceCalendar.calendar(zone).startOfDay(for: date)
            case .defined:
                let wall = wall(date)
                return self.date(WallTime(year: wall.year, month: wall.month, day: wall.day)) ?? date
            }
        }

        /// The same time of the next day.
        func nextDay(_ date: Date) -> Date? {
            switch self {
            case .known(let zone): return MaintenanceCalendar.calendar(zone).date(byAdding: .day, value: 1, to: date)
            case .defined:
                var wall = wall(date)
                let next = CivilTime.daysSince1970(year: wall.year, month: wall.month, day: wall.day) + 1
                (wall.year, wall.month, wall.day) = CivilTime.date(daysSince1970: next)
                return self.date(wall)
            }
        }
    }

    /// A zone by what its clocks were set to, and when.
    struct DefinedZone {
        /// A moment at which clocks are set.
        struct Change: Equatable {
            /// Seconds since 1970.
            var at: Int64
            /// Seconds east of Greenwich before it.
            var from: Int64
            /// The same from then on.
            var to: Int64
        }

        /// At least one, by their times.
        private let changes: [Change]

        /// - Parameter changes: in any order; `nil` results from none.
        init?(_ changes: [Change]) {
            guard !changes.isEmpty else { return nil }
            self.changes = changes.sorted { $0.at < $1.at }
        }

        /// Seconds east of Greenwich at a moment.
        func offset(at moment: Int64) -> Int64 {
            last { $0.at <= moment }?.to ?? changes[0].from
        }

        /// The moment of a wall clock's time, both in seconds since 1970 (RFC 5545, 3.3.5: of a time that there is twice the
        /// first counts; one that is left out is read with what held before).
        func moment(of wall: Int64) -> Int64 {
            guard let change = last(where: { $0.at + $0.from <= wall }) else { return wall - changes[0].from }
            let isLeftOut = wall - (change.at + change.from) < change.to - change.from
            return wall - (isLeftOut ? change.from : change.to)
        }

        /// The last change for which something holds that holds for all before it.
        private func last(where holds: (Change) -> Bool) -> Change? {
            var (low, high) = (0, changes.count)
            while low < high {
                let middle = (low + high) / 2
                if holds(changes[middle]) { low = middle + 1 } else { high = middle }
            }
            return low == 0 ? nil : changes[low - 1]
        }
    }
}
