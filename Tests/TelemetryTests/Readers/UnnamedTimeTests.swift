import Foundation
import Telemetry
import Testing

/// Times that are told by what stands in a column: whatever it is called, whatever else the file holds.
struct UnnamedTimeTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// 2025-03-03 08:00:00 UTC.
    private static let start = 1_740_988_800

    private func read(_ header: String, rows: Int = 60, _ cells: (Int) -> String) throws -> MetricFrame {
        try scratch.read(header + "\n" + (0..<rows).map { cells($0) + "\n" }.joined())
    }

    private func refusal(_ header: String, rows: Int = 60, _ cells: (Int) -> String) -> String {
        do {
            let frame = try read(header, rows: rows, cells)
            return "read: \(frame.times.prefix(3))"
        } catch {
            return "\(error)"
        }
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    private static func minutes(_ step: Int = 60, rows: Int = 60) -> [Double] {
        (0..<rows).map { Double(start + step * $0) }
    }

    @Test("A header that comes again is no cell of the time")
    func repeatedHeaders() throws {
        let texts = try read("when,cpu", rows: 61) { row in
            row == 30 ? "when,cpu" : "2025-03-03T08:\(Self.two(row < 30 ? row : row - 1)):00Z,\(row)"
        }
        #expect(texts.times == Self.minutes())
        let numbers = try read("sample_time_epoch,cpu", rows: 120) { row in
            row % 2 == 1 ? "sample_time_epoch,cpu" : "\(Self.start + 30 * row),\(row)"
        }
        #expect(numbers.times == Self.minutes())
    }

    @Test("One cell that lacks the time is an error of the file, and no reason to count rows")
    func missingCells() {
        let text = refusal("sample_time_epoch,cpu", rows: 150) { "\($0 == 75 ? "" : "\(Self.start + 60 * $0)"),\($0)" }
        #expect(text.contains("sample_time_epoch") && text.contains("77"), "\(text)")
    }

    private static let names = [
        "seconds", "sec", "t_s", "Time/s", "uptime_s", "runtime", "sim_time", "Time since start (s)", "Temps (s)",
        "frame.time_relative", "Zeit in s", "time_from_start", "Uptime (seconds)",
    ]

    @Test("What counts from some start is the clock where nothing else is", arguments: names)
    func elapsed(_ name: String) throws {
        #expect(try read("\(name),cpu") { "\(10 * $0),\($0 % 7)" }.times == (0..<60).map { 10 * Double($0) })
    }

    @Test("Units of what has elapsed; a metric of such a name that falls is none")
    func elapsedUnits() throws {
        #expect(try read("t_ms,cpu") { "\(500 * $0),\($0 % 7)" }.times[2] == 1)
        #expect(try read("t/ms,cpu") { "\(500 * $0),\($0 % 7)" }.times[2] == 1)
        #expect(try read("runtime,cpu") { "\(500 * ($0 % 9)),\($0 % 7)" }.schema == ["runtime", "cpu"])
    }

    @Test("Minutes and seconds are told by minutes beyond the hour")
    func minutesAndSeconds() throws {
        let frame = try read("Elapsed,cpu", rows: 80) { "\(Self.two($0)):30,\($0)" }
        #expect(frame.times[79] == 79 * 60 + 30)
        #expect(refusal("Elapsed,cpu") { "00:\(Self.two($0)),\($0)" }.contains("minutes and seconds"))
    }

    @Test("Digits that spell a date go on as dates do")
    func spelled() throws {
        let hours = Self.minutes(3600)
        func cell(_ row: Int) -> String { "\(Self.two(3 + (row + 8) / 24))\(Self.two((row + 8) % 24))" }
        #expect(try read("time,cpu") { "202503\(cell($0)),\($0)" }.times == hours)
        #expect(try read("time,cpu") { "2503\(cell($0))00,\($0)" }.times == hours)
        #expect(try read("time,cpu") { "2503\(cell($0))0000,\($0)" }.times == hours)
        #expect(try read("time,cpu") { "202503\(cell($0))0000500,\($0)" }.times == hours.map { $0 + 0.5 })
        #expect(refusal("time,cpu", rows: 10) { "202503030\($0),\($0)" }.contains("spell a date"))
        // Seconds of our days that happen to look like dates.
        #expect(try read("time,cpu", rows: 50) { "\(1_712_010_800 + $0),\($0)" }.times[1] == 1_712_010_801)
    }

    @Test("Moments that are counted from another year, or in another unit, are refused with the conversion")
    func otherEras() {
        func written(_ number: Double) -> String { String(format: "%.7f", number) }
        #expect(refusal("time,cpu") { "\(written(739_679.3333 + Double($0) / 1440)),\($0)" }.contains("719529"))
        #expect(refusal("time,cpu") { "\(written(2_460_737.8333 + Double($0) / 1440)),\($0)" }.contains("2440587.5"))
        #expect(refusal("time,cpu") { "\(written(60_737.3333 + Double($0) / 1440)),\($0)" }.contains("40587"))
        #expect(refusal("time,cpu") { "\(3_949_977_600 + 60 * $0),\($0)" }.contains("2208988800"))
        #expect(refusal("timestamp,cpu") { "\(29_016_480 + $0),\($0)" }.contains("--time-unit minutes"))
        #expect(refusal("time,cpu") { "200320250\($0 % 9)\(Self.two($0))00,\($0)" }.contains("after 2200"))
    }

    @Test("Whole days under a name for dates: spreadsheets', or those since 1970")
    func wholeDays() throws {
        let day = 1_740_960_000.0
        #expect(try read("date,cpu") { "\(45_719 + $0),\($0)" }.times[1] == day + 86_400)
        #expect(try read("date,cpu") { "\(20_150 + $0),\($0)" }.times[1] == day + 86_400)
    }

    @Test("Days of spreadsheets with a decimal comma")
    func excelComma() throws {
        let frame = try read("Zeit;cpu") { row in
            String(format: "%.9f", 45_719 + 1.0 / 3 + Double(row) / 1440).replacing(".", with: ",") + ";\(row)"
        }
        #expect(frame.times.first == Double(Self.start) && frame.times[59] == Double(Self.start + 59 * 60))
    }

    @Test("A year of two digits in front: days follow one another, years do not")
    func shortYears() throws {
        func cell(_ row: Int) -> String {
            "25/03/\(3 + row / 24 < 10 ? "0" : "")\(3 + row / 24) \(Self.two(row % 24)):00"
        }
        #expect(
            try read("time,cpu") { "\(cell($0)),\($0)" }.times == (0..<60).map { 1_740_960_000 + 3600 * Double($0) })
        let usual = try read("time,cpu") { "\(Self.two(3 + $0 / 24))/03/25 \(Self.two($0 % 24)):00,\($0)" }
        #expect(usual.times == (0..<60).map { 1_740_960_000 + 3600 * Double($0) })
        #expect(refusal("time,cpu") { "25/03/20 08:\(Self.two($0)),\($0)" }.contains("--date-order"))
        let pointed = try read("time;cpu") { "20.03.25 08:\(Self.two($0));\($0)" }
        #expect(pointed.times.first == Double(Self.start + 17 * 86_400))
    }

    private static let same: [(cell: @Sendable (Int) -> String, name: String)] = [
        ({ "\"3/3/2025, 8:0\($0):00\u{202F}AM\"" }, "JavaScript"),
        ({ "\"3/3/2025, 8:0\($0):00\u{A0}AM\"" }, "JavaScript"),
        ({ "13/03/2025 08:0\($0):00 a.\u{A0}m." }, "Spanish"), ({ "2025-3-3 8:\($0):0" }, "one digit"),
        ({ "20250303-08:0\($0):00" }, "FIX"), ({ "20250303_080\($0)00" }, "underscore"),
        ({ "3. März 2025 08:0\($0):00" }, "German"),
        ({ "3 mars 2025 08:0\($0):00" }, "French"), ({ "03-mar-2025 08:0\($0):00" }, "Spanish"),
        ({ "3 de marzo de 2025 08:0\($0):00" }, "Spanish"),
    ]

    @Test("Writings of other places")
    func writings() throws {
        for (cell, name) in Self.same {
            let frame = try scratch.read("time,cpu\n" + (0..<9).map { "\(cell($0)),\($0)\n" }.joined())
            let shift = name == "Spanish" && frame.times[0] > Double(Self.start) ? 10.0 * 86_400 : 0
            #expect(frame.times == (0..<9).map { Double(Self.start + 60 * $0) + shift }, "\(name): \(cell(1))")
        }
    }

    @Test(
        "The zone behind a name without brackets", arguments: ["Date Time, GMT+01:00", "Time CET", "Timestamp UTC+1"])
    func zones(_ name: String) throws {
        let frame = try scratch.read("\"\(name)\",cpu\n" + (0..<9).map { "2025-03-03 09:0\($0):00,\($0)\n" }.joined())
        #expect(frame.times == Self.minutes(rows: 9))
    }

    @Test("Seconds since 1970 beside the local time")
    func localTimes() throws {
        let frame = try read("timestamp,datetime,cpu") {
            "\(Self.start + 60 * $0),2025-03-03 16:\(Self.two($0)):00,\($0)"
        }
        #expect(frame.times == Self.minutes())
    }

    @Test("The time of a base station is its time where it goes on from row to row")
    func baseStations() throws {
        let own = try read("time;nof_ue;dl_brate;ul_brate;proc_rmem") { "\($0).500;1;\($0);5;10" }
        #expect(own.times == (0..<60).map { Double($0) + 0.5 })
        let counted = try read("time;nof_ue;dl_brate;ul_brate;proc_rmem") { "\($0 / 10 * 10);1;\($0);5;10" }
        #expect(abs(counted.times[1] - 0.08) < 1e-9)
    }
}
