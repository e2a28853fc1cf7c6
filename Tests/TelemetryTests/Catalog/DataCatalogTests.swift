import Foundation
import Telemetry
import Testing

struct DataCatalogTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test("Folders, parts, companions, several files of an entity; always in the same order")
    func discovery() throws {
        let table = "a,b\n1,2\n"
        try scratch.write("smd/machine-1-10_train.csv", table)
        try scratch.write("smd/machine-1-10_test.csv", "a,b,label\n1,2,0\n")
        try scratch.write("smd/machine-1-10_interpretation.csv", "start,end_exclusive,dims_0based\n0,1,0\n")
        try scratch.write("smd/machine-1-9_train.csv", table)
        try scratch.write("deep/er/site2/Sample_gnb01_metrics_day10.json", "{\"a\": 1}\n")
        try scratch.write("deep/er/site2/Sample_gnb01_metrics_day9.json", "{\"a\": 1}\n")
        try scratch.write("deep/er/site2/ue2.csv", "time;earfcn;pci;rsrp\n1;2;3;4\n")
        try scratch.write("deep/er/site2/ue10_labels.csv", "index,label\n0,1\n")
        try scratch.write("deep/er/site2/ue10.csv", "time;earfcn;pci;rsrp\n1;2;3;4\n")
        try scratch.write("deep/README.txt", "This is prose, with a comma\nand a second line.\n")
        try scratch.write("deep/manifest.json", "{\n  \"files\": []\n}\n")
        try scratch.write("deep/.hidden.csv", table)
        try scratch.write("deep/picture.svg", "<svg/>")
        try scratch.write("deep/scores.csv", "index,time,entity,group,score,threshold,alarm\n0,0,a,site,1,2,0\n")
        try scratch.write("deep/words.csv", "a,b\nx,y\n")
        let sources = try DataCatalog.discover([scratch.path])
        #expect(
            sources.map(\.key) == [
                "site2/gnb01", "site2/ue2", "site2/ue10", "smd/machine-1-9", "smd/machine-1-10", "smd/machine-1-10",
            ])
        #expect(sources.map(\.type) == ["gnb", "ue", "ue", "machine", "machine", "machine"])
        #expect(sources.map(\.part) == [.all, .all, .all, .train, .test, .train])
        #expect(sources[0].files.map { $0.split(separator: "_").last } == ["day9.json", "day10.json"])
        #expect(sources[1].format == .fiveGUserEquipment && sources[0].format == .jsonLines)
        #expect(sources[2].labelFile?.hasSuffix("ue10_labels.csv") == true && sources[1].labelFile == nil)
        #expect(sources[4].interpretationFile != nil && sources[5].interpretationFile == nil)
        let twice = try DataCatalog.discover([
            scratch.path + "/smd", scratch.path, scratch.path + "/smd/machine-1-9_train.csv",
        ])
        #expect(twice.map(\.key) == sources.map(\.key))
        #expect(twice.flatMap(\.files).count == sources.flatMap(\.files).count)
    }

    @Test("A path that is not there, a folder without data, a named file that is none")
    func nothing() throws {
        func failure(_ path: String) -> TelemetryError? {
            #expect(throws: TelemetryError.self) { try DataCatalog.discover([path]) }
        }
        #expect(failure(scratch.path + "/none")?.code == .unreadable)
        #expect(failure(scratch.path)?.code == .noData)
        let prose = try scratch.write("only/prose.txt", "Nothing but words\n")
        #expect(failure(scratch.path)?.description.contains("prose.txt") == true)
        #expect(failure(prose)?.code == .empty)
        let ragged = try scratch.write("broken/host.csv", "a,,b\n1,2,3\n")
        #expect(failure(ragged)?.code == .badHeader)
        #expect(failure(scratch.path)?.path == ragged)
    }

    @Test("Folders of the same name are one site, unless both have the same entity; links are followed once")
    func sites() throws {
        let table = "a,b\n1,2\n"
        try scratch.write("one/site1/enb0.csv", table)
        try scratch.write("two/site1/ue0.csv", table)
        #expect(try DataCatalog.discover([scratch.path]).map(\.key) == ["site1/enb0", "site1/ue0"])
        try scratch.write("two/site1/enb0.csv", table)
        try FileManager.default.createSymbolicLink(
            atPath: scratch.path + "/two/loop", withDestinationPath: scratch.path + "/two")
        #expect(
            try DataCatalog.discover([scratch.path]).map(\.key) == [
                "one/site1/enb0", "two/site1/enb0", "two/site1/ue0",
            ])
    }

    @Test("Files of several days, and of a collector that gives them no ending, are of one entity")
    func days() throws {
        let table = "time,a\n1740787200,1\n1740787260,2\n"
        let names = [
            "s/web1_2025-03-01.csv", "s/web1_2025-03-02.csv", "s/db-20250301T00.csv", "s/disk2025.csv",
            "t/2025-03-01.csv",
            "t/2025-03-02.csv", "u/cpu-idle-2025-03-01", "u/README", "v/run_1_300.csv",
        ]
        for name in names { try scratch.write(name, name.hasSuffix("README") ? "Words, and words.\n" : table) }
        let contents = try DataCatalog.search([scratch.path])
        #expect(
            contents.sources.map(\.key) == ["s/db", "s/disk2025", "s/web1", "t/t", "u/cpu-idle", "v/run_1_300"])
        #expect(contents.sources.map(\.files.count) == [1, 1, 2, 2, 1, 1])
        #expect(try contents.sources[2].read().fileStarts == [2])
        #expect(contents.passedOver.map { URL(filePath: $0.path).lastPathComponent } == ["README"])
    }

    @Test("Labels alone are no data")
    func labelsAlone() throws {
        let path = try scratch.write("x_interpretation.csv", "start,end_exclusive\n1,2\n")
        let error = #expect(throws: TelemetryError.self) { try DataCatalog.discover([path]) }
        #expect(error?.code == .noData)
    }

    /// Hosts whose names differ only in what is cut off, or in what is not safe, stay apart: each has its own rows.
    @Test func similarNamesAreEntitiesOfTheirOwn() throws {
        let long = "kube-prometheus-stack-prometheus-node-exporter-monitoring-prod-7d9f-"
        let hosts = [long + "abcde", long + "fghij", "eu/web", "eu web", "eu_web", "db"]
        let scratch = try Scratch()
        let text = (0..<20).reduce(into: "time,host,cpu\n") { text, row in
            for (index, host) in hosts.enumerated() {
                text += "2025-11-14 11:\(10 + row):00,\(host),\(10 * index + row % 3)\n"
            }
        }
        _ = try scratch.write("hosts.csv", text)
        let sources = try DataCatalog.discover([scratch.path])
        #expect(sources.count == hosts.count)
        #expect(Set(sources.map(\.entity)).isSuperset(of: ["eu_web", "db"]))
        #expect(sources.allSatisfy { $0.entity.utf8.count <= 64 && $0.files.count == 1 })
        let lowest = try sources.map { try $0.read().values.min() ?? -1 }
        #expect(lowest.sorted() == [0, 10, 20, 30, 40, 50])
        let first = sources.first { $0.entity.hasPrefix("kube-") && $0.entity.contains("abcde~") }
        #expect(try first?.read().values.min() == 0)
    }

    @Test("A file's name tells entity and type again, whatever they are")
    func entityFileNames() throws {
        let all = [
            ("redis", "target"), ("web1", "web"), ("10.0.0.1:9100", "node"), ("core.upf-7d9c5b6f48-x2x8q", "upf"),
            ("a b/c", "x y"), ("web_test", "web"), ("sample_x_metrics_3", "m"), ("train", "train"),
            ("labels", "labels"),
            ("a.type=b", "c"), ("x__y", "x"), ("h\u{e9}", "node"), ("host_2025-03-01", "host"),
        ]
        var names: Set<String> = []
        for (entity, type) in all {
            let stem = EntityFileName.stem(entity: entity, type: type)
            #expect(names.insert(stem).inserted)
            try scratch.write("s/\(stem).csv", "time,v\n1,2\n")
            try scratch.write("parts/\(stem)_train.csv", "time,v\n1,2\n")
            try scratch.write("parts/\(stem)_test.csv", "time,v\n1,2\n")
        }
        #expect(names.contains("web1") && names.contains("redis.type=target"))
        let whole = try DataCatalog.discover([scratch.path + "/s"])
        func text(_ pairs: [(String, String)]) -> [String] { pairs.map { "\($0.0) \($0.1)" }.sorted() }
        // What no entity in a file may be called is written otherwise.
        let expected = text(all.map { ($0.0 == "a b/c" ? "a_b_c" : $0.0, $0.1) })
        #expect(text(whole.map { ($0.entity, $0.type) }) == expected)
        let marked = try DataCatalog.discover([scratch.path + "/parts"]).filter { $0.part == .test }
        #expect(marked.contains { $0.entity == "redis" && $0.type == "target" })
        #expect(marked.contains { $0.entity == "web_test" && $0.type == "web" })
    }
}
