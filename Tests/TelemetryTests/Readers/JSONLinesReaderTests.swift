import Telemetry
import Testing

/// JSON lines with nested lists.
struct JSONLinesReaderTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test("Objects are flattened, lists of numbers taken one by one, lists of objects aggregated")
    func flattening() throws {
        let text = """
            {"timestamp": 100.5, "cell_metrics": {"latency": 110, "histogram": [2, 4]}, "ue_list": [
            """.replacing("\n", with: "") + #"{"ue_container": {"rnti": 7, "cqi": 15, "ta_ns": "0.5"}}, "#
            + #"{"ue_container": {"rnti": 8, "cqi": 11, "ta_ns": "1.5"}}], "event_list": [], "name": "gnb"}"# + "\n"
            + #"{"timestamp": 104, "cell_metrics": {"latency": null, "histogram": [3]}, "ue_list": [], "event_list": ["x"]}"#
        let frame = try scratch.read(text, name: "Sample_gnb01_metrics_day1.json")
        #expect(frame.times == [100.5, 104])
        #expect(
            frame.schema == [
                "cell_metrics.latency", "cell_metrics.histogram.0", "cell_metrics.histogram.1", "ue_list.count",
                "ue_list.cqi.mean", "ue_list.cqi.min", "ue_list.cqi.max", "ue_list.ta_ns.mean", "ue_list.ta_ns.min",
                "ue_list.ta_ns.max", "event_list.count",
            ])
        let first = Array(frame.values[..<11])
        #expect(first == [110, 2, 4, 2, 13, 11, 15, 1, 0.5, 1.5, 0])
        #expect(frame[1, 0].isNaN && frame[1, 1] == 3 && frame[1, 2].isNaN && frame[1, 3] == 0 && frame[1, 10] == 1)
    }

    @Test("Text times, CRLF, blank lines, a byte order mark and a missing final line feed")
    func textTimes() throws {
        let text =
            "\u{FEFF}{\"time\": \"2025-11-14T10:00:00Z\", \"a\": 1}\r\n\r\n{\"time\": \"2025-11-14T10:00:01Z\", \"a\": true}"
        let frame = try scratch.read(text, name: "x1.jsonl")
        #expect(frame.times == [1_763_114_400, 1_763_114_401])
        #expect(frame.values == [1, 1])
    }

    @Test("Rows before a bad line are delivered before the error")
    func rowsBeforeError() throws {
        let path = try scratch.write("y1.jsonl", "{\"a\": 1}\n{\"a\": 2}\nnonsense\n")
        var reader = try Scratch.source([path]).makeReader()
        #expect(try reader.nextChunk(maximumRows: 10)?.values == [1, 2])
        let error = #expect(throws: TelemetryError.self) { try reader.nextChunk(maximumRows: 10) }
        #expect(error?.line == 3)
        #expect(try reader.nextChunk(maximumRows: 10) == nil)
    }

    @Test("Files of several days need not have the same names")
    func severalDays() throws {
        let files = [
            try scratch.write("d1.jsonl", "{\"a\": 1, \"b\": 2}\n"),
            try scratch.write("d2.jsonl", "{\"c\": 5, \"b\": 3}\n"),
        ]
        let frame = try Scratch.source(files).read()
        #expect(frame.schema == ["a", "b", "c"] && frame.fileStarts == [1])
        #expect(frame[1, 0].isNaN && frame[1, 1] == 3 && frame[1, 2] == 5 && frame[0, 2].isNaN)
    }
}
