import Autoencoders
import Federation
import Foundation
import Numerics
import Platform
import Services
import Telemetry
import Testing

@Suite struct TelemetryModelMakerTests {
    private static let rules = GroupRules(rules: [.init(group: "physical.cpu", metrics: ["cpu*"])])

    private var maker: TelemetryModelMaker {
        var configuration = TrainingConfiguration()
        configuration.window = 4
        configuration.hidden = [4]
        return TelemetryModelMaker(configuration: configuration, rules: Self.rules)
    }

    private func statistics(
        type: String = "enb", entity: String = "enb0", columns: [String] = ["cpu_a", "cpu_b"], scale: Double = 1,
        seed: UInt64 = 1
    ) throws -> [UInt8] {
        var generator = CounterBasedGenerator(seed: seed, purpose: "model maker")
        var statistics = TelemetryStatistics()
        statistics.add(
            MetricFrame(
                schema: columns, firstRow: 0, times: (0..<50).map(Double.init),
                values: (0..<50 * columns.count).map { _ in scale * (1 + generator.uniform()) }),
            site: "site1", entity: entity, type: type, rules: Self.rules)
        return try DeterministicJSON.encode(statistics, pretty: false)
    }

    private func groups(_ outcome: InitialModelOutcome) -> [String]? {
        if case .made(let model, _) = outcome { return model.groups.map(\.name) }
        return nil
    }

    /// A further loop goes on from what was learned: the same statistics leave every parameter as it was, a metric that comes
    /// begins beside those that stay, and what nobody trained stays untrained.
    @Test func aFurtherLoopGoesOnFromWhatWasLearned() throws {
        func model(_ statistics: [UInt8], after last: FederatedModel?) throws -> FederatedModel {
            guard case .made(let model, _) = maker.makeModel(statistics: [("a", statistics)], continuing: last) else {
                throw ServiceError(.data, "no model")
            }
            return model
        }
        let first = try model(try statistics(), after: nil)
        let trained = FederatedModel(
            context: first.context,
            groups: first.groups.map {
                .init(name: $0.name, schema: $0.schema, parameters: $0.parameters.map { $0 + 0.25 })
            })
        let same = try model(try statistics(), after: trained).groups
        #expect(same.filter { !$0.holdsFigures } == trained.groups.filter { !$0.holdsFigures })
        // Figures are found anew.
        #expect(same.filter(\.holdsFigures) == first.groups.filter(\.holdsFigures))
        #expect(try model(try statistics(), after: first).groups == first.groups)
        let wide = try statistics(columns: ["cpu_a", "cpu_b", "cpu_c"])
        let (wider, anew) = (try model(wide, after: trained), try model(wide, after: nil))
        let (kept, begun) = (wider.groups[0].parameters, anew.groups[0].parameters)
        #expect(kept.count == begun.count && kept != begun)
        #expect(zip(kept, begun).contains { $0 == $1 }, "the new metric's weights are initial ones")
        let narrow = try model(try statistics(columns: ["cpu_b"]), after: wider)
        #expect(narrow.groups[0].parameters.count < kept.count && narrow.groups[0].parameters.allSatisfy(\.isFinite))
    }

    /// Every name that a file can have makes a version that every worker reads.
    @Test func anyNameOfAFileMakesAVersion() throws {
        for type in [
            "é", "edge server", "antenne-süd", "@@@@", ".", "a.b@c.d", "基地局", "👩‍💻", String(repeating: "x", count: 240),
        ] {
            let outcome = maker.makeInitialModel(statistics: [
                ("a", try statistics(type: type, entity: type + "0")),
                ("b", try statistics(columns: ["cpu_a", "cpu_c"])),
            ])
            #expect(groups(outcome)?.contains("physical.cpu@\(type)") == true, "\(type): \(outcome)")
            guard case .made(let model, _) = outcome else { continue }
            let context = try FederationContext(of: try FederatedModel(decoding: model.encoded()))
            let folder = FileManager.default.temporaryDirectory.appending(path: "names-\(UUID().uuidString)").path
            defer { try? FileManager.default.removeItem(atPath: folder) }
            var trained = model
            trained = FederatedModel(
                context: model.context,
                groups: model.groups.map {
                    .init(name: $0.name, schema: $0.schema, parameters: $0.parameters.map { $0 + 1 })
                })
            try context.bundle(of: trained, tool: "test").write(to: folder)
            #expect(
                try ModelBundle(path: folder, file: { try FileContents.read(folder + "/" + $0) }).manifest.groups.map(
                    \.name) == context.groups.map(\.name))
        }
    }

    @Test func whatStandsInTheWayIsNamed() throws {
        let good = ("a", try statistics())
        func refused(_ others: [(String, [UInt8])]) -> [String]? {
            if case .refused(let senders) = maker.makeInitialModel(statistics: [good] + others) {
                return senders.keys.sorted()
            }
            return nil
        }
        #expect(refused([("b", try statistics(seed: 2))]) == nil)
        #expect(refused([("b", Array("{".utf8)), ("c", try statistics(seed: 2))]) == ["b"])
        #expect(refused([("b", try statistics(scale: 1e12, seed: 2))]) == ["b"])
        #expect(refused([("b", try statistics(type: "a\u{202E}b"))]) == ["b"])
        // Alone there is nobody to go on without.
        if case .impossible = maker.makeInitialModel(statistics: [("a", Array("{\"types\":{}}".utf8))]) {
        } else {
            Issue.record("a model of nothing")
        }
    }

    @Test func groupsThatNoReaderTakesAreNotWritten() throws {
        var statistics = TelemetryStatistics()
        for index in 0..<3_000 {
            statistics.add(
                MetricFrame(schema: ["cpu_\(index)"], firstRow: 0, times: [0, 1], values: [1, 2]), site: "s",
                entity: "e\(index)", type: "t\(index)", rules: Self.rules)
        }
        let half = try DeterministicJSON.encode(statistics, pretty: false)
        var other = TelemetryStatistics()
        for index in 3_000..<5_000 {
            other.add(
                MetricFrame(schema: ["cpu_\(index)"], firstRow: 0, times: [0, 1], values: [1, 2]), site: "s",
                entity: "e\(index)", type: "t\(index)", rules: Self.rules)
        }
        let rest = try DeterministicJSON.encode(other, pretty: false)
        guard case .refused(let senders) = maker.makeInitialModel(statistics: [("a", half), ("b", rest)]) else {
            Issue.record("5,000 groups")
            return
        }
        #expect(Array(senders.keys) == ["a"])
    }

    @Test func theGateSeesStatistics() throws {
        let gate = ContributionGate()
        let sender = ContributionSender(worker: "a", entities: ["site1/enb0"])
        func verdict(_ bytes: [UInt8], _ sender: ContributionSender) -> GateVerdict {
            gate.judge(
                Contribution(kind: .statistics, base: [], entities: [], rawBytes: 0, statistics: bytes),
                kind: .statistics, base: nil,
                sender: sender, maker: maker)
        }
        if case .counts = verdict(try statistics(), sender) {} else { Issue.record("sound statistics") }
        if case .empty = verdict([], sender) {} else { Issue.record("nothing") }
        if case .empty = verdict(Array("{\"types\":{}}".utf8), sender) {} else { Issue.record("no types") }
        if case .refused = verdict(Array("{".utf8), sender) {} else { Issue.record("no JSON") }
        if case .refused(let error) = verdict(try statistics(entity: "ue0"), sender) {
            #expect(error.description.contains("site1/ue0"))
        } else {
            Issue.record("another's entity")
        }
        // Nothing is nothing in every kind of round.
        let nothing = gate.judge(
            Contribution(kind: .training, base: [], entities: [], rawBytes: 0), kind: .training, base: nil,
            sender: sender, maker: maker)
        if case .empty = nothing {} else { Issue.record("an empty update") }
    }
}
