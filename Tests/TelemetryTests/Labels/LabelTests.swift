import Telemetry
import Testing

struct LabelTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func read(_ path: String, rows: Int) throws -> [UInt8] {
        try LabelFile(path).labels(ofRows: rows, times: nil, of: "rows").labels.values
    }

    @Test("Label files: sparse indices in any order, a label column of a data file, written and read again")
    func labels() throws {
        let sparse = try scratch.write("l.csv", "index,label\r\n3,1\r\n0,0\r\n1,2\r\n")
        #expect(try read(sparse, rows: 4) == [0, 1, 0, 1] && read(sparse, rows: 6) == [0, 1, 0, 1, 0, 0])
        let data = try scratch.write("d_test.csv", "index,timestamp,m,label\n0,5,0.5,0\n1,6,0.5,1\n")
        #expect(try read(data, rows: 2) == [0, 1])
        let labels = RowLabels(
            segments: [
                .init(rows: 1..<3, dimensions: [], metrics: [], type: ""),
                .init(rows: 4..<99, dimensions: [], metrics: [], type: ""),
            ], rowCount: 6)
        #expect(labels.values == [0, 1, 1, 0, 1, 1] && labels.runs == [1..<3, 4..<6])
        try labels.write(to: scratch.path + "/w.csv")
        #expect(try read(scratch.path + "/w.csv", rows: 6) == labels.values)
    }

    @Test(
        "Bad label files",
        arguments: [
            ("index,label\n0,1\n0,0\n", "malformed"), ("index,label\n-1,1\n", "malformed"),
            ("index,label\n1.5,1\n", "malformed"),
            ("index,label\n999999999,1\n", "mismatch"), ("index,label\n1e300,1\n", "malformed"),
            ("index,truth\n0,1\n", "missingColumn"), ("index,label\n0\n", "raggedRow"),
            ("index,label\n0,bad\n", "notANumber"),
            ("", "empty"), ("index,label\n0,\"1\n", "malformed"),
        ])
    func badLabels(_ text: String, _ code: String) throws {
        let path = try scratch.write("bad.csv", text)
        let error = #expect(throws: TelemetryError.self) { try read(path, rows: 1) }
        #expect(error?.code.rawValue == code)
    }

    @Test("Interpretation files, written and read again")
    func interpretation() throws {
        let path = try scratch.write(
            "i.csv",
            "start,end_exclusive,dims_0based,metrics,anomaly_type\n246,252,0;1,cpu_r;load_1,\n760,766,3,\"m,04\",metric\n"
        )
        let segments = try AnomalySegment.read(contentsOf: path)
        #expect(
            segments == [
                AnomalySegment(rows: 246..<252, dimensions: [0, 1], metrics: ["cpu_r", "load_1"], type: ""),
                AnomalySegment(rows: 760..<766, dimensions: [3], metrics: ["m,04"], type: "metric"),
            ])
        try AnomalySegment.write(segments, to: scratch.path + "/o.csv")
        #expect(try AnomalySegment.read(contentsOf: scratch.path + "/o.csv") == segments)
        for bad in [
            "start,end\n1,2\n", "start,end_exclusive\n5,2\n", "start,end_exclusive\nx,2\n",
            "start,end_exclusive\n-1,2\n",
        ] {
            let path = try scratch.write("bad.csv", bad)
            #expect(throws: TelemetryError.self) { try AnomalySegment.read(contentsOf: path) }
        }
    }
}
