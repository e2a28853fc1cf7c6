import Foundation
import Telemetry
import Testing

/// Documents of tools whose points lie deep within them.
struct ToolDocumentTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private static let start = 1_740_787_200
    private static func list(_ element: (Int) -> String) -> String { (0..<40).map(element).joined(separator: ",") }
    private static func time(_ row: Int) -> String { "2025-03-01T00:\(row < 10 ? "0" : "")\(row):00Z" }

    private func only(_ text: String) throws -> (source: EntitySource, frame: MetricFrame) {
        let sources = try DataCatalog.discover([try scratch.write("\(UUID().uuidString)/x.json", text)])
        #expect(sources.count == 1)
        let source = try #require(sources.first)
        let frame = try source.read()
        #expect(frame.rowCount == 40 && frame.times[0] == Double(Self.start) && frame.times[1] - frame.times[0] == 60)
        #expect(frame[39, 0] == 39)
        return (source, frame)
    }

    @Test("What a panel of Grafana shows as JSON")
    func grafana() throws {
        let times = Self.list { "\(1000 * (Self.start + 60 * $0))" }
        let values = Self.list { $0 == 3 ? "null" : "\($0)" }
        let fields = #"[{"name":"Time","type":"time"},{"name":"Value","type":"number","labels":{"mode":"idle"}}]"#
        let frame = try only(
            """
            {"results":{"A":{"status":200,"frames":[{"schema":{"name":"cpu","refId":"A","fields":\(fields)},
            "data":{"values":[[\(times)],[\(values)]]}}]}}}
            """
        ).frame
        #expect(frame.schema == [#"cpu{mode="idle"}"#] && frame[3, 0].isNaN)
    }

    @Test("What az monitor prints")
    func azure() throws {
        let data = Self.list { #"{"timeStamp":"\#(Self.time($0))","average":\#($0)}"# }
        let frame = try only(
            """
            {"cost":59,"interval":"PT1M","value":[{"name":{"value":"Percentage CPU","localizedValue":"CPU"},"unit":"Percent",
            "timeseries":[{"metadatavalues":[],"data":[\(data)]}]}],"namespace":"Microsoft.Compute/virtualMachines"}
            """
        ).frame
        #expect(frame.schema == ["Percentage CPU"])
    }

    @Test("What Google Cloud's monitoring answers, newest first")
    func google() throws {
        let points = Self.list { row in
            let time = Self.time(39 - row)
            return #"{"interval":{"startTime":"\#(time)","endTime":"\#(time)"},"value":{"doubleValue":\#(39 - row)}}"#
        }
        let (source, frame) = try only(
            """
            {"timeSeries":[{"metric":{"type":"compute.googleapis.com/instance/cpu/utilization",
            "labels":{"instance_name":"web1"}},"resource":{"type":"gce_instance","labels":{}},"points":[\(points)]}]}
            """)
        #expect(frame.schema.count == 1 && frame.schema[0].hasPrefix("compute.googleapis.com/instance/cpu/utilization"))
        #expect(source.entity == "web1" || frame.schema[0].contains("web1"))
    }

    @Test("The intervals of iperf3, from when its test began")
    func iperf() throws {
        let intervals = Self.list { row in
            let sum = #""start":\#(60 * (row - 1)),"end":\#(60 * row),"seconds":60,"bytes":\#(row),"retransmits":0"#
            return #"{"streams":[{"socket":5,"bytes":1}],"sum":{\#(sum),"omitted":false}}"#
        }
        let frame = try only(
            #"{"start":{"connected":[{"socket":5}],"timestamp":{"timesecs":\#(Self.start)}},"intervals":[\#(intervals)],"end":{}}"#
        ).frame
        #expect(frame.schema == ["bytes", "retransmits"])
    }
}
