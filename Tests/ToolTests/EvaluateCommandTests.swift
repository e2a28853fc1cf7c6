import Foundation
import TestSupport
import Testing

@Suite struct EvaluateCommandTests {
    private struct Report: Decodable {
        struct Entity: Decodable {
            struct Alarms: Decodable { let falseAlarmsPerDay: Double }
            let alarms: Alarms
        }
        let entities: [Entity]
    }

    /// One false alarm in three hundred rows: they last as long as they do, not as long as the median step says.
    @Test(arguments: [("1 1 20", 22.0 / 3), ("0 30", 15), ("60", 60)])
    func daysAreCountedAsLongAsTheyLast(steps: String, mean: Double) throws {
        let folder = try TemporaryFolder()
        let steps = steps.split(separator: " ").compactMap { Double($0) }
        var (scores, labels) = ("index,time,entity,group,score,threshold,alarm\n", "index,label\n")
        var time = 0.0
        for row in 0..<301 {
            let isFalse = (100..<103).contains(row)
            scores += "\(row),\(time),a/b,site,\(isFalse ? 3 : row % 7 / 7),1,\(isFalse ? 1 : 0)\n"
            labels += "\(row),\((200..<210).contains(row) ? 1 : 0)\n"
            time += steps[row % steps.count]
        }
        let words = [
            "evaluate", "--scores", try folder.write("scores.csv", scores), "--labels",
            try folder.write("labels.csv", labels), "--format", "json",
        ]
        let result = try ToolProcess.run("fl-train", words)
        #expect(result.status == 0, "\(result.errors)")
        let report = try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
        let expected = 86_400 / (301 * mean)
        #expect(abs(try #require(report.entities.first).alarms.falseAlarmsPerDay - expected) < 1e-6 * expected)
    }

    /// Three hundred rows of entities; an alarm at rows 200 to 204, of those that are not silent.
    private func scores(_ folder: TemporaryFolder, _ entities: [String], silent: Set<String> = []) throws -> String {
        let lines = entities.flatMap { entity in
            (0..<300).map { row in
                let isAlarm = (200..<205).contains(row) && !silent.contains(entity)
                return "\(row),\(row),\(entity),site,\(isAlarm ? 3 : row % 7 / 7),1,\(isAlarm ? 1 : 0)\n"
            }
        }
        return try folder.write("scores.csv", "index,time,entity,group,score,threshold,alarm\n" + lines.joined())
    }

    private func labels(_ folder: TemporaryFolder, _ name: String, _ mark: (Int) -> Int) throws -> String {
        try folder.write(name, "index,label\n" + (0..<300).map { "\($0),\(mark($0))\n" }.joined())
    }

    /// What is not defined is told so, and is no zero in a mean.
    @Test func undefinedFiguresAreLeftOut() throws {
        let folder = try TemporaryFolder()
        let scores = try scores(folder, ["s/a", "s/b", "s/c"], silent: ["s/b"])
        var files: [String] = []
        for name in ["a", "b"] {
            files.append(try labels(folder, "\(name)_label.csv") { (200..<210).contains($0) ? 1 : 0 })
        }
        files.append(try labels(folder, "c_label.csv") { _ in 0 })
        let words = ["evaluate", "--scores", scores, "--labels"] + files
        let table = try ToolProcess.run("fl-train", words)
        #expect(table.status == 0, "\(table.errors)")
        #expect(table.output.contains("10 (3.3 %)") && table.output.contains("1/1"))
        #expect(table.errors.contains("s/c: none of 300 judged rows is labelled anomalous"))
        let json = try ToolProcess.run("fl-train", words + ["--format", "json"])
        let report = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
        let mean = try #require(report["mean"] as? [String: Any])
        #expect(mean["samplePrecision"] as? Double == 1 && mean["hitRate100"] is NSNull)
        let entities = try #require(report["entities"] as? [[String: Any]])
        let precisions = entities.map { ($0["alarms"] as? [String: Any])?["samplePrecision"] }
        #expect(precisions[0] as? Double == 1 && precisions[1] is NSNull && precisions[2] is NSNull)
        #expect(entities.allSatisfy { $0.count == 13 && $0["ndcg5"] is NSNull })
    }

    /// What labels mean is said, and what they cannot mean is refused.
    @Test func doubtfulLabelsAreSaid() throws {
        let folder = try TemporaryFolder()
        let scores = try scores(folder, ["s/a"])
        func run(_ labels: String) throws -> ToolProcess.Result {
            try ToolProcess.run("fl-train", ["evaluate", "--scores", scores, "--labels", labels])
        }
        let many = try run(labels(folder, "many.csv") { $0 < 200 ? 0 : 1 })
        #expect(many.status == 0 && !many.errors.contains("more than are normal"))
        let most = try run(labels(folder, "most.csv") { $0 < 100 ? 0 : 1 })
        #expect(most.status == 0 && most.errors.contains("200 (66.7 %) of 300 judged rows"), "\(most.errors)")
        let all = try run(labels(folder, "all.csv") { $0 < 290 ? 1 : 2 })
        #expect(all.status == 65 && all.errors.contains("every one of 300 rows is labelled anomalous"))
        let none = try run(labels(folder, "none.csv") { _ in 0 })
        #expect(none.status == 65 && none.errors.contains("none.csv: found no anomaly"), "\(none.errors)")
        let far = try run(folder.write("far.csv", "start,end\n2030-01-01 00:00:00,2030-01-01 01:00:00\n"))
        #expect(far.status == 65 && far.errors.contains("far.csv: found no anomaly"), "\(far.errors)")
        let signed = try run(labels(folder, "signed.csv") { (200..<210).contains($0) ? 1 : -1 })
        #expect(signed.status == 0 && signed.output.contains("10 (3.3 %)") && signed.output.contains("1/1"))
    }
}
