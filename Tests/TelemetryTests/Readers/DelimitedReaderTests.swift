import Foundation
import Numerics
import Telemetry
import Testing

/// Separated text of every kind that was met.
struct DelimitedReaderTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test("Separators are detected", arguments: [",", ";", "\t", "|", " "])
    func separators(_ separator: String) throws {
        let text = [["a", "b", "c"], ["1", "2.5", "-3e2"], ["4", "5", "6"]]
            .map { $0.joined(separator: separator) }.joined(separator: "\n")
        let frame = try scratch.read(text)
        #expect(frame.schema == ["a", "b", "c"])
        #expect(frame.values == [1, 2.5, -300, 4, 5, 6])
        #expect(frame.times == [0, 1])
        #expect(frame.firstRow == 0)
    }

    @Test("A separator inside quoted names does not mislead the detection")
    func separatorInQuotes() throws {
        let frame = try scratch.read("time;\"a,b,c,d\";\"e\"\"f{g=\"\"h,i\"\"}\"\n0;1;2\n1;3;4\n")
        #expect(frame.schema == ["a,b,c,d", "e\"f{g=\"h,i\"}"])
        #expect(frame.values == [1, 2, 3, 4])
    }

    @Test(
        "Line ends, byte order mark, missing final line feed, blank lines: the same frame",
        arguments: [
            "x_s,a,b\n0,1,2\n1,3,\n", "x_s,a,b\n0,1,2\n1,3,", "x_s,a,b\r\n0,1,2\r\n1,3,\r\n",
            "\u{FEFF}x_s,a,b\n0,1,2\n1,3,\n",
            "x_s,a,b\r\n0,1,2\r\n1,3,", "\n\nx_s,a,b\n\n0,1,2\n\n\n1,3,\n\n",
            "\"x_s\",\"a\",\"b\"\n\"0\",\"1\",\"2\"\n\"1\",\"3\",\"\"\n",
            "x_s, a , b\n 0, 1 ,2 \n1,\t3, \n",
        ])
    func lineEnds(_ text: String) throws {
        let frame = try scratch.read(text)
        #expect(
            frame
                == MetricFrame(schema: ["x_s", "a", "b"], firstRow: 0, times: [0, 1], values: [0, 1, 2, 1, 3, .nan]))
    }

    @Test("Words for missing and infinite values, in any case")
    func words() throws {
        let words = ["n/a", "NaN", "NA", "null", "None", "", "-", "?", "#N/A", "nil"]
        let text =
            "a,b\n" + words.map { "1,\($0)\n" }.joined() + "2,inf\n3,-Infinity\n4,+INF\n5,true\n6,False\n7,8\n9,1\n"
            + "1,1\n1,2\n1,3\n"
        let frame = try scratch.read(text)
        for row in words.indices { #expect(frame[row, 1].isNaN, "\(words[row])") }
        let rest = (words.count..<words.count + 5).map { frame[$0, 1] }
        #expect(rest == [.infinity, -.infinity, .infinity, 1, 0])
    }

    @Test("Quoted fields may hold line breaks; the line numbers of later errors count them")
    func quotedLineBreaks() throws {
        let text = "a,note,b\n1,\"two\nlines, and a \"\"quote\"\"\",2\n3,\"x\",4\n5,y\n"
        let source = Scratch.source([try scratch.write("q.csv", text)])
        var reader = try source.makeReader()
        let frame = try #require(try reader.nextChunk(maximumRows: 100))
        #expect(frame.schema == ["a", "b"])
        #expect(frame.values == [1, 2, 3, 4])
        #expect(reader.layout.textColumns == ["note"])
        let error = #expect(throws: TelemetryError.self) { try reader.nextChunk(maximumRows: 1) }
        #expect(error?.code == .raggedRow)
        #expect(error?.line == 5)
        #expect(try reader.nextChunk(maximumRows: 1) == nil)
    }

    @Test("Times: units by name and magnitude, dates with zones, a column given, rows alone")
    func times() throws {
        func times(_ header: String, _ cells: [String], _ options: ReaderOptions = ReaderOptions()) throws -> [Double] {
            try scratch.read("\(header),a\n" + cells.map { $0 + ",1\n" }.joined(), options: options).times
        }
        #expect(try times("timestamp", ["10", "12.5"]) == [10, 12.5])
        #expect(try times("time_ms", ["10", "1500"]) == [0.01, 1.5])
        #expect(try times("timestamp", ["1763114400903", "1763114401903"]) == [1763114400.903, 1763114401.903])
        #expect(try times("ts", ["1763114400903000", "1763114401903000"]) == [1763114400.903, 1763114401.903])
        #expect(
            try times("time", ["2025-11-14 11:00:00.5", "2025-11-14T12:00:00+01:00"]) == [1763118000.5, 1763118000])
        #expect(try times("whenever", ["2025-11-14 10:00", "2025-11-14"]) == [1763114400, 1763078400])
        #expect(try times("day", ["2024-02-29", "1970-01-01"]) == [1_709_164_800, 0])
        var options = ReaderOptions()
        options.timeColumn = "clock"
        options.timeUnit = .microseconds
        #expect(try times("clock", ["2000000", "3000000"], options) == [2, 3])
        options = ReaderOptions()
        options.rowSeconds = 0.25
        #expect(try times("time", ["9", "9", "9"], options) == [0, 0.25, 0.5])
    }

    @Test("Labels become labels, texts and row numbers are left out and reported")
    func roles() throws {
        let source = Scratch.source([
            try scratch.write("r.csv", ",timestamp,host,x,label\n0,5,web1,1.5,0\n1,6,web1,2.5,1\n")
        ])
        let reader = try source.makeReader()
        #expect(reader.schema == ["x"])
        #expect(reader.layout.textColumns == ["host"])
        #expect(reader.layout.ignoredColumns == [""])
        #expect(reader.layout.labelColumn == "label")
        #expect(reader.layout.clock == .number(column: "timestamp", unit: .seconds))
        #expect(try source.read().labels == [0, 1])
    }

    @Test("5G3E: an eNB's clock is its row number, a UE's counts milliseconds")
    func fiveG() throws {
        let cell = Scratch.source([
            try scratch.write("enb0.csv", "time;nof_ue;proc_rmem;cpu_0\n1080000.0;5;0.45;87.0\n1080000.0;5;0.45;88.0\n")
        ])
        #expect(try cell.makeReader().layout.format == .fiveGENodeB)
        #expect(try cell.read().times == [0, 0.08])
        #expect(try cell.read().schema == ["nof_ue", "proc_rmem", "cpu_0"])
        let phone = Scratch.source([
            try scratch.write(
                "ue0.csv",
                "time;earfcn;pci;rsrp;pci_neigh;dl_snr\n77271800;1;2;-11.0;n/a;inf\n77271877;1;2;-9.7e-07;;1\n")
        ])
        let frame = try phone.read()
        #expect(frame.times == [77271.8, 77271.877])
        #expect(frame[1, 2] == -9.7e-07)
        #expect(frame[0, 4] == .infinity)
    }

    @Test("Several files are one entity: rows are counted on, and each file start is known")
    func severalFiles() throws {
        let files = [
            try scratch.write("a.csv", "x,y\n1,2\n3,4\n"), try scratch.write("b.csv", "x,y\n5,6\n"),
            try scratch.write("c.csv", "y;x\n8;7\n"),
        ]
        let frame = try Scratch.source(files).read()
        #expect(frame.values == [1, 2, 3, 4, 5, 6, 7, 8])
        #expect(frame.fileStarts == [2, 3])
        #expect(frame.times == [0, 1, 2, 3])
        let odd = Scratch.source([files[0], try scratch.write("d.csv", "w,z\n1,2\n")])
        let error = #expect(throws: TelemetryError.self) { try odd.read() }
        #expect(error?.code == .mismatch)
    }

    /// A file of 150 kB with quotes, line breaks in quotes, exponents, missing values and long numbers.
    static func mixedText() -> String {
        var generator = CounterBasedGenerator(seed: 11, purpose: "mixed text")
        var text = "time,\"a{x=\"\"1,2\"\"}\",b,note,label\r\n"
        var row = 0
        while text.utf8.count < 150_000 {
            let a = generator.next() % 5 == 0 ? "" : "\(generator.normal() * 1e6)"
            let b = ["n/a", "inf", "1e-7", "-0.0000000000000000012345678901234567890123", "12"][
                Int(generator.next() % 5)]
            let note = generator.next() % 3 == 0 ? "\"line\nbreak, \"\"\(row)\"\"\"" : "plain"
            text += "\(row),\(a),\(b),\(note),\(generator.next() % 2)\(generator.next() % 2 == 0 ? "\r\n" : "\n")"
            if generator.next() % 50 == 0 { text += "\n" }
            row += 1
        }
        return text
    }

    @Test("Every buffer size and every chunk size gives the same rows", arguments: [1, 2, 3, 5, 7, 16, 61, 1000, 4096])
    func chunkBoundaries(bufferBytes: Int) throws {
        let path = try scratch.write("mixed.csv", Self.mixedText())
        let source = Scratch.source([path])
        let expected = try source.read()
        #expect(expected.rowCount > 3000)
        var options = ReaderOptions()
        options.bufferBytes = bufferBytes
        #expect(try source.read(options: options) == expected)
        var reader = try source.makeReader(options: options)
        var generator = CounterBasedGenerator(seed: UInt64(bufferBytes), purpose: "chunk sizes")
        var rows = 0
        while let chunk = try reader.nextChunk(maximumRows: Int(generator.next() % 40) + 1) {
            #expect(chunk.firstRow == rows)
            for row in 0..<chunk.rowCount {
                for column in 0..<chunk.columnCount {
                    let (x, y) = (chunk[row, column], expected[rows + row, column])
                    if x != y && !(x.isNaN && y.isNaN) { Issue.record("row \(rows + row): \(x) is not \(y)") }
                }
                #expect(chunk.times[row] == expected.times[rows + row])
            }
            rows += chunk.rowCount
        }
        #expect(rows == expected.rowCount)
    }
}
