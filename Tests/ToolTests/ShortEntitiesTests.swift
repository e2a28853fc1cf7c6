import Foundation
import TestSupport
import Testing

/// One entity with too little to learn from, or with nothing that varies, costs no other entity its model.
@Suite struct ShortEntitiesTests {
    private static let small = ["--hidden", "4", "--epochs", "1", "--window", "8"]

    /// Rows a minute apart of some metrics with noise.
    private static func table(_ rows: Int, _ metrics: [String], seed: UInt64, labelled: [Range<Int>] = []) -> String {
        var state = seed
        func noise() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 11) * 0x1p-53 - 0.5
        }
        var text = (["time"] + metrics + (labelled.isEmpty ? [] : ["label"])).joined(separator: ",") + "\n"
        for row in 0..<rows {
            let isOdd = labelled.contains { $0.contains(row) }
            var cells = ["\(row * 60)"] + metrics.indices.map { "\(Double(10 * $0 + 10) + noise() + (isOdd ? 6 : 0))" }
            if !labelled.isEmpty { cells.append(isOdd ? "1" : "0") }
            text += cells.joined(separator: ",") + "\n"
        }
        return text
    }

    private static func run(_ words: [String]) throws -> ToolProcess.Result { try ToolProcess.run("fl-train", words) }

    private struct Scored: Decodable {
        struct Entity: Decodable {
            let entity: String
            let rows: Int
            let alarms: Int
        }
        let method: String
        let entities: [Entity]
    }

    private static func scored(_ words: [String]) throws -> (result: ToolProcess.Result, found: Scored) {
        let result = try run(["score", "--format", "json"] + words)
        #expect(result.status == 0, "\(result.errors)")
        return (result, try JSONDecoder().decode(Scored.self, from: Data(result.output.utf8)))
    }

    @Test func aShortOneIsLeftToItsType() throws {
        let folder = try TemporaryFolder()
        for (pod, rows) in [("pod0", 600), ("pod1", 600), ("pod2", 6)] {
            try folder.write("short/\(pod).csv", Self.table(rows, ["cpu", "memory"], seed: UInt64(rows)))
        }
        let model = folder.path("model")
        let trained = try Self.run(["train", "--data", folder.path("short"), "--out", model] + Self.small)
        #expect(trained.status == 0, "\(trained.errors)")
        #expect(
            trained.errors.contains(
                "short/pod2: fitting 'default': 6 samples of an entity, at least 8 are needed; watched as others of its type"
            ), "\(trained.errors)")
        let scored = try Self.scored([
            "--model", model, "--data", folder.path("short"), "--out", folder.path("scores.csv"),
        ])
        #expect(scored.found.entities.map(\.rows) == [600, 600, 6])
    }

    /// Eighteen rows are enough for the detectors, and too few for a window that is not held out.
    @Test func whatHasNoAutoencoderHasTheOthers() throws {
        let folder = try TemporaryFolder()
        try folder.write("a/web1.csv", Self.table(600, ["cpu", "memory"], seed: 1))
        try folder.write("a/db1.csv", Self.table(18, ["queries", "locks"], seed: 2))
        let model = folder.path("model")
        let trained = try Self.run(
            ["train", "--data", folder.path("a"), "--out", model, "--window", "20"] + Self.small.dropLast(2))
        #expect(trained.status == 0, "\(trained.errors)")
        #expect(
            trained.errors.contains(
                "a/db1: fitting 'autoencoder': no metric to learn from, one that varies is needed\n"),
            "\(trained.errors)")
        let words = ["--model", model, "--data", folder.path("a"), "--out", folder.path("scores.csv")]
        #expect(try Self.scored(words).found.entities.map(\.rows) == [18, 600])
        let other = try Self.scored(words + ["--method", "autoencoder"])
        #expect(other.found.entities.map(\.entity) == ["a/web1"])
        #expect(other.result.errors.contains("a/db1 is left out: entity 'a/db1'"), "\(other.result.errors)")
        #expect(try Self.run(["states", "--method", "autoencoder"] + words.prefix(4)).status == 0)
    }

    @Test func whatNothingWatchesIsSaid() throws {
        let folder = try TemporaryFolder()
        try folder.write("a/web1.csv", Self.table(600, ["cpu", "memory"], seed: 1))
        try folder.write("a/db1.csv", Self.table(6, ["queries", "locks"], seed: 2))
        let model = folder.path("model")
        let trained = try Self.run(["train", "--data", folder.path("a"), "--out", model] + Self.small)
        #expect(trained.status == 0, "\(trained.errors)")
        #expect(trained.errors.contains("at least 8 are needed; nothing watches it"), "\(trained.errors)")
        let words = ["score", "--model", model, "--out", folder.path("scores.csv"), "--data"]
        let both = try Self.run(words + [folder.path("a")])
        #expect(both.status == 0 && both.errors.contains("a/db1 is left out"), "\(both.errors)")
        let alone = try Self.run(words + [folder.path("a/db1.csv")])
        #expect(alone.status == 65 && alone.errorLines.count == 1, "\(alone.errors)")
        // Where nothing can be learned of anybody there is no model.
        let none = try Self.run(
            ["train", "--data", folder.path("a/db1.csv"), "--out", folder.path("new")] + Self.small)
        #expect(none.status == 65 && none.errors.contains("6 samples"), "\(none.errors)")
        #expect(!FileManager.default.fileExists(atPath: folder.path("new")))
    }

    /// A file of constants makes a model that sees any change.
    @Test func constantsAreWatched() throws {
        let folder = try TemporaryFolder()
        func table(_ change: Range<Int>) -> String {
            (0..<600).reduce(into: "time,cpu,mem\n") {
                $0 += "\(1_740_787_200 + 60 * $1),5,\(change.contains($1) ? 9 : 7)\n"
            }
        }
        try folder.write("quiet/host.csv", table(0..<0))
        try folder.write("later/host.csv", table(400..<420))
        let trained = try Self.run(["train", "--data", folder.path("quiet"), "--out", folder.path("model")])
        #expect(trained.status == 0 && trained.errors.contains("no autoencoder"), "\(trained.errors)")
        let words = ["--model", folder.path("model"), "--out", folder.path("scores.csv"), "--data"]
        #expect(try Self.scored(words + [folder.path("quiet")]).found.entities.map(\.alarms) == [0])
        let later = try Self.scored(words + [folder.path("later")])
        #expect(later.found.method == "default" && later.found.entities.map(\.alarms) == [1])
        // Neither do rows stop it of which no window is whole.
        let bursts = (0..<600).reduce(into: "time,cpu,mem\n") {
            $0 += "\($1 + $1 / 25 * 1000),\(5 + $1 % 4),\($1 % 5)\n"
        }
        try folder.write("bursts/host.csv", bursts)
        let other = try Self.run(
            ["train", "--data", folder.path("bursts"), "--out", folder.path("model2"), "--window", "40"])
        #expect(other.status == 0 && other.errors.contains("no autoencoder"), "\(other.errors)")
    }

    // MARK: The benchmark

    private struct Report: Decodable {
        struct Set: Decodable {
            struct Row: Decodable {
                struct Cell: Decodable { let mean: Double }
                struct Entity: Decodable { let entity: String }
                let method: String
                let averagePrecision: Cell?
                let entities: [Entity]
            }
            let entityCount: Int
            let rows: [Row]
        }
        let sets: [Set]
    }

    private static func report(_ words: [String]) throws -> (result: ToolProcess.Result, set: Report.Set) {
        let result = try run(["benchmark", "--format", "json"] + words)
        #expect(result.status == 0, "\(result.errors)")
        let report = try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
        return (result, try #require(report.sets.first))
    }

    /// One file with labels: what is shipped learns from its beginning as everybody else does.
    @Test func theShippedMethodIsJudgedOnSingleFiles() throws {
        let folder = try TemporaryFolder()
        let labelled = Self.table(1_500, ["cpu", "memory"], seed: 1, labelled: [900..<930, 1_200..<1_240])
        try folder.write("farm/host1.csv", labelled)
        try folder.write("farm/host2_tr_700_1st_900.csv", labelled)
        let words = ["--data", folder.path("farm"), "--methods", "default", "autoencoder", "zscore", "--out"]
        let set = try Self.report(words + [folder.path("report")]).set
        #expect(set.entityCount == 2 && set.rows.map(\.method) == ["default", "autoencoder", "zscore"])
        #expect(set.rows.allSatisfy { $0.entities.count == 2 })
        #expect(try #require(set.rows[0].averagePrecision).mean > 0.8)
        for (entity, first) in [("host1", 600), ("host2_tr_700_1st_900", 700)] {
            for method in ["default", "zscore"] {
                let path = folder.path("report/scores/farm/\(method)/\(entity).csv")
                let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
                #expect(lines.count == 1 + 1_500 - first && lines[1].hasPrefix("\(first),"), "\(method) of \(entity)")
            }
        }
    }

    @Test func aShortEntityHasNoResultAndOthersDo() throws {
        let folder = try TemporaryFolder()
        try folder.write("farm/host1.csv", Self.table(800, ["cpu", "memory"], seed: 1, labelled: [600..<640]))
        try folder.write("farm/host2.csv", Self.table(15, ["cpu", "memory"], seed: 2, labelled: [10..<12]))
        let words = ["--methods", "default", "zscore", "--out", folder.path("report"), "--data"]
        let (result, set) = try Self.report(words + [folder.path("farm")])
        #expect(set.rows.map { $0.entities.map(\.entity) } == [["host1"], ["host1"]])
        for method in ["default", "zscore"] {
            #expect(
                result.errors.contains("fitting '\(method)' to farm/host2: 6 samples of an entity"), "\(result.errors)")
        }
        // Nothing judged is no success.
        let none = try Self.run(["benchmark"] + words + [folder.path("farm/host2.csv")])
        #expect(none.status == 65 && none.errorLines.count == 1, "\(none.errors)")
        #expect(none.errors.contains("nothing could be judged: fitting 'default' to farm/host2: 6 samples"))
    }

    /// What one part is worth is seen where all else is the same: an ablation scores as the product does by that name.
    @Test func anAblationIsFittedAsTheProductFitsIt() throws {
        let folder = try TemporaryFolder()
        for host in 1...2 {
            let quiet = Self.table(400, ["cpu", "memory"], seed: UInt64(host))
            try folder.write("farm/host-\(host)_train.csv", quiet)
            let judged = Self.table(300, ["cpu", "memory"], seed: UInt64(10 + host), labelled: [100..<120])
            try folder.write("farm/host-\(host)_test.csv", judged)
        }
        let method = "default-without-autoencoder"
        _ = try Self.report(["--data", folder.path("farm"), "--methods", method, "--out", folder.path("report")])
        let trained = try Self.run(
            ["train", "--data", folder.path("farm"), "--out", folder.path("model"), "--methods", method] + Self.small)
        #expect(trained.status == 0, "\(trained.errors)")
        _ = try Self.scored([
            "--model", folder.path("model"), "--data", folder.path("farm"), "--out", folder.path("scores.csv"),
        ])
        let product = try String(contentsOfFile: folder.path("scores.csv"), encoding: .utf8).split(separator: "\n")
            .map { $0.split(separator: ",", omittingEmptySubsequences: false) }
        for host in ["host-1", "host-2"] {
            let path = folder.path("report/scores/farm/\(method)/\(host).csv")
            let judged = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").dropFirst()
            let mine = product.filter { $0[2] == "farm/\(host)" && $0[3] == "site" }
            #expect(judged.map(String.init) == mine.map { "\($0[0]),\($0[4]),\($0[5]),\($0[6])" })
            #expect(judged.count == 300)
        }
    }
}
