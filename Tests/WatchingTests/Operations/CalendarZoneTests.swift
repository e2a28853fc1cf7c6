import Foundation
import Testing
import Watching

/// Zones that a calendar brings along.
@Suite struct CalendarZoneTests {
    /// Central Europe as Outlook has it.
    private static let europe = """
        BEGIN:VTIMEZONE
        TZID:W. Europe Standard Time
        BEGIN:STANDARD
        DTSTART:16010101T030000
        TZOFFSETFROM:+0200
        TZOFFSETTO:+0100
        RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
        END:STANDARD
        BEGIN:DAYLIGHT
        DTSTART:16010101T020000
        TZOFFSETFROM:+0100
        TZOFFSETTO:+0200
        RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
        END:DAYLIGHT
        END:VTIMEZONE
        """

    private func windows(_ zones: String, _ event: String) throws -> [MaintenanceCalendar.Window] {
        let text =
            "BEGIN:VCALENDAR\n" + zones + "\nBEGIN:VEVENT\n" + event + "\nEND:VEVENT\nEND:VCALENDAR\n"
        return try MaintenanceCalendar.windows(
            of: text.replacing("\n", with: "\r\n"), in: 1_767_225_600..<1_767_225_600 + 2 * 366 * 86_400, zone: .gmt)
    }

    /// The machine's own knowledge of the same zone is the oracle: each day of two years, also when clocks are set.
    @Test(arguments: ["003000", "023000", "030000", "120000", "233000"])
    func aZoneThatTheMachineDoesNotKnow(_ time: String) throws {
        func daily(_ zone: String) throws -> [MaintenanceCalendar.Window] {
            try windows(
                Self.europe,
                "DTSTART;TZID=\(zone):20260101T\(time)\nDURATION:PT20M\nRRULE:FREQ=DAILY\n"
                    + "EXDATE;TZID=\(zone):20260105T\(time)")
        }
        let (defined, known) = (try daily("W. Europe Standard Time"), try daily("Europe/Berlin"))
        #expect(known.count > 700 && defined == known)
    }

    @Test func daysWeeksAndEnds() throws {
        for event in [
            "DTSTART;TZID=Z:20260326T220000\nDTEND;TZID=Z:20260327T060000\nRRULE:FREQ=WEEKLY;BYDAY=TH,SU;UNTIL=20261101",
            "DTSTART;TZID=Z:20261024T120000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE;VALUE=DATE:20261025",
            "DTSTART;TZID=Z:20260131T013000\nDURATION:PT1H\nRRULE:FREQ=MONTHLY;BYMONTHDAY=-1",
        ] {
            let defined = try windows(Self.europe, event.replacing("=Z:", with: "=W. Europe Standard Time:"))
            let known = try windows("", event.replacing("=Z:", with: "=Europe/Berlin:"))
            #expect(!defined.isEmpty && defined == known, "\(event)")
        }
    }

    /// Changes at dates that are listed, one rule that ends, and a zone that never changes.
    @Test func changesOfOtherKinds() throws {
        func zone(_ parts: String) -> String { "BEGIN:VTIMEZONE\nTZID:Z\n\(parts)\nEND:VTIMEZONE" }
        func part(_ kind: String, _ start: String, _ from: String, _ to: String, _ more: String = "") -> String {
            "BEGIN:\(kind)\nDTSTART:\(start)\nTZOFFSETFROM:\(from)\nTZOFFSETTO:\(to)\(more)\nEND:\(kind)"
        }
        func starts(_ zone: String, _ times: String...) throws -> [Int64] {
            try times.map { try windows(zone, "DTSTART;TZID=Z:\($0)\nDURATION:PT1H")[0].start - 1_767_225_600 }
        }
        let fixed = zone(part("STANDARD", "16010101T000000", "+0530", "+0530"))
        #expect(try starts(fixed, "20260102T053000", "20260702T053000") == [86_400, 182 * 86_400])
        let listed = zone(
            part("STANDARD", "20250101T000000", "+0000", "+0000", "\nRDATE:20260301T020000,20270301T020000")
                + "\n" + part("DAYLIGHT", "20260201T010000", "+0000", "+0100"))
        #expect(
            try starts(listed, "20260131T120000", "20260215T120000") == [30 * 86_400 + 43_200, 45 * 86_400 + 39_600])
        let ended = zone(
            part("STANDARD", "20001029T030000", "+0200", "+0100", "\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU")
                + "\n"
                + part(
                    "DAYLIGHT", "20000326T020000", "+0100", "+0200",
                    "\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU;UNTIL=20260329T010000Z"))
        #expect(try starts(ended, "20260701T020000") == [181 * 86_400])
        #expect(try starts(ended, "20270701T010000") == [(365 + 181) * 86_400])
    }

    @Test func whatIsWrongNamesItsLine() throws {
        func flaw(_ zones: String) -> String {
            do {
                _ = try windows(zones, "DTSTART;TZID=W. Europe Standard Time:20260101T000000\nDURATION:PT1H")
                return ""
            } catch { return "\(error)" }
        }
        #expect(flaw("").contains("or the file defines, found TZID=W. Europe Standard Time"))
        for (old, new, expected) in [
            (
                "TZOFFSETFROM:+0200", "TZOFFSETFROM:0200",
                "line 6: TZOFFSETFROM: found 0200, expected an offset such as +0100"
            ),
            ("TZOFFSETTO:+0100", "TZOFFSETTO:+2500", "expected an offset such as +0100"),
            ("FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10", "FREQ=DAILY", "expected FREQ=YEARLY"),
            ("DTSTART:16010101T030000\n", "", "expected DTSTART in the part before it"),
            ("TZID:W. Europe Standard Time\n", "", "expected TZID in the time zone before it"),
        ] {
            #expect(flaw(Self.europe.replacing(old, with: new)).contains(expected), "\(new)")
        }
        // Few lines that say very much.
        let rule = "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10"
        let every = "RRULE:FREQ=YEARLY;BYMONTH=1,2,3,4,5,6,7,8,9,10,11,12;BYDAY=MO,TU,WE,TH,FR,SA,SU"
        #expect(flaw(Self.europe.replacing(rule, with: rule + "\n" + rule)).contains("expected one RRULE at most"))
        #expect(flaw(Self.europe.replacing(rule, with: every)).contains("changes of clocks"))
        #expect(
            flaw("BEGIN:VTIMEZONE\nTZID:W. Europe Standard Time\nEND:VTIMEZONE").contains(
                "expected STANDARD or DAYLIGHT"))
        // What nobody names may be anything; what the machine knows better is not read.
        let nonsense = "BEGIN:VTIMEZONE\nTZID:Europe/Berlin\nEND:VTIMEZONE"
        #expect(try windows(nonsense, "DTSTART;TZID=Europe/Berlin:20260101T010000\nDURATION:PT1H").count == 1)
    }
}
