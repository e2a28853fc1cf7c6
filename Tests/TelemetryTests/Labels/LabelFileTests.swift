import Foundation
import Telemetry
import Testing

/// Labels that lie beside the data: matched by time, by index, or by order, and refused where they are of other rows.
struct LabelFileTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private static let start = 1_704_067_200
    private static let times = (0..<60).map { Double(start + 60 * $0) }
    private static let expected = (0..<60).map { UInt8((20..<25).contains($0) ? 1 : 0) }

    /// A file of labels of some rows, a minute apart, so many seconds late.
    private func file(
        _ rows: some Sequence<Int>, late: Int = 0, anomalousAlone: Bool = false, _ more: String = ""
    ) throws -> LabelFile {
        let lines = rows.filter { !anomalousAlone || (20..<25).contains($0) }.map { row in
            "\(Self.start + 60 * row + late),\((20..<25).contains(row) ? 1 : 0)\n"
        }
        return try LabelFile(try scratch.write("labels.csv", "time,label\n" + lines.joined() + more))
    }

    private func found(_ file: LabelFile) throws -> LabelFile.Found {
        try file.labels(ofRows: 60, times: Self.times, of: "h.csv")
    }

    @Test("Labels go to the rows of their times, in whatever order they stand")
    func byTime() throws {
        #expect(try found(file(0..<60)) == .init(labels: RowLabels(values: Self.expected)))
        #expect(try found(file((0..<60).reversed())).labels.values == Self.expected)
        #expect(try found(file((0..<60).map { $0 * 7 % 60 })).labels.values == Self.expected)
        #expect(try found(file(0..<60, anomalousAlone: true)).labels.values == Self.expected)
        // A day that only overlaps is aligned, and what is beyond is said.
        let later = try found(file(10..<70))
        #expect(later.labels.values == Self.expected && later.notes.count == 2)
        #expect(later.notes[0].hasPrefix("10 of 60 rows") && later.notes[1].hasPrefix("10 of 60 labels, 0 of them"))
    }

    @Test("Labels as JSON are those of a table")
    func json() throws {
        let rows = (0..<60).map { #"{"time":\#(Self.start + 60 * $0),"label":\#(Self.expected[$0])}"# }
        for text in [rows.joined(separator: "\n"), "[" + rows.joined(separator: ",") + "]"] {
            let file = try LabelFile(try scratch.write("\(UUID().uuidString).json", text))
            #expect(try found(file).labels.values == Self.expected)
        }
        let error = #expect(throws: TelemetryError.self) {
            try LabelFile(try scratch.write("bad.jsonl", rows[0] + "\n{\"time\":\n"))
        }
        #expect(error?.line == 2)
    }

    @Test("Times that are not those of the rows are refused, with line, found and expected")
    func otherTimes() throws {
        func error(_ file: LabelFile) -> TelemetryError? {
            #expect(throws: TelemetryError.self) { try found(file) }
        }
        let halfway = try #require(error(file(0..<60, late: 30)))
        #expect(halfway.code == .mismatch && halfway.line == 2 && halfway.found.contains("2024-01-01 00:00:30"))
        #expect(halfway.expected.contains("h.csv"))
        let elsewhen = try #require(error(file(1_000..<1_060)))
        #expect(elsewhen.line == 2 && elsewhen.expected.contains("from 2024-01-01 00:00:00 to 2024-01-01 00:59:00"))
        let twice = try #require(error(file(0..<60, "\(Self.start),1\n")))
        #expect(twice.line == 62 && twice.found.contains("line 2"))
        // A file that names normal rows too names them all.
        let hole = try #require(error(file((0..<30).map { 2 * $0 })))
        #expect(hole.found.contains("2024-01-01 00:01:00"))
    }

    @Test("Indices may leave normal rows out, but a file that was cut off is refused")
    func byIndex() throws {
        func labels(_ text: String, rows: Int) throws -> [UInt8] {
            try LabelFile(try scratch.write("l.csv", text)).labels(ofRows: rows, times: nil, of: "h.csv").labels.values
        }
        #expect(try labels("index,label\n2,1\n", rows: 5) == [0, 0, 1, 0, 0])
        #expect(try labels("index,label\n0,\n1,1\n2,0\n", rows: 3) == [0, 1, 0])
        #expect(throws: TelemetryError.self) { try labels("index,label\n0,0\n1,1\n", rows: 5) }
        #expect(throws: TelemetryError.self) { try labels("index,label\n5,1\n", rows: 5) }
        #expect(try labels("label\n0\n1\n", rows: 2) == [0, 1])
        #expect(throws: TelemetryError.self) { try labels("label\n0\n1\n", rows: 3) }
    }

    /// Rows newest first, which readers turn round.
    private func newestFirst(labels: String) throws -> EntitySource {
        let rows = (0..<60).reversed().map { "\(Self.start + 60 * $0),\($0 % 7),\($0 % 5)\n" }
        let data = try scratch.write("farm/h_test.csv", "time,load,mem\n" + rows.joined())
        try scratch.write("farm/h_test_label.csv", labels)
        return try #require(try DataCatalog.discover([data.replacing("/h_test.csv", with: "")]).first)
    }

    @Test("Labels beside rows that were turned round need times")
    func reordered() throws {
        let byTime = try newestFirst(
            labels: "time,label\n"
                + (0..<60).reversed().map { "\(Self.start + 60 * $0),\(Self.expected[$0])\n" }.joined())
        let rows = try byTime.readLabelled()
        #expect(rows.frame.times == Self.times && rows.labels?.values == Self.expected)
        let byIndex = try newestFirst(labels: "index,label\n20,1\n")
        #expect(throws: TelemetryError.self) { try byIndex.readLabelled() }
    }
}
