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

    @Test("What is cut off says where")
    func cutOff() throws {
        let error = #expect(throws: TelemetryError.self) { try read("[" + Self.records) }
        #expect(error?.code == .malformed && error?.line == 1)
    }
}
