import Numerics
import Platform
import Testing
import Watching

@Suite struct ChangeStreamTests {
    static let metrics = ["CpuUsage(m)", "MemoryUsage(Mi)", "PodServerLatencyP90(s)", "NodeCpuUsageRate(%)"]

    /// Rows of independent noise.
    static func rows(_ count: Int, seed: UInt64) -> [[Double]] {
        var generator = CounterBasedGenerator(seed: seed, purpose: "change stream test")
        return (0..<count).map { _ in metrics.indices.map { Double(10 * ($0 + 1)) + generator.normal() } }
    }

    static func samples(_ rows: [[Double]]) -> DetectorSamples {
        DetectorSamples(
            metrics: metrics, times: rows.indices.map { Double($0) * 60 }, values: rows.flatMap(\.self))
    }

    static func stream(seed: UInt64 = 1) throws -> ChangeStream {
        let lexicon = MetricLexicon.builtIn
        let model = ChangeModel(
            [samples(rows(1_500, seed: seed))], lexicon: lexicon, falseAlarmsPerDay: 1, stepSeconds: 60)
        return ChangeStream(model: model, lexicon: lexicon)
    }

    @Test func quietRowsAreNoNews() throws {
        var stream = try Self.stream()
        var news = 0
        for (index, row) in Self.rows(3_000, seed: 2).enumerated() {
            stream.append(row, at: Double(index) * 60)
            if stream.level >= stream.model.threshold { news += 1 }
        }
        #expect(news <= 4)
    }

    @Test func aChangeIsNewsOnceAndWhatStaysIsTheNewNormal() throws {
        var stream = try Self.stream()
        var (news, active): ([Int], [Int]) = ([], [])
        for (index, row) in Self.rows(200, seed: 3).enumerated() {
            var row = row
            if index >= 100 { row[1] += 40 }
            stream.append(row, at: Double(index) * 60)
            if stream.level >= stream.model.threshold { news.append(index) }
            if stream.activity > 0 { active.append(index) }
        }
        #expect(news.first == 101)
        #expect(news.allSatisfy { $0 < 110 })
        #expect(active.allSatisfy { (100..<120).contains($0) })
    }

    /// A metric that is 0 but for one burst, one that never moves, and values as large as numbers are: a model is what a file
    /// may hold, and evidence is finite.
    @Test func numbersStayFinite() throws {
        var rows = Self.rows(900, seed: 5)
        for index in rows.indices { rows[index][0] = (400..<403).contains(index) ? 7_000 : 0 }
        for index in rows.indices { rows[index][1] = 0 }
        let lexicon = MetricLexicon.builtIn
        let model = ChangeModel([Self.samples(rows)], lexicon: lexicon, falseAlarmsPerDay: 1, stepSeconds: 1)
        #expect(model.isConsistent)
        var stream = ChangeStream(model: model, lexicon: lexicon)
        var highest = 0.0
        for (index, row) in rows.suffix(60).enumerated() {
            let value = index < 40 ? 0.0 : 1e300
            stream.append([value, value, row[2], row[3]], at: Double(index))
            #expect(stream.level.isFinite)
            highest = max(highest, stream.level)
        }
        #expect(highest >= model.threshold)
    }

    /// A model is kept in few bytes; those that were written metric by metric are read as well.
    @Test func aModelIsReadAsItWasWritten() throws {
        var rows = Self.rows(400, seed: 6)
        for index in rows.indices { rows[index][2] = .nan }
        let model = ChangeModel([Self.samples(rows)], lexicon: .builtIn, falseAlarmsPerDay: 1, stepSeconds: 60)
        let bytes = try DeterministicJSON.encode(model)
        #expect(try DeterministicJSON.decode(ChangeModel.self, from: bytes) == model)
        let tails = #"{"lower": 1, "lowerIndex": 0.5, "upper": 2, "upperIndex": 0.25}"#
        let old = """
            {"groups": ["g", "g"], "metrics": ["a", "b"], "threshold": 0.7,
            "normal": [{"change": \(tails), "level": \(tails), "median": 3}, null]}
            """
        let read = try DeterministicJSON.decode(ChangeModel.self, from: Array(old.utf8))
        #expect(read.isConsistent && read.threshold == 0.7)
        let again = try DeterministicJSON.decode(ChangeModel.self, from: DeterministicJSON.encode(read))
        #expect(again == read)
        let short = #"{"groups": ["g"], "metrics": ["a"], "threshold": 0.7, "normal": "AAAAAAAA8D8="}"#
        #expect(throws: DecodingError.self) {
            try DeterministicJSON.decode(ChangeModel.self, from: Array(short.utf8))
        }
    }

    @Test func oneSampleAloneIsNone() throws {
        var stream = try Self.stream()
        for (index, row) in Self.rows(200, seed: 4).enumerated() {
            var row = row
            if index == 100 { row[0] += 500 }
            stream.append(row, at: Double(index) * 60)
            #expect(stream.level < stream.model.threshold)
        }
    }

    @Test func theBeginningAndTheMetricAreKnown() throws {
        var stream = try Self.stream()
        for (index, row) in Self.rows(104, seed: 5).enumerated() {
            var row = row
            if index >= 100 {
                row[0] += 60
                row[2] -= 60
            }
            stream.append(row, at: Double(index) * 60)
        }
        let report = try #require(stream.report(site: "s", entity: "e", time: 103 * 60, step: 60))
        #expect(report.news >= 1)
        let found = Dictionary(uniqueKeysWithValues: report.evidence.map { ($0.kind, $0) })
        #expect(found["cpu"]?.onset == 6_000 && found["cpu"]?.metric == "CpuUsage(m)")
        #expect((found["cpu"]?.value ?? 0) > 2 && (found["latency.inbound"]?.value ?? 0) < -2)
        #expect(found["cpu"]?.role == .own && found["latency.inbound"]?.role == .serving)
    }

    /// The host's metrics are shown in every guest's rows; they say nothing of the guest.
    @Test func theHostIsNoNewsOfTheGuest() throws {
        var stream = try Self.stream()
        for (index, row) in Self.rows(200, seed: 6).enumerated() {
            var row = row
            if index >= 100 { row[3] += 200 }
            stream.append(row, at: Double(index) * 60)
            #expect(stream.level < stream.model.threshold)
        }
    }

    @Test func missingValuesAreNoEvidence() throws {
        var stream = try Self.stream()
        for (index, row) in Self.rows(50, seed: 7).enumerated() {
            stream.append(index % 3 == 0 ? row.map { _ in .nan } : row, at: Double(index) * 60)
            #expect(stream.activity < stream.model.threshold)
        }
    }
}
