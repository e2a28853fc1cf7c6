import Foundation
import Telemetry
import Testing

/// Rows that say when an interval begins and ends.
struct IntervalTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// 2025-03-20 08:00:00 UTC.
    private static let start = 1_742_457_600

    private static func clock(_ minutes: Int) -> String {
        let (hour, minute) = (minutes / 60 % 24, minutes % 60)
        return "\(hour < 10 ? "0" : "")\(hour):\(minute < 10 ? "0" : "")\(minute)"
    }

    private func read(_ header: String, step: Int = 15, _ cells: (String, String) -> String) throws -> MetricFrame {
        let rows = (0..<60).map { row in
            cells(Self.clock(480 + step * row), Self.clock(480 + step * (row + 1)))
                .replacing("DAY", with: "\(20 + (480 + step * row) / 1440)") + "\(row)\n"
        }
        return try scratch.read(header + "\n" + rows.joined())
    }

    private static func times(_ step: Int) -> [Double] { (0..<60).map { Double(start + 60 * step * $0) } }

    @Test(
        "A date with the beginning and the end beside it",
        arguments: ["Datum;von;bis", "Day;Begin;Finish", "Date;From;To"])
    func columns(_ names: String) throws {
        let frame = try read("\(names);load") { "DAY.03.2025;\($0);\($1);" }
        #expect(frame.times == Self.times(15) && frame.schema == ["load"])
    }

    @Test("A date with an interval of the day beside it", arguments: [15, 60])
    func slots(_ step: Int) throws {
        let frame = try read("Date,Slot,load", step: step) { "2025-03-DAY,\($0)-\($1)," }
        #expect(frame.times == Self.times(step) && frame.schema == ["load"])
    }

    @Test("Both in one cell: what looks like a zone ends the interval", arguments: [1, 15, 60])
    func cells(_ step: Int) throws {
        #expect(try read("time,load", step: step) { "DAY/03/2025 \($0)-\($1)," }.times == Self.times(step))
        #expect(try read("time,load", step: step) { "2025-03-DAY \($0) - \($1)," }.times == Self.times(step))
        #expect(
            try read("Datum Uhrzeit,load", step: step) { "DAY.03.2025 \($0):00 - \($1):00," }.times == Self.times(step))
    }

    @Test("Zones remain zones")
    func zones() throws {
        let frame = try read("time,load") { begin, _ in "2025-03-DAYT\(begin):00-05:00," }
        #expect(frame.times == Self.times(15).map { $0 + 5 * 3600 })
    }

    @Test("The time of day in digits beside a date")
    func digits() throws {
        func cell(_ text: String) -> String { text.replacing(":", with: "") + "00" }
        let zeros = try read("DATE,TIME,load") { begin, _ in "202503DAY,\(cell(begin))," }
        let plain = try read("DATE,TIME,load") { begin, _ in "202503DAY,\(Int(cell(begin)) ?? 0)," }
        #expect(zeros.times == Self.times(15) && plain.times == Self.times(15))
    }
}
