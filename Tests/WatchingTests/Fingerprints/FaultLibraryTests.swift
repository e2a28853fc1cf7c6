import Foundation
import Numerics
import Testing
import Watching

@Suite struct FaultLibraryTests {
    static let groups = ["physical.cpu", "physical.cpu", "virtual.memory", "virtual.memory", "access.radio"]

    /// The fingerprint of a shift of some metrics by some spreads over some rows.
    static func fingerprint(_ shift: [Int: Double], rows: Range<Int>, seed: UInt64, model: EntityModel) throws
        -> Fingerprint
    {
        var generator = CounterBasedGenerator(seed: seed, purpose: "fault library test")
        var values: [Double] = []
        for row in 0..<900 {
            for metric in 0..<5 {
                values.append(10 + generator.normal() + (rows.contains(row) ? shift[metric] ?? 0 : 0))
            }
        }
        let samples = DetectorSamples(
            metrics: ["a", "b", "c", "d", "e"], groups: groups, times: (0..<900).map { Double($0) * 60 },
            values: values)
        return Fingerprint(of: rows, in: try model.score(samples), groups: groups, entity: "s/e")
    }

    static func model() throws -> EntityModel {
        var generator = CounterBasedGenerator(seed: 1, purpose: "fault library test")
        let values = (0..<2_000 * 5).map { _ in 10 + generator.normal() }
        let samples = DetectorSamples(
            metrics: ["a", "b", "c", "d", "e"], groups: groups, times: (0..<2_000).map { Double($0) * 60 },
            values: values)
        return try EntityModel.trained(.shipped, on: [samples], stepSeconds: 60)
    }

    @Test func namesAreFoundAgainAndStrangersStayUnknown() throws {
        let model = try Self.model()
        func signature(_ shift: [Int: Double], _ rows: Range<Int>, _ seed: UInt64) throws -> FaultSignature {
            FaultSignature(try Self.fingerprint(shift, rows: rows, seed: seed, model: model))
        }
        var library = FaultLibrary()
        library.add(try signature([0: 12, 1: 9], 500..<560, 2), as: "cpu-saturation")
        library.add(try signature([2: 10, 3: 10], 500..<560, 3), as: "memory-leak")
        library.add(try signature([2: -10, 3: -10], 500..<560, 4), as: "restart")
        for seed in 10..<14 {
            let cpu = library.match(try signature([0: 10, 1: 8], 600..<670, UInt64(seed)))
            #expect(cpu.fault == "cpu-saturation" && cpu.confidence > 0.4)
            #expect(library.match(try signature([2: 9, 3: 11], 600..<670, UInt64(seed))).fault == "memory-leak")
            #expect(library.match(try signature([2: -9, 3: -11], 600..<670, UInt64(seed))).fault == "restart")
            let stranger = library.match(try signature([4: 10], 600..<670, UInt64(seed)))
            #expect(stranger.fault == nil && stranger.confidence == 0 && stranger.candidates.count == 3)
        }
    }

    @Test("The nearest of many strangers is nearer than the nearest of few, and has to be")
    func whatIsUnknownDependsOnHowMuchIsKnown() {
        #expect(FaultLibrary.leastSimilarity(among: 50) == 0.71)
        #expect(abs(FaultLibrary.leastSimilarity(among: 136) - 0.743) < 1e-3)
        #expect(FaultLibrary.leastSimilarity(among: 0) == FaultLibrary.leastSimilarity(among: 20))
        #expect(FaultLibrary.leastSimilarity(among: 1 << 40) < 0.81)
        // What a small library knows, a large one of strangers does not.
        func signature(
            _ metric: String, _ resources: [String: Double], _ aspect: String, sidedness: Double
        ) -> FaultSignature {
            FaultSignature(
                metrics: [metric: .init(above: 1, below: 0)],
                resources: resources.mapValues { .init(above: $0, below: 0) },
                aspects: [aspect: 1], rhythm: .init(duty: sidedness, centre: 0.5, restlessness: 0), sidedness: sidedness
            )
        }
        var library = FaultLibrary()
        library.add(signature("a", ["cpu": 1], "level", sidedness: 1), as: "cpu-saturation")
        let asked = signature("b", ["cpu": 0.367, "memory": 0.633], "level", sidedness: 1)
        #expect(abs(library.match(asked).similarity - 0.7) < 1e-3 && library.match(asked).fault == "cpu-saturation")
        for number in 0..<100 {
            library.add(signature("c", ["radio": 1], "change", sidedness: Double(number) / 1_000), as: "radio")
        }
        #expect(abs(library.match(asked).similarity - 0.7) < 1e-3 && library.match(asked).fault == nil)
    }

    @Test func librariesMergeInAnyOrder() throws {
        let model = try Self.model()
        let prints = try (0..<3).map { index in
            FaultSignature(try Self.fingerprint([index: 10], rows: 500..<560, seed: UInt64(index), model: model))
        }
        var (left, right) = (FaultLibrary(), FaultLibrary())
        left.add(prints[0], as: "x")
        left.add(prints[1], as: "y")
        right.add(prints[1], as: "y")
        right.add(prints[2], as: "x")
        var (one, two) = (left, right)
        one.merge(right)
        two.merge(left)
        #expect(one == two && one.faults["x"]?.count == 2 && one.faults["y"]?.count == 1)
        let copy = try JSONDecoder().decode(FaultLibrary.self, from: JSONEncoder().encode(one))
        #expect(copy == one)
        #expect(one.remove("x") && !one.remove("x") && one.faults.count == 1)
        #expect(FaultLibrary().match(prints[0]).fault == nil)
        #expect(abs(prints[0].similarity(to: prints[0]) - 1) < 1e-12)
        #expect(prints[0].similarity(to: prints[1]) == prints[1].similarity(to: prints[0]))
    }

    @Test func originsStayBesideTheSignatures() throws {
        let model = try Self.model()
        let print = FaultSignature(try Self.fingerprint([0: 10], rows: 500..<560, seed: 1, model: model))
        let other = FaultSignature(try Self.fingerprint([3: 10], rows: 500..<560, seed: 2, model: model))
        var (left, right) = (FaultLibrary(), FaultLibrary())
        #expect(Self.isNew(print, "x", "b/e@7", in: &left))
        #expect(!Self.isNew(print, "x", nil, in: &left))
        #expect(Self.isNew(print, "x", "a/e@9", in: &right))
        #expect(Self.isNew(other, "x", nil, in: &right))
        var (one, two) = (left, right)
        one.merge(right)
        two.merge(left)
        #expect(one == two && one.count == 2)
        #expect(Set(one.faults["x"]?.map(\.origin) ?? []) == ["a/e@9", nil])
        // The file comes back, and an origin is a field more of the same form.
        let bytes = try one.encoded()
        #expect(try FaultLibrary(decoding: bytes) == one && one.encoded() == bytes)
        let text = String(decoding: bytes, as: UTF8.self).replacing(#""origin" : "a/e@9","#, with: "")
        let plain = try FaultLibrary(decoding: Array(text.utf8))
        #expect(plain.faults["x"]?.map(\.signature) == one.faults["x"]?.map(\.signature) && plain != one)
        #expect(throws: FaultLibraryError.form(1)) {
            try FaultLibrary(decoding: Array(#"{"formatVersion": 1, "faults": {}}"#.utf8))
        }
        #expect(throws: FaultLibraryError.malformed) { try FaultLibrary(decoding: Array("{}".utf8)) }
        #expect(one.only("x") == one && one.only("y") == nil)
        #expect(one.strongestMetrics(of: "x").prefix(2).sorted() == ["a", "d"])
    }

    private static func isNew(
        _ signature: FaultSignature, _ name: String, _ origin: String?, in library: inout FaultLibrary
    ) -> Bool {
        library.add(signature, as: name, origin: origin)
    }

    /// What travels is named as the whole is.
    @Test func aCompactSignatureIsNamedTheSame() throws {
        let model = try Self.model()
        var library = FaultLibrary()
        library.add(
            FaultSignature(try Self.fingerprint([0: 12, 1: 9], rows: 500..<560, seed: 2, model: model)).compact,
            as: "cpu")
        let seen = FaultSignature(try Self.fingerprint([0: 10, 1: 8], rows: 600..<670, seed: 9, model: model))
        let fault = FaultMatcher(library).fault(of: seen.compact)
        #expect(fault.name == "cpu" && fault.nearest == "cpu")
        #expect(abs(fault.similarity - library.match(seen).similarity) < 0.001)
        let none = FaultMatcher(FaultLibrary()).fault(of: seen)
        #expect(none == .init(name: "unknown", nearest: nil, similarity: 0, confidence: 0))
    }

    /// The same metric, off by as much, is another fault when it swings, freezes or climbs instead of staying off.
    @Test func theRhythmAndTheAspectTellFaultsApart() throws {
        let model = try Self.model()
        func signature(_ seed: UInt64, _ fault: (Int, Double) -> Double) throws -> FaultSignature {
            var generator = CounterBasedGenerator(seed: seed, purpose: "rhythm test")
            var values: [Double] = []
            for row in 0..<900 {
                for metric in 0..<5 {
                    let value = 10 + generator.normal()
                    values.append(metric == 0 && (500..<600).contains(row) ? fault(row - 500, value) : value)
                }
            }
            let samples = DetectorSamples(
                metrics: ["a", "b", "c", "d", "e"], groups: Self.groups, times: (0..<900).map { Double($0) * 60 },
                values: values)
            return FaultSignature(
                Fingerprint(of: 500..<600, in: try model.score(samples), groups: Self.groups, entity: "s/e"))
        }
        let step = try signature(5) { $1 + 12 }
        let burst = try signature(6) { $0 % 10 < 2 ? $1 + 12 : $1 }
        let frozen = try signature(7) { _, _ in 10 }
        let again = try signature(8) { $1 + 12 }
        for other in [burst, frozen] { #expect(step.similarity(to: again) > step.similarity(to: other) + 0.03) }
        #expect(step.similarity(to: frozen) < 0.75 && burst.similarity(to: frozen) < 0.75)
        #expect(step.rhythm.duty > burst.rhythm.duty && step.rhythm.restlessness < burst.rhythm.restlessness)
        #expect(step.aspects != frozen.aspects)
    }
}
