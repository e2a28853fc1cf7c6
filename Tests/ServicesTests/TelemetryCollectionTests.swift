import Autoencoders
import Federation
import Foundation
import Numerics
import Platform
import Services
import Telemetry
import Testing

/// Statistics that are put together as they come.
@Suite struct TelemetryCollectionTests {
    private static let rules = GroupRules(rules: [.init(group: "physical.cpu", metrics: ["cpu*"])])

    private struct Sent {
        var worker: String
        var bytes: [UInt8]
    }

    /// - Parameter heldBytes: beyond which they are added up as they come.
    private static func maker(heldBytes: Int, mostGroups: Int = 4_096) -> TelemetryModelMaker {
        var configuration = TrainingConfiguration()
        configuration.window = 4
        configuration.hidden = [4]
        var gate = StatisticsGate()
        gate.heldBytes = heldBytes
        gate.mostGroups = mostGroups
        return TelemetryModelMaker(configuration: configuration, rules: rules, gate: gate)
    }

    private static func sent(
        _ number: Int, columns: [String] = ["cpu_a", "cpu_b"], type: String = "enb", scale: Double = 1,
        offset: Double = 0, rows: Int? = nil, value: (Int, Double) -> Double = { $1 }
    ) throws -> Sent {
        var generator = CounterBasedGenerator(seed: UInt64(number), purpose: "collection")
        var statistics = TelemetryStatistics()
        let rows = rows ?? 20 + number % 5
        statistics.add(
            MetricFrame(
                schema: columns, firstRow: 0, times: (0..<rows).map(Double.init),
                values: (0..<rows * columns.count).map {
                    value($0 / columns.count, offset + scale * (1 + generator.uniform()))
                }), site: "s\(number)", entity: "e", type: type, rules: rules)
        return Sent(worker: "w\(number)", bytes: try DeterministicJSON.encode(statistics, pretty: false))
    }

    private struct Outcome: Equatable {
        var bytes: [UInt8] = []
        var refused: [String] = []
        var treatment = RoundTreatment()
        var leftOut: [String: [String]]? { treatment.leftOut }
        var rows: [String: UInt64] = [:]
    }

    /// What comes of them; those that are refused are left out, as the server does.
    private static func make(
        _ sent: [Sent], heldBytes: Int, mostGroups: Int = 4_096, recorded: RoundTreatment? = nil
    ) -> Outcome {
        var collection = maker(heldBytes: heldBytes, mostGroups: mostGroups).collection(recorded: recorded)
        for part in sent { collection.add(part.bytes, from: part.worker) }
        var result = Outcome()
        while true {
            switch collection.makeModel(leavingOut: Set(result.refused), continuing: nil) {
            case .made(let model, _):
                result.bytes = model.encoded()
                (result.treatment, result.rows) = (collection.treatment, collection.rows)
                result.refused.sort()
                return result
            case .refused(let reasons):
                guard !reasons.isEmpty, Set(reasons.keys).isDisjoint(with: result.refused) else { return Outcome() }
                result.refused += reasons.keys
            case .impossible(let reason):
                Issue.record("\(reason)")
                return Outcome()
            }
        }
    }

    private static let all = Int.max

    /// Held until all are there or added as they come, in any order: the same version.
    @Test func theSumDoesNotDependOnWhenItIsMade() throws {
        let sent = try (0..<40).map { try Self.sent($0) }
        let held = Self.make(sent, heldBytes: Self.all)
        #expect(!held.bytes.isEmpty && held.refused.isEmpty && held.leftOut == [:])
        #expect(held.rows["s7/e"] == 22 && held.rows.count == 40)
        #expect(Self.make(sent, heldBytes: 0) == held)
        #expect(Self.make(sent.reversed(), heldBytes: 0) == held)
        // Each of them counts, and once.
        #expect(Self.make(sent.flatMap { [$0, $0] }, heldBytes: 0) == held)
        #expect(Self.make(Array(sent.dropLast()), heldBytes: 0).bytes != held.bytes)
    }

    /// Whoever is of another unit is refused with its name whenever it comes, and nothing of it is left.
    @Test(arguments: [0, 5, 39]) func whoIsRefusedLeavesNothing(place: Int) throws {
        let honest = try (0..<39).map { try Self.sent($0) }
        var sent = honest
        sent.insert(try Self.sent(99, scale: 1e12), at: place)
        for bytes in [Self.all, 0] {
            let found = Self.make(sent, heldBytes: bytes)
            #expect(found.refused == ["w99"], "\(bytes)")
            #expect(found.bytes == Self.make(honest, heldBytes: Self.all).bytes)
        }
    }

    /// What one shifts too far does not count, in a late one as in an early one; the record says whose, and with it the version
    /// is made again.
    @Test(arguments: [2, 39]) func theRecordMakesItAgain(place: Int) throws {
        let honest = try (0..<39).map { try Self.sent($0) }
        var sent = honest
        sent.insert(
            try Self.sent(99, value: { row, value in row % 2 == 0 ? value : value + 1e6 }), at: place)
        for bytes in [Self.all, 0] {
            let found = Self.make(sent, heldBytes: bytes)
            #expect(found.leftOut == ["enb\tcpu_a": ["w99"], "enb\tcpu_b": ["w99"]], "\(bytes)")
            let again = Self.make(sent.reversed(), heldBytes: Self.all, recorded: found.treatment)
            #expect(again.bytes == found.bytes && again.treatment == found.treatment && again.rows == found.rows)
            #expect(Self.make(sent, heldBytes: bytes, recorded: RoundTreatment()).bytes != found.bytes)
        }
    }

    /// However many rows one claims, in whatever order they come: they count as three times the median, and the record says so.
    @Test(arguments: [0, 39]) func rowsCountForSoMuch(place: Int) throws {
        var sent = try (0..<39).map { try Self.sent($0) }
        sent.insert(try Self.sent(99, offset: 3, rows: 5_000), at: place)
        for bytes in [Self.all, 0] {
            let found = Self.make(sent, heldBytes: bytes)
            #expect(found.treatment.lines.map(\.worker) == ["w99"] && found.leftOut == [:])
            #expect(found.treatment.lines.map(\.claimed) == [5_000] && found.treatment.lines.map(\.weight) == [66])
            let again = Self.make(sent.reversed(), heldBytes: Self.all, recorded: found.treatment)
            #expect(again.bytes == found.bytes && again.treatment == found.treatment)
            #expect(Self.make(sent, heldBytes: bytes, recorded: RoundTreatment()).bytes != found.bytes)
        }
    }

    /// Whoever would make more groups than there may be is refused; not whoever came before it.
    @Test func tooMuchIsRefusedAsItComes() throws {
        var sent = try (0..<12).map { try Self.sent($0) }
        sent.append(try Self.sent(50, columns: ["cpu_a", "cpu_b", "x"], type: "ue"))
        sent.append(try Self.sent(51, columns: ["cpu_a", "y"], type: "upf"))
        sent.append(try Self.sent(52))
        // `cpu` of three types of which two have the same columns are three groups, and `other` of two with different ones two.
        #expect(Self.make(sent, heldBytes: 0, mostGroups: 5).refused == [])
        #expect(Self.make(sent, heldBytes: 0, mostGroups: 4).refused == ["w51"])
        let found = Self.make(sent, heldBytes: 0, mostGroups: 1)
        #expect(found.refused == ["w50", "w51"])
        #expect(
            found.bytes == Self.make(sent.filter { !["w50", "w51"].contains($0.worker) }, heldBytes: Self.all).bytes)
    }

    /// What counts at three of four is a counter for all, whatever the fourth says of it; and so when it comes late.
    @Test func oneCannotMakeACounterALevel() throws {
        func grows(_ number: Int, reset: Bool = false) throws -> Sent {
            var statistics = TelemetryStatistics()
            var count = 0.0
            var generator = CounterBasedGenerator(seed: UInt64(number), purpose: "counters")
            let values = (0..<200).map { row -> Double in
                count = reset && row % 50 == 49 ? 0 : count + 1 + (generator.uniform() * 4).rounded()
                return count
            }
            statistics.add(
                MetricFrame(schema: ["cpu_a"], firstRow: 0, times: (0..<200).map(Double.init), values: values),
                site: "s\(number)", entity: "e", type: "enb", rules: Self.rules)
            return Sent(worker: "w\(number)", bytes: try DeterministicJSON.encode(statistics, pretty: false))
        }
        let honest = try (0..<12).map { try grows($0) }
        for count in [3, 12] {
            for bytes in [Self.all, 0] {
                let found = Self.make(Array(honest.prefix(count)) + [try grows(99, reset: true)], heldBytes: bytes)
                #expect(found.leftOut == ["enb\tcpu_a": ["w99"]], "\(count) \(bytes)")
            }
        }
        // Of three nobody can say.
        #expect(Self.make(Array(honest.prefix(2)) + [try grows(99, reset: true)], heldBytes: 0).leftOut == [:])
    }

    /// Which columns are counters by their name is for the server's rules to say.
    @Test func nobodyNamesCounters() throws {
        let sent = try (0..<3).map { try Self.sent($0) }
        let named = sent.map { part in
            let text = String(decoding: part.bytes, as: UTF8.self)
                .replacing("\"namedCounter\":false", with: "\"namedCounter\":true")
            return Sent(worker: part.worker, bytes: Array(text.utf8))
        }
        #expect(named[0].bytes != sent[0].bytes)
        let honest = Self.make(sent, heldBytes: Self.all)
        #expect(Self.make(named, heldBytes: Self.all) == honest)
        #expect(Self.make([named[0]] + sent.dropFirst(), heldBytes: Self.all) == honest)
    }
}
