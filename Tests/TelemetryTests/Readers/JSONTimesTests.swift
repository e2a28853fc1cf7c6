import Foundation
import Telemetry
import Testing

/// Which member of a JSON document is the time: told by what it holds where its name does not say it.
struct JSONTimesTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// 2025-03-03 08:00:00 UTC.
    private static let start = 1_740_988_800
    private static let rows = 50

    private static func iso(_ row: Int) -> String { "2025-03-03T08:\(row < 10 ? "0" : "")\(row):00Z" }
    private static func list(_ separator: String = ",", _ element: (Int) -> String) -> String {
        (0..<rows).map(element).joined(separator: separator)
    }

    private func sources(_ text: String) throws -> [EntitySource] {
        try DataCatalog.discover([try scratch.write("\(UUID().uuidString)/x.json", text)])
    }

    private func only(_ text: String) throws -> MetricFrame {
        let sources = try sources(text)
        #expect(sources.count == 1, "\(text.prefix(200))")
        return try #require(sources.first).read()
    }

    private func expectTimes(_ text: String, _ schema: [String]) throws {
        let frame = try only(text)
        #expect(frame.schema == schema, "\(text.prefix(200))")
        #expect(frame.times == (0..<Self.rows).map { Double(Self.start + 60 * $0) }, "\(text.prefix(200))")
        #expect(frame[Self.rows - 1, 0] == Double(Self.rows - 1), "\(text.prefix(200))")
    }

    @Test(
        "Texts that all are times are the time, whatever they are called and wherever they lie",
        arguments: ["t", "when", "read", "result._time", "payload.time", "meta.ts", "event.created", "asOf", "x"])
    func texts(_ name: String) throws {
        try expectTimes(Self.list("\n") { #"{"\#(name)":"\#(Self.iso($0))","cpu":\#($0)}"# }, ["cpu"])
        // A row without the time is an error, and no reason to do without it.
        let late = Self.list("\n") { $0 == 40 ? #"{"cpu":1}"# : #"{"\#(name)":"\#(Self.iso($0))","cpu":\#($0)}"# }
        #expect(throws: TelemetryError.self) { try only(late) }
    }

    @Test("Numbers that are moments are, too", arguments: ["t", "meta.ts", "data.timestamp", "x", "when", "index"])
    func numbers(_ name: String) throws {
        for factor in [1, 1000] {
            try expectTimes(
                Self.list("\n") { #"{"\#(name)":\#(factor * (Self.start + 60 * $0)),"cpu":\#($0)}"# }, ["cpu"])
        }
    }

    @Test("A moment that stands, and what only ends like the name of one, is none")
    func others() throws {
        let lines = Self.list("\n") {
            #"{"boot":"2025-03-01T00:00:00Z","job.start_time":1740000000,"disk.time":\#($0 % 7),"t":\#($0 % 5)}"#
        }
        let frame = try only(lines)
        #expect(
            frame.times == (0..<Self.rows).map(Double.init) && Set(frame.schema).isSuperset(of: ["disk.time", "t"]))
    }

    @Test("What counts from some start")
    func elapsed() throws {
        let numbers = try only(Self.list("\n") { #"{"elapsed":\#(5 * $0),"cpu":\#($0)}"# })
        let texts = try only(Self.list("\n") { #"{"elapsed":"00:\#($0 < 10 ? "0" : "")\#($0):30","cpu":\#($0)}"# })
        #expect(numbers.times == (0..<Self.rows).map { Double(5 * $0) } && numbers.schema == ["cpu"])
        #expect(texts.times == (0..<Self.rows).map { Double(60 * $0 + 30) } && texts.schema == ["cpu"])
    }

    @Test("Frames with an index of times, as pandas writes them")
    func frames() throws {
        func keys(_ row: Int) -> [String] {
            [Self.iso(row), "\(1000 * (Self.start + 60 * row))", "\(Self.start + 60 * row)"]
        }
        for kind in 0..<3 {
            let cells = Self.list { #""\#(keys($0)[kind])":\#($0)"# }
            let rows = Self.list { #""\#(keys($0)[kind])":{"cpu":\#($0),"mem":1}"# }
            try expectTimes(#"{"cpu":{\#(cells)},"mem":{\#(cells)}}"#, ["cpu", "mem"])
            try expectTimes("{\(rows)}", ["cpu", "mem"])
            try expectTimes("{\(cells)}", ["value"])
            try expectTimes(#"{"status":"ok","data":{"cpu":{\#(cells)}}}"#, ["cpu"])
        }
        try expectTimes("{" + Self.list { #""\#($0)":{"time":"\#(Self.iso($0))","cpu":\#($0)}"# } + "}", ["cpu"])
        // A column may lack some of the times.
        let sparse = try only(
            #"{"cpu":{\#(Self.list { #""\#(Self.iso($0))":\#($0)"# })},"mem":{"\#(Self.iso(3))":5}}"#)
        #expect(sparse.rowCount == Self.rows && sparse[3, 1] == 5 && sparse[4, 1].isNaN)
    }

    @Test("Series of charts and of monitoring tools")
    func series() throws {
        let moments = Self.list { "\(1000 * (Self.start + 60 * $0))" }
        let texts = Self.list { "\"\(Self.iso($0))\"" }
        let values = Self.list { "\($0)" }
        let pairs = Self.list { "[\(1000 * (Self.start + 60 * $0)),\($0)]" }
        for text in [
            #"[{"name":"cpu","data":[\#(pairs)]}]"#, #"{"series":[{"name":"cpu","data":[\#(pairs)]}]}"#,
            #"{"data":[{"x":[\#(texts)],"y":[\#(values)],"name":"cpu"}]}"#, #"[{"key":"cpu","values":[\#(pairs)]}]"#,
            #"{"labels":[\#(texts)],"datasets":[{"label":"cpu","data":[\#(values)]}]}"#,
            #"{"xAxis":{"data":[\#(texts)]},"series":[{"name":"cpu","data":[\#(values)]}]}"#,
            #"{"name":"cpu","data":[\#(pairs)]}"#,
            #"{"result":[{"metricId":"cpu","data":[{"dimensionMap":{},"timestamps":[\#(moments)],"values":[\#(values)]}]}]}"#,
            #"{"result":{"time_range":{"start":\#(Self.start)},"step":60,"metrics":[{"title":"cpu","data_points":[\#(values)]}]}}"#,
        ] { try expectTimes(text, ["cpu"]) }
    }

    @Test("Rows below a description of their columns, and lists of rows within objects")
    func rows() throws {
        let cells = Self.list { #"{"f":[{"v":"\#(Self.start + 60 * $0).0"},{"v":"\#($0)"}]}"# }
        let fields = #"[{"name":"time","type":"TIMESTAMP"},{"name":"cpu","type":"FLOAT"}]"#
        let lists = Self.list { "[\(Self.start + 60 * $0),\($0)]" }
        try expectTimes(#"{"schema":{"fields":\#(fields)},"rows":[\#(cells)]}"#, ["cpu"])
        try expectTimes(#"{"meta":\#(fields),"data":[\#(lists)],"rows":50}"#, ["cpu"])
        try expectTimes(#"{"tables":[{"name":"Primary","columns":\#(fields),"rows":[\#(lists)]}]}"#, ["cpu"])
        let events = Self.list { #"{"timestamp":\#(1000 * (Self.start + 60 * $0)),"cpu":\#($0)}"# }
        try expectTimes(#"{"results":[{"events":[\#(events)]}]}"#, ["cpu"])
        let hosts = try sources(
            #"[{"host":"a","samples":[\#(events)]},{"host":"b","samples":[\#(events)]}]"#)
        #expect(hosts.map(\.entity).sorted() == ["a", "b"])
    }

    @Test(
        "A document that is taken apart into names of times or of places in lists is of a kind that is not known",
        arguments: [
            #"{"web1":{"cpu":{CELLS}},"web2":{"cpu":{CELLS}}}"#, #"{"a":{"values":[VALUES]},"count":1}"#,
            #"[{"a":{"values":[VALUES]}},{"a":{"values":[VALUES]}}]"#,
        ])
    func unknown(_ form: String) throws {
        let text = form.replacing("CELLS", with: Self.list { #""\#(Self.start + 60 * $0)":\#($0)"# })
            .replacing("VALUES", with: Self.list { "\($0)" })
        let error = #expect(throws: TelemetryError.self) { try only(text) }
        #expect(error?.found.contains("a kind that is not known") == true, "\(error.map { "\($0)" } ?? "")")
    }

    @Test("What a message of Kafka holds is the row, not where it was written")
    func messages() throws {
        func line(_ payload: (Int) -> String) -> String {
            Self.list("\n") { row in
                let time = 1000 * (Self.start + 60 * row)
                return
                    #"{"topic":"m","partition":\#(row % 2),"offset":\#(row),"ts":\#(time),"key":"h","payload":\#(payload(row))}"#
            }
        }
        try expectTimes(line { #""{\"time\":\#(Self.start + 60 * $0),\"cpu\":\#($0)}""# }, ["cpu"])
        try expectTimes(line { #"{"cpu":\#($0)}"# }, ["cpu"])
        try expectTimes(line { "\($0)" }, ["value"])
        #expect(throws: TelemetryError.self) { try only(line { _ in #""started""# }) }
        try expectTimes(
            Self.list("\n") { #"{"log":"{\"cpu\":\#($0)}\n","stream":"stdout","time":"\#(Self.iso($0))"}"# },
            ["log.cpu"])
    }

    @Test("A date and the time of day within an object")
    func dates() throws {
        try expectTimes(
            Self.list("\n") {
                #"{"at":{"date":"2025-03-03","time":"\#(Self.iso($0).dropFirst(11).dropLast())"},"cpu":\#($0)}"#
            }, ["cpu"])
    }

    @Test("What Splunk exports")
    func splunk() throws {
        try expectTimes(
            Self.list("\n") {
                #"{"preview":false,"offset":\#($0),"result":{"_time":"\#(Self.iso($0))","cpu":"\#($0)"}}"#
            },
            ["cpu"])
    }

    @Test("Labels of series are no labels of anomalies")
    func labels() throws {
        for cells in [["0", "1"], ["true", "false"], ["normal", "gold"]] {
            let lines = Self.list("\n") { row in
                cells.map { #"{"ts":\#(Self.start + 60 * row),"labels":{"core":"\#($0)","app":"a"},"value":\#(row)}"# }
                    .joined(separator: "\n")
            }
            let frame = try only(lines)
            #expect(frame.labels == nil && frame.rowCount == Self.rows && frame.schema.count == 2, "\(cells)")
        }
        let rows = Self.list("\n") { "\(Self.start + 60 * $0),0,\($0)\n\(Self.start + 60 * $0),1,\($0)" }
        let table = try scratch.read("ts,label_core,value\n" + rows + "\n", name: "c.csv")
        #expect(table.labels == nil && table.rowCount == Self.rows)
        let marked = try scratch.read(
            "ts,cpu,label_anomaly\n" + Self.list("\n") { "\($0),\($0),\($0 == 9 ? 1 : 0)" }, name: "d.csv")
        #expect(marked.labels?.reduce(0, +) == 1 && marked.schema == ["cpu"])
    }
}
