import Foundation
import Laboratory
import TestSupport
import Testing
import Watching

@Suite struct ScoresTableTests {
    @Test func whatIsWrittenIsReadBack() throws {
        let samples = GeneratedSamples.entity(0)
        let model = try EntityModel.trained(.shipped, on: [samples], stepSeconds: 60)
        let scores = try model.score(GeneratedSamples.entity(1, count: 200))
        var text = Array((ScoresTable.header + "\n").utf8)
        ScoresTable.append(scores, entity: "site, \"one\"/enb0", firstIndex: 5, to: &text)
        let series = try ScoresTable.read(text, file: "scores.csv")
        #expect(series.map(\.group) == ["access.radio", "physical.cpu", "site"])
        for (group, series) in series.enumerated() {
            #expect(series.entity == "site, \"one\"/enb0")
            #expect(series.indices == Array(5..<205))
            #expect(series.scores == scores.scores[group])
            #expect(series.thresholds == scores.thresholds[group])
            #expect(series.alarms == scores.alarms[group])
            #expect(series.times == scores.times)
        }
        var metrics = Array((ScoresTable.metricHeader + "\n").utf8)
        ScoresTable.appendMetrics(scores, groups: samples.groups, entity: "e", to: &metrics)
        #expect(metrics.split(separator: 0x0A).count == 1 + 200 * 6)
        // Whoever reads the file finds the suspects that the fingerprint has.
        let table = try #require(try ScoresTable.readCauses(metrics, file: "m.csv")["e"])
        for rows in [0..<1, 20..<30, 150..<200] {
            let suspects = Fingerprint.suspects(rows, in: scores).map { samples.metrics[$0.metric] }
            #expect(table.ranking(rows) == suspects, "\(rows)")
        }
    }

    /// Readers that round, as pandas does by default, see the alarms that the column says.
    @Test func thresholdsStandApartFromTheirScores() {
        for score in [7.3, 1e-12, 4.2e9, 0.1 + 0.2] {
            let below = ScoresTable.written(score.nextDown, beside: score)
            #expect(score > below && score - below >= 0.99e-9 * score && score - below < 1.01e-9 * score)
            let above = ScoresTable.written(score.nextUp, beside: score)
            #expect(score < above && above - score >= 0.99e-9 * score)
            for threshold in [score, score * 0.9, score * 2, 0, .infinity] {
                #expect(ScoresTable.written(threshold, beside: score) == threshold)
            }
        }
        #expect(ScoresTable.written(0, beside: 0) == 0)
    }

    /// Files of a version before say how much each metric looks like a cause, and not where its values lie.
    @Test func aFileWithoutPlacesIsRankedByItsCauses() throws {
        let text = "index,entity,metric,deviation,cause\n3,e,a,9,1\n3,e,b,1,2\n4,e,a,9,1\n4,e,c,0,3\n"
        let table = try #require(try ScoresTable.readCauses(Array(text.utf8), file: "m.csv")["e"])
        #expect(table.ranking(3..<5) == ["c", "a", "b"] && table.ranking(3..<4) == ["b", "a", "c"])
    }

    @Test(arguments: [
        ("index,entity,metric,cause\n3,e,a,x\n", "m.csv:2"), ("index,entity,metric\n", "expected index"),
        ("index,entity,metric,deviation,place,extent\n3,e,a,1,nan,1\n", "place"),
        ("index,entity,metric,deviation,place,extent\n3,e,a,inf,1,1\n", "finite deviation"),
    ])
    func badMetricFilesSayWhere(_ text: String, _ expected: String) {
        let error = #expect(throws: DetectionError.self) {
            try ScoresTable.readCauses(Array(text.utf8), file: "m.csv")
        }
        #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
    }

    @Test func fewColumnsAreEnough() throws {
        let text = "score,index,threshold\r\n0.5,3,0.25\r\n\r\n0.1,4,inf\r\n"
        let series = try ScoresTable.read(Array(text.utf8), file: "s.csv")
        #expect(series.count == 1 && series[0].group == "site" && series[0].entity == "")
        #expect(series[0].indices == [3, 4] && series[0].times == [3, 4])
        #expect(series[0].alarms == [true, false])
    }

    @Test(arguments: [
        ("", "empty"), ("time,score\n", "column index"), ("index,score\n1\n", "s.csv:2"),
        ("index,score\n1,x\n", "“x”"), ("index,score\n1,nan\n", "finite"), ("index,score\n1.5,2\n", "whole"),
    ])
    func badFilesSayWhere(_ text: String, _ expected: String) {
        let error = #expect(throws: DetectionError.self) { try ScoresTable.read(Array(text.utf8), file: "s.csv") }
        #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
    }
}
