import Foundation
import Telemetry
import Testing

/// Which columns mark anomalies, and what their marks say: told by the whole column, not by the first rows.
struct LabelChoiceTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private static let start = 1_740_787_200
    /// More than are looked at to tell what a column is.
    private static let rows = 300
    private static let late = 240..<260

    private func reader(_ text: String, _ name: String = "metrics.csv") throws -> (any FrameReader, MetricFrame) {
        let path = try scratch.write("\(UUID().uuidString)/\(name)", text)
        let source = try #require(try DataCatalog.discover([path]).first)
        return (try source.makeReader(), try source.read())
    }

    private static func table(_ names: String, _ cells: (Int) -> String) -> String {
        "time,cpu,\(names)\n" + (0..<rows).map { "\(start + 60 * $0),\($0 % 17),\(cells($0))\n" }.joined()
    }

    private static func isLate(_ row: Int) -> UInt8 { late.contains(row) ? 1 : 0 }

    @Test(
        "What 1 means is told by what else occurs in the whole column",
        arguments: [
            ("label", "1", "-1"), ("outlier", "1", "-1"), ("anomaly", "1.0", "-1.0"), ("label", "0", "1"),
            ("attack", "0", "1"), ("is_normal", "1", "0"), ("label", "benign", "ddos"), ("label", "FALSCH", "WAHR"),
            ("label", "正常", "异常"),
        ])
    func wholeColumn(_ name: String, _ normal: String, _ anomalous: String) throws {
        let expected = (0..<Self.rows).map(Self.isLate)
        let text = Self.table(name) { Self.isLate($0) == 1 ? anomalous : normal }
        let (reader, frame) = try reader(text)
        #expect(frame.labels == expected && frame.schema == ["cpu"] && reader.layout.labelColumn == name)
        let path = try scratch.write("labels/\(name)-\(normal).csv", text)
        #expect(try LabelFile(path).labels(ofRows: expected.count, times: nil, of: "rows").labels.values == expected)
        let number = Double(normal) != nil
        let lines = (0..<Self.rows).map { row in
            let cell = Self.isLate(row) == 1 ? anomalous : normal
            return #"{"time":\#(Self.start + 60 * row),"cpu":1,"\#(name)":\#(number ? cell : "\"\(cell)\"")}"#
        }
        let (_, json) = try self.reader(lines.joined(separator: "\n"), "x.jsonl")
        #expect(json.labels == expected && json.schema == ["cpu"])
    }

    @Test("A column of nothing but 1 is told by the entity's other files, or it is said")
    func onlyOnes() throws {
        let ones = Self.table("label") { _ in "1" }
        let folder = "\(UUID().uuidString)/"
        for (day, text) in [ones, Self.table("label") { Self.isLate($0) == 1 ? "-1" : "1" }].enumerated() {
            try scratch.write(folder + "h_2025-03-0\(day + 1).csv", text)
        }
        let source = try #require(try DataCatalog.discover([scratch.path + "/" + folder]).first)
        #expect(source.files.count == 2)
        #expect(try source.read().labels == (0..<2 * Self.rows).map { Self.isLate($0 - Self.rows) })
        let (reader, frame) = try reader(ones)
        #expect(frame.labels?.allSatisfy { $0 == 1 } == true)
        #expect(ClockAudit().notes(reader.layout).contains { $0.contains("every row is marked 1") })
    }

    @Test("What is named in anomalies alone is no metric; a metric that is gone in them is one")
    func namedInAnomaliesAlone() throws {
        func isOdd(_ row: Int) -> Bool { [210, 230, 250, 270].contains { ($0..<$0 + 5).contains(row) } }
        let text = Self.table("y,kind_of,up") { row in
            "\(isOdd(row) ? 1 : 0),\(isOdd(row) ? "\(row / 20 - 9)" : ""),\(isOdd(row) ? "" : "1")"
        }
        let (reader, frame) = try reader(text)
        #expect(frame.schema == ["cpu", "up"] && reader.layout.tellingLabels == ["kind_of"])
        let lines = (0..<Self.rows).map { row in
            #"{"time":\#(Self.start + 60 * row),"cpu":\#(row % 17),"y":\#(isOdd(row) ? 1 : 0)"#
                + (isOdd(row) ? #","kind_of":\#(row / 20 - 9)}"# : #","up":1}"#)
        }
        #expect(try self.reader(lines.joined(separator: "\n"), "x.jsonl").1.schema == ["cpu", "up"])
    }

    @Test("Where each metric has a label of its own, a row is anomalous where any of them says so")
    func labelsOfMetrics() throws {
        let names = "channel_1,channel_2,is_anomaly_channel_1,is_anomaly_channel_2"
        let text = Self.table(names) { "1.5,2.5,\($0 == 30 ? 1 : 0),\(Self.isLate($0))" }
        let (reader, frame) = try reader(text)
        #expect(frame.schema == ["cpu", "channel_1", "channel_2"])
        #expect(frame.labels == (0..<Self.rows).map { $0 == 30 ? 1 : Self.isLate($0) })
        #expect(ClockAudit().notes(reader.layout).contains { $0.contains("is_anomaly_channel_2") })
        let lines = text.split(separator: "\n").dropFirst().map { line in
            let cells = line.split(separator: ",")
            return
                #"{"time":\#(cells[0]),"cpu":\#(cells[1]),"cpu_label":\#(cells[4]),"mem":1,"mem_label":\#(cells[5])}"#
        }
        #expect(try self.reader(lines.joined(separator: "\n"), "x.jsonl").1.labels == frame.labels)
    }

    /// The names of the columns, their cells, and which is the label and which tell the same.
    private struct Case {
        let names: String
        let label: String
        let others: [String]
        let cells: @Sendable (Int) -> String

        init(_ names: String, _ label: String, _ others: [String] = [], _ cells: @escaping @Sendable (Int) -> String) {
            (self.names, self.label, self.others, self.cells) = (names, label, others, cells)
        }
    }

    private static let sets: [Case] = [
        Case("ATT_FLAG", "ATT_FLAG") { "\($0 < 220 ? -999 : Int(isLate($0)))" },
        Case("attack,attack_P1,attack_P2", "attack", ["attack_P1", "attack_P2"]) { "\(isLate($0)),\(isLate($0)),0" },
        Case("attack_P1,attack_P2", "attack_P1", ["attack_P2"]) { "\(isLate($0)),0" },
        Case("Class", "Class") { "\(isLate($0))" }, Case("failure", "failure") { "\(isLate($0))" },
        Case("fault", "fault") { "\(isLate($0))" }, Case("target", "target") { "\(isLate($0))" },
        Case("is_fault", "is_fault") { "\(isLate($0))" }, Case("isAnomaly", "isAnomaly") { "\(isLate($0))" },
        Case("EVENT", "EVENT") { isLate($0) == 1 ? "TRUE" : "FALSE" },
        Case("class", "class") { isLate($0) == 1 ? "101" : "0" },
        Case("faultNumber", "faultNumber") { isLate($0) == 1 ? "7" : "0" },
        Case("machine_status", "machine_status") { isLate($0) == 1 ? "BROKEN" : "NORMAL" },
        Case("label,label_cpu,attack_cat", "label", ["label_cpu", "attack_cat"]) {
            "\(isLate($0)),0,\($0 % 3 == 0 ? "Normal" : "DoS")"
        },
        Case("anomaly,changepoint", "anomaly", ["changepoint"]) { "\(isLate($0)).0,\($0 == 240 ? 1 : 0).0" },
        // CATS, GHL, and names that say it in another word.
        Case("y,category", "y", ["category"]) { "\(isLate($0)).0,\(3 * isLate($0)).0" },
        Case("DANGER,FAULT,ATTACK", "ATTACK", ["DANGER", "FAULT"]) {
            "\((240..<264).contains($0) ? 1 : 0),\(isLate($0)),\(isLate($0))"
        },
        Case("alert,y_true,abnormal,malicious", "y_true", ["alert", "abnormal", "malicious"]) {
            "\(isLate($0)),\(isLate($0)),\(isLate($0)),\(isLate($0))"
        },
    ]

    @Test("Columns that public sets mark anomalies with, and those that tell the same", arguments: sets.indices)
    func publicSets(_ index: Int) throws {
        let set = Self.sets[index]
        let (reader, frame) = try reader(Self.table(set.names, set.cells))
        #expect(reader.layout.labelColumn == set.label && reader.layout.tellingLabels == set.others)
        #expect(frame.schema == ["cpu"] && frame.labels == (0..<Self.rows).map(Self.isLate))
        let notes = ClockAudit().notes(reader.layout)
        #expect(notes.contains { $0.contains("'\(set.label)' marks anomalies") })
        for other in set.others { #expect(notes.contains { $0.contains(other) }) }
    }

    @Test("A label that marks other rows is said to, and is not called the same")
    func otherLabels() throws {
        let (reader, frame) = try reader(Self.table("label,anomaly") { "\(Self.isLate($0)),\($0 < 20 ? 1 : 0)" })
        #expect(frame.schema == ["cpu"] && reader.layout.tellingLabels == ["anomaly"])
        let notes = ClockAudit().notes(reader.layout)
        #expect(!notes.contains { $0.contains("tell the same") })
        #expect(
            notes.contains { $0.contains("mark other rows than 'label': anomaly (--label-column anomaly") }, "\(notes)")
        let lines = (0..<Self.rows).map { row in
            #"{"time":\#(Self.start + 60 * row),"cpu":1.5,"label":\#(Self.isLate(row)),"anomaly":\#(row < 20 ? 1 : 0)}"#
        }
        for (text, name) in [
            (lines.joined(separator: "\n"), "x.jsonl"), ("[" + lines.joined(separator: ",") + "]", "x.json"),
        ] {
            let (reader, _) = try self.reader(text, name)
            #expect(ClockAudit().notes(reader.layout).contains { $0.contains("mark other rows") }, "\(name)")
        }
    }

    @Test("A column that is something else in just the rows of several anomalies is their mark, whatever it is called")
    func companions() throws {
        let anomalies = [40..<50, 100..<120, 205..<215, 250..<260]
        func kind(_ row: Int) -> Int { anomalies.firstIndex { $0.contains(row) }.map { $0 % 3 + 1 } ?? 0 }
        // Marks: `kind`, `mode`. Metrics: a sensor that also moves at other times, one that does not move in every anomaly, one
        // that counts through an anomaly, one with fractions, a constant, one that follows a row late.
        let names = "label,kind,mode,valve,pump,errors,level,fixed,late"
        let text = Self.table(names) { row in
            let kind = kind(row)
            let (isOdd, counted) = (kind > 0 ? 1 : 0, kind > 0 ? row % 40 : 0)
            return "\(isOdd),\(kind),\(5 - isOdd),\(row == 7 ? 1 : isOdd),\(kind == 1 ? 1 : 0),\(counted),"
                + "\(kind > 0 ? 2.5 : 0),3,\(self.isAnomalous(row - 1, anomalies))"
        }
        let (reader, frame) = try reader(text)
        #expect(frame.schema == ["cpu", "valve", "pump", "errors", "level", "fixed", "late"])
        #expect(reader.layout.tellingLabels == ["kind", "mode"])
        #expect(
            ClockAudit().notes(reader.layout).contains {
                $0.contains("change in just the rows that 'label' marks") && $0.contains("kind, mode")
            })
        // One anomaly is no proof: a sensor may happen to move in it.
        let (_, once) = try self.reader(Self.table("label,kind") { "\(Self.isLate($0)),\(Self.isLate($0))" })
        #expect(once.schema == ["cpu", "kind"])
        // Without a label nothing is left out.
        let (_, alone) = try self.reader(
            Self.table("kind,category,alert,danger") { row in
                "\(kind(row)),\(kind(row)),\(kind(row) > 0 ? 1 : 0),0"
            })
        #expect(alone.schema == ["cpu", "kind", "category", "alert", "danger"] && alone.labels == nil)
    }

    private func isAnomalous(_ row: Int, _ anomalies: [Range<Int>]) -> Int {
        anomalies.contains { $0.contains(row) } ? 1 : 0
    }

    @Test("A y beside nothing but a time is what is measured; alarms elsewhere than the label's are a metric")
    func namesOfMetrics() throws {
        let path = try scratch.write(
            "ds.csv", "time,y\n" + (0..<300).map { "\(Self.start + 60 * $0),\($0 % 2)\n" }.joined())
        #expect(try DataCatalog.discover([path])[0].read().schema == ["y"])
        let (_, frame) = try reader(
            Self.table("label,alarm,category") { row in
                "\(Self.isLate(row)),\(row % 50 == 0 ? 1 : 0),\(row % 4)"
            })
        #expect(frame.schema == ["cpu", "alarm", "category"])
    }

    @Test("Metrics whose names speak of faults and classes stay metrics, whatever their first rows are")
    func metrics() throws {
        let names = [
            "failure", "fault", "event", "class", "target", "class_loaded", "failures_total", "attack_count",
            "kube_node_labels", "anomaly_score", "page_fault", "node_failure",
        ]
        let (reader, frame) = try reader(
            Self.table(names.joined(separator: ",")) { row in
                let late = row < 220 ? 0 : row % 7
                return
                    "\(late),\(row % 4),\(late),\(row % 9).5,\(1 + row % 3),\(row % 50),\(row),\(row % 2),1,0.5,\(row % 2),1"
            })
        #expect(frame.schema == ["cpu"] + names && frame.labels == nil && reader.layout.tellingLabels.isEmpty)
    }
}
