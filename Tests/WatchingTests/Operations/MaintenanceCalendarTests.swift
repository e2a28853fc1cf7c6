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

    /// An end that is a day has all of that day; what began long ago is not counted from there.
    @Test func howTheyEndAndHowLongTheyGoOn() throws {
        func hours(_ start: String, _ rule: String) throws -> [Int64] {
            try self.hours(windows("DTSTART:\(start)\nDURATION:PT1H\nRRULE:\(rule)", days: 4))
        }
        #expect(try hours("20260101T220000Z", "FREQ=DAILY;UNTIL=20260102") == [22, 46])
        #expect(try hours("20260101T000000Z", "FREQ=DAILY;UNTIL=20260101") == [0])
        #expect(try hours("19000101T220000Z", "FREQ=DAILY") == [22, 46, 70, 94])
        #expect(try hours("19000101T220000Z", "FREQ=DAILY;INTERVAL=3") == [70])
        #expect(try hours("19700101T220000Z", "FREQ=WEEKLY;BYDAY=TH,SA") == [22, 70])
        #expect(try hours("16010102T220000Z", "FREQ=MONTHLY") == [46])
        #expect(try hours("16010103T220000Z", "FREQ=YEARLY") == [70])
        #expect(throws: MaintenanceCalendar.Flaw.self) { try hours("19000101T220000Z", "FREQ=DAILY;COUNT=99999") }
    }

    /// An end or an exception that names no zone is the event's, wherever its line stands.
    @Test func timesOfAnEventAreInItsZone() throws {
        func hours(_ lines: String) throws -> [Int64] { try self.hours(windows("DURATION:PT2H\n" + lines, days: 5)) }
        let start = "DTSTART;TZID=America/Los_Angeles:20260101T220000"
        // 22:00 there is 06:00 of the day after here.
        #expect(try hours("\(start)\nRRULE:FREQ=DAILY;UNTIL=20260103") == [30, 54, 78])
        #expect(try hours("RRULE:FREQ=DAILY;UNTIL=20260103\n\(start)") == [30, 54, 78])
        #expect(try hours("\(start)\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE:20260102T220000") == [30, 78])
        // A day takes its instance with it.
        #expect(try hours("\(start)\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE;VALUE=DATE:20260102") == [30, 78])
        #expect(throws: MaintenanceCalendar.Flaw.self) {
            try hours("\(start)\nRRULE:FREQ=DAILY;COUNT=3\nUID:a\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260102T220000")
        }
    }

    /// A file that was cut lacks events, and not because they were called off; one that marks a moment is none of maintenance.
    @Test func aCalendarIsWhole() throws {
        let whole =
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260105T010000Z\nDURATION:PT1H\nEND:VEVENT\n"
            + "BEGIN:VEVENT\nDTSTART:20260106T010000Z\nEND:VEVENT\nEND:VCALENDAR\n"
        func count(_ text: String) throws -> Int {
            try MaintenanceCalendar.windows(of: text, in: Self.newYear..<Self.newYear + 31 * Self.day, zone: .gmt).count
        }
        #expect(try count(whole) == 1)
        for length in stride(from: 16, to: whole.count - 2, by: 3) {
            #expect(throws: MaintenanceCalendar.Flaw.self) { try count(String(whole.prefix(length))) }
        }
    }

    /// Rules as calendars elsewhere have them; days of 2026 and later from another implementation (dateutil 2.9).
    @Test(arguments: [
        ("FREQ=MONTHLY;BYDAY=1SU", "20260104 20260201 20260301 20260405"),
        ("FREQ=MONTHLY;BYDAY=-1FR", "20260130 20260227 20260327 20260424"),
        ("FREQ=MONTHLY;BYDAY=TU;INTERVAL=2", "20260106 20260113 20260120 20260127"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "20260131 20260228 20260331 20260430"),
        ("FREQ=MONTHLY;BYMONTHDAY=13;BYDAY=FR", "20260213 20260313 20261113 20270813"),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "20260130 20260227 20260331 20260430"),
        ("FREQ=DAILY;BYDAY=SA,SU", "20260103 20260104 20260110 20260111"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=28,29", "20260228 20270228 20280228 20280229"),
        ("FREQ=YEARLY", "20260101 20270101 20280101 20290101"),
        ("FREQ=YEARLY;BYMONTH=3,10;BYDAY=-1SU", "20260329 20261025 20270328 20271031"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "20280229 20320229 20360229 20400229"),
        ("FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=TH,SU", "20260101 20260111 20260115 20260125"),
        ("FREQ=WEEKLY;INTERVAL=2;WKST=MO;BYDAY=TH,SU", "20260101 20260104 20260115 20260118"),
    ])
    func rulesOfOtherCalendars(rule: String, days: String) throws {
        let found = try windows("DTSTART:20260101T000000Z\nDURATION:PT1H\nRRULE:\(rule)", days: 15 * 366)
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let dates = found.prefix(4).map { window -> String in
            let parts = calendar.dateComponents(
                [.year, .month, .day], from: Date(timeIntervalSince1970: Double(window.start)))
            return String(format: "%04d%02d%02d", parts.year ?? 0, parts.month ?? 0, parts.day ?? 0)
        }
        #expect(dates.joined(separator: " ") == days)
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
        ("DTSTART:20260101T000000Z\nRRULE:FREQ=HOURLY", "expected FREQ=DAILY, WEEKLY, MONTHLY or YEARLY"),
        ("DTSTART:20260101T000000Z\nRRULE:FREQ=WEEKLY;BYDAY=1MO", "expected BYDAY=MO,TU,…"),
        ("DTSTART:20260101T000000Z\nRRULE:FREQ=YEARLY;BYDAY=20MO", "BYDAY with FREQ=YEARLY and BYMONTH"),
        ("DTSTART:20260101T000000Z\nRRULE:FREQ=MONTHLY;BYDAY=0MO", "expected BYDAY=MO,2TU,-1FR"),
        ("DTSTART:20260101T000000Z\nRRULE:FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY=1 to 31"),
        ("DTSTART:20260101T000000Z\nRRULE:FREQ=DAILY;BYSETPOS=1", "BYSETPOS with FREQ=MONTHLY"),
        ("DTSTART:20260101T000000Z\nRRULE:FREQ=YEARLY;BYWEEKNO=20", "expected no BYWEEKNO"),
        ("DTSTART:20260101T000000Z\nRRULE:FREQ=DAILY;INTERVAL=0", "INTERVAL=1 to 1000"),
        ("DTSTART:20260101T000000Z\nDURATION:2H", "a time such as PT2H30M"),
        ("DTSTART:兆0260101T000000Z\nDURATION:PT1H", "a time such as 2026"),
        ("DTSTART:20260101T000000Z\nDURATION:PT½H", "a time such as PT2H30M"),
        ("DTSTART:19000101T000000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=99999", "recurs more than"),
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
