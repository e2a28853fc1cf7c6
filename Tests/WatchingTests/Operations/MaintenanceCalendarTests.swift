import Foundation
import Testing
import Watching

@Suite struct MaintenanceCalendarTests {
    /// 2026-01-01 00:00 UTC, a Thursday.
    private static let newYear: Int64 = 1_767_225_600
    private static let day: Int64 = 86_400

    private func windows(_ event: String, days: Int64 = 31, zone: String = "UTC") throws -> [MaintenanceCalendar.Window]
    {
        let text =
            "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n" + event.replacing("\n", with: "\r\n")
            + "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        return try MaintenanceCalendar.windows(
            of: text, in: Self.newYear..<Self.newYear + days * Self.day, zone: try #require(TimeZone(identifier: zone)))
    }

    /// Hours after the new year.
    private func hours(_ windows: [MaintenanceCalendar.Window]) -> [Int64] {
        windows.map { ($0.start - Self.newYear) / 3_600 }
    }

    @Test func whenEventsAre() throws {
        let once = try windows(
            "DTSTART:20260102T220000Z\nDTEND:20260103T010000Z\nSUMMARY:new switch\\, rack 4\nDESCRIPTION:a\n b:c")
        #expect(hours(once) == [46] && once[0].end - once[0].start == 3 * 3_600)
        #expect(once[0].summary == "new switch, rack 4")
        // A whole day; in its own zone; in the zone of who asks.
        #expect(try hours(windows("DTSTART;VALUE=DATE:20260105")) == [96])
        #expect(try windows("DTSTART;VALUE=DATE:20260105")[0].end == Self.newYear + 5 * Self.day)
        #expect(try hours(windows("DTSTART;TZID=Europe/Berlin:20260105T010000\nDURATION:PT1H")) == [96])
        #expect(try hours(windows("DTSTART:20260105T010000\nDURATION:PT1H", zone: "Europe/Berlin")) == [96])
        // One that has begun is still on; one that is over is not, nor one that is called off.
        #expect(try windows("DTSTART:20251231T230000Z\nDURATION:PT2H").count == 1)
        #expect(try windows("DTSTART:20251231T210000Z\nDURATION:PT2H").isEmpty)
        #expect(try windows("DTSTART:20260105T010000Z\nDURATION:PT1H\nSTATUS:CANCELLED").isEmpty)
    }

    @Test func howTheyRecur() throws {
        func hours(_ rule: String, _ more: String = "", start: String = "20260101T000000Z") throws -> [Int64] {
            try self.hours(windows("DTSTART:\(start)\nDURATION:PT1H\nRRULE:\(rule)\(more)"))
        }
        #expect(try hours("FREQ=DAILY;COUNT=3") == [0, 24, 48])
        #expect(try hours("FREQ=DAILY;INTERVAL=10;UNTIL=20260121T000000Z") == [0, 240, 480])
        #expect(try hours("FREQ=DAILY;COUNT=3", "\nEXDATE:20260102T000000Z") == [0, 48])
        // From Thursday: Thursday, then Tuesday and Thursday of each second week.
        #expect(try hours("FREQ=WEEKLY;INTERVAL=2;BYDAY=TH,TU;COUNT=4") == [0, 12 * 24, 14 * 24, 26 * 24])
        #expect(try hours("FREQ=WEEKLY") == [0, 168, 336, 504, 672])
        // November has no 31st.
        #expect(try hours("FREQ=MONTHLY", start: "20251031T000000Z") == [30 * 24])
        // Clocks are set back on 25 October 2026: a window at noon stays at noon.
        let berlin = try windows(
            "DTSTART;TZID=Europe/Berlin:20261024T120000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=2", days: 365)
        #expect(berlin.count == 2 && berlin[1].start - berlin[0].start == 25 * 3_600)
    }

    @Test func oneInstanceMayMove() throws {
        let moved = try windows(
            """
            UID:a
            DTSTART:20260101T000000Z
            DURATION:PT1H
            RRULE:FREQ=DAILY;COUNT=2
            END:VEVENT
            BEGIN:VEVENT
            UID:a
            RECURRENCE-ID:20260102T000000Z
            DTSTART:20260102T050000Z
            DURATION:PT1H
            """)
        #expect(hours(moved) == [0, 29])
    }

    @Test(arguments: [
        ("DTSTART:2026", "line 3: DTSTART: found 2026, expected a time such as"),
        ("SUMMARY:x", "line 4: END: found VEVENT, expected DTSTART in the event before it"),
        ("DTSTART:20260101T000000Z\nDTEND:20251231T000000Z", "an event that ends after it begins"),
        ("DTSTART;TZID=Moon/Sea:20260101T000000", "a time zone that this machine knows"),
        ("DTSTART:20260101T000000Z\nRRULE:FREQ=YEARLY", "expected FREQ=DAILY, WEEKLY or MONTHLY"),
        ("DTSTART:20260101T000000Z\nRRULE:FREQ=MONTHLY;BYDAY=1MO", "BYDAY=MO,TU,… with FREQ=WEEKLY"),
        ("DTSTART:20260101T000000Z\nRRULE:FREQ=DAILY;BYSETPOS=1", "expected no BYSETPOS"),
        ("DTSTART:20260101T000000Z\nDURATION:2H", "a time such as PT2H30M"),
        ("DTSTART;=:20260101T000000Z", "an event that ends after it begins"),
        ("DTSTART:兆0260101T000000Z\nDURATION:PT1H", "a time such as 2026"),
        ("DTSTART:20260101T000000Z\nDURATION:PT½H", "a time such as PT2H30M"),
        ("DTSTART:19000101T000000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY", "recurs more than"),
    ])
    func whatIsNotUnderstoodIsSaid(event: String, line: String) throws {
        let flaw = #expect(throws: MaintenanceCalendar.Flaw.self) { try windows(event) }
        #expect(flaw?.description.contains(line) ?? false, "\(flaw?.description ?? "")")
    }

    @Test func anythingElseIsNoCalendar() {
        for text in ["", "\u{0}", "[1]", String(repeating: "BEGIN:VEVENT\n", count: 1_000)] {
            #expect(throws: MaintenanceCalendar.Flaw.self) {
                try MaintenanceCalendar.windows(of: text, in: 0..<1, zone: .gmt)
            }
        }
    }
}
