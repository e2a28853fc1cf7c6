import Foundation
import Telemetry
import Testing

/// Times that could be read in two ways, or that nobody reads: told by what the numbers and dates show, or refused.
struct TimeDoubtTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// 2025-03-03 00:00:00 UTC.
    private static let start = 1_740_960_000.0

    private func read(
        _ header: String, rows: Int = 60, options: ReaderOptions = ReaderOptions(), _ cells: (Int) -> String
    ) throws -> MetricFrame {
        let text = header + "\n" + (0..<rows).map { cells($0) + "\n" }.joined()
        return try scratch.read(text, options: options)
    }

    private func refusal(_ header: String, rows: Int = 60, _ cells: (Int) -> String) -> String {
        do {
            _ = try read(header, rows: rows, cells)
            return "read"
        } catch {
            return "\(error)"
        }
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    @Test("A point between month and day is no proof of the day's place: days follow one another")
    func points() throws {
        let american = try read("PERIOD_START_TIME;thp") {
            "03.\(Self.two(3 + $0 / 24)).2025 \(Self.two($0 % 24)):00:00;\($0)"
        }
        #expect(american.times == (0..<60).map { Self.start + 3600 * Double($0) })
        let german = try read("Zeit;thp") { "\(Self.two(3 + $0 / 24)).03.2025 \(Self.two($0 % 24)):00:00;\($0)" }
        #expect(german.times == american.times)
        // One day alone: as almost everybody means it, or as the files beside it show.
        let day = try read("Zeit;thp") { "04.03.2025 00:\(Self.two($0)):00;\($0)" }
        #expect(day.times.first == Self.start + 86_400)
        // The first of each month.
        let monthly = try read("Zeit;thp", rows: 12) { "01.\(Self.two($0 + 1)).2025;\($0)" }
        #expect(monthly.times[1] - monthly.times[0] == 31 * 86_400)
        var options = ReaderOptions()
        options.dateOrder = .monthDay
        #expect(try read("Zeit;thp", options: options) { "03.04.2025 00:\(Self.two($0)):00;\($0)" }.times == day.times)
    }

    @Test("The order that only rows far below show")
    func pointsFarBelow() throws {
        // More rows of the first day than are looked at to tell what a column is.
        let frame = try read("t;thp", rows: 700) {
            "03.\(Self.two(3 + $0 / 300)).2025 0\($0 % 300 / 60):\(Self.two($0 % 60)):00;\($0)"
        }
        #expect(frame.times[699] == Self.start + 2 * 86_400 + 99 * 60)
    }

    @Test("A date and the number of its hour, whatever they are called")
    func hours() throws {
        let frame = try read("DATE_ID,HOUR_ID,pmVolume") { "2025-03-\(Self.two(3 + $0 / 24)),\($0 % 24),\($0).5" }
        #expect(frame.schema == ["pmVolume"] && frame.times == (0..<60).map { Self.start + 3600 * Double($0) })
    }

    @Test(
        "Points stand between hours and minutes behind a date, as in drive tests and Oracle",
        arguments: ["2025.03.03_00.%.00", "03-MAR-25 12.%.00.000000 AM", "2025-03-03 00.%.00"])
    func pointsInTimes(_ format: String) throws {
        let frame = try read("Timestamp,cpu") { "\(format.replacing("%", with: Self.two($0))),\($0)" }
        #expect(frame.times == (0..<60).map { Self.start + 60 * Double($0) })
        // A column of addresses beside it is no time of day.
        let beside = try read("Timestamp,state,cpu") { "\(format.replacing("%", with: Self.two($0))),10.0.0.1,\($0)" }
        #expect(beside.times == frame.times)
    }

    @Test("A moment since 1970 counts before what counts from some start; in JSON, too")
    func moments() throws {
        let table = try read("time,utc,cpu") { "\(100 + $0),\(1_740_960_000 + 60 * $0),\($0)" }
        #expect(table.times[1] == Self.start + 60)
        func json(_ members: (Int) -> String) throws -> [Double] {
            let text = (0..<30).map { "{\(members($0)),\"cpu\":\($0)}\n" }.joined()
            return try scratch.read(text, name: "x.jsonl").times
        }
        #expect(try json { #""time":\#(100 + $0).5,"utc":\#(1_740_960_000 + 60 * $0)"# }[1] == Self.start + 60)
        #expect(
            try json { #""__REALTIME_TIMESTAMP":"\#(1_740_960_000_000_000 + 60_000_000 * $0)""# }[1] == Self.start + 60)
        #expect(try json { #""local_time":{"time_t":\#(1_740_960_000 + 60 * $0)}"# }[1] == Self.start + 60)
    }

    @Test(
        "Times without a zone are in that of the header's brackets",
        arguments: [
            ("Time (UTC+2)", 7200.0), ("Timestamp [GMT+05:30]", 19_800), ("Zeit (MEZ)", 3600), ("time (UTC)", 0),
            ("time (s)", 0),
        ])
    func zoneOfTheHeader(_ name: String, _ east: Double) throws {
        let frame = try read("\(name),cpu") { "2025-03-03 00:\(Self.two($0)):00,\($0)" }
        #expect(frame.times[0] == Self.start - east && frame.times[1] - frame.times[0] == 60)
        // What says its own is in that.
        let own = try read("\(name),cpu") { "2025-03-03T01:\(Self.two($0)):00+01:00,\($0)" }
        #expect(own.times[0] == Self.start)
        let apart = try read("Date,\(name),cpu") { "2025-03-03,00:\(Self.two($0)):00,\($0)" }
        #expect(apart.times[0] == Self.start - east)
        let labels =
            "\(name),label\n" + (0..<60).map { "2025-03-03 00:\(Self.two($0)):00,\($0 == 7 ? 1 : 0)\n" }.joined()
        let found = try LabelFile(try scratch.write("l.csv", labels)).labels(ofRows: 60, times: frame.times, of: "x")
        #expect(found.labels.values.firstIndex(of: 1) == 7)
    }

    @Test("A zone that stands beside the times, and is not heeded, is said")
    func zoneBeside() throws {
        let text =
            "time,timezone,cpu\n" + (0..<60).map { "2025-03-03 00:\(Self.two($0)):00,Europe/Berlin,\($0)\n" }.joined()
        let source = Scratch.source([try scratch.write("z.csv", text)])
        #expect(try source.makeReader().layout.notes.contains { $0.contains("Europe/Berlin") })
        #expect(try source.read().times[0] == Self.start)
    }

    @Test("Thousandths behind a last colon")
    func controllers() throws {
        #expect(try read("time,cpu") { "2025-03-03 00:00:\(Self.two($0)):500,\($0)" }.times[1] == Self.start + 1.5)
    }

    @Test("Counts of 100 ns since another year are no nanoseconds since 1970")
    func ticks() throws {
        for first in [133_854_624_000_000_000, 638_765_856_000_000_000] {
            #expect(refusal("time,cpu") { "\(first + 600_000_000 * $0),\($0)" }.contains("FILETIME"))
        }
        let nanoseconds = try read("time,cpu") { "\(1_740_960_000_000_000_000 + 60_000_000_000 * $0),\($0)" }
        #expect(nanoseconds.times[1] == Self.start + 60)
    }

    @Test(
        "Numbers since some start that go on by thousands may be thousandths: nobody guesses",
        arguments: [60_000, 5000, 300_000_000])
    func thousands(_ step: Int) throws {
        #expect(refusal("timestamp,cpu") { "\(step * $0),\($0)" }.contains("--time-unit"))
        var options = ReaderOptions()
        options.timeUnit = .milliseconds
        #expect(try read("timestamp,cpu", options: options) { "\(step * $0),\($0)" }.times[1] == Double(step) / 1000)
        #expect(try read("time_ms,cpu") { "\(step * $0),\($0)" }.times[1] == Double(step) / 1000)
    }

    @Test(
        "Seconds that people take samples apart stay seconds",
        arguments: [1, 60, 300, 900, 1800, 3600, 86_400, 604_800])
    func seconds(_ step: Int) throws {
        #expect(try read("timestamp,cpu") { "\(step * $0),\($0)" }.times[1] == Double(step))
    }

    @Test("What has elapsed is read where the name says so", arguments: ["elapsed", "Elapsed Time"])
    func elapsed(_ name: String) throws {
        let clock = try read("\(name),cpu", rows: 130) { "\(Self.two($0 / 60)):\(Self.two($0 % 60)):00,\($0)" }
        #expect(clock.times == (0..<130).map { 60 * Double($0) } && clock.schema == ["cpu"])
        let pandas = try read("\(name),cpu") { "\($0 / 24) days \(Self.two($0 % 24)):00:00,\($0)" }
        #expect(pandas.times == (0..<60).map { 3600 * Double($0) })
    }

    @Test("A column written like a time that nobody reads is refused by name; rows are not a second apart in silence")
    func unread() {
        #expect(refusal("period,cpu") { "2025-03-03 08:\(Self.two($0)) bis 08:59,\($0)" }.contains("'period'"))
        #expect(refusal("week,cpu", rows: 50) { "2024-W\(Self.two($0 + 1)),\($0)" }.contains("'week'"))
        #expect(refusal("quarter,cpu") { "\(1990 + $0 / 4)Q\($0 % 4 + 1),\($0)" }.contains("'quarter'"))
        #expect(refusal("bin,cpu") { "\"[2025-03-03 08:\(Self.two($0)), 2025-03-03 09:00)\",\($0)" }.contains("'bin'"))
        // Addresses, versions and names are none.
        #expect(refusal("mac,cpu") { "00:1a:2b:3c:4d:\(Self.two($0)),\($0)" } == "read")
        #expect(refusal("build,cpu") { "10.0.\($0).1,\($0)" } == "read")
    }

    @Test("Numbers of any size, and years of any size, are no end of the process")
    func sizes() throws {
        #expect(refusal("time,cpu") { "\($0)00000000000000000000,\($0)" }.contains("apart"))
        let dstat = "\"Date:\",\"29 Nov 9223372036854775807 20:15:02 CET\"\n\"system\",\"load\"\n\"time\",\"1m\"\n"
        _ = try? scratch.read(dstat + (0..<60).map { "01-01 20:15:\(Self.two($0)),\($0)\n" }.joined())
        for field in [#""bufferBytes":9223372036854775807"#, #""rowSeconds":-1"#, #""maximumColumns":0"#] {
            #expect(throws: DecodingError.self) {
                try JSONDecoder().decode(ReaderOptions.self, from: Data("{\(field)}".utf8))
            }
        }
    }
}
