import Foundation
import Telemetry
import TestSupport
import Testing

/// Tables as people have them who never heard of this project: what stands above and below the header, labels in every
/// wording, times of every unit, rows that come in rounds.
struct WildTablesTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private static let start = 1_740_787_200

    private func sources(_ text: String, _ name: String = "metrics.csv") throws -> [EntitySource] {
        try DataCatalog.discover([try scratch.write("\(UUID().uuidString)/\(name)", text)])
    }

    private func only(_ text: String, _ name: String = "metrics.csv") throws -> MetricFrame {
        let sources = try sources(text, name)
        #expect(sources.count == 1)
        return try #require(try sources.first?.read())
    }

    private func refusal(_ text: String, _ name: String = "x.csv") throws -> String {
        do {
            for source in try sources(text, name) { _ = try source.read() }
            return "read"
        } catch let error as TelemetryError {
            return error.description
        }
    }

    private static func rows(_ count: Int, _ cells: (Int) -> String) -> String {
        (0..<count).map { cells($0) + "\n" }.joined()
    }

    private static func plain(_ row: Int) -> String { "\(start + 60 * row),\(row),\(2 * row)" }
    private static let table = "time,cpu,mem\n" + rows(cells: plain)
    private static func rows(cells: (Int) -> String) -> String { rows(40, cells) }

    private static let dressed: [String] = [
        "Performance report for web1\nGenerated: 2025-03-02, by ops\n\n" + table, ",,\n" + table,
        "time,cpu,mem\ns,%,MB\n" + rows(cells: plain),
        "time,cpu,mem,,\n" + rows { plain($0) + ",," } + ",,,,\n,,,,\n",
        "time,cpu,mem,\n" + rows(cells: plain), "time,cpu,mem\n" + rows { plain($0) + "," },
        "time,cpu,mem\n" + rows { plain($0) + ",,," },
        table + "Total,780,1560\n", table + "\n(40 rows affected)\n",
        table + "Sums (of 40 values),780,\nAverages,19.5,39\n",
        "time,cpu,mem\n----,---,---\n" + rows(cells: plain) + "(40 rows)\n",
        "Unnamed: 0.1,Unnamed: 0,time,cpu,mem\n" + rows { "\($0),\($0)," + plain($0) },
        "# time cpu mem\n# s % %\n" + rows { " " + plain($0).replacing(",", with: "   ") },
        "\"time\",\"cpu\",\"mem\"\n" + rows { "\"\($0 + 1)\"," + plain($0) },
        "time,cpu,mem\n" + rows(20, plain) + "time,cpu,mem\n"
            + (20..<40).map { plain($0) + "\n" }.joined(), table.replacing("\n", with: "\r"),
        "Unnamed: 0,time,cpu,mem\n" + rows { "\($0 + $0 / 7)," + plain($0) },
        "\"TOA5\",\"CR1000\",\"Table1\",\"x\"\n\"time\",\"cpu\",\"mem\"\n\"TS\",\"Volts\",\"Deg C\"\n\"\",\"Min\",\"Avg\"\n"
            + rows(cells: plain),
    ]

    @Test("The same table, whatever stands around it", arguments: dressed)
    func dressing(_ text: String) throws {
        let wanted = try only(Self.table)
        #expect(wanted.rowCount == 40)
        #expect(try only(text) == wanted, "\(text.prefix(200))")
    }

    @Test("Rows of a table above another are not passed over, however few they are", arguments: [3, 10, 50, 70])
    func tablesAbove(_ count: Int) throws {
        let wider = "time,cpu,mem,disk\n" + Self.rows(40) { Self.plain($0) + ",1" }
        for below in [wider, "web2\n" + Self.table, "\nweb2\n\n" + wider] {
            let said = try refusal("time,cpu,mem\n" + Self.rows(count, Self.plain) + below)
            #expect(said != "read", "\(count) rows above \(below.prefix(30))")
        }
    }

    @Test("A key and its value above the header are no names")
    func keyAboveTheHeader() throws {
        for above in ["Device,router1", "Report,Traffic"] {
            let frame = try only(above + "\nTime,In Octets\n" + Self.rows { "\(Self.start + 60 * $0),\($0)" })
            #expect(frame.schema == ["In Octets"] && frame.rowCount == 40, "\(frame.schema)")
            #expect(frame.times[0] == Double(Self.start))
        }
    }

    @Test(
        "However a host's name is written, hosts are entities",
        arguments: [
            "host.name", "kubernetes.pod.name", "k8s_pod_name", "tag_host", "eNodeB", "ERBS", "gNB_ID", "Cell Name",
            "CellId", "CELLNAME", "Site Name", "NE Name", "Managed Element", "MachineName", "nfInstanceId",
            "cloud.instance.id",
        ])
    func hostNames(_ name: String) throws {
        let text =
            "time,\(name),cpu\n"
            + Self.rows { "\(Self.start + 60 * $0),a1,\($0)\n\(Self.start + 60 * $0),b2,\(2 * $0)" }
        let found = try sources(text)
        #expect(found.map(\.entity).sorted() == ["a1", "b2"])
        #expect(try found.allSatisfy { try $0.read().schema == ["cpu"] })
        let lines = Self.rows { row in
            let objects = ["a1", "b2"].map {
                "{\"time\": \(Self.start + 60 * row), \"\(name)\": \"\($0)\", \"cpu\": \(row)}"
            }
            return objects.joined(separator: "\n")
        }
        #expect(try sources(lines, "metrics.jsonl").map(\.entity).sorted() == ["a1", "b2"])
    }

    @Test("Quantities as Kubernetes writes them")
    func quantities() throws {
        let frame = try only(
            "time,cpu,memory\n"
                + Self.rows { row in
                    let cpu = row == 7 ? "0" : row % 2 == 0 ? "\(row)000000n" : "\(row)000u"
                    return "\(Self.start + 60 * row),\(cpu),\(row)Ki"
                })
        #expect(frame.schema == ["cpu", "memory"])
        for row in 0..<40 {
            #expect(abs(frame[row, 0] - (row == 7 ? 0 : 1e-3 * Double(row))) < 1e-12)
            #expect(frame[row, 1] == 1024 * Double(row))
        }
        let pods = try only(
            Self.rows { row in
                let usage = "{\"cpu\": \"\(row)000000n\", \"memory\": \"\(row)Ki\"}"
                return
                    "{\"timestamp\": \(Self.start + 60 * row), \"containers\": [{\"name\": \"app\", \"usage\": \(usage)}]}"
            }, "pod.jsonl")
        let cpu = try #require(pods.schema.firstIndex(of: "containers.usage.cpu.mean"))
        let memory = try #require(pods.schema.firstIndex(of: "containers.usage.memory.max"))
        #expect(abs(pods[9, cpu] - 9e-3) < 1e-12 && pods[9, memory] == 9 * 1024)
    }

    @Test("A header behind a percent sign, as ns-3 writes it")
    func percentHeader() throws {
        let found = try sources(
            "% time\tcellId\tIMSI\trsrp\n"
                + Self.rows { "\(0.25 * Double($0))\t1\t1\t-\(80 + $0)\n\(0.25 * Double($0))\t1\t2\t-\(90 + $0)" })
        #expect(found.count == 2)
        let frame = try #require(try found.first?.read())
        #expect(frame.schema == ["cellId", "rsrp"] && frame.rowCount == 40 && frame.times[1] == 0.25)
    }

    @Test("Numbers of counters are names where a line of units stands below them")
    func numberedCounters() throws {
        let frame = try only(
            "Result Time,Granularity Period,1911816699,1911816700\n,min,count,%\n"
                + Self.rows(40) { "2025-03-03 08:\(10 + $0),15,\($0),1.5" })
        #expect(frame.schema == ["Granularity Period", "1911816699", "1911816700"] && frame.rowCount == 40)
    }

    @Test("What is said of a table stands at its end: a row of sums amidst it is an error")
    func sumsAmidst() throws {
        #expect(try refusal(Self.table + "Total,780,1560\n1740800000,1,2\n").contains("found 'Total'"))
    }

    @Test("A header and rows longer than what is looked at")
    func wide() throws {
        let names = (0..<9000).map { "host_\($0)_utilisation_percent" }
        let rows = Self.rows(8) { row in
            "2025-03-03 08:0\(row):00," + names.indices.map { "\($0 % 7).\(100 + row)25" }.joined(separator: ",")
        }
        let frame = try only("time," + names.joined(separator: ",") + "\n" + rows)
        #expect(frame.schema.count == 9000 && frame.rowCount == 8 && frame.times[1] - frame.times[0] == 60)
    }

    @Test("Text where nothing stood in the first rows is no error: kinds of faults, which come late")
    func lateText() throws {
        let frame = try only(
            "time,cpu,fault_name\n" + Self.rows(400) { "\(Self.start + 60 * $0),\($0),\($0 < 300 ? "" : "disk")" })
        #expect(frame.rowCount == 400 && frame.values[2 * 399] == 399 && frame.values[2 * 399 + 1].isNaN)
    }

    @Test("A metric that comes round and round is none of names, whichever row is first")
    func cycles() throws {
        for newestFirst in [false, true] {
            let frame = try only(
                "time,cpu,mem\n"
                    + Self.rows(120) { row in
                        let row = newestFirst ? 119 - row : row
                        return "\(Self.start + 60 * row),\(50 + 10 * (row % 3)),\(row).5"
                    })
            #expect(frame.schema == ["cpu", "mem"] && frame.rowCount == 120)
        }
    }

    @Test("Numbers of subscribers and sessions are no metrics")
    func subscribers() throws {
        let frame = try only(
            "timestamp,IMSI,RNTI,teid,cqi\n"
                + Self.rows(60) { "\(Self.start + $0),310170123456789,\(17_921 + $0 / 7),\(1000 + $0 / 5),\($0 % 15)" })
        #expect(frame.schema == ["cqi"])
    }

    @Test("Units below the names of a table whose times have no date")
    func units() throws {
        let frame = try only("time,cpu,temp\n[s],[%],[°C]\n" + Self.rows { "\($0),\($0),1.5" })
        #expect(frame.schema == ["cpu", "temp"] && frame.rowCount == 40 && frame.times[1] == 1)
    }

    @Test("5G is no number")
    func generations() throws {
        let frame = try only(
            "time,NetworkMode,dl\n" + Self.rows(300) { "\(Self.start + $0),\($0 < 250 ? "5G" : "LTE"),\($0)" })
        #expect(frame.schema == ["dl"] && frame.rowCount == 300)
    }

    @Test("Rows that are all of another width, and lines that are quoted whole, are refused as what they are")
    func widths() throws {
        #expect(
            try refusal("time,cpu,mem\n" + Self.rows { "\(Self.start + $0),1" }).contains("found 2 fields; expected 3"))
        #expect(try refusal("\"time,cpu\"\n" + Self.rows { "\"\(Self.start + $0),1\"" }).contains("quoted as a whole"))
    }

    @Test("What MongoDB writes around a value is no name")
    func extendedJSON() throws {
        let lines = (0..<30).map { row in
            #"{"_id":{"$oid":"65e4a1\#(100 + row)"},"ts":{"$date":{"$numberLong":"\#(1000 * (Self.start + row))"}},"cpu":{"$numberDouble":"\#(row).5"}}"#
        }
        let frame = try only(lines.joined(separator: "\n"), "x.json")
        #expect(frame.schema == ["cpu"] && frame.times.first == Double(Self.start) && frame.values[2] == 2.5)
    }

    @Test("Tables of machine learning and consoles are refused by name")
    func refusedByName() throws {
        #expect(try refusal("% c\n@relation x\n@attribute cpu numeric\n@data\n1\n2\n").contains("ARFF"))
        #expect(try refusal("  |----DL----|----UL----\n pci rnti | cqi | snr\n 1 46 | 15 | 3\n").contains("srsRAN"))
    }

    @Test("Several lines of names make one header")
    func headers() throws {
        let pandas = try only(
            "host,web1,web1,web2\nmetric,cpu,mem,cpu\ntime,,,\n" + Self.rows { Self.plain($0) + ",\($0)" })
        #expect(pandas.schema == ["web1 cpu", "web1 mem", "web2 cpu"] && pandas.rowCount == 40)
        let swat = try only(
            ",P1,,\n Timestamp,FIT101, LIT101,Normal/Attack\n"
                + Self.rows { " 28/12/2015 10:\($0 + 10):00 AM,\($0),1.5,\($0 == 7 ? "A ttack" : "Normal")" })
        #expect(swat.schema == ["FIT101", "LIT101"] && swat.labels?.firstIndex(of: 1) == 7)
        #expect(swat.times[1] - swat.times[0] == 60 && swat.times[0] == 1_451_297_400)
    }

    @Test(
        "Labels in every wording: no metric, and the right rows",
        arguments: [
            ("label", "0", "1"), ("is_anomaly", "False", "True"), ("anomaly", "0.0", "1.0"),
            ("Normal/Attack", "Normal", "Attack"), ("Label", "normal", "anomaly"), ("class", "inlier", "outlier"),
            ("label", "benign", "ddos"), ("is_fault", "no", "yes"), ("outlier", "1", "-1"), ("attack", "0", "1"),
            ("\"Attack LABLE (1:No Attack, -1:Attack)\"", "1", "-1"),
        ])
    func labels(_ name: String, _ normal: String, _ anomalous: String) throws {
        let text =
            "time,cpu,\(name),changepoint\n"
            + Self.rows {
                "\(Self.start + 60 * $0),\($0),\((10..<20).contains($0) ? anomalous : normal),\($0 == 10 ? 1 : 0)"
            }
        let frame = try only(text)
        #expect(frame.schema == ["cpu"])
        #expect(frame.labels == (0..<40).map { (10..<20).contains($0) ? 1 : 0 })
        // And as a file of labels.
        let path = try scratch.write("\(UUID().uuidString).csv", text)
        #expect(try LabelFile(path).labels(ofRows: 40, times: frame.times, of: "rows").labels.values == frame.labels)
        #expect(try only(Self.jsonLines(text), "x.jsonl").labels == frame.labels)
    }

    /// A table as JSON lines, numbers as numbers.
    private static func jsonLines(_ text: String) -> String {
        let lines = text.split(separator: "\n")
        // The one name with a comma in it stands in quotes.
        let names = lines[0].replacing(", -1", with: "; -1").split(separator: ",").map {
            $0.replacing("\"", with: "").replacing(";", with: ",")
        }
        return lines.dropFirst().map { line in
            let members = zip(names, line.split(separator: ",")).map { name, cell in
                "\"\(name)\": " + (Double(cell) == nil ? "\"\(cell)\"" : String(cell))
            }
            return "{" + members.joined(separator: ", ") + "}\n"
        }.joined()
    }

    @Test("A column named label with names in it is no label; one that counts is a metric")
    func noLabels() throws {
        let requests = try only(
            "time,label,attack,cpu\n"
                + Self.rows { "\(Self.start + $0 * 60),\($0 % 3 == 0 ? "login" : "home"),\($0),1" })
        #expect(requests.labels == nil && requests.schema == ["attack", "cpu"])
    }

    @Test("Of labelled series one below the other, each is an entity with its own labels")
    func labelledSeries() throws {
        let text =
            "timestamp,value,label,KPI ID\n" + Self.rows { "\(Self.start + 60 * $0),\($0),\($0 == 5 ? 1 : 0),da10a69f" }
            + Self.rows { "\(Self.start + 60 * $0),\(-$0),\($0 == 7 ? 1 : 0),e0747cad" }
        let found = try sources(text)
        #expect(found.map(\.entity) == ["da10a69f", "e0747cad"])
        let first = try found.map { source in try source.read().labels?.firstIndex(of: 1) }
        #expect(first == [5, 7])
    }

    @Test(
        "The unit in the name of a time that counts from some start",
        arguments: [
            ("time (ms)", 10.0, 0.01), ("Time [min]", 1, 60), ("timestamp_(min)", 1, 60), ("time (h)", 0.25, 900),
            ("time_ms", 10, 0.01), ("Elapsed time (s)", 5, 5), ("t", 2, 2), ("Time [s]", 2, 2),
        ])
    func units(_ name: String, _ step: Double, _ seconds: Double) throws {
        let frame = try only("\(name),cpu\n" + Self.rows { "\(Double($0) * step),\($0)" })
        #expect(frame.schema == ["cpu"])
        #expect(abs(frame.times[1] - frame.times[0] - seconds) < 1e-9, "\(frame.times.prefix(2))")
    }

    @Test("An epoch is one, whatever unit its name claims, and in an index without a name")
    func epochs() throws {
        for header in ["Time (s),cpu", ",cpu", "index,cpu"] {
            let frame = try only(header + "\n" + Self.rows { "\((Self.start + 60 * $0) * 1000),\($0)" })
            #expect(frame.schema == ["cpu"] && frame.times[0] == Double(Self.start), "\(header)")
        }
        let days = try only(
            "Date,Time,cpu\n" + Self.rows { "20250301,00:\($0 + 10):00,\($0)" })
        #expect(days.times[0] == Double(Self.start) + 600 && days.times[1] - days.times[0] == 60)
        let years = try only("时间,cpu\n" + Self.rows { "2025年03月01日 00:\($0 + 10):00,\($0)" })
        #expect(years.times[0] == Double(Self.start) + 600)
        let kibana = try only("@timestamp,cpu\n" + Self.rows { "\"Mar 1, 2025 @ 00:\($0 + 10):00.500\",\($0)" })
        #expect(kibana.times[0] == Double(Self.start) + 600.5)
    }

    private static let clocks: [(header: String, date: @Sendable (Int, Int) -> String)] = [
        ("date,hour", { "2025-03-0\($0 + 1),\($1)" }), ("date,hour", { "2025-03-0\($0 + 1),\(two($1)):00" }),
        ("dteday,hr", { "2025-03-0\($0 + 1),\($1)" }), ("Datum,Stunde", { "0\($0 + 1).03.2025,\($1)" }),
        ("date,hour,minute", { "2025-03-0\($0 + 1),\($1),0" }), ("day,at", { "2025-03-0\($0 + 1),\(two($1)):00:00" }),
        ("DATETIME,x", { "0\($0 + 1)/03/25 \(two($1)),1" }), ("date,hour", { "2025030\($0 + 1),\($1)" }),
        ("year,month,day,hour", { "2025,3,\($0 + 1),\($1)" }), ("hh,DD,MM,YYYY", { "\($1),\($0 + 1),3,2025" }),
        ("YYYY,MM,DD,hh,mm", { "2025,03,0\($0 + 1),\(two($1)),00" }),
        ("day,month,year,time", { "\($0 + 1),3,2025,\(two($1)):00" }),
    ]

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    @Test("A date beside the hour is one time, not a column for each hour", arguments: clocks.indices)
    func datesAndHours(_ index: Int) throws {
        let (header, date) = Self.clocks[index]
        let rows = (0..<120).map { "\(date($0 / 24, $0 % 24)),\($0)\n" }
        let frame = try only("\(header),cpu\n" + rows.joined())
        #expect(frame.rowCount == 120 && frame.schema.last == "cpu" && frame.columnCount <= 2)
        #expect(frame.times == (0..<120).map { Double(Self.start + 3600 * $0) })
    }

    @Test("The last hour of a day may be its 24th; hours that go up and down are measured; JSON has two members")
    func otherHours() throws {
        let ending = try only(
            "Date;HE;load\n" + (0..<72).map { "0\($0 / 24 + 1).03.2025;\($0 % 24 + 1);\($0)\n" }.joined())
        #expect(ending.times == (1...72).map { Double(Self.start + 3600 * $0) })
        let leap = try only(
            "year,month,day,hour,load\n" + (0..<96).map { "2024,2,\($0 / 24 + 26),\($0 % 24 + 1),\($0)\n" }.joined())
        #expect(leap.times == (1...96).map { 1_708_905_600 + 3600 * Double($0) } && leap.schema == ["load"])
        let worked = try only("date,hours,load\n" + Self.rows { "2025-03-0\($0 / 10 + 1),\($0 * 7 % 11),\($0)" })
        #expect(worked.schema == ["hours", "load"])
        let daily = try only(
            "date,peak,cpu\n" + Self.rows(28) { "2025-02-\(Self.two($0 + 1)),\(Self.two($0 % 24)):15,\($0)" })
        #expect(daily.times[1] - daily.times[0] == 86_400 && daily.schema == ["cpu"])
        let line = try refusal("date,hour,cpu\n" + Self.rows { "2025-03-0\($0 / 20 + 1),\($0 % 20 * 100),\($0)" })
        #expect(line.contains("the hour from 0 to 24"))
        let json = try only(
            Self.rows { #"{"date":"2025-03-01","time":"00:\#($0 + 10):00","cpu":\#($0)}"# }, "x.jsonl")
        #expect(
            json.schema == ["cpu"] && json.times[0] == Double(Self.start) + 600 && json.times[1] - json.times[0] == 60)
    }

    @Test("The beginning of an interval is its time")
    func intervals() throws {
        let frame = try only(
            "\"beginTimeSeconds\",\"endTimeSeconds\",\"average.cpu\"\n"
                + Self.rows { "\"\(Self.start + 60 * $0)\",\"\(Self.start + 60 * $0 + 60)\",\"\($0).5\"" })
        #expect(frame.schema == ["average.cpu"] && frame.times[1] == Double(Self.start) + 60)
    }

    @Test("Files put one behind the other, whatever their headers look like; comments wherever they stand")
    func joined() throws {
        let wanted = try only(Self.table)
        for header in [
            "\u{FEFF}time,cpu,mem", "\"time\",\"cpu\",\"mem\"", "\u{FEFF}\"time\",\"cpu\",\"mem\"", "time,cpu,mem\r",
        ] {
            let text =
                "time,cpu,mem\n" + Self.rows(20, Self.plain) + header + "\n"
                + (20..<40).map { Self.plain($0) + "\n" }.joined()
            #expect(try only(text) == wanted, "\(header)")
        }
        let late = (0..<300).map { Self.plain($0) + "\n" + ($0 % 100 == 99 ? "# restarted, by ops\n#\n# a,b,c\n" : "") }
        let frame = try only("time,cpu,mem\n" + late.joined())
        #expect(frame.rowCount == 300 && frame[299, 0] == 299)
        // A name may begin with the same mark.
        let names = (0..<300).map { "#\($0 % 2),\(Self.start + 60 * $0),\($0 == 250 ? "x" : "1")\n" }
        let broken = try sources("host,time,cpu\n" + names.joined())
        #expect(throws: TelemetryError.self) { for source in broken { _ = try source.read() } }
    }

    @Test("Cards that are asked one after the other are told apart, days of the week are not")
    func rounds() throws {
        let cards = try only(
            "timestamp, index, utilization.gpu [%], memory.used [MiB]\n"
                + (0..<40).flatMap { round in
                    (0..<4).map { card in
                        "2025/03/01 00:00:\(round + 10).12\(card), \(card), \(round + card) %, \(round * card) MiB\n"
                    }
                }.joined())
        #expect(cards.rowCount == 40 && cards.columnCount == 8 && cards.values.allSatisfy { !$0.isNaN })
        #expect(cards.schema[0] == "utilization.gpu [%]{index=\"0\"}" && cards[3, 0] == 3)
        let names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
        let days = try only("time,weekday,cpu\n" + Self.rows { "\(Self.start + 86_400 * $0),\(names[$0 % 7]),\($0)" })
        #expect(days.rowCount == 40 && days.schema == ["cpu"])
    }

    @Test("Items that are polled at moments of their own are told apart by their numbers")
    func items() throws {
        // Now and then one is asked twice, so that they do not simply take turns.
        let rows = (0..<60).flatMap { row in
            (row % 7 == 0 ? [23296, 23297, 23297] : [23296, 23297]).enumerated().map {
                "\($0.element);\(Self.start + 60 * row + 15 * $0.offset);\($0.element - 23296 + row)\n"
            }
        }
        let frame = try only("itemid;clock;value\n" + rows.joined())
        #expect(frame.schema == ["value{itemid=\"23296\"}", "value{itemid=\"23297\"}"])
        #expect(frame.rowCount == 60 && frame.values.prefix(4) == [0, 1, 1, 2])
    }

    @Test("Hosts that are numbers, whether their rows lie by time or one host behind the other")
    func numberedHosts() throws {
        for name in ["machineID", "node", "vm id"] {
            let behind = (0..<3).flatMap { host in
                (0..<300).map { "\(Self.start + 60 * $0),\(host),\(1000 * host + $0)\n" }
            }
            let byTime = (0..<300).flatMap { row in
                (0..<3).map { "\(Self.start + 60 * row),\($0),\(1000 * $0 + row)\n" }
            }
            for rows in [behind, byTime] {
                let found = try sources("datetime,\(name),volt\n" + rows.joined())
                #expect(found.map(\.entity) == ["0", "1", "2"], "\(name)")
                #expect(try found.last?.read().values.prefix(2) == [2000, 2001])
            }
        }
        // The cell that serves a terminal is no name of the terminal.
        let cells = try only("time,cell,rsrp\n" + Self.rows { "\(Self.start + $0),\($0 / 20),\(-$0)" })
        #expect(cells.schema == ["cell", "rsrp"])
    }

    @Test("Words for what is missing, of databases, spreadsheets and cards")
    func missing() throws {
        let words = ["\\N", "--", "<NA>", "(null)", ".", "#DIV/0!", "NaT", "[N/A]", "[Not Supported]", "1.#QNAN"]
        let frame = try only(
            "time,cpu\n" + Self.rows { "\(Self.start + 60 * $0),\($0 < 20 ? "\($0)" : words[$0 % 10])" })
        #expect(frame.values.prefix(20).allSatisfy { !$0.isNaN } && frame.values.dropFirst(20).allSatisfy(\.isNaN))
    }

    @Test("Latin-1 names and no-break blanks, as spreadsheets write without a Unicode option")
    func latin() throws {
        let text = "Date;Mémoire;Tempèr\n" + Self.rows { "01/13/2025 00:\($0 + 10);1\u{A0}234,5;\($0),5" }
        let path = try scratch.write("latin.csv", Array(try #require(text.data(using: .isoLatin1))))
        let frame = try Scratch.source([path]).read()
        let notes = try Scratch.source([path]).makeReader().layout.notes
        #expect(notes.contains { $0.contains("Latin-1") })
        #expect(frame.schema == ["Mémoire", "Tempèr"] && frame.values.prefix(4) == [1234.5, 0.5, 1234.5, 1.5])
    }

    private static let refusals: [(String, String)] = [
        (rows { "2025-03-01 00:\($0 + 10):00,\($0),2" }, "column names"),
        (rows { "web1,\(start + $0),\($0),2" }, "column names"),
        (rows { "servers.web1.load,2025-03-01 00:\($0 + 10):00,\($0)" }, "column names"),
        (rows { "  \($0).5e+00" }, "column names"),
        ("metric,2025-03-01 00:00,2025-03-01 00:01\ncpu,1,2\nmem,3,4\n", "metrics lie in rows"),
        ("metric,1740787200,1740787260\ncpu,1,2\nmem,3,4\n", "metrics lie in rows"),
        ("Date,Time,cpu\n" + rows { "2025-03-01,\($0 + 10):00.0,1" }, "a time such as"),
        ("date,time,cpu\n" + rows { "2025-03-01,\(100 * $0),1" }, "hh:mm:ss"),
        ("time,cpu\n" + rows(5) { "\(start + $0),1" } + "time,disk\n\(start),1\n", "second header"),
        ("time,cpu\n" + rows(5) { "\(start + $0),1" } + "\ntime,disk,mem\n\(start),1,2\n", "second header"),
        ("time,cpu\n" + rows { "25-03-01 00:\($0 + 10):00,1" }, "a time such as"),
        ("year,month,day,cpu\n" + rows { "2025,3,\($0 % 3 + 1),\($0)" }, "year, month, day"),
        (
            "year,month,day,cpu\n" + rows(300) { "2025,\($0 / 28 + 1),\($0 < 299 ? $0 % 28 + 1 : 31),\($0)" },
            "2025-11-31"
        ),
        (
            "year,month,day,hour,cpu\n" + rows(300) { "2025,3,\($0 / 24 + 1),\($0 < 299 ? $0 % 24 : 77),\($0)" },
            "0 to 24"
        ),
        ("{__name__=\"up\", job=\"n\"} 1 1740787200000\n{__name__=\"up\"} 1 1740787260000\n", "dump-openmetrics"),
        ("up{job=\"n\"} =>\n1 @[1740787200]\n1 @[1740787260]\n", "-o json"),
        ("top - 10:00:01 up 1 day, 1 user, load average: 0.42, 0.36, 0.31\nTasks: 112 total\n", "top"),
    ]

    @Test("What would be read wrongly is refused, and the line says what to do", arguments: refusals)
    func refused(_ text: String, _ words: String) throws {
        let line = try refusal(text)
        #expect(line.contains(words) && !line.contains("\n"), "\(line)")
    }

    @Test("Names that tell columns apart may be numbers")
    func numberedNames() throws {
        for names in ["0,1,2", "0.5,0.9,0.99", "2021,2022,2024"] {
            let frame = try only("time,\(names)\n" + Self.rows { "\(Self.start + 60 * $0),1,2,3" })
            #expect(frame.schema == names.split(separator: ",").map(String.init))
        }
    }

    @Test(
        "JSON that is no table is refused by name",
        arguments: [
            (#"{"sysstat":{"hosts":[{"statistics":[{"cpu":1},{"cpu":2}]}]}}"#, "sadf -j"),
            (#"{"status":"error","errorType":"bad_data","error":"parse error"}"#, "parse error"),
            (#"{"meta":1,"payload":{"stuff":[{"when":"2025-03-01","cpu":1},{"when":"2025-03-02","cpu":2}]}}"#, "stuff"),
            (#"{"cpu":[1,2,3],"mem":[4,5,6]}"#, "cpu"), ("[[1740787200,1],[1740787260,2]]", "without names"),
        ])
    func documents(_ text: String, _ words: String) throws {
        let line = try refusal(text, "x.json")
        #expect(line.contains(words), "\(line)")
    }

    @Test("OTLP files, a request a line, and netdata's second format")
    func exports() throws {
        let lines = (0..<3).map { row in
            #"{"resourceMetrics":[{"resource":{"attributes":[{"key":"host.name","value":{"stringValue":"web1"}}]},"#
                + #""scopeMetrics":[{"metrics":[{"name":"cpu.load","gauge":{"dataPoints":[{"timeUnixNano":""#
                + "\(Self.start + 60 * row)" + #"000000000","asDouble":\#(row)}]}}]}]}]}"# + "\n"
        }
        let otlp = try sources(lines.joined(), "x.jsonl")
        #expect(otlp.map(\.entity) == ["web1"])
        let frame = try #require(try otlp.first?.read())
        #expect(frame.schema == ["cpu_load"] && frame.values == [0, 1, 2] && frame.times[1] == Double(Self.start) + 60)
        let netdata = try only(
            #"{"result":{"labels":["time","user"],"point":{"value":0,"arp":1,"pa":2},"data":[[1740787200000,[1.5,0,0]],[1740787260000,[2.5,0,0]]]}}"#,
            "x.json")
        #expect(netdata.schema == ["user"] && netdata.values == [1.5, 2.5])
    }

    @Test("A file's name says how many rows are to be learned from, as in TSB-AD")
    func trainingRows() {
        let name = "sets/057_SMD_id_1_Facility_tr_4055_1st_15538.csv"
        #expect(EntitySource.trainingRows(ofFile: name) == 4055)
        #expect(EntitySource.trainingRows(ofFile: "tr_5.csv") == nil && EntitySource.trainingRows(ofFile: "") == nil)
    }

    @Test("The JSON of sysstat")
    func sysstat() throws {
        let rows = (0..<3).map { row in
            #"{"timestamp":{"date":"2025-03-01","time":"00:0\#(row):00","utc":1,"interval":60},"#
                + #""cpu-load":[{"cpu":"all","user":\#(row).5},{"cpu":0,"user":1}],"memory":{"memfree":7},"#
                + #""network":{"net-dev":[{"iface":"eth0","rxkB":\#(row)}]}}"#
        }
        let found = try sources(
            #"{"sysstat":{"hosts":[{"nodename":"web1","statistics":[\#(rows.joined(separator: ","))]}]}}"#, "sa.json")
        #expect(found.map(\.entity) == ["web1"])
        let frame = try #require(try found.first?.read())
        #expect(
            frame.schema == [
                #"cpu-load.user{cpu="all"}"#, #"cpu-load.user{cpu="0"}"#, "memory.memfree",
                #"network.net-dev.rxkB{iface="eth0"}"#,
            ])
        #expect(frame.times == [1_740_787_200, 1_740_787_260, 1_740_787_320] && frame[2, 0] == 2.5 && frame[2, 3] == 2)
    }

    @Test("A name of a file is what it is, for those who print it to write out; a pipe is not waited for")
    func names() throws {
        try scratch.write("odd/new\nline\u{1B}[31m.csv", Self.table)
        let pipe = scratch.path + "/odd/pipe.csv"
        #expect(mkfifo(pipe, 0o600) == 0)
        let contents = try DataCatalog.search([scratch.path + "/odd"])
        #expect(contents.sources.map(\.entity) == ["new\nline\u{1B}[31m"])
        #expect(contents.passedOver.map(\.reason) == ["a pipe"])
        let error = #expect(throws: TelemetryError.self) { try DataCatalog.discover([pipe]) }
        #expect(error?.description.contains("a pipe") == true)
    }

    @Test("Blanks behind commas, and in names and times, separate nothing")
    func commasAndBlanks() throws {
        func time(_ row: Int) -> String { "2025/11/14 08:00:\(row < 10 ? "0" : "")\(row).123" }
        let cards = try only(
            "timestamp, index, memory.used [MiB]\n" + Self.rows { "\(time($0)), 0, \(2_150 + $0)" })
        #expect(cards.rowCount == 40 && cards.times[1] - cards.times[0] == 1)
        #expect(cards.schema.last == "memory.used [MiB]" && cards[7, cards.columnCount - 1] == 2_157)
        for separator in [",", ";"] {
            let loads = try only(
                "time\(separator) cpu load\n" + Self.rows { "2025-11-14 08:\($0 + 10):00\(separator) \($0).5" })
            #expect(loads.schema == ["cpu load"] && loads.rowCount == 40 && loads[3, 0] == 3.5)
            #expect(loads.times[1] - loads.times[0] == 60)
        }
    }
}
