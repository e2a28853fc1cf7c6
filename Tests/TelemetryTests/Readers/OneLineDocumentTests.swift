import Foundation
import Telemetry
import Testing

/// JSON that is written without a line break, as most programs write it, however long it gets.
struct OneLineDocumentTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private static let rows = 3_000

    private func read(_ text: String, lineBytes: Int = 1 << 24) throws -> MetricFrame {
        var options = ReaderOptions()
        options.maximumLineBytes = lineBytes
        let path = try scratch.write("\(UUID().uuidString)/x.json", text)
        let sources = try DataCatalog.discover([path], options: options)
        #expect(sources.count == 1)
        return try #require(sources.first).read(options: options)
    }

    private static let records = (0..<rows).map { #"{"time": \#(1_763_107_200 + 60 * $0), "cpu": \#(50 + $0 % 9)}"# }
        .joined(separator: ", ")

    @Test("An array of records", arguments: ["[", " [", "\n\n[ "])
    func array(_ start: String) throws {
        let frame = try read(start + Self.records + "]")
        #expect(frame.schema == ["cpu"] && frame.rowCount == Self.rows)
        #expect(frame.times.first == 1_763_107_200 && frame.times.last == 1_763_107_200 + 60 * Double(Self.rows - 1))
        #expect((0..<Self.rows).allSatisfy { frame[$0, 0] == Double(50 + $0 % 9) })
    }

    @Test("Longer than any line may be")
    func longerThanALine() throws {
        for text in ["[" + Self.records + "]", #"{"data": ["# + Self.records + "]}"] {
            #expect(try read(text, lineBytes: 4_096).rowCount == Self.rows)
        }
    }

    @Test("Series of time series databases")
    func series() throws {
        let points = (0..<2_000).map { "[\($0 % 7), \(1_763_107_200 + 10 * $0)]" }.joined(separator: ", ")
        let frame = try read(
            "[" + ["a", "b"].map { #"{"target": "\#($0)", "datapoints": [\#(points)]}"# }.joined(separator: ", ") + "]")
        #expect(frame.schema == ["a", "b"] && frame.rowCount == 2_000 && frame[9, 1] == 2)
    }

    @Test("Values behind one another are refused by what they are")
    func severalValues() throws {
        for (text, word) in [("[1, 2]\n[3, 4]\n", "arrays"), ("{\n\"a\": 1\n}\n{\n\"a\": 2\n}\n", "objects")] {
            let error = #expect(throws: TelemetryError.self) { try read(text) }
            #expect(error?.found.contains("several JSON \(word)") == true, "\(error?.description ?? "read")")
        }
    }

    @Test("What is cut off says where")
    func cutOff() throws {
        let error = #expect(throws: TelemetryError.self) { try read("[" + Self.records) }
        #expect(error?.code == .malformed && error?.line == 1)
    }

    @Test("An array of series is no array of rows")
    func seriesAreNoRows() throws {
        func points(_ body: (Int) -> String) -> String { (0..<40).map(body).joined(separator: ",") }
        let google = points { row in
            let time = "2025-11-14T08:\(row < 10 ? "0" : "")\(row):00Z"
            return #"{"interval":{"endTime":"\#(time)"},"value":{"doubleValue":0.\#(row + 10)}}"#
        }
        let frame = try read(
            #"[{"metric":{"type":"x/cpu","labels":{"instance_name":"w1"}},"points":[\#(google)]}]"#)
        #expect(frame.rowCount == 40 && frame.times[1] - frame.times[0] == 60 && frame[5, 0] == 0.15)
        for text in [
            #"[{"id":"cpu","history":[\#(points { "[\(1_763_107_200 + $0),\($0)]" })]},{"id":"mem","history":[[1,2],[2,3]]}]"#,
            #"[{"host":"a","data":{"cpu":[\#(points { #"{"t":\#(1_763_107_200 + $0),"v":\#($0)}"# })]}}]"#,
        ] {
            let error = #expect(throws: TelemetryError.self) { try read(text) }
            #expect(error?.found.contains("list of its own:") == true, "\(error?.description ?? "read")")
        }
    }
}
