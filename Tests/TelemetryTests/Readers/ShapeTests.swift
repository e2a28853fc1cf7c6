import Foundation
import Numerics
import Telemetry
import Testing

/// Files as collectors, dashboards and spreadsheets write them: read, or refused by name.
struct ShapeTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func entities(_ text: String, name: String = "metrics.csv") throws -> [String: MetricFrame] {
        let path = try scratch.write("\(UUID().uuidString)/\(name)", text)
        var result: [String: MetricFrame] = [:]
        for source in try DataCatalog.discover([path]) { result[source.entity] = try source.read() }
        return result
    }

    private func only(_ text: String, name: String = "metrics.csv") throws -> MetricFrame {
        let entities = try entities(text, name: name)
        #expect(entities.count == 1)
        return try #require(entities.values.first)
    }

    private func refusal(_ text: String, name: String = "x.csv") throws -> String {
        let path = try scratch.write(name, text)
        let error = #expect(throws: TelemetryError.self) { try DataCatalog.discover([path]) }
        return error?.description ?? ""
    }

    @Test(
        "Numbers with a comma, with groups of digits, with units",
        arguments: [
            (";", ["37,58", "1.234,5", "0,1"], [37.58, 1234.5, 0.1]),
            (";", ["4.229,0", "1.234", "12"], [4229, 1234, 12]),
            (",", ["\"4,229.0\"", "\"1,234\"", "12.5"], [4229, 1234, 12.5]),
            (";", ["1,000,501,326.7", "12.5", "1,000.5"], [1_000_501_326.7, 12.5, 1000.5]),
            (";", ["1 234,5", "1\u{00A0}234,5", "2\u{202F}345,5"], [1234.5, 1234.5, 2345.5]),
            (",", ["1'234.5", "12", "1’234’567.5"], [1234.5, 12, 1_234_567.5]),
            (",", ["37.6%", "40 %", "5%"], [37.6, 40, 5]), (",", ["4 GB", "500 MB", "1.5 kB"], [4e9, 5e8, 1500]),
            (",", ["1 GiB", "512 MiB", "1 KiB"], [0x1p30, 0x1p29, 1024]),
            (",", ["12 ms", "1.5 s", "2 min"], [0.012, 1.5, 120]),
            (",", ["1001 MB/s", "1 GB/s", "5 kB/s"], [1_001_000_000, 1e9, 5000]),
            (",", ["1.5 req/s", "2 req/s", "3 req/s"], [1.5, 2, 3]),
            (",", ["1.5 K", "2.5 Mil", "3"], [1500, 2.5e6, 3]),
            (",", ["250m", "500m", "1"], [0.25, 0.5, 1]), (",", ["−5 °C", "3 °C", "4 °C"], [-5, 3, 4]),
            (",", ["5 ms", "-", "NaN"], [0.005, .nan, .nan]),
            (";", ["999", "1.004", "1.250"], [999, 1004, 1250]), (";", ["999", "0.123", "1.250"], [999, 0.123, 1.25]),
            (";", ["999", "1.004", "1004"], [999, 1.004, 1004]), (";", ["1.000", "1.004", "1.250"], [1, 1.004, 1.25]),
            (";", ["999", "1.004", "1.5"], [999, 1.004, 1.5]),
        ] as [(String, [String], [Double])])
    func numbers(_ separator: String, _ cells: [String], _ expected: [Double]) throws {
        let rows = cells.enumerated().map { "\(1_740_787_200 + 60 * $0.offset)\(separator)\($0.element)\n" }
        let frame = try only("time\(separator)x\n" + rows.joined())
        #expect(frame.schema == ["x"])
        for (value, wanted) in zip(frame.values, expected) {
            #expect(
                (value.isNaN && wanted.isNaN) || abs(value - wanted) <= 1e-9 * abs(wanted), "\(cells): \(frame.values)")
        }
    }

    @Test("Numbers in groups are told by the whole column, wherever the first large one stands")
    func lateGroups() throws {
        func column(_ cells: [String], _ separator: String = ";") throws -> [Double] {
            let rows = cells.enumerated().map { "\(1_740_787_200 + 60 * $0.offset)\(separator)\($0.element)\n" }
            return try only("time\(separator)x\n" + rows.joined()).values
        }
        let small = (0..<250).map(String.init)
        #expect(try column(small + ["1.004", "12.250"]).suffix(2) == [1004, 12_250])
        #expect(try column(small + ["1.004", "12.25"]).suffix(2) == [1.004, 12.25])
        #expect(try column(small + ["1.004", "1004"]).suffix(2) == [1.004, 1004])
        // With commas between fields, the first rows decide: points are those of fractions.
        #expect(try column(["1.5"] + small + ["1.004"], ",").last == 1.004)
        let path = try scratch.write("g.csv", "time;x\n1740787200;999\n1740787260;1.004\n")
        let notes = try Scratch.source([path]).makeReader().layout.notes
        #expect(notes == ["points stand between groups of digits in the column 'x'"])
    }

    @Test("Units in the strings of JSON, the same as in the cells of a table")
    func jsonUnits() throws {
        let cells = ["12 ms", "1.5 s", "n/a", "2 min"]
        let lines = cells.enumerated().map {
            #"{"time":\#(1_740_787_200 + 60 * $0.offset),"x":"\#($0.element)","u":"v2"}"#
        }
        let json = try only(lines.joined(separator: "\n"), name: "x.jsonl")
        let rows = cells.enumerated().map { "\(1_740_787_200 + 60 * $0.offset),\($0.element),v2\n" }
        #expect(try json == only("time,x,u\n" + rows.joined()))
        #expect(json.schema == ["x"] && json.values[0] == 0.012 && json.values[2].isNaN && json.values[3] == 120)
        let path = try scratch.write("u.jsonl", lines.joined(separator: "\n"))
        #expect(try Scratch.source([path]).makeReader().layout.units == ["x": "seconds"])
        // What has no unit is not known to be of another one: it is said.
        let note = "numbers without a unit in the column 'x' are taken to be seconds, as those with one become"
        let mixed = try scratch.write("m.jsonl", lines[0] + "\n" + #"{"time":1740787260,"x":5}"#)
        #expect(try Scratch.source([mixed]).makeReader().layout.notes == [note])
        let table = try scratch.write("m.csv", "time,x\n1740787200,12 ms\n1740787260,5\n")
        #expect(try Scratch.source([table]).makeReader().layout.notes == [note])
        let zero = try scratch.write("z.csv", "time,x\n1740787200,12 ms\n1740787260,0\n")
        #expect(try Scratch.source([zero]).makeReader().layout.notes.isEmpty)
    }

    @Test("Units are remembered, from the header and from behind the numbers")
    func units() throws {
        let path = try scratch.write("u.csv", "time,CpuUsage(m),mem\n1740787200,1,2 GB\n1740787260,2,3 GB\n")
        let layout = try Scratch.source([path]).makeReader().layout
        #expect(layout.units == ["CpuUsage(m)": "m", "mem": "bytes"])
    }

    @Test("A stated separator, comments, a header in a comment, a byte order mark, wide encodings, blanks")
    func dressing() throws {
        let plain = try only("time,cpu,mem\n1740787200,1,2\n1740787260,3,4\n")
        let texts = [
            "sep=;\r\ntime;cpu;mem\r\n1740787200;1;2\r\n1740787260;3;4\r\n",
            "\"sep=,\"\ntime,cpu,mem\n1740787200,1,2\n1740787260,3,4\n",
            "# exported\n# by ops\ntime,cpu,mem\n1740787200,1,2\n# half way\n1740787260,3,4\n",
            "# time,cpu,mem\n1740787200,1,2\n1740787260,3,4\n", "#time cpu  mem\n1740787200 1  2\n1740787260 3 4\n",
            "time        cpu  mem\n1740787200   1    2\n1740787260   3    4\n",
            "time,cpu,mem,\n1740787200,1,2,\n1740787260,3,4,\n",
        ]
        for text in texts { #expect(try only(text) == plain, "\(text)") }
        for encoding in [String.Encoding.utf16, .utf16LittleEndian, .utf16BigEndian, .utf32] {
            let data = try #require("time,cpu,mem\n1740787200,1,2\n1740787260,3,4\n".data(using: encoding))
            let path = try scratch.write("wide/\(encoding.rawValue).csv", Array(data))
            #expect(try Scratch.source([path]).read() == plain)
        }
    }

    @Test("Hosts in a column become entities; of the same file or of several")
    func hosts() throws {
        let rows = (0..<50).flatMap { row in
            ["web1", "db/1"].map { "\(1_740_787_200 + 60 * row),\($0),\($0 == "web1" ? row : -row),7\n" }
        }
        let found = try entities("timestamp,host,cpu,mem\n" + rows.joined())
        #expect(found.keys.sorted() == ["db_1", "web1"])
        #expect(found["web1"]?.values.prefix(4) == [0, 7, 1, 7] && found["db_1"]?.rowCount == 50)
        // Each host at times of its own, one below the other.
        let apart = ["a", "b"].flatMap { host in
            (0..<50).map { "\(1_740_787_200 + 60 * $0 + (host == "a" ? 0 : 17)),\(host),\($0)\n" }
        }
        #expect(try entities("timestamp,instance,cpu\n" + apart.joined()).keys.sorted() == ["a", "b"])
        // A host that never changes gives the entity its name, a state that does gives none.
        let one = (0..<50).map { "\(1_740_787_200 + 60 * $0),web1,\($0 % 7 == 0 ? "warn" : "ok"),\($0)\n" }
        #expect(try entities("timestamp,host,state,cpu\n" + one.joined()).keys.sorted() == ["web1"])
    }

    @Test("Rows of series become columns: by name, by device, by number; sorted by time or by series")
    func series() throws {
        let byTime = (0..<40).flatMap { row in
            ["load", "free"].map { "\(1_740_787_200 + 60 * row),\($0),\($0 == "load" ? row : 100)\n" }
        }
        let long = try only("time,metric,value\n" + byTime.joined())
        #expect(long.schema == ["load", "free"] && long.rowCount == 40 && long[5, 0] == 5 && long[5, 1] == 100)
        let bySeries = ["load", "free"].flatMap { name in
            (0..<40).map { "\(name);2025-03-01T00:\($0 < 10 ? "0" : "")\($0):00Z;\($0)\n" }
        }
        #expect(try only("Series;Time;Value\n" + bySeries.joined()).schema == ["load", "free"])
        let devices = (0..<40).flatMap { row in
            ["sda", "sdb"].map { "\(1_740_787_200 + 60 * row),\($0),\(row),\(2 * row)\n" }
        }
        #expect(
            try only("time,device,reads,writes\n" + devices.joined()).schema.sorted() == [
                "reads{device=\"sda\"}", "reads{device=\"sdb\"}", "writes{device=\"sda\"}", "writes{device=\"sdb\"}",
            ])
        let items = (0..<40).flatMap { row in [23296, 23297].map { "\($0),\(1_740_787_200 + 60 * row),\(row),0\n" } }
        let zabbix = try only("itemid,clock,value,ns\n" + items.joined())
        #expect(zabbix.schema == ["value{itemid=\"23296\"}", "value{itemid=\"23297\"}"] && zabbix.rowCount == 40)
        let both = (0..<40).flatMap { row in
            ["a", "b"].flatMap { host in ["load", "free"].map { "\(1_740_787_200 + 60 * row),\(host),\($0),\(row)\n" } }
        }
        let hosts = try entities("time,host,metric,value\n" + both.joined())
        #expect(hosts.keys.sorted() == ["a", "b"] && hosts["a"]?.schema == ["load", "free"])
    }

    @Test("Series that are polled at other moments share rows of the fastest one's step")
    func asynchronous() throws {
        let rows = (0..<60).flatMap { row in
            ["load", "free"].enumerated().map { "\(1_740_787_200 + 60 * row + 20 * $0.offset),\($0.element),\(row)\n" }
        }
        let frame = try only("time,metric,value\n" + rows.joined())
        #expect(frame.rowCount == 60 && frame.values.allSatisfy { !$0.isNaN })
    }

    @Test("Process numbers are no metrics")
    func identifiers() throws {
        let rows = (0..<30).map { "\(1_740_787_200 + 60 * $0),4711,\($0)\n" }
        #expect(try only("time,pid,cpu\n" + rows.joined()).schema == ["cpu"])
    }

    @Test("What collectors write: sadf, annotated CSV, vmstat, dstat, Windows' counters")
    func collectors() throws {
        let sadf = try only(
            "web1;-1;2025-02-28 23:59:00 UTC;LINUX-RESTART\t(2 CPU)\n# hostname;interval;timestamp;CPU;%user;%idle\n"
                + (0..<20).flatMap { row in
                    [-1, 0, 1].map { "web1;60;2025-03-01 00:\(row < 10 ? "0" : "")\(row):00 UTC;\($0);\(row).5;50\n" }
                }.joined() + "# hostname;interval;timestamp;CPU;%user;%idle\n")
        #expect(sadf.rowCount == 20 && sadf.schema.contains("%user{CPU=\"0\"}") && sadf.times[1] - sadf.times[0] == 60)
        let annotated = try only(
            "#group,false,false,true,true\r\n#datatype,string,long,dateTime:RFC3339,double\r\n#default,_result,,,\r\n"
                + ",result,table,_time,load\r\n,,0,2025-03-01T00:00:00Z,1.5\r\n,,0,2025-03-01T00:01:00Z,2.5\r\n")
        #expect(annotated.schema == ["load"] && annotated.values == [1.5, 2.5])
        let vmstat = try only(
            "procs -----------memory---------- -----timestamp-----\n r  b   swpd   free                 UTC\n"
                + " 1  0      0 123456 2025-03-01 00:00:00\n 2  0      0 123400 2025-03-01 00:00:01\n", name: "v.txt")
        #expect(vmstat.schema == ["r", "b", "swpd", "free"] && vmstat.times[1] - vmstat.times[0] == 1)
        let dstat = try only(
            "\"Dstat 0.7.4 CSV output\"\n\"Author:\",\"x\"\n\n\"epoch\",\"total cpu usage\",,\"net/total\",\n"
                + "\"epoch\",\"usr\",\"sys\",\"recv\",\"send\"\n1740787200.1,1,2,3,4\n1740787201.1,5,6,7,8\n")
        #expect(dstat.schema == ["total cpu usage usr", "total cpu usage sys", "net/total recv", "net/total send"])
        // The times of dstat and dool have no year: the first lines say which one it is.
        for (time, first) in [("29-11 20:15:03", "30-12 23:59:59"), ("Nov-29 20:15:03", "Dec-30 23:59:59")] {
            let yearless = try only(
                "\"Dstat 0.7.4 CSV output\"\n\"Cmdline:\",\"dstat -tc\",,,,\"Date:\",\"29 Nov 2025 20:15:02 CET\"\n\n"
                    + "\"system\",\"total cpu usage\",\n\"time\",\"usr\",\"sys\"\n\(time),1,2\n\(first),5,6\n01-01 00:00:00,7,8\n"
            )
            #expect(yearless.schema == ["total cpu usage usr", "total cpu usage sys"])
            #expect(yearless.times == [1_764_447_303, 1_767_139_199, 1_767_225_600])
        }
        let windows = try only(
            "\"(PDH-CSV 4.0) (W. Europe Standard Time)(-60)\",\"\\\\H\\Processor(_Total)\\% Processor Time\"\n"
                + "\"03/01/2025 01:00:00.000\",\"1.5\"\n\"03/01/2025 01:00:01.000\",\"2.5\"\n")
        #expect(windows.times == [1_740_787_200, 1_740_787_201] && windows.values == [1.5, 2.5])
    }

    @Test("Points of named series: exposition text with times, line protocol, Graphite")
    func points() throws {
        let exposition = try entities(
            "# TYPE load gauge\nload{instance=\"a:9100\",cpu=\"0\"} 1 1740787200000\nload{instance=\"a:9100\",cpu=\"0\"} 2 1740787260000\n"
                + "load{instance=\"b:9100\",cpu=\"0\"} 3 1740787200000\n", name: "x.prom")
        #expect(exposition["a:9100"]?.values == [1, 2] && exposition["b:9100"]?.schema == ["load{cpu=\"0\"}"])
        let lines = try entities(
            "cpu,host=a usage=1.5,idle=98i 1740787200000000000\ncpu,host=a usage=2.5,idle=97i 1740787260000000000\n",
            name: "x.txt")
        #expect(lines["a"]?.schema == ["cpu_usage", "cpu_idle"] && lines["a"]?.values == [1.5, 98, 2.5, 97])
        let graphite = try only("servers.a.load 1.5 1740787200\nservers.a.load 2.5 1740787260\n", name: "g.txt")
        #expect(graphite.values == [1.5, 2.5])
    }

    @Test("Times further apart than any number of rows", arguments: ["1e300", "-1e300", "9e18"])
    func farApart(_ time: String) {
        // Of two series with times of their own, so that rows would be made at even steps.
        let text = (1...6).map { "cpu,host=a usage=1 \($0)\n" }.joined() + "cpu,host=a idle=1 \(time)\n"
        let lines = text + (7...12).map { "cpu,host=a idle=2 \($0)\n" }.joined()
        #expect(outcome(lines).contains("to be put in order"))
    }

    @Test("A few bytes do not become a table of a gigabyte")
    func nearlyEmpty() {
        // Two thousand series, each at times of its own.
        let lines = (0..<2_000).map { series in
            (0..<3).map { "cpu,host=a m\(series)=1 \(1_700_000_000 + 1_000 * series + $0)000000000\n" }.joined()
        }
        #expect(outcome(lines.joined()).contains("a table that is nearly empty"))
    }

    private func outcome(_ text: String) -> String {
        do {
            return "\(try entities(text, name: "far.txt"))"
        } catch {
            return "\(error)"
        }
    }

    @Test("JSON in the shapes that databases and libraries give")
    func json() throws {
        let texts = [
            #"{"ts":1740787200,"cpu":1}"# + "\n" + #"{"ts":1740787260,"cpu":NaN}"# + "\n"
                + #"{"ts":1740787320,"cpu":3}"#,
            #"[{"ts":1740787200,"cpu":1},"# + "\n" + #"{"ts":1740787260,"cpu":null},{"ts":1740787320,"cpu":3}]"#,
            #"{"labels":["time","cpu"],"data":[[1740787200,1],[1740787260,null],[1740787320,3]]}"#,
            #"{"columns":["time","cpu"],"index":[0,1,2],"data":[[1740787200000,1],[1740787260000,null],[1740787320000,3]]}"#,
            #"{"time":{"0":1740787200,"1":1740787260,"2":1740787320},"cpu":{"0":1,"1":null,"2":3}}"#,
            #"{"time":[1740787200,1740787260,1740787320],"cpu":[1,null,3]}"#,
            #"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"cpu"},"values":[[1740787200,"1"],[1740787260,"NaN"],[1740787320,"3"]]}]}}"#,
            #"{"metric":{"__name__":"cpu"},"values":[1,null,3],"timestamps":[1740787200000,1740787260000,1740787320000]}"#,
            #"[{"target":"cpu","datapoints":[[1,1740787200],[null,1740787260],[3,1740787320]]}]"#,
            #"[{"metric":"cpu","tags":{},"dps":{"1740787200":1,"1740787260":"NaN","1740787320":3}}]"#,
            #"{"results":[{"series":[{"columns":["time","cpu"],"values":[["2025-03-01T00:00:00Z",1],["2025-03-01T00:01:00Z",null],["2025-03-01T00:02:00Z",3]]}]}]}"#,
            #"{"hits":{"hits":[{"_source":{"@timestamp":"2025-03-01T00:00:00Z","cpu":1}},{"_source":{"@timestamp":"2025-03-01T00:01:00Z","cpu":null}},{"_source":{"@timestamp":"2025-03-01T00:02:00Z","cpu":3}}]}}"#,
            #"{"MetricDataResults":[{"Id":"m1","Label":"cpu","Timestamps":["2025-03-01T00:02:00Z","2025-03-01T00:01:00Z","2025-03-01T00:00:00Z"],"Values":[3,"NaN",1]}]}"#,
        ]
        for text in texts {
            let frame = try only(text, name: "x.json")
            #expect(frame.schema == ["cpu"] && frame.times == [1_740_787_200, 1_740_787_260, 1_740_787_320], "\(text)")
            #expect(
                frame.rowCount == 3 && frame.values[0] == 1 && frame.values[1].isNaN && frame.values[2] == 3, "\(text)")
        }
    }

    @Test("A name that first occurs late in JSON lines is a column like the others")
    func lateNames() throws {
        let lines = (0..<500).map { #"{"ts":\#(1_740_787_200 + $0),"cpu":1\#($0 > 400 ? ",\"mem\":\($0)" : "")}"# }
        let frame = try only(lines.joined(separator: "\n"), name: "x.jsonl")
        #expect(frame.schema == ["cpu", "mem"] && frame[0, 1].isNaN && frame[450, 1] == 450)
    }

    @Test(
        "What cannot be read is refused by its name",
        arguments: [
            ("PK\u{3}\u{4}xxxx", "Excel"), ("PAR1xxxx", "Parquet"), ("SQLite format 3\0", "SQLite"), ("BZh91", "bzip2"),
            ("<html><body>", "HTML"), ("%PDF-1.4", "PDF"),
            ("-- MySQL dump\nCREATE TABLE x (a int);\nINSERT INTO x VALUES (1);\n", "SQL dump"),
            ("| a  | b  |\n|----|:--:|\n| 1  | 2  |\n", "Markdown"),
            ("+----+----+\n| a  | b  |\n+----+----+\n| 1  | 2  |\n", "psql"),
            ("Linux 6.1.0 (web1) \t03/01/2025 \t_x86_64_\t(2 CPU)\n\n12:00:01 AM CPU %user\n", "sadf -d"),
            ("# TYPE load gauge\nload 0.42\n", "Prometheus"), ("AAA,progname,nmon\n", "nmon"),
            (",result,table,_time,a\n", "no row"),
            (
                #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1740787200,"1"]}]}}"#,
                "instant"
            ),
        ])
    func refused(_ text: String, _ word: String) throws {
        let description = try refusal(text)
        #expect(description.contains(word), "\(description)")
    }

    @Test("gzip and zstd by their first bytes, whatever the name; damaged ones are refused")
    func packed() throws {
        // What gzip and zstd make of "a,b\n1,2\n3,4\n".
        let gzip: [UInt8] = [
            0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0xFF, 0x4B, 0xD4, 0x49, 0xE2, 0x32, 0xD4, 0x31, 0xE2,
            0x32, 0xD6, 0x31, 0xE1, 0x02, 0x00, 0xE5, 0xE9, 0xD6, 0xCE, 0x0C, 0x00, 0x00, 0x00,
        ]
        let zstd: [UInt8] = [
            0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, 0x61, 0x00, 0x00, 0x61, 0x2c, 0x62, 0x0a, 0x31, 0x2c, 0x32, 0x0a, 0x33,
            0x2c, 0x34, 0x0a,
        ]
        for (index, bytes) in [gzip, zstd].enumerated() {
            let path = try scratch.write("packed\(index).csv", bytes)
            #expect(try Scratch.source([path]).read().values == [1, 2, 3, 4])
        }
        for (index, bytes) in [gzip.dropLast(10), zstd.dropLast(3)].enumerated() {
            let cut = try scratch.write("cut\(index).csv", Array(bytes))
            #expect(throws: TelemetryError.self) { try Scratch.source([cut]).read() }
        }
    }

    @Test("Parts by name, packed copies, stray files: said, not silent")
    func folders() throws {
        let table = "time,a\n1740787200,1\n1740787260,2\n"
        for name in ["train.csv", "test.csv", "labels.json", "x.ini", "plot.png"] {
            try scratch.write("d/" + name, name == "labels.json" ? #"{"a.csv": [["x","y"]]}"# : table)
        }
        let contents = try DataCatalog.search([scratch.path + "/d"])
        #expect(contents.sources.map(\.entity) == ["d", "d"] && contents.sources.map(\.part) == [.test, .train])
        #expect(
            contents.passedOver.map { URL(filePath: $0.path).lastPathComponent } == [
                "labels.json", "plot.png", "x.ini",
            ])
    }

    @Test("Mutilated files of every shape: rows or one clear line, never a crash", arguments: 0..<30)
    func mutilated(seed: Int) throws {
        var generator = CounterBasedGenerator(seed: UInt64(seed), purpose: "mutilated shapes")
        let starts = [
            "sep=;\nZeit;CPU %;Netz\n01.03.2025 00:00;37,58;1.000.501\n01.03.2025 00:01;32,88;1.000.981\n",
            "time,host,cpu\n2025-03-01 00:00:00,a,1 ms\n2025-03-01 00:00:00,b,2 ms\n2025-03-01 00:01:00,a,3 ms\n",
            "Series;Time;Value\n\"x\";\"2025-03-01T00:00:00+11:00\";1,000,501.7\n\"y\";\"2025-03-01T00:00:00+11:00\";2,000,501.7\n",
            "# hostname;interval;timestamp;CPU;%user\nweb1;60;2025-03-01 00:00:00 UTC;-1;37.58\nweb1;60;2025-03-01 00:00:00 UTC;0;3\n",
            "# TYPE a gauge\na{b=\"c\"} 1 1740787200000\na{b=\"d\"} 2 1740787200000\n",
            "cpu,host=a usage=1.5 1740787200000000000\ncpu,host=a usage=2.5 1740787260000000000\n",
            #"{"metric":{"__name__":"a","instance":"x"},"values":[1,2],"timestamps":[1740787200000,1740787260000]}"#
                + "\n",
            #"[{"target":"cpu","datapoints":[[1,1740787200],[null,1740787260]]}]"#,
            #"{"columns":["time","cpu"],"data":[[1740787200,1],[1740787260,"n/a"]]}"#,
            "Sat, 01 Mar 2025 00:00:00 GMT;1\n", "procs ---\n r  b\n 1  2\n 3  4\n",
            "date,time,cpu\n03/01/2025,12:00:00 AM,1\n03/13/2025,12:01:00 PM,2\n",
            "date,hour,cpu\n2025-03-01,22,1\n2025-03-01,23,2\n2025-03-02,0,3\n",
            "time,a,attack,attack_p1\n1740787200,1,1,0\n1740787260,2,-1,1\n#x\n1740787320,2,-999,1\n",
            "time;x;y\n1740787200;999;1\n1740787260;1.004;2\n1740787320;12.004;\"3\"\n",
            "\"Dstat CSV output\"\n\"Date:\",\"29 Nov 2025 20:15:02 CET\"\n\"system\",\"cpu\",\n\"time\",\"usr\",\"sys\"\n29-11 20:15:03,1,2\n"
                + "29-11 20:15:04,3,4\n",
            #"{"date":"2025-03-01","time":"00:00:10","lat":"12 ms","label":1}"# + "\n"
                + #"{"date":"2025-03-01","time":"00:00:20","lat":"1.5 s","label":-1}"#,
        ]
        for round in 0..<51 {
            var bytes = Array(starts[round % starts.count].utf8)
            for _ in 0...Int(generator.next() % 5) {
                let place = Int(generator.next() % UInt64(bytes.count))
                switch generator.next() % 4 {
                case 0: bytes[place] = UInt8(truncatingIfNeeded: generator.next())
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(Array("\",;\n\r\0.e-{}[]:/ ".utf8)[Int(generator.next() % 16)], at: place)
                default: bytes.append(contentsOf: bytes[place...].prefix(20))
                }
                if bytes.isEmpty { bytes = [0x61] }
            }
            let path = try scratch.write("mutilated-\(round).csv", bytes)
            func outcome(_ bufferBytes: Int) -> String {
                var options = ReaderOptions()
                options.bufferBytes = bufferBytes
                do {
                    let sources = try DataCatalog.discover([path], options: options)
                    return try sources.map { "\($0.entity) \(try $0.read(options: options))" }.joined(separator: "\n")
                } catch {
                    return "\(error)"
                }
            }
            #expect(outcome(1 << 16) == outcome(7), "seed \(seed), round \(round)")
        }
    }
}
