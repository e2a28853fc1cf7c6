import Foundation
import Numerics
import Platform
import Telemetry
import Testing

/// The reader of statistics in the form in which they are written, beside a decoder for any JSON.
@Suite struct StatisticsTextTests {
    private static let rules = GroupRules(rules: [], counters: ["*_total"])

    private static func statistics(seed: UInt64, rows: Int = 12) -> TelemetryStatistics {
        var generator = CounterBasedGenerator(seed: seed, purpose: "statistics text")
        let columns = ["cpu/0", "räder_total", "steady", "far", "holes"]
        var statistics = TelemetryStatistics()
        for entity in ["e0", "é/1"] {
            var count = 0.0
            let values = (0..<rows).flatMap { row -> [Double] in
                count += (generator.uniform() * 5).rounded()
                let far = (generator.uniform() - 0.5) * 1e140
                let hole = generator.uniform() < 0.3 ? .nan : generator.uniform() - 0.5
                return [generator.uniform(), count, 7, far, hole]
            }
            statistics.add(
                MetricFrame(
                    schema: columns, firstRow: 0, times: (0..<rows).map { Double($0) * 0.25 }, values: values),
                site: "s", entity: entity, type: entity == "e0" ? "e" : "andere", rules: rules)
        }
        return statistics
    }

    private static func general(_ bytes: [UInt8]) -> TelemetryStatistics? {
        try? DeterministicJSON.decode(TelemetryStatistics.self, from: bytes)
    }

    @Test(arguments: 0..<8 as Range<UInt64>) func whatIsWrittenIsRead(seed: UInt64) throws {
        let statistics = Self.statistics(seed: seed, rows: seed == 7 ? 3_000 : 12)
        for pretty in [false, true] {
            let bytes = try DeterministicJSON.encode(statistics, pretty: pretty)
            #expect(try TelemetryStatistics(reading: bytes) == statistics)
        }
        let bytes = try DeterministicJSON.encode(statistics, pretty: false)
        #expect(TelemetryStatistics.isReadDirectly(bytes), "the way for thousands of workers is not taken")
    }

    /// Whatever becomes of a text, it is taken for what a general decoder takes it for, or refused like there.
    @Test func damageIsReadAsAGeneralDecoderReadsIt() throws {
        let bytes = try DeterministicJSON.encode(Self.statistics(seed: 1, rows: 3), pretty: false)
        var generator = CounterBasedGenerator(seed: 3, purpose: "damage")
        func draw(_ count: Int) -> Int { min(count - 1, Int(generator.uniform() * Double(count))) }
        let pieces = [
            "0", "-", ".5", "1e999", "null", "\"\"", "{}", "[]", ",", "\\u0041", " ", "18446744073709551616",
            "\"droppedBits\":9,", "\"rows\":1,",
        ]
        var taken = 0
        for step in 0..<700 {
            var text = bytes
            switch step % 4 {
            case 0: text[draw(text.count)] ^= 1 << UInt8(draw(7))
            case 1: text.remove(at: draw(text.count))
            case 2: text.insert(contentsOf: pieces[draw(pieces.count)].utf8, at: draw(text.count))
            default: text = Array(text.prefix(draw(text.count)))
            }
            let expected = Self.general(text)
            #expect((try? TelemetryStatistics(reading: text)) == expected, "\(String(decoding: text, as: UTF8.self))")
            taken += expected == nil ? 0 : 1
        }
        #expect(taken > 0)
    }

    /// A sketch that is coarser than its values need would make everybody's coarse that it is merged with.
    @Test func aSketchThatIsTooCoarseIsNone() throws {
        let fine = try DeterministicJSON.encode(Self.statistics(seed: 1), pretty: false)
        let text = String(decoding: fine, as: UTF8.self)
        let steps = try #require(text.range(of: "\"steps\":{\"droppedBits\":0,\"keys\":["))
        let end = try #require(text[steps.upperBound...].firstIndex(of: "]"))
        let coarse = text.replacingCharacters(
            in: steps.lowerBound..<end, with: "\"steps\":{\"droppedBits\":52,\"keys\":[1021")
        #expect(throws: DecodingError.self) { try TelemetryStatistics(reading: Array(coarse.utf8)) }
    }
}
