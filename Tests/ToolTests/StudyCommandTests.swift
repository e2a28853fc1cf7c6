import Foundation
import TestSupport
import Testing

@Suite struct StudyCommandTests {
    private struct Report: Decodable, Equatable {
        struct Interval: Decodable, Equatable { var mean, lower, upper: Double }
        struct Row: Decodable, Equatable {
            var set, arm: String
            var volumeUnderPR, averagePrecision: Interval
            var againstCentral, againstLocal: Interval?
            var alarms: [String: [String: Interval]]
        }
        struct Outcome: Decodable, Equatable {
            struct Figures: Decodable, Equatable { var eventF1, falseAlarmsPerDay, alarmShare: Double }
            var arm: String
            var seed: UInt64
            var volumeUnderPR: [String: Double]
            var alarms: [String: [String: Figures]]
        }
        var rows: [Row]
        var outcomes: [Outcome]
    }

    private static func study(_ folder: TemporaryFolder, _ more: [String]) throws -> ToolProcess.Result {
        try ToolProcess.run(
            "fl-train",
            [
                "study", "--data", folder.path("data"), "--rounds", "2", "--epochs", "2", "--hidden", "6,3", "--window",
                "6",
            ] + more)
    }

    private static func data(_ folder: TemporaryFolder, entities: Int = 3) throws {
        let made = try ToolProcess.run(
            "fl-train",
            [
                "generate", "--out", folder.path("data"), "--sites", "1", "--entities", "\(entities)", "--types", "enb",
                "--hours", "16", "--step", "120", "--faults", "2", "--severity", "5-7", "--seed", "2",
            ])
        #expect(made.status == 0, "\(made.errors)")
    }

    @Test func everyArmIsMeasured() throws {
        let folder = try TemporaryFolder()
        try Self.data(folder)
        let options = ["--seeds", "2", "--training-share", "0.8", "--new-site-share", "0.4", "--format", "json"]
        let run = try Self.study(folder, options + ["--threads", "1"])
        #expect(run.status == 0, "\(run.errors)")
        let report = try JSONDecoder().decode(Report.self, from: Data(run.output.utf8))
        #expect(report.rows.count == 15)
        #expect(report.outcomes.count == 30)
        #expect(report.outcomes.allSatisfy { $0.volumeUnderPR.count == 3 })
        for row in report.rows {
            #expect((0...1).contains(row.volumeUnderPR.mean) && row.volumeUnderPR.lower <= row.volumeUnderPR.upper)
            let own = report.outcomes.filter { $0.arm == row.arm }
            let means = own.map { $0.volumeUnderPR.values.reduce(0, +) / 3 }
            #expect(abs(row.volumeUnderPR.mean - means.reduce(0, +) / 2) < 1e-12)
            #expect(row.alarms.keys.sorted() == ["fixed", "tail"])
            for (adaptation, figures) in row.alarms {
                let wrong = own.map {
                    ($0.alarms[adaptation] ?? [:]).values.reduce(0) { $0 + $1.falseAlarmsPerDay } / 3
                }
                #expect(abs((figures["falseAlarmsPerDay"]?.mean ?? -1) - wrong.reduce(0, +) / 2) < 1e-12)
            }
        }
        func row(_ arm: String) throws -> Report.Row { try #require(report.rows.first { $0.arm == arm }) }
        #expect(try row("central").againstCentral == nil && row("local").againstLocal == nil)
        #expect(try row("fedavg").againstCentral != nil && row("new-site-fedavg").againstLocal != nil)
        // Different ways give different models.
        #expect(Set(report.rows.map(\.volumeUnderPR.mean)).count >= 8)
        // Shorter pieces are other pieces; those of packed files, with a remark above their header, are the same.
        let shorter = try Self.study(
            folder, ["--seeds", "2", "--training-share", "0.4", "--new-site-share", "0.4", "--format", "json"])
        #expect(try JSONDecoder().decode(Report.self, from: Data(shorter.output.utf8)).outcomes != report.outcomes)
        for case let file as String in FileManager.default.enumerator(atPath: folder.path("data")) ?? .init()
        where file.hasSuffix(".csv") {
            let path = folder.path("data/\(file)")
            let text = try String(contentsOfFile: path, encoding: .utf8)
            try ("# made for a test\n" + text).write(toFile: path, atomically: true, encoding: .utf8)
            let packing = try Process.run(URL(filePath: "/usr/bin/env"), arguments: ["gzip", "-n", path])
            packing.waitUntilExit()
            #expect(packing.terminationStatus == 0)
        }
        let again = try Self.study(folder, options + ["--threads", "4"])
        #expect(again.status == 0, "\(again.errors)")
        #expect(try JSONDecoder().decode(Report.self, from: Data(again.output.utf8)) == report)
    }

    /// With everybody in every round, and nobody slow, the variants are plain averaging.
    @Test func variantsMeetWhereTheyShould() throws {
        let folder = try TemporaryFolder()
        try Self.data(folder)
        let run = try Self.study(
            folder,
            [
                "--seeds", "1", "--participation", "1", "--stragglers", "0", "--proximal-weight", "2000", "--format",
                "json",
                "--arms",
                "fedavg,fedavg-partial,fedavg-stragglers,fedprox,fedprox-stragglers",
            ])
        #expect(run.status == 0, "\(run.errors)")
        let report = try JSONDecoder().decode(Report.self, from: Data(run.output.utf8))
        let scores = Dictionary(uniqueKeysWithValues: report.outcomes.map { ($0.arm, $0.volumeUnderPR) })
        #expect(scores.count == 5)
        #expect(scores["fedavg-partial"] == scores["fedavg"])
        #expect(scores["fedavg-stragglers"] == scores["fedavg"])
        #expect(scores["fedprox-stragglers"] == scores["fedprox"])
        #expect(scores["fedprox"] != scores["fedavg"])
    }

    /// Drift changes what is judged, not what was learned; models that learn on change with the number of periods.
    @Test func driftIsStudied() throws {
        let folder = try TemporaryFolder()
        try Self.data(folder)
        func outcomes(_ more: [String]) throws -> [String: [String: Double]] {
            let run = try Self.study(
                folder,
                [
                    "--seeds", "1", "--format", "json", "--arms",
                    "fedavg,fedavg-updated,fedavg-updated-all,local-updated",
                ]
                    + more)
            #expect(run.status == 0, "\(run.errors)")
            let report = try JSONDecoder().decode(Report.self, from: Data(run.output.utf8))
            return Dictionary(uniqueKeysWithValues: report.outcomes.map { ($0.arm, $0.volumeUnderPR) })
        }
        let (still, drifting) = (try outcomes([]), try outcomes(["--drift", "3"]))
        #expect(still["fedavg"] != drifting["fedavg"])
        #expect(drifting["fedavg"] != drifting["fedavg-updated"])
        #expect(drifting["local-updated"] != drifting["fedavg-updated"])
        let more = try outcomes(["--drift", "3", "--periods", "3"])
        #expect(more["fedavg"] == drifting["fedavg"])
        #expect(more["fedavg-updated"] != drifting["fedavg-updated"])
        let bad = try Self.study(folder, ["--drift", "-1"])
        #expect(bad.status == 64, "\(bad.errors)")
    }

    @Test func badInputIsNamed() throws {
        let folder = try TemporaryFolder()
        try Self.data(folder, entities: 1)
        let alone = try Self.study(folder, [])
        #expect(alone.status == 65 && alone.errors.contains("a federation needs two"), "\(alone.errors)")
        let unknown = try Self.study(folder, ["--arms", "gossip"])
        #expect(unknown.status == 64 && unknown.errors.contains("found 'gossip'"), "\(unknown.errors)")
        let nobody = try Self.study(folder, ["--participation", "0"])
        #expect(nobody.status == 64, "\(nobody.errors)")
    }
}
