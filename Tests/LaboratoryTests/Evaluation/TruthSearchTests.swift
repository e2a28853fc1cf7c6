import Laboratory
import Numerics
import Telemetry
import TestSupport
import Testing

/// Which labels belong to which scored rows.
@Suite struct TruthSearchTests {
    private static let start = 1_704_067_200
    private static let rows = 300
    private static let expected = (0..<rows).map { (200..<220).contains($0) }

    /// A table of rows in some order, with labels unless told otherwise, and more columns at the end of each row.
    private static func table(
        _ order: some Sequence<Int> = 0..<rows, labels: Bool = true, header: String = "", _ more: String = ""
    ) -> String {
        "time,load,mem\(labels ? ",label" : "")\(header)\n" + lines(order, labels: labels, more)
    }

    private static func lines(_ order: some Sequence<Int>, labels: Bool = true, _ more: String = "") -> String {
        order.map { row in
            let label = labels ? row < 10 ? "," : ",\(expected[row] ? 1 : 0)" : ""
            return "\(start + 60 * row),\(row % 17),\(row % 11)\(label)\(more)\n"
        }.joined()
    }

    /// What `fl-train score` writes of entities: rows in the order of time.
    private static func scores(_ keys: [String], rows: Int = rows, late: Int = 0) throws -> [ScoredSeries] {
        let lines = keys.flatMap { key in
            (0..<rows).map { "\($0),\(start + 60 * $0 + late).0,\(key),site,\($0 % 7),5,0\n" }
        }
        return try ScoresTable.read(Array((ScoresTable.header + "\n" + lines.joined()).utf8), file: "scores.csv")
    }

    /// What is found of each entity: how many rows are anomalous where they are the right ones, or why there is nothing.
    private func found(
        _ paths: [String], _ keys: [String], options: ReaderOptions = ReaderOptions()
    ) throws -> [String: String] {
        let series = try Self.scores(keys)
        let search = try TruthSearch(paths, of: keys, options: options)
        return Dictionary(
            uniqueKeysWithValues: try series.map { series in
                switch try search.truth(of: series, file: "scores.csv") {
                case .none(let reason): (series.entity, reason)
                case .found(let truth):
                    (series.entity, truth.isAnomalous == Self.expected ? "right" : "\(truth.isAnomalous.trueRuns)")
                }
            })
    }

    @Test("Rows stand in any order in their file", arguments: 0..<3)
    func anyOrder(_ kind: Int) throws {
        let folder = try TemporaryFolder()
        let orders: [[Int]] = [
            Array(0..<Self.rows), (0..<Self.rows).reversed(), (0..<Self.rows).map { $0 * 7 % Self.rows },
        ]
        try folder.write("farm/h.csv", Self.table(orders[kind]))
        #expect(try found([folder.path("farm/h.csv")], ["farm/h"]) == ["farm/h": "right"])
        #expect(try found([folder.path("farm")], ["farm/h"]) == ["farm/h": "right"])
        // And so do the labels of a file of their own.
        let labels = orders[kind].map { "\(Self.start + 60 * $0),\(Self.expected[$0] ? 1 : 0)\n" }
        let path = try folder.write("sep.csv", "time,label\n" + labels.joined())
        #expect(try found([path], ["farm/h"]) == ["farm/h": "right"])
    }

    @Test("A site's labels are not those of another site's entity of the same name")
    func twoSites() throws {
        let folder = try TemporaryFolder()
        for site in ["siteA", "siteB"] { try folder.write("\(site)/web1.csv", Self.table()) }
        let both = try found([folder.path("siteA")], ["siteA/web1", "siteB/web1"])
        #expect(both["siteA/web1"] == "right" && both["siteB/web1"]?.contains("siteA/web1 may be of another") == true)
        // Data in a folder of another name are meant where there is one entity of the name.
        #expect(try found([folder.path("siteA")], ["copy/web1"]) == ["copy/web1": "right"])
        let neither = try found([folder.path("siteA"), folder.path("siteB")], ["copy/web1"])
        #expect(neither["copy/web1"]?.contains("may be of another") == true)
    }

    @Test("What the other commands read is read: several entities in a file, a file a day, folders with other files")
    func wholeRoad() throws {
        let folder = try TemporaryFolder()
        let names = ["a", "b"]
        try folder.write(
            "hosts/all.csv",
            "time,load,mem,label,host\n" + names.map { Self.lines(0..<Self.rows, ",\($0)") }.joined())
        #expect(try found([folder.path("hosts/all.csv")], ["hosts/a", "hosts/b"]).values.allSatisfy { $0 == "right" })
        for (day, rows) in [0..<100, 100..<250, 250..<Self.rows].enumerated() {
            try folder.write("days/web_2024-01-0\(day + 1).csv", Self.table(rows))
        }
        #expect(try found([folder.path("days")], ["days/web"]) == ["days/web": "right"])
        try folder.write("mixed/x.csv", Self.table())
        try folder.write("mixed/calm.csv", Self.table(labels: false))
        let mixed = try found([folder.path("mixed")], ["mixed/x", "mixed/calm"])
        #expect(mixed["mixed/x"] == "right" && mixed["mixed/calm"]?.contains("--label-column") == true)
        // A row of separators alone is none, and a named part is meant.
        try folder.write("lead/train.csv", Self.table() + ",,,\n")
        #expect(try found([folder.path("lead/train.csv")], ["lead/lead"]) == ["lead/lead": "right"])
        #expect(try found([folder.path("lead")], ["lead/lead"]) == ["lead/lead": "right"])
        try folder.write("lead/test.csv", Self.table(labels: false))
        #expect(try found([folder.path("lead")], ["lead/lead"])["lead/lead"]?.contains("--label-column") == true)
    }

    @Test("A label column of another name is asked for, and taken when it is given")
    func otherName() throws {
        let folder = try TemporaryFolder()
        let text = Self.table().replacing("label", with: "mark")
        let path = try folder.write("farm/h.csv", text)
        let error = #expect(throws: TelemetryError.self) { try found([path], ["farm/h"]) }
        #expect(error?.description.contains("--label-column") == true)
        var options = ReaderOptions()
        options.labelColumn = "mark"
        #expect(try found([path], ["farm/h"], options: options) == ["farm/h": "right"])
    }

    @Test("Windows in a folder, or beside data without labels")
    func windows() throws {
        let folder = try TemporaryFolder()
        let window = "[[\(Self.start + 200 * 60), \(Self.start + 219 * 60)]]"
        try folder.write("nab/combined_windows.json", #"{"realAWS/h.csv": \#(window), "realAWS/calm.csv": []}"#)
        try folder.write("nab/combined_labels.json", #"{"realAWS/h.csv": [\#(Self.start)]}"#)
        let found = try found([folder.path("nab")], ["copy/h", "copy/calm"])
        #expect(found["copy/h"] == "right" && found["copy/calm"]?.contains("no labels") == true)
        try folder.write("farm/h.csv", Self.table(labels: false))
        try folder.write("farm/windows.csv", "start,end\n\(Self.start + 200 * 60),\(Self.start + 219 * 60)\n")
        #expect(try self.found([folder.path("farm")], ["farm/h"]) == ["farm/h": "right"])
    }

    @Test("One table of labels for several hosts")
    func labelsOfHosts() throws {
        let folder = try TemporaryFolder()
        let lines = (0..<Self.rows).flatMap { row in
            ["h0", "h1"].map { "\(Self.start + 60 * row),\($0),\($0 == "h0" && Self.expected[row] ? 1 : 0)\n" }
        }
        let path = try folder.write("labels.csv", "time,host,label\n" + lines.joined())
        #expect(try found([path], ["farm/h0", "farm/h1"]) == ["farm/h0": "right", "farm/h1": "[]"])
        #expect(try found([path], ["farm/h0"]) == ["farm/h0": "right"])
        #expect(try found([path], ["farm/h2"])["farm/h2"]?.contains("labels of h0, h1") == true)
    }

    @Test("Windows that mean nothing here say what they are about")
    func windowsOfOthers() throws {
        let folder = try TemporaryFolder()
        let numbered = try folder.write("numbered.csv", "start,end\n200,219\n")
        #expect(try found([numbered], ["farm/h"])["farm/h"]?.contains("numbers of rows") == true)
        let others = try folder.write("others.csv", "start,end,host\n\(Self.start),\(Self.start + 60),db7\n")
        #expect(try found([others], ["farm/h"])["farm/h"]?.contains("they are about db7") == true)
    }

    @Test("Scores of other rows are refused")
    func otherRows() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("farm/h.csv", Self.table())
        let search = try TruthSearch([path], of: ["farm/h"], options: ReaderOptions())
        for (rows, late) in [(Self.rows - 1, 0), (Self.rows, 60)] {
            let series = try Self.scores(["farm/h"], rows: rows, late: late)[0]
            #expect(throws: (any Error).self) { try search.truth(of: series, file: "scores.csv") }
        }
    }

    @Test("Labels of rows without a clock go by their order, whatever times they have")
    func withoutClock() throws {
        let folder = try TemporaryFolder()
        let lines = (0..<Self.rows).map { "\(Self.start + 60 * $0),\(Self.expected[$0] ? 1 : 0)\n" }
        let path = try folder.write("sep.csv", "time,label\n" + lines.joined())
        let text = (0..<Self.rows).map { "\($0),\($0).0,farm/h,site,\($0 % 7),5,0\n" }.joined()
        let series = try ScoresTable.read(Array((ScoresTable.header + "\n" + text).utf8), file: "scores.csv")[0]
        let search = try TruthSearch([path], of: ["farm/h"], options: ReaderOptions())
        guard case .found(let truth) = try search.truth(of: series, file: "scores.csv") else {
            Issue.record("no labels")
            return
        }
        #expect(truth.isAnomalous == Self.expected)
    }
}
