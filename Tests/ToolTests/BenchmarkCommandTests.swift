import Foundation
import TestSupport
import Testing

/// `fl-train benchmark` as a user runs it.
@Suite struct BenchmarkCommandTests {
    /// A set of one machine: a load with noise, twice a shift of two metrics that is labelled.
    private func writeSet(_ folder: TemporaryFolder) throws -> String {
        let set = folder.path("farm")
        try FileManager.default.createDirectory(atPath: set, withIntermediateDirectories: true)
        var state: UInt64 = 7
        func noise() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 11) * 0x1p-53 - 0.5
        }
        func table(_ rows: Int, _ anomalies: [Range<Int>]) -> String {
            var text = "index,timestamp,cpu_user,mem_used,net_rx" + (anomalies.isEmpty ? "\n" : ",label\n")
            for row in 0..<rows {
                let isOdd = anomalies.contains { $0.contains(row) }
                let values = [10 + noise(), 50 + 2 * noise() + (isOdd ? 9 : 0), 3 + noise() + (isOdd ? 4 : 0)]
                text += "\(row),\(row * 300)," + values.map { "\($0)" }.joined(separator: ",")
                text += anomalies.isEmpty ? "\n" : isOdd ? ",1\n" : ",0\n"
            }
            return text
        }
        try table(2_400, []).write(toFile: "\(set)/host-1_train.csv", atomically: true, encoding: .utf8)
        try table(800, [200..<230, 600..<640]).write(
            toFile: "\(set)/host-1_test.csv", atomically: true, encoding: .utf8)
        let causes =
            "start,end_exclusive,dims_0based,metrics,anomaly_type\n"
            + "200,230,1;2,mem_used;net_rx,\n600,640,1;2,mem_used;net_rx,\n"
        try causes.write(toFile: "\(set)/host-1_interpretation.csv", atomically: true, encoding: .utf8)
        return set
    }

    private func report(_ folder: String) throws -> [String: Any] {
        let data = try #require(FileManager.default.contents(atPath: "\(folder)/report.json"))
        let object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        return try #require((object["sets"] as? [[String: Any]])?.first)
    }

    @Test func writesWhatItSaysAndCarriesOn() throws {
        let folder = try TemporaryFolder()
        let (set, out) = (try writeSet(folder), folder.path("report"))
        let words = ["benchmark", "--data", set, "--methods", "default", "random", "range-w5", "--out", out]
        let first = try ToolProcess.run("fl-train", words)
        #expect(first.status == 0, "\(first.errors)")
        #expect(first.output.contains("random scores get") && first.output.contains("range-w5"))
        let farm = try report(out)
        #expect(farm["set"] as? String == "farm" && farm["entityCount"] as? Int == 1)
        let rows = try #require(farm["rows"] as? [[String: Any]])
        #expect(rows.compactMap { $0["method"] as? String } == ["default", "random", "range-w5"])
        let precision = try #require((rows[0]["averagePrecision"] as? [String: Double])?["mean"])
        #expect(precision > 0.8)
        #expect((rows[0]["hitRate100"] as? [String: Double])?["mean"] == 1)
        let scores = try String(contentsOfFile: "\(out)/scores/farm/default/host-1.csv", encoding: .utf8)
        #expect(scores.hasPrefix("index,score,threshold,alarm\n0,"))
        #expect(scores.split(separator: "\n").count == 801)
        let causes = try String(contentsOfFile: "\(out)/causes/farm/default/host-1.json", encoding: .utf8)
        #expect(causes.contains("\"endExclusive\" : 230") && causes.contains("mem_used"))
        let picture = try String(contentsOfFile: "\(out)/pictures/farm/host-1.svg", encoding: .utf8)
        #expect(picture.contains("farm/host-1, method default") && picture.hasSuffix("</svg>\n"))

        // A lost and a damaged result are computed anew, everything else is kept.
        let kept = "\(out)/measures/farm/random/host-1.json"
        let before = try FileManager.default.attributesOfItem(atPath: kept)[.modificationDate] as? Date
        try FileManager.default.removeItem(atPath: "\(out)/measures/farm/default/host-1.json")
        try FileManager.default.removeItem(atPath: "\(out)/scores/farm/default/host-1.csv")
        try "{".write(toFile: "\(out)/measures/farm/range-w5/host-1.json", atomically: true, encoding: .utf8)
        #expect(try ToolProcess.run("fl-train", words).status == 0)
        #expect(try FileManager.default.attributesOfItem(atPath: kept)[.modificationDate] as? Date == before)
        #expect(try String(contentsOfFile: "\(out)/scores/farm/default/host-1.csv", encoding: .utf8) == scores)
        // Another budget is another result.
        #expect(try ToolProcess.run("fl-train", words + ["--budget", "2"]).status == 0)
        #expect(try FileManager.default.attributesOfItem(atPath: kept)[.modificationDate] as? Date != before)
    }

    /// How much is labelled is printed; labels that no judged row has, and rows that all have one, are said.
    @Test func labelsThatSayNothingAreTold() throws {
        let folder = try TemporaryFolder()
        let rows = 600
        func write(_ name: String, _ label: (Int) -> Int) throws {
            let lines = (0..<rows).map { row in
                "\(row * 60),\(row % 17 + ((300..<320).contains(row) ? 40 : 0)),\(row % 11),\(label(row))\n"
            }
            try folder.write("farm/\(name).csv", "time,cpu,mem,label\n" + lines.joined())
        }
        try write("late") { (300..<320).contains($0) ? 1 : 0 }
        try write("early") { (100..<130).contains($0) ? 1 : 0 }
        try write("kinds") { $0 < 500 ? 1 : 2 }
        try write("most") { $0 < 290 ? 0 : 1 }
        let result = try ToolProcess.run(
            "fl-train",
            ["benchmark", "--data", folder.path("farm"), "--methods", "range-w5", "--out", folder.path("report")])
        #expect(result.status == 0, "\(result.errors)")
        #expect(
            result.output.contains("3 entities; labelled anomalous: 330 (30.6 %) of 1080 judged rows, in 2 events"),
            "\(result.output)")
        for note in [
            "farm/early: none of 360 judged rows is labelled anomalous; 30 lie among the 240 rows that are learned from",
            "farm/kinds: every one of 360 rows is labelled anomalous",
            "farm/most: 310 (86.1 %) of 360 judged rows are labelled anomalous",
        ] { #expect(result.errors.contains(note), "\(result.errors)") }
    }

    /// One file with the time, two columns that mark rows, and a shift that the second one marks.
    private func writeFile(_ folder: TemporaryFolder) throws -> String {
        let set = folder.path("one")
        try FileManager.default.createDirectory(atPath: set, withIntermediateDirectories: true)
        var text = "time,cpu,label,other\n"
        for row in 0..<600 {
            let isOdd = (400..<430).contains(row)
            text += "\(row),\(Double(row * 7919 % 101) / 101 + (isOdd ? 4 : 0)),"
            text += "\((40..<50).contains(row) || (500..<520).contains(row) ? 1 : 0),\(isOdd ? 1 : 0)\n"
        }
        try text.write(toFile: "\(set)/host.csv", atomically: true, encoding: .utf8)
        return set
    }

    @Test("What is read otherwise, grouped otherwise or by another build is computed anew, the rest is kept")
    func keptResultsAreOfTheSameReading() throws {
        let folder = try TemporaryFolder()
        let (set, out) = (try writeFile(folder), folder.path("report"))
        let groups = try folder.write("groups.json", #"{"rules": [{"group": "virtual.app", "metrics": ["cpu"]}]}"#)
        let words = ["benchmark", "--data", set, "--methods", "zscore", "--out", out]
        let kept = "\(out)/measures/one/zscore/host.json"
        func inode() throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: kept)[.systemFileNumber] as? Int
        }
        let first = try ToolProcess.run("fl-train", words)
        #expect(first.status == 0, "\(first.errors)")
        let said = "one/host: learned from the first 240 of 600 rows of the same file, 10 of them labelled"
        #expect(first.errors.contains(said), "\(first.errors)")
        var before = try inode()
        let again = try ToolProcess.run("fl-train", words)
        #expect(try inode() == before && again.output == first.output)
        #expect(again.errors.contains("240 of 600"))
        for options in [["--label-column", "other"], ["--row-seconds", "3600"], ["--groups", groups]] {
            let result = try ToolProcess.run("fl-train", words + options)
            #expect(result.status == 0, "\(result.errors)")
            #expect(try inode() != before, "\(options)")
            before = try inode()
        }
        let other = try ToolProcess.run("fl-train", words + ["--label-column", "other"])
        #expect(other.output != first.output)
        before = try inode()
        #expect(try ToolProcess.run("fl-train", words + ["--label-column", "other"]).status == 0)
        #expect(try inode() == before)
        // A byte behind the program is another build of it, as far as anybody can tell.
        let build = folder.path("fl-train")
        let tool = ToolProcess.folder.appending(path: "fl-train")
        try FileManager.default.copyItem(at: tool, to: URL(filePath: build))
        let end = try FileHandle(forWritingTo: URL(filePath: build))
        try end.seekToEnd()
        try end.write(contentsOf: Data([0]))
        try end.close()
        let process = Process()
        process.executableURL = URL(filePath: build)
        process.arguments = words + ["--label-column", "other"]
        (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(try inode() != before)
    }

    @Test("A report does not go where its data are, and one that is there is no data")
    func reportsAreNoData() throws {
        let folder = try TemporaryFolder()
        let set = try writeFile(folder)
        for out in [set, set + "/report", set + "/new/er/../report", folder.path("one/./x")] {
            let result = try ToolProcess.run("fl-train", ["benchmark", "--data", set, "--out", out])
            #expect(result.status == 64 && result.errors.contains("--out"), "\(out): \(result.errors)")
            #expect(result.errorLines.count <= 2)
        }
        try FileManager.default.createSymbolicLink(atPath: folder.path("link"), withDestinationPath: set)
        #expect(
            try ToolProcess.run("fl-train", ["benchmark", "--data", set, "--out", folder.path("link/r")]).status == 64)
        #expect(try FileManager.default.contentsOfDirectory(atPath: set) == ["host.csv"])
        let words = ["benchmark", "--data", set, "--methods", "zscore", "--out", folder.path("one-report")]
        #expect(try ToolProcess.run("fl-train", words).status == 0)
        try FileManager.default.moveItem(atPath: folder.path("one-report"), toPath: set + "/report")
        let result = try ToolProcess.run("fl-train", ["inspect", set])
        #expect(result.status == 0 && result.output.contains("report (a report of 'fl-train benchmark'"))
        #expect(!result.output.contains("threshold"))
    }

    @Test func mistakesGetOneLineAndAStatus() throws {
        let folder = try TemporaryFolder()
        let set = try writeSet(folder)
        let unlabelled = folder.path("plain")
        try FileManager.default.createDirectory(atPath: unlabelled, withIntermediateDirectories: true)
        try "index,timestamp,a\n0,0,1\n1,1,2\n".write(
            toFile: "\(unlabelled)/x.csv", atomically: true, encoding: .utf8)
        for (words, status, part) in [
            (["--data", set, "--methods", "z-score", "--out", folder.path("r")], Int32(64), "z-score"),
            (["--data", unlabelled, "--out", folder.path("r")], 65, "no labelled entity"),
            (["--data", folder.path("none"), "--out", folder.path("r")], 66, "none"),
            (["--data", set, "--out", "/proc/none"], 73, "/proc/none"),
        ] {
            let result = try ToolProcess.run("fl-train", ["benchmark"] + words)
            #expect(result.status == status, "\(result.errors)")
            #expect(result.errors.contains(part) && result.errorLines.count <= 2, "\(result.errors)")
        }
    }
}
