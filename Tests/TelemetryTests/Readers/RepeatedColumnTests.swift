import Foundation
import Telemetry
import Testing

/// Columns that are there twice, columns with a value a row, and dates that a file beside them tells.
struct RepeatedColumnTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test("A second column of the same name is left out where it is the same, and has pandas' name where it is not")
    func repeats() throws {
        let rows = (0..<400).map { row in
            "\(1_740_787_200 + row),\(row % 7),\(row % 5),\(row % 7),\(row == 390 ? 9 : row % 5),\(row % 3)\n"
        }
        let path = try scratch.write("host.csv", "time,a,b,a,b,b.1\n" + rows.joined())
        let source = try #require(try DataCatalog.discover([path]).first)
        let (reader, frame) = (try source.makeReader(), try source.read())
        #expect(frame.schema == ["a", "b", "b.2", "b.1"])
        #expect(frame[390, 1] == 0 && frame[390, 2] == 9 && frame[10, 3] == 1)
        #expect(reader.layout.ignoredColumns.isEmpty)
        #expect(reader.layout.notes.contains { $0.contains("same name and content, left out: a") })
        #expect(reader.layout.notes.contains { $0.contains("same name is called b.2") })
    }

    @Test("Two tables side by side, each with its times, are not one")
    func sideBySide() throws {
        func table(_ later: Int) -> String {
            let start = 1_740_787_200
            return "time,a,time,b\n" + (0..<50).map { "\(start + $0),1.5,\(start + later + $0),2.5\n" }.joined()
        }
        let error = #expect(throws: TelemetryError.self) { try self.scratch.read(table(60)) }
        #expect(error?.code == .badHeader && error?.field == "time")
        #expect(try scratch.read(table(0)).schema == ["a", "b"])
    }

    @Test("A text with a value a row names no entities, and neither do flows of the same minute")
    func valueARow() throws {
        let rows = (0..<600).map { row in
            "10.0.0.\(row % 5)-9-\(row),10.0.0.\(row % 5),2017-07-05 15:\(10 + row / 60),\(row % 11),BENIGN\n"
        }
        let text = "Flow ID,Source IP,Timestamp,Duration,Label\n" + rows.joined()
        let path = try scratch.write("flows.csv", text)
        let sources = try DataCatalog.discover([path])
        #expect(sources.map(\.entity) == ["flows"])
        #expect(try sources[0].read().rowCount == 600)
        var options = ReaderOptions()
        options.entityColumn = "Source IP"
        #expect(try DataCatalog.discover([path], options: options).count == 5)
        // A few rows of many hosts at one moment are of these hosts.
        let hosts = (0..<40).map { "2025-01-01 00:0\($0 / 20):00,h\($0 % 20),\($0)\n" }
        let snapshot = try scratch.write("hosts.csv", "time,host,cpu\n" + hosts.joined())
        #expect(try DataCatalog.discover([snapshot]).count == 20)
    }

    @Test("A column that is all there is stays a metric, also where it could name what rows of a time are of")
    func onlyColumn() throws {
        let frame = try scratch.read("time,cpu\n" + (0..<12).map { "1740787200,\($0)\n" }.joined())
        #expect(frame.schema == ["cpu"] && frame.rowCount == 12)
    }

    @Test("Dates that leave it open are read as a file beside them with the same header shows")
    func siblings() throws {
        func table(_ header: String, _ date: (Int) -> String) -> String {
            header + "\n" + (0..<12).map { "\(date($0)) 00:00,\($0)\n" }.joined()
        }
        // One row a month for a year, and one row a day.
        let open = table("date,load") { _ in "03/04/2025" }
        try scratch.write("s/a.csv", open)
        let error = #expect(throws: TelemetryError.self) { try DataCatalog.discover([scratch.path + "/s"]) }
        #expect(error?.code == .badTime)
        try scratch.write("s/b.csv", table("date,load") { "03/\(14 + $0)/2025" })
        let sources = try DataCatalog.discover([scratch.path + "/s"])
        #expect(sources.map(\.entity) == ["a", "b"])
        // The fourth of March.
        #expect(try sources[0].read().times.first == 1_741_046_400)
        let notes = try sources[0].makeReader().layout.notes
        #expect(notes.contains("dates are read as month/day, as in b.csv beside it"), "\(notes)")
        // The seventh of July is that either way.
        let same = try scratch.write("same/a.csv", table("date,load") { _ in "07/07/2025" })
        #expect(try DataCatalog.discover([same])[0].read().times.first == 1_751_846_400)
        // A file with other columns, and files that differ, tell nothing.
        try scratch.write("t/a.csv", open)
        try scratch.write("t/b.csv", table("date,mem") { "03/\(14 + $0)/2025" })
        #expect(throws: TelemetryError.self) { try DataCatalog.discover([scratch.path + "/t"]) }
        try scratch.write("s/c.csv", table("date,load") { "\(14 + $0)/03/2025" })
        #expect(throws: TelemetryError.self) { try DataCatalog.discover([scratch.path + "/s"]) }
        var options = ReaderOptions()
        options.dateOrder = .dayMonth
        let source = try DataCatalog.discover([scratch.path + "/s/a.csv"], options: options)[0]
        #expect(try source.read(options: options).times[0] == 1_743_638_400)
    }
}
