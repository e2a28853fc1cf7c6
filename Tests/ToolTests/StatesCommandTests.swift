import Foundation
import TestSupport
import Testing

/// `fl-train states` as a user runs it, with the model and the data that come with the source.
@Suite struct StatesCommandTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private struct Report: Decodable {
        struct State: Decodable {
            struct Fault: Decodable { let name: String }
            let number: Int
            let episodes: [String]
            let entities: [String]
            let visits: Int
            let seconds: Double
            let occupancy: Double
            let fault: Fault?
        }
        struct Transition: Decodable {
            let from: Int
            let to: Int
            let count: Int
            let probability: Double
        }
        struct Episode: Decodable {
            let name: String
            let entity: String
            let signature: Signature
        }
        struct Signature: Codable {
            struct Share: Codable {
                let above: Double
                let below: Double
            }
            struct Rhythm: Codable {
                let duty: Double
                let centre: Double
                let restlessness: Double
            }
            let metrics: [String: Share]
            let resources: [String: Share]
            let aspects: [String: Double]
            let rhythm: Rhythm
            let sidedness: Double
        }
        let states: [State]
        let transitions: [Transition]
        let episodes: [Episode]
    }

    @Test func statesOfTheDemo() throws {
        let folder = try TemporaryFolder()
        func run(_ words: String...) throws -> ToolProcess.Result {
            try ToolProcess.run(
                "fl-train", ["states", "--model", "Models/demo", "--data", "Datasets/demo/site1"] + words,
                in: Self.root)
        }
        let plot = folder.path("states.svg")
        let table = try run("--plot", plot)
        #expect(table.status == 0 && table.output.contains("S0     nominal"), "\(table.errors)")
        #expect(try String(contentsOfFile: plot, encoding: .utf8).contains("S0 nominal"))

        let printed = try run("--format", "json")
        let report = try JSONDecoder().decode(Report.self, from: Data(printed.output.utf8))
        #expect(report.states.map(\.number) == Array(report.states.indices) && report.states.count > 2)
        // Every episode is in one state.
        let members = report.states.flatMap(\.episodes)
        #expect(members.sorted() == report.episodes.map(\.name).sorted() && Set(members).count == members.count)
        #expect(abs(report.states.reduce(0) { $0 + $1.occupancy } - 1) < 1e-9)
        // Entities begin nominal, and what goes in comes out, but for the last one of an entity.
        for state in report.states {
            let entered = report.transitions.filter { $0.to == state.number }.reduce(0) { $0 + $1.count }
            let left = report.transitions.filter { $0.from == state.number }
            #expect(state.visits - entered <= 3 && entered <= state.visits, "S\(state.number)")
            if !left.isEmpty { #expect(abs(left.reduce(0) { $0 + $1.probability } - 1) < 1e-9) }
        }
        // The same again, byte for byte.
        #expect(try run("--format", "json").output == printed.output)

        // A known fault names its state.
        let last = try #require(report.episodes.last)
        let signature = String(decoding: try JSONEncoder().encode(last.signature), as: UTF8.self)
        try #"{"formatVersion": 2, "faults": {"the-fault": [\#(signature)]}}"#
            .write(toFile: folder.path("faults.json"), atomically: true, encoding: .utf8)
        let named = try run("--library", folder.path("faults.json"), "--format", "json")
        let again = try JSONDecoder().decode(Report.self, from: Data(named.output.utf8))
        let state = try #require(again.states.first { $0.episodes.contains(last.name) })
        #expect(state.fault?.name == "the-fault", "\(named.errors)")
        #expect(again.states.first?.fault == nil)
    }

    @Test func mistakesGetOneLineAndAStatus() throws {
        let folder = try TemporaryFolder()
        try "{}".write(toFile: folder.path("empty.json"), atomically: true, encoding: .utf8)
        let model = Self.root.appending(path: "Models/demo").path
        for (words, status, part) in [
            ([], Int32(64), "--server"), (["--model", "x"], 64, "--data"),
            (["--model", "x", "--data", "y", "--server", "127.0.0.1:1"], 64, "not both"),
            (["--server", "nowhere"], 64, "HOST:PORT"), (["--server", "127.0.0.1:1"], 69, "127.0.0.1:1"),
            (["--model", "none", "--data", "y"], 66, "none"), (["--model", model, "--data", "none"], 66, "none"),
            (["--model", model, "--data", "none", "--library", "empty.json"], 65, "no fault library"),
            (["--model", model, "--data", "y", "--nominal", "-1"], 64, "at least 0"),
        ] {
            let result = try ToolProcess.run("fl-train", ["states"] + words, in: folder.url)
            #expect(result.status == status, "\(words): \(result.errors)")
            #expect(result.errors.contains(part) && result.errorLines.count <= 2, "\(words): \(result.errors)")
        }
    }
}
