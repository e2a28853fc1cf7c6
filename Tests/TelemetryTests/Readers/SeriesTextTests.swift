import Foundation
import Telemetry
import Testing

/// Points of named series, one or some a line.
struct SeriesTextTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private static let start = 1_740_787_200

    private func source(_ lines: [String], _ name: String = "x.txt") throws -> EntitySource {
        let path = try scratch.write("\(UUID().uuidString)/\(name)", lines.joined(separator: "\n") + "\n")
        return try #require(try DataCatalog.discover([path]).first)
    }

    private static func influx(_ rows: Int = 40, _ fields: (Int) -> String) -> [String] {
        (0..<rows).map { "cpu,host=a \(fields($0)) \(start + 60 * $0)000000000" }
    }

    @Test("A damaged line among the first is reported, and makes no table of the others", arguments: [0, 5, 30])
    func damaged(_ place: Int) throws {
        let graphite = (0..<40).map { "servers.a.load \($0) \(Self.start + 60 * $0)" }
        let exposition = (0..<40).map { "load{instance=\"a\"} \($0) \(Self.start + 60 * $0)000" }
        for (kind, good) in [
            ("InfluxDB", Self.influx { "usage=\($0)" }), ("Graphite", graphite), ("Prometheus", exposition),
        ] {
            guard kind != "Graphite" || place > 0 else { continue }
            var lines = good
            lines[place] = "Error: timeout"
            let path = try scratch.write("\(UUID().uuidString)/bad.txt", lines.joined(separator: "\n"))
            let error = #expect(throws: TelemetryError.self, "\(kind)") {
                for source in try DataCatalog.discover([path]) { _ = try source.read() }
            }
            #expect(
                error?.line == place + 1 && error?.description.contains(kind) == true, "\(String(describing: error))")
            // A stream goes on without it.
            var options = ReaderOptions()
            options.skipsBadRows = true
            let found = try #require(try DataCatalog.discover([path], options: options).first)
            var reader = try found.makeReader(options: options)
            #expect(try reader.nextChunk(maximumRows: 100)?.rowCount == 39)
            let skipped = reader.takeSkippedRows()
            #expect(skipped?.count == 1 && skipped?.first.line == place + 1)
        }
    }

    @Test("Two units of the time in one file are refused at the line where the second begins")
    func units() throws {
        var lines = Self.influx { "usage=\($0)" }
        lines[20] = "cpu,host=a usage=1 \(Self.start + 1200)"
        let source = try source(lines)
        let error = #expect(throws: TelemetryError.self) { try source.read() }
        #expect(error?.line == 21 && error?.description.contains("one unit in a file") == true)
    }

    @Test("Fields of text are left out, and named")
    func texts() throws {
        let reader = try source(Self.influx { "usage=\($0),state=\"ok\"" }).makeReader()
        #expect(reader.schema == ["cpu_usage"] && reader.layout.textColumns == ["cpu_state"])
        #expect(ClockAudit().notes(reader.layout).contains("columns of text, left out: cpu_state"))
    }

    @Test("Series that differ by their job alone stay apart; the job of others is no part of their names")
    func jobs() throws {
        let lines = (0..<40).flatMap { row in
            ["a", "b"].map { "up{job=\"\($0)\",instance=\"x\"} \($0 == "a" ? 0 : 1) \(Self.start + 60 * row)000" }
                + ["load{job=\"a\",instance=\"x\"} \(row) \(Self.start + 60 * row)000"]
        }
        let frame = try source(["# TYPE up gauge"] + lines, "x.prom").read()
        #expect(frame.schema == ["up{job=\"a\"}", "up{job=\"b\"}", "load"])
        #expect(frame.values.prefix(6) == [0, 1, 0, 0, 1, 1])
        let pods = (0..<40).flatMap { row in
            [1, 2].map { "up{pod=\"p\",instance=\"10.0.0.1:\($0)\"} \($0) \(Self.start + 60 * row)000" }
        }
        let apart = try source(["# TYPE up gauge"] + pods, "p.prom").read()
        #expect(apart.schema.count == 2 && apart.values.prefix(2) == [1, 2])
    }

    @Test("Values that repeat a time of their series are counted")
    func repeated() throws {
        let lines = Self.influx { "usage=\($0)" }
        let notes = try source(lines + lines.prefix(3)).makeReader().layout.notes
        #expect(notes.contains { $0.hasPrefix("3 of 43 values repeat a time") })
    }
}
