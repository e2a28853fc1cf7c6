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
}
