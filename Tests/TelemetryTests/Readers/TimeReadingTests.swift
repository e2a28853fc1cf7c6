import Telemetry
import Testing

/// Time is never made up: what is written is read, or refused by name.
struct TimeReadingTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// 2025-03-01 00:00:00 UTC.
    private static let start = 1_740_787_200.0

    private func times(
        _ cells: [String], header: String = "time", options: ReaderOptions = ReaderOptions()
    ) throws -> [Double] {
        let text = "\(header);cpu\n" + cells.enumerated().map { "\($0.element);\($0.offset)\n" }.joined()
        return try scratch.read(text, options: options).times.map { $0 - Self.start }
    }

    @Test(
        "Dates and times as programs write them",
        arguments: [
            ["2025-03-01 00:00:00", "2025-03-01 00:01:00.5", "2025-03-01 00:02:00"],
            ["2025-03-01T00:00:00Z", "2025-03-01T00:01:00.500Z", "2025-03-01T00:02:00Z"],
            ["2025-03-01T01:00:00+01:00", "2025-03-01T01:01:00.5+0100", "2025-03-01T01:02:00+01"],
            ["2025-03-01 00:00:00 UTC", "2025-03-01 00:01:00.5 UTC", "2025-03-01 00:02:00 GMT"],
            [
                "2025-03-01 00:00:00 +0000 UTC m=+0.113112869", "2025-03-01 00:01:00.5 +0000 UTC m=+60.1",
                "2025-03-01 00:02:00 +0000 UTC m=+120.1",
            ],
            ["2025-03-01 01:00:00 CET", "2025-03-01 01:01:00.5 CET", "2025-03-01 02:02:00 CEST"],
            ["2025/03/01 00:00", "2025/03/01 00:01:00,5", "2025/03/01 00:02"],
            ["2025-3-1 0:00:00", "2025-3-1 0:01:00.5", "2025-3-1 0:02:00"],
            ["01.03.2025 00:00", "01.03.2025 00:01:00.5", "01.03.2025 00:02"],
            ["01/03/2025 00:00", "01/03/2025 00:01:00.5", "01/03/2025 00:02:00", "13/03/2025 00:00"],
            ["03/01/2025 12:00:00 AM", "03/01/2025 12:01:00.5 AM", "3/1/2025 12:02 AM", "03/13/2025 12:00 AM"],
            ["01/Mar/2025:00:00:00 +0000", "01/Mar/2025:00:01:00.5 +0000", "[01/Mar/2025:00:02:00 +0000]"],
            [
                "\"Sat, 01 Mar 2025 00:00:00 GMT\"", "\"Sat, 01 Mar 2025 00:01:00.5 +0000\"",
                "Sat, 1 Mar 2025 01:02:00 +0100 (CET)",
            ],
            ["Sat Mar  1 00:00:00 2025", "Sat Mar  1 00:01:00.5 2025", "Sat Mar  1 00:02:00 UTC 2025"],
            ["Mar 1, 2025, 12:00:00 AM", "Mar 1, 2025, 12:01:00.5 AM", "Mar 1, 2025, 12:02:00 AM"],
            ["1 March 2025 00:00:00", "1 March 2025 00:01:00.5", "1 March 2025 00:02:00"],
            ["20250301T000000Z", "20250301T000100.5Z", "20250301T000200Z"],
            ["2025-03-01T00:00:00+00:00[UTC]", "2025-03-01T00:01:00.5+00:00[Etc/UTC]", "2025-03-01T00:02:00Z"],
            ["1740787200", "1740787260.5", "1740787320"], ["1740787200000", "1740787260500", "1740787320000"],
            ["1740787200000000", "1740787260500000", "1740787320000000"],
            ["1.7407872e18", "1.7407872605e18", "1.74078732e18"], ["1.7407872E9", "1.7407872605E9", "1.74078732E9"],
            ["45717.0000000", "45717.0007002315", "45717.0013888889"],
        ])
    func formats(_ cells: [String]) throws {
        let times = try times(cells)
        #expect(times[0] == 0 && abs(times[1] - 60.5) < 1e-3 && times[2] == 120, "\(cells): \(times)")
    }

    @Test("Numbers that spell a date are one")
    func compact() throws {
        #expect(try times(["20250301000000", "20250301000100", "20250301000200"]) == [0, 60, 120])
        #expect(try times(["202503010000", "202503010001", "202503010002"], header: "Datum") == [0, 60, 120])
        #expect(try times(["20250301", "20250302", "20250303"], header: "date") == [0, 86400, 172_800])
    }

    @Test(
        "A column named like a time that cannot be read is refused, and the formats are named",
        arguments: [
            ("time", ["noon", "one", "two"]), ("Timestamp", ["2025-03-01 25:00", "2025-03-01 26:00", "x"]),
            ("Zeit", ["12h30", "12h31", "12h32"]), ("date", ["2025-W09-6", "2025-W09-7", "2025-W10-1"]),
            ("time", ["2025-03-01 00:00:00 IST", "2025-03-01 00:01:00 IST", "2025-03-01 00:02:00 CST"]),
            ("time", ["", "", ""]), ("time", ["2025-02-30 00:00", "2025-02-31 00:00", "2025-13-01 00:00"]),
        ])
    func unreadable(_ header: String, _ cells: [String]) throws {
        let error = #expect(throws: TelemetryError.self) { try times(cells, header: header) }
        #expect(error?.code == .badTime && error?.field == header)
        #expect(error?.description.contains("2025-11-14T11:00:00+01:00") == true)
        var options = ReaderOptions()
        options.rowSeconds = 5
        #expect(try times(cells, header: header, options: options)[2] == 10 - Self.start)
    }

    @Test("The time of day alone is refused; beside a date it is read, whichever comes first")
    func twoColumns() throws {
        let error = #expect(throws: TelemetryError.self) { try times(["00:00:01", "00:00:02", "00:00:03"]) }
        #expect(error?.description.contains("without the date") == true)
        let frame = try scratch.read(
            "date,time,cpu\n2025-03-01,00:00:00,1\n2025-03-01,00:01:00,2\n2025-03-02,00:00:00,3\n")
        #expect(frame.schema == ["cpu"] && frame.times.map { $0 - Self.start } == [0, 60, 86400])
        let turned = try scratch.read("Uhrzeit;Datum;cpu\n00:00;01.03.2025;1\n00:01;01.03.2025;2\n00:02;01.03.2025;3\n")
        #expect(turned.times.map { $0 - Self.start } == [0, 60, 120])
    }

    @Test("Day and month: the whole column decides, far behind the first rows; or the user; or nobody")
    func dayAndMonth() throws {
        let open = (0..<300).map { "0\(1 + $0 / 60)/02/2025 00:\($0 % 60 < 10 ? "0" : "")\($0 % 60)" }
        #expect(try times(open + ["25/02/2025 00:00"])[0] == -28 * 86400)
        // Day after day in one reading, month after month in the other.
        #expect(try times(open)[0] == -28 * 86400)
        let one = ["03/02/2025 00:00", "03/02/2025 00:01", "03/02/2025 00:02"]
        let error = #expect(throws: TelemetryError.self) { try times(one) }
        #expect(error?.description.contains("--date-order") == true)
        var options = ReaderOptions()
        options.dateOrder = .dayMonth
        #expect(try times(one, options: options)[0] == -26 * 86400)
        options.dateOrder = .monthDay
        #expect(try times(one, options: options)[0] == 86400)
    }

    @Test("Two units in one column are refused where the second begins")
    func twoUnits() throws {
        let error = #expect(throws: TelemetryError.self) {
            try times(["1740787200", "1740787260", "1740787320000", "1740787380000"])
        }
        #expect(error?.code == .badTime && error?.line == 4)
    }

    @Test("Newest first is turned round, rows out of order are sorted, a late row stays where it is")
    func order() throws {
        let newest = "time,a,label\n" + (0..<400).map { "\(2_000_000_000 - $0),\($0),\($0 % 2)\n" }.joined()
        let frame = try scratch.read(newest)
        #expect(frame.times == (0..<400).map { 1_999_999_601 + Double($0) })
        #expect(frame.values.first == 399 && frame.labels?.first == 1)
        let shuffled = "time,a\n" + (0..<400).map { "\(1_900_000_000 + $0 * 149 % 400),\($0 * 149 % 400)\n" }.joined()
        let sorted = try scratch.read(shuffled)
        #expect(sorted.values == (0..<400).map(Double.init))
        let late = "time,a\n" + [0, 1, 2, 4, 3, 5, 6].map { "\(1_900_000_000 + $0),\($0)\n" }.joined()
        #expect(try scratch.read(late).values == [0, 1, 2, 4, 3, 5, 6])
    }

    @Test("Of two time columns the finer one counts, and a text before a number that may be in a wrong unit")
    func severalTimes() throws {
        let frame = try scratch.read(
            "Time,TimeStamp,x\n2025-03-01 00:00:00 +0000 UTC m=+0.1,999,1\n2025-03-01 00:01:00 +0000 UTC m=+60.1,1059,2\n"
                + "2025-03-01 00:02:00 +0000 UTC m=+120.1,1119,3\n")
        #expect(frame.times.map { $0 - Self.start } == [0, 60, 120])
        let finer = try scratch.read(
            "date,ts,x\n2025-03-01,1740787200,1\n2025-03-01,1740787260,2\n2025-03-01,1740787320,3\n")
        #expect(finer.times.map { $0 - Self.start } == [0, 60, 120])
    }
}
