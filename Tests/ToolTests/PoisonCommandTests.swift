import Foundation
import TestSupport
import Testing

@Suite struct PoisonCommandTests {
    private struct Report: Decodable, Equatable {
        struct Interval: Decodable, Equatable { var mean, lower, upper: Double }
        struct Row: Decodable, Equatable {
            var attack, defence: String
            var attackers, of, refused, refusedHonest: Int
            var volumeUnderPR: Interval
            var change: Interval?
        }
        var rows: [Row]
    }

    private static func study(_ folder: TemporaryFolder, _ more: [String]) throws -> ToolProcess.Result {
        try ToolProcess.run(
            "fl-train",
            [
                "study-poison", "--data", folder.path("data"), "--rounds", "3", "--epochs", "1", "--hidden", "4,2",
                "--window", "4", "--seeds", "1",
            ] + more)
    }

    @Test func attacksAndDefencesAreMeasured() throws {
        let folder = try TemporaryFolder()
        let made = try ToolProcess.run(
            "fl-train",
            [
                "generate", "--out", folder.path("data"), "--sites", "1", "--entities", "4", "--types", "enb",
                "--hours", "10", "--step", "120", "--faults", "2", "--severity", "5-7", "--seed", "2",
            ])
        #expect(made.status == 0, "\(made.errors)")
        let run = try Self.study(
            folder,
            [
                "--attackers", "1", "--attacks", "tenfold", "nan", "inflated", "--defences", "plain", "gate",
                "--format", "json",
            ])
        #expect(run.status == 0, "\(run.errors)")
        let report = try JSONDecoder().decode(Report.self, from: Data(run.output.utf8))
        #expect(report.rows.count == 8 && report.rows.allSatisfy { $0.attackers == 1 && $0.of == 4 })
        func row(_ attack: String, _ defence: String) throws -> Report.Row {
            try #require(report.rows.first { $0.attack == attack && $0.defence == defence })
        }
        #expect(try row("none", "gate").change == nil && row("none", "gate").refused == 0)
        #expect(try row("tenfold", "gate").refused == 3, "in every round")
        #expect(try row("tenfold", "plain").refused == 0)
        #expect(try row("nan", "plain").refused == 3, "nobody averages what is no number")
        #expect(report.rows.allSatisfy { $0.refusedHonest == 0 })
        let none = try Self.study(folder, ["--attackers", "4"])
        #expect(none.status == 65 && none.errors.contains("expected one honest one"), "\(none.errors)")
        let unknown = try Self.study(folder, ["--attacks", "kindness"])
        #expect(unknown.status == 64, "\(unknown.errors)")
    }
}
