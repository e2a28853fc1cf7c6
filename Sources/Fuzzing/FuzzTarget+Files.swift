import Foundation
import Platform
import Telemetry
import Watching

extension FuzzTarget {
    /// Metric files, labels and dependencies.
    static let files: [FuzzTarget] = [
        FuzzTarget("table", texts: tables) { try readFile($0, named: "machine-1.csv") },
        FuzzTarget("json-lines", texts: lines) { try readFile($0, named: "machine-1.jsonl") },
        // Any text, by what is in it: the shapes of sadf, InfluxDB, Prometheus and others, packed or not.
        FuzzTarget("file", texts: shapes + tables.prefix(2) + lines.prefix(1)) { try readFile($0, named: "host") },
        FuzzTarget(
            "labels", texts: ["index,label\n0,0\n5,1\n", "cpu,is_anomaly\n1,0\n2,1\n", "time,label\n0,0\n60,1\n"]
        ) { bytes in
            try Scratch.shared.with(bytes, named: "labels.csv") { path in
                let labels = try LabelFile(path)
                _ = try labels.labels(ofRows: 6, times: [0, 60, 120, 180, 240, 300], of: "rows").labels.runs
            }
        },
        FuzzTarget(
            "interpretation",
            texts: [
                "start,end_exclusive,dims_0based,metrics,anomaly_type\n3,9,0;2,a;c,spike\n",
                "start,end_exclusive\n1,2\n",
            ]
        ) { bytes in
            try Scratch.shared.with(bytes, named: "interpretation.csv") {
                let segments = try AnomalySegment.read(contentsOf: $0)
                _ = RowLabels(segments: segments, rowCount: 100)
            }
        },
        FuzzTarget(
            "label-windows",
            texts: [
                "start,end,entity,kind\n1700000000,1700000300,a,cpu\n2024-01-01T00:00:00Z,2024-01-01 01:00:00,b,x\n"
            ]
        ) { bytes in
            try Scratch.shared.with(bytes, named: "windows.csv") { path in
                _ = LabelWindows.isWindows(path)
                let windows = try LabelWindows(contentsOf: path)
                _ = LabelWindows.anomalies(windows.about("a"), at: [1_700_000_000, 1_700_000_100])
            }
        },
        FuzzTarget("label-windows-json", texts: [#"{"a.csv": [["2014-04-10 07:15:00", "2014-04-11 16:45:00"]]}"#]) {
            try Scratch.shared.with($0, named: "windows.json") { _ = try LabelWindows(contentsOf: $0).about("a") }
        },
        FuzzTarget("dependencies", texts: ["Source,Target,Weight\na,b,1\nb,c,0.5\n"]) {
            try Scratch.shared.with($0, named: "dependencies.csv") { _ = try DependencyGraph(contentsOf: $0) }
        },
    ]

    /// Rows, what there is to know of them, and what cleaning makes of them.
    private static func readFile(_ bytes: [UInt8], named name: String) throws {
        try Scratch.shared.with(bytes, named: name) { path in
            for skipsBadRows in [false, true] {
                var options = ReaderOptions()
                options.skipsBadRows = skipsBadRows
                for source in try DataCatalog.search([path], options: options).sources.prefix(4) {
                    var statistics = TelemetryStatistics()
                    var frames: [MetricFrame] = []
                    do {
                        try statistics.add(source, rules: Examples.rules, options: options) { frames.append($0) }
                    } catch  where !skipsBadRows {
                        _ = "\(error)"
                        continue
                    }
                    let pipeline = CleaningPipeline(fitting: statistics, rules: Examples.rules)
                    guard let schema = frames.first?.schema else { continue }
                    var cleaner = try RowCleaner(
                        pipeline: pipeline, site: source.site, entity: source.entity, type: source.type,
                        columns: schema)
                    var rows = CleanRows(schema: cleaner.schema)
                    for frame in frames {
                        rows.removeAll()
                        try cleaner.append(frame, to: &rows)
                    }
                    try require(
                        DeterministicJSON.decode(
                            TelemetryStatistics.self, from: DeterministicJSON.encode(statistics)) == statistics,
                        "statistics are written as others")
                }
            }
        }
    }

    private static let tables = [
        Examples.table(rows: 12),
        "index;timestamp;cpu;net\n0;2024-01-01 00:00:00;1,5;x\n1;2024-01-01 00:02:00;2,5;\"a;b\"\n",
        "a\tb\n1\t2\n\n3\tnan\n", "1,2,3\n4,5,6\n7,8,9\n",
        "time,host,metric,value\n1,a,cpu,2\n1,b,cpu,3\n2,a,cpu,4\n2,a,mem,5\n",
    ]
    private static let lines = [
        "{\"time\": 1, \"cpu\": 2, \"net\": {\"rx\": 3}}\n{\"time\": 2, \"cpu\": null, \"net\": {\"rx\": 4}}\n",
        "[{\"timestamp\": \"2024-01-01T00:00:00Z\", \"a\": [1, 2]}, {\"timestamp\": \"2024-01-01T00:00:05Z\", \"a\": [3, 4]}]",
    ]
    private static let shapes = [
        "cpu,host=a usage=0.5,idle=3i 1700000000000000000\ncpu,host=a usage=0.75,idle=4i 1700000010000000000\n",
        "node_load1 0.5 1700000000000\nnode_load1{a=\"b\"} 0.75 1700000010000\n",
        "# hostname;interval;timestamp;CPU;%user;%idle\na;10;2024-01-01 00:00:00 UTC;-1;1.5;98.5\na;10;2024-01-01 00:00:10 UTC;-1;2.5;97.5\n",
        "servers.a.cpu 0.5 1700000000\nservers.a.cpu 0.75 1700000010\n",
        "{\"sysstat\": {\"hosts\": [{\"nodename\": \"a\", \"statistics\": [{\"timestamp\": {\"date\": \"2024-01-01\", \"time\": \"00:00:10\"}, \"cpu-load\": [{\"cpu\": \"all\", \"user\": 1.5}]}]}]}}",
        "#group,false,false,true\n#datatype,string,long,double\n,result,table,_value\n,,0,1.5\n",
    ]
}
