import Foundation
import Telemetry
import Testing

/// Files as monitoring tools and public sets write them that no other test knows.
struct ToolExportTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private static let start = 1_740_787_200
    private static func rows(_ count: Int = 40, _ cells: (Int) -> String) -> String {
        (0..<count).map { cells($0) + "\n" }.joined()
    }

    private func sources(_ text: String, _ name: String) throws -> [EntitySource] {
        try DataCatalog.discover([try scratch.write("\(UUID().uuidString)/\(name)", text)])
    }

    private func only(_ text: String, _ name: String = "x.csv") throws -> MetricFrame {
        let sources = try sources(text, name)
        #expect(sources.count == 1)
        return try #require(try sources.first?.read())
    }

    @Test("Rows that Elasticsearch wraps, one a line")
    func elasticsearch() throws {
        let frame = try only(
            Self.rows {
                #"{"_index":"m","_id":"\#($0)","_source":{"ts":\#(Self.start + 60 * $0),"cpu":{"pct":\#($0)}}}"#
            },
            "dump.jsonl")
        #expect(frame.schema == ["cpu.pct"] && frame.times[1] == Double(Self.start) + 60)
    }

    @Test("Ganglia's points and rrdtool's rows at even steps")
    func ganglia() throws {
        let points = (0..<40).map { "[\($0),\(Self.start + 15 * $0)]" }.joined(separator: ",")
        let found = try sources(
            #"[{"host_name":"web1","metric_name":"load_one","datapoints":[\#(points)]}]"#, "g.json")
        #expect(found.map(\.entity) == ["web1"])
        let frame = try #require(try found.first?.read())
        #expect(frame.schema == ["load_one"] && frame.rowCount == 40 && frame.times[1] == Double(Self.start) + 15)
        let rows = (0..<40).map { "[\($0),null]" }.joined(separator: ",")
        let even = try only(
            #"{"meta":{"start":\#(Self.start),"step":60,"legend":["user","sys"]},"data":[\#(rows)]}"#, "r.json")
        #expect(even.schema == ["user", "sys"] && even.times.suffix(1) == [Double(Self.start) + 60 * 39])
        #expect(even[39, 0] == 39 && even[39, 1].isNaN)
    }

    @Test("Numbers called an id tell rows apart where nothing else does, and are metrics otherwise")
    func identifiers() throws {
        let rows = (1...3).flatMap { building in
            (0..<300).map {
                "\(building),\(Self.start + 3600 * $0),\($0 + building),\(building == 2 && $0 == 7 ? 1 : 0)\n"
            }
        }
        let found = try sources("building_id,timestamp,meter_reading,anomaly\n" + rows.joined(), "lead.csv")
        #expect(found.map(\.entity) == ["1", "2", "3"])
        #expect(try found[1].read().labels?.firstIndex(of: 1) == 7 && found[2].read().labels?.contains(1) == false)
        let plain = try only("time,batch_id,cpu\n" + Self.rows { "\(Self.start + 60 * $0),\($0 / 7),\($0)" })
        #expect(plain.schema == ["batch_id", "cpu"])
    }

    @Test("Times under other names: a word in it is enough; milliseconds that are seconds; Windows' tabs")
    func times() throws {
        for name in ["eventTimestamp", "Time_Of_Day_Seconds", "log_time"] {
            let frame = try only("\(name),cpu\n" + Self.rows { "\(Self.start + 60 * $0).25,\($0)" })
            #expect(frame.schema == ["cpu"] && frame.times[1] == Double(Self.start) + 60.25, "\(name)")
        }
        let traces = try only(
            "Timestamp [ms];\tCPU cores;\tCPU usage [MHZ]\n" + Self.rows { "\(1_376_314_846 + 300 * $0);\t2;\t\($0).5" }
        )
        #expect(traces.times[1] - traces.times[0] == 300 && traces.schema == ["CPU cores", "CPU usage [MHZ]"])
        let windows = try only(
            "\"(PDH-TSV 4.0) (UTC)(0)\"\t\"\\\\H\\Memory\\Available MBytes\"\n"
                + Self.rows { "\"03/01/2025 00:\($0 + 10):00.000\"\t\"\($0)\"" }, "relog.tsv")
        #expect(windows.times[0] == Double(Self.start) + 600 && windows.columnCount == 1)
        // A metric that only counts is no time.
        let bytes = try only("rx_bytes,cpu\n" + Self.rows { "\(2_000_000_000 + 1000 * $0),\($0)" })
        #expect(bytes.schema == ["rx_bytes", "cpu"])
    }

    @Test("Lines of keys and values above a table of as many columns")
    func keysAbove() throws {
        let frame = try only(
            "\"Title:\",\"web1 - Traffic\"\n\"Start Date:\",\"2025-03-01 00:00:00\"\n\"Step:\",\"300\"\n\n"
                + "\"Date\",\"Traffic In\"\n" + Self.rows { "\"2025-03-01 00:\($0 + 10):00\",\"\($0).5e+03\"" })
        #expect(frame.schema == ["Traffic In"] && frame.rowCount == 40 && frame.values[1] == 1500)
    }

    @Test("Of rows with names of their own no columns are made that have no value")
    func sparse() throws {
        let lines = Self.rows { row in
            [
                #""fields":{"user":\#(row)},"tags":{"cpu":"0"}"#, #""fields":{"user":2},"tags":{"cpu":"1"}"#,
                #""fields":{"used":3},"tags":{}"#,
            ]
            .map { "{\($0),\"timestamp\":\(Self.start + 10 * row)}" }.joined(separator: "\n")
        }
        let frame = try only(lines, "telegraf.jsonl")
        #expect(frame.columnCount == 3 && frame.rowCount == 40 && frame.values.allSatisfy { !$0.isNaN })
    }

    @Test("Numbers that name cores tell rows of JSON apart as they do those of a table")
    func cores() throws {
        let lines = Self.rows { row in
            (0..<2).map { #"{"ts":\#(Self.start + 10 * row),"cpu":\#($0),"user":\#(row + $0)}"# }.joined(
                separator: "\n")
        }
        let frame = try only(lines, "cores.jsonl")
        #expect(frame.schema == ["user{cpu=\"0\"}", "user{cpu=\"1\"}"] && frame.rowCount == 40 && frame[5, 1] == 6)
        let load = try only(Self.rows { #"{"ts":\#(Self.start + 10 * $0),"cpu":\#($0 % 7),"user":1}"# }, "load.jsonl")
        #expect(load.schema == ["cpu", "user"])
    }

    @Test("What Grafana writes for nothing is missing")
    func undefined() throws {
        let frame = try only(
            "time,cpu\n" + Self.rows { "\(Self.start + 60 * $0),\($0 % 3 == 0 ? "undefined" : "\($0)%")" })
        #expect(frame[0, 0].isNaN && frame[1, 0] == 1)
    }

    @Test(
        "What these tools print is refused by its name",
        arguments: [
            (
                "                  user     system\n\n" + rows { "\(start + 60 * $0): \($0).0e+00 1.0e+00" },
                "rrdtool xport"
            ),
            ("RESET\n" + rows { "CPU web1 \(start + $0) 2025/03/01 00:00:00 60 100 2 \($0)" } + "SEP\n", "atop -P"),
            (rows { "[SERVICEPERFDATA]\t\(start + $0)\tweb1\tload\tOK\tload1=\($0);5;10" }, "Nagios"),
            (rows { "DATATYPE::SERVICEPERFDATA\tTIMET::\(start + $0)\tSERVICEPERFDATA::load1=\($0)" }, "Nagios"),
        ])
    func refused(_ text: String, _ word: String) throws {
        let path = try scratch.write("\(UUID().uuidString)/x.txt", text)
        let error = #expect(throws: TelemetryError.self) { try DataCatalog.discover([path]) }
        #expect(error?.description.contains(word) == true, "\(String(describing: error))")
    }
}
