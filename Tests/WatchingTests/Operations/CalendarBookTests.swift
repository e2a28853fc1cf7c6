import Foundation
import Testing
import Watching

@Suite struct CalendarBookTests {
    private typealias Window = MaintenanceCalendar.Window
    private let matcher = AlarmMatcher(site: "plant")
    private let author = "calendar works"

    /// A desk and a book, with what follows from a calendar carried out.
    private final class Place {
        var desk = OperatorDesk()
        var book = CalendarBook()
        var changes = 0

        func look(_ windows: [Window], _ matcher: AlarmMatcher, _ author: String, at now: Int64) throws {
            for step in book.steps(windows, matcher: matcher, by: author, silences: desk.allSilences, at: now) {
                _ = try desk.step(step.change, by: author, at: now)
                book.made(step)
                changes += 1
            }
        }

        func active(_ now: Int64) -> [Int64] {
            desk.allSilences.filter { $0.isActive(at: now) }.map(\.id).sorted()
        }
    }

    /// Windows as a calendar has them.
    private func windows(_ spans: [(Int64, Int64)], _ summary: String = "works") throws -> [Window] {
        let style = Date.ISO8601FormatStyle(dateSeparator: .omitted, timeSeparator: .omitted)
        func time(_ seconds: Int64) -> String { Date(timeIntervalSince1970: Double(seconds)).formatted(style) }
        let events = spans.map {
            "BEGIN:VEVENT\nSUMMARY:\(summary)\nDTSTART:\(time($0.0))\nDTEND:\(time($0.1))\nEND:VEVENT\n"
        }
        return try MaintenanceCalendar.windows(
            of: "BEGIN:VCALENDAR\n\(events.joined())END:VCALENDAR\n", in: 0..<1 << 33, zone: .gmt)
    }

    private func window(_ start: Int64, _ end: Int64) throws -> Window { try windows([(start, end)])[0] }

    @Test func whatTheCalendarSaysIsSaidOnce() throws {
        let place = Place()
        let calendar = try [window(1_000, 2_000), window(5_000, 6_000)]
        try place.look(calendar, matcher, author, at: 100)
        try place.look(calendar, matcher, author, at: 200)
        #expect(place.changes == 2 && place.desk.allSilences.count == 2)
        #expect(place.desk.allSilences.allSatisfy { $0.by == author && $0.matcher == matcher && $0.comment == "works" })
        #expect(place.active(999) == [] && place.active(1_500) == [1] && place.active(5_500) == [2])
        // One that moves: the old one ends, the new one begins.
        try place.look([window(1_000, 2_000), window(7_000, 8_000)], matcher, author, at: 300)
        #expect(place.active(5_500) == [] && place.active(7_500) == [4])
        // One that is taken out while it lasts ends then.
        try place.look([window(7_000, 8_000)], matcher, author, at: 1_400)
        #expect(place.active(1_500) == [])
        // Back in, it is silenced again.
        try place.look([window(1_000, 2_000), window(7_000, 8_000)], matcher, author, at: 1_600)
        #expect(place.active(1_700).count == 1)
    }

    /// What an operator makes of it stands, however often the calendar says the same.
    @Test func operatorsHaveTheLastWord() throws {
        let place = Place()
        let calendar = try [window(1_000, 9_000), window(20_000, 30_000)]
        try place.look(calendar, matcher, author, at: 100)
        _ = try place.desk.step(.endSilence(id: 1), by: "ops", at: 3_000)
        _ = try place.desk.step(.changeSilence(id: 2, until: 25_000, comment: nil), by: "ops", at: 3_000)
        try place.look(calendar, matcher, author, at: 3_100)
        #expect(place.active(3_200) == [] && place.active(26_000) == [])
        // What he has changed is his, even when the calendar lets it go.
        try place.look([], matcher, author, at: 3_300)
        #expect(place.active(24_000) == [2])
    }

    /// A server that died between the desk and the book does not silence twice; nor do two events of the same time.
    @Test func nothingIsSilencedTwice() throws {
        let place = Place()
        let calendar = try [window(1_000, 2_000)] + windows([(1_000, 2_000)], "the same hour")
        try place.look(calendar, matcher, author, at: 100)
        place.book = CalendarBook()
        try place.look(calendar, matcher, author, at: 200)
        #expect(place.desk.allSilences.count == 1)
        // Others' silences of the same time are not its own.
        let other = Place()
        _ = try other.desk.step(
            .silence(.init(matcher: matcher, from: 1_000, until: 2_000, comment: nil)), by: "ops", at: 50)
        try other.look(calendar, matcher, author, at: 100)
        try other.look([], matcher, author, at: 200)
        #expect(other.active(1_500) == [1])
    }

    /// However many events there are and however long it is looked at, what is kept is bounded.
    @Test func itIsBounded() throws {
        let place = Place()
        for day in 0..<60 {
            let now = Int64(day) * 86_400
            let calendar = try windows(
                (0..<300).map { (now + Int64($0) * 600 + 10, now + Int64($0) * 600 + 300) })
            for step in place.book.steps(
                calendar, matcher: matcher, by: author, silences: [], at: now)
            {
                place.book.made(step)
            }
            #expect(place.book.entries.count <= CalendarBook.mostWindows * 10)
        }
    }
}
