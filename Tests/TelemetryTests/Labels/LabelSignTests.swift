import Telemetry
import Testing

/// Marks 1 and −1: which of them is the anomaly.
struct LabelSignTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private static let rows = 600

    private static func table(_ name: String, _ mark: (Int) -> Int) -> String {
        "time,cpu,\(name)\n"
            + (0..<rows).map { "\(1_740_787_200 + 60 * $0),\($0 % 17),\(mark($0))\n" }.joined()
    }

    private func read(_ text: String, _ name: String = "h.csv") throws -> (labels: [UInt8]?, notes: [String]) {
        let path = try scratch.write("\(name)", text)
        let source = try #require(try DataCatalog.discover([path]).first)
        let rows = try source.readLabelled()
        #expect(rows.frame.labels == rows.labels?.values)
        return (rows.labels?.values, rows.notes)
    }

    @Test("The rarer mark is the anomaly, whichever it is, and it is said", arguments: [1, -1])
    func rarer(_ anomalous: Int) throws {
        let isLate = { (row: Int) in row >= 580 }
        let expected = (0..<Self.rows).map { UInt8(isLate($0) ? 1 : 0) }
        let found = try read(Self.table("label") { isLate($0) ? anomalous : -anomalous })
        #expect(found.labels == expected)
        let mark = anomalous == 1 ? "1 (20) and −1 (580), 1" : "−1 (20) and 1 (580), −1"
        #expect(found.notes == ["the column 'label': of the marks \(mark) is taken for the anomaly"])
        let lines = (0..<Self.rows).map { row in
            #"{"time":\#(1_740_787_200 + 60 * row),"cpu":1,"label":\#(isLate(row) ? anomalous : -anomalous)}"#
        }
        #expect(try read(lines.joined(separator: "\n"), "h.jsonl").labels == expected)
    }

    @Test("How much is labelled is said")
    func labelledRows() throws {
        let path = try scratch.write("h.csv", Self.table("label") { (20..<30).contains($0) || $0 == 300 ? 1 : 0 })
        var reader = try #require(try DataCatalog.discover([path]).first).makeReader()
        var audit = ClockAudit()
        // However rows are cut into frames.
        while let frame = try reader.nextChunk(maximumRows: 7) { audit.add(frame) }
        #expect(
            audit.labelledNote(reader.layout) == "11 of 600 rows are labelled anomalous by 'label', in 2 events")
    }

    @Test("What the name says counts more than what is rare")
    func named() throws {
        let found = try read(Self.table("\"Attack LABLE (1:No Attack, -1:Attack)\"") { $0 < 20 ? 1 : -1 })
        #expect(found.labels == (0..<Self.rows).map { $0 < 20 ? 0 : 1 } && found.notes.isEmpty)
    }

    @Test("All files of an entity together tell which is the rarer")
    func severalFiles() throws {
        let days: [(Int) -> Int] = [{ $0 < 10 ? 1 : -1 }, { $0 < 400 ? 1 : -1 }, { _ in -1 }, { _ in -1 }]
        for (day, mark) in days.enumerated() {
            try scratch.write("farm/h_2025-03-0\(day + 1).csv", Self.table("label", mark))
        }
        let source = try #require(try DataCatalog.discover([scratch.path + "/farm"]).first)
        #expect(source.files.count == 4)
        let expected = days.flatMap { mark in (0..<Self.rows).map { UInt8(mark($0) == 1 ? 1 : 0) } }
        #expect(try source.readLabelled().labels?.values == expected)
    }
}
