import Foundation
import Telemetry
import Testing

/// Entities whose rows lie in several files, and files that hold several entities.
struct DailyFilesTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private static let start = 1_740_787_200
    private static let moment = Date(timeIntervalSince1970: 1_750_000_000)

    private func write(_ name: String, _ header: String, day: Int = 0, rows: Int = 40, _ cells: (Int) -> [String])
        throws
    {
        let lines = (0..<rows).flatMap { row in
            cells(row).map { "\(Self.start + 86_400 * day + 60 * row),\($0)\n" }
        }
        try scratch.write(name, "time,\(header)\n" + lines.joined())
    }

    @Test("The file of a day is read once for all its hosts")
    func readOnce() throws {
        let hosts = (0..<5).map { "web\($0)" }
        let names = (0..<3).map { "d/all_2025-03-0\($0 + 1).csv" }
        for (day, name) in names.enumerated() {
            try write(name, "host,cpu", day: day) { row in hosts.map { "\($0),\(row + day)" } }
            try FileManager.default.setAttributes(
                [.modificationDate: Self.moment], ofItemAtPath: scratch.path + "/" + name)
        }
        let sources = try DataCatalog.discover([scratch.path + "/d"])
        #expect(sources.map(\.entity) == hosts && sources.allSatisfy { $0.files.count == 3 })
        let first = try sources[0].read()
        #expect(first.rowCount == 120)
        // Whoever looked into the files again would find nothing there.
        for name in names {
            let path = scratch.path + "/" + name
            let size = try #require(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
            let handle = try #require(FileHandle(forWritingAtPath: path))
            try handle.write(contentsOf: [UInt8](repeating: 0x20, count: size))
            try handle.close()
            try FileManager.default.setAttributes([.modificationDate: Self.moment], ofItemAtPath: path)
        }
        for source in sources { #expect(try source.read() == first) }
    }

    @Test("Names that say from when to when are those of one entity")
    func ranges() throws {
        for day in [0, 14] {
            try write(
                "g/db1_cpu_2025-03-\(day + 1 < 10 ? "0" : "")\(day + 1)_2025-03-\(day + 14).csv", "value", day: day
            ) {
                ["\($0)"]
            }
        }
        let sources = try DataCatalog.discover([scratch.path + "/g"])
        #expect(sources.map(\.entity) == ["db1_cpu"] && sources.first?.files.count == 2)
    }

    @Test("Columns that only some files have are missing in the others, and it is said")
    func laterColumns() throws {
        try write("c/h_2025-03-01.csv", "cpu,mem") { ["\($0),1"] }
        try write("c/h_2025-03-02.csv", "gpu,cpu,mem,label", day: 1) { ["5,\($0),2,\($0 == 3 ? 1 : 0)"] }
        let source = try #require(try DataCatalog.discover([scratch.path + "/c"]).first)
        let frame = try source.read()
        #expect(frame.schema == ["cpu", "mem", "gpu"] && frame.rowCount == 80)
        #expect(frame[39, 2].isNaN && frame[40, 2] == 5 && frame[41, 0] == 1)
        #expect(frame.labels?.firstIndex(of: 1) == 43 && frame.labels?.count == 80)
        let notes = try source.makeReader().layout.notes
        #expect(notes == ["1 column that some of the 2 files lack are missing there: gpu"])
    }

    @Test("Files without a column in common are refused, with what to do")
    func disjoint() throws {
        try write("x/h_2025-03-01.csv", "cpu") { ["\($0)"] }
        try write("x/h_2025-03-02.csv", "disk", day: 1) { ["\($0)"] }
        let source = try #require(try DataCatalog.discover([scratch.path + "/x"]).first)
        let error = #expect(throws: TelemetryError.self) { try source.read() }
        #expect(error?.code == .mismatch && error?.description.contains("join them by their times") == true)
    }

    @Test("An entity is called after its only host, unless others are")
    func onlyHost() throws {
        try write("one/metrics.csv", "host,cpu") { ["web1,\($0)"] }
        #expect(try DataCatalog.discover([scratch.path + "/one"]).map(\.entity) == ["web1"])
        try write("two/cpu.csv", "host,cpu") { ["web1,\($0)"] }
        try write("two/mem.csv", "host,mem") { ["web1,\($0)"] }
        #expect(try DataCatalog.discover([scratch.path + "/two"]).map(\.entity) == ["cpu", "mem"])
        // A day on which only one of the hosts is there.
        try write("three/all_2025-03-01.csv", "host,cpu") { ["web1,\($0)"] }
        try write("three/all_2025-03-02.csv", "host,cpu", day: 1) { ["web1,\($0)", "web2,\($0)"] }
        let days = try DataCatalog.discover([scratch.path + "/three"])
        #expect(days.map(\.entity) == ["web1", "web2"] && days.map(\.files.count) == [2, 1])
        #expect(try days[0].read().rowCount == 80)
        // Where a thing stands is no name of it.
        try write("four/web7.csv", "site,cpu") { ["berlin,\($0)"] }
        #expect(try DataCatalog.discover([scratch.path + "/four"]).map(\.entity) == ["web7"])
        let train = scratch.path + "/five"
        try write("five/train.csv", "hostname,cpu") { ["web1,\($0)"] }
        try write("five/test.csv", "hostname,cpu") { ["web1,\($0)"] }
        #expect(try DataCatalog.discover([train]).map(\.key) == ["five/web1", "five/web1"])
    }

    @Test("The same download twice counts once, and it is said; another one of such a name is another file")
    func copies() throws {
        for name in ["metrics.csv", "metrics (1).csv", "metrics - Copy.csv", "Copy of metrics.csv", "metrics_copy.csv"]
        {
            try write("e/" + name, "cpu") { ["\($0)"] }
        }
        try write("e/metrics (2).csv", "cpu") { ["\($0 + 1)"] }
        let contents = try DataCatalog.search([scratch.path + "/e"])
        #expect(contents.sources.map(\.entity) == ["metrics", "metrics (2)"])
        #expect(contents.passedOver.count == 4)
        #expect(contents.passedOver.allSatisfy { $0.reason == "the same as metrics.csv" })
        let (copy, original) = (scratch.path + "/e/metrics (1).csv", scratch.path + "/e/metrics.csv")
        #expect(try DataCatalog.search([copy, original]).sources.map(\.entity) == ["metrics"])
        #expect(try DataCatalog.search([copy]).sources.map(\.entity) == ["metrics (1)"])
    }
}
