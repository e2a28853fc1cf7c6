import Foundation
import Laboratory
import Numerics
import Telemetry
import TestSupport
import Testing

struct FaultInjectorTests {
    private func injector(
        seed: UInt64 = 1, faults: FaultSelection = .all, severity: ClosedRange<Double> = 4...4, from: Double = 0.7
    ) throws -> FaultInjector {
        try FaultInjector(seed: seed, faults: faults, severity: severity, from: from, rules: .builtIn())
    }

    /// A frame with a metric for most faults, one constant, one counter and one gap.
    private func frame(rows: Int = 2_000) -> MetricFrame {
        var random = CounterBasedGenerator(seed: 3, purpose: "frame")
        let schema = ["cpu_0", "cpu_1", "sys_mem", "dl_brate", "node_network_receive_drop_total", "constant", "m07"]
        var values: [Double] = []
        var drops = 100.0
        for row in 0..<rows {
            drops += (4 + random.normal()).rounded()
            values += [
                (40 + 5 * random.normal()).rounded(), (42 + 5 * random.normal()).rounded(), 29 + 0.1 * random.normal(),
                row == 500 ? .nan : 5_000 + 300 * random.normal(), drops, 7, random.normal(),
            ]
        }
        return MetricFrame(schema: schema, firstRow: 0, times: (0..<rows).map { Double($0) * 0.08 }, values: values)
    }

    @Test func whatComesBeforeIsLeftAlone() throws {
        let before = frame()
        let result = try injector().inject(into: before, name: "site/enb0")
        #expect(result.trainingRows == 1_400)
        let columns = before.columnCount
        for position in 0..<(result.trainingRows * columns) {
            #expect(result.frame.values[position].bitPattern == before.values[position].bitPattern)
        }
        #expect(result.frame.times == before.times)
        let labels = try #require(result.frame.labels)
        #expect(labels[..<1_400].allSatisfy { $0 == 0 })
        #expect(!result.faults.isEmpty && !result.leftOut.isEmpty)
        for fault in result.faults { #expect(fault.rows.allSatisfy { labels[$0] == 1 }) }
        #expect(labels.count { $0 == 1 } == result.faults.reduce(0) { $0 + $1.rows.count })
        // Neither a constant nor a metric without a meaning is touched.
        for fault in result.faults {
            #expect(fault.metrics.allSatisfy { !["constant", "m07"].contains($0.name) }, "\(fault.fault)")
        }
        #expect(result.leftOut.contains("thermal-throttling") && result.leftOut.contains("session-leak"))
    }

    @Test func sizesAreInUnitsOfTheMeasuredSpread() throws {
        let before = frame()
        let wanted = try injector(faults: .named(["cpu-saturation"]), severity: 6...6)
        let result = try wanted.inject(into: before, name: "a")
        let fault = try #require(result.faults.first)
        #expect(Set(fault.metrics.map(\.name)) == ["cpu_0", "cpu_1", "dl_brate"])
        // 40 ± 5: six spreads are 30.
        #expect(abs(result.spreads[0] - 5) < 0.4)
        let row = fault.rows.lowerBound + fault.rows.count / 2
        #expect(abs(result.frame[row, 0] - before[row, 0] - 6 * result.spreads[0]) < 1e-9)
        #expect(result.frame[row, 2] == before[row, 2])
        // Per cents stay per cents.
        for row in fault.rows { #expect(result.frame[row, 0] <= 100) }
    }

    @Test func countersKeepGrowingAndKeepTheirOffset() throws {
        let before = frame()
        let result = try injector(faults: .named(["packet-loss"])).inject(into: before, name: "a")
        let fault = try #require(result.faults.first)
        #expect(fault.metrics.contains { $0.name == "node_network_receive_drop_total" })
        let column = 4
        var last = -1.0
        for row in 0..<before.rowCount {
            #expect(result.frame[row, column] >= last)
            last = result.frame[row, column]
        }
        let end = fault.rows.upperBound
        let offset = result.frame[end, column] - before[end, column]
        #expect(offset > 0)
        #expect(abs(result.frame[1_999, column] - before[1_999, column] - offset) < 1e-6)
    }

    @Test func theSameSeedGivesTheSameFaults() throws {
        let before = frame()
        let a = try injector(faults: .count(5)).inject(into: before, name: "x")
        let b = try injector(faults: .count(5)).inject(into: before, name: "x")
        #expect(a.faults == b.faults && a.frame == b.frame)
        #expect(try injector(seed: 2, faults: .count(5)).inject(into: before, name: "x").faults != a.faults)
        #expect(try injector(faults: .count(5)).inject(into: before, name: "y").faults != a.faults)
    }

    @Test func tooFewRowsAreSaid() throws {
        #expect { try injector().inject(into: frame(rows: 60), name: "short") } throws: {
            ($0 as? GeneratorError)?.code == .unsuitableData && "\($0)".contains("short")
        }
        #expect { try injector(from: 1.5) } throws: { ($0 as? GeneratorError)?.code == .badParameter }
        #expect { try injector(faults: .named(["no-such"])) } throws: { ($0 as? GeneratorError)?.code == .unknownFault }
    }

    @Test(.enabled(if: SharedDatasets.has("5g3e"), "needs the shared data set 5g3e"))
    func realFilesAreCopiedWithFaults() throws {
        let root = try #require(SharedDatasets.url("5g3e/version1/RAN_level/site3"))
        let folder = try TemporaryFolder()
        let sources = try DataCatalog.discover([root.path])
        let (manifest, passedOver) = try injector(faults: .count(3)).write(sources, to: folder.path)
        #expect(passedOver.isEmpty && manifest.entities.count == sources.count)
        for source in sources {
            let before = try source.read()
            let copies = try DataCatalog.discover([folder.path + "/" + source.site]).filter {
                $0.entity == source.entity
            }
            let train = try #require(copies.first { $0.part == .train }).read()
            let test = try #require(copies.first { $0.part == .test }).read()
            #expect(train.rowCount + test.rowCount == before.rowCount)
            #expect(train.schema == before.schema)
            for position in train.values.indices where before.values[position].isFinite {
                #expect(train.values[position] == before.values[position])
            }
            let entity = try #require(manifest.entities.first { $0.entity == source.entity })
            #expect(entity.faults.count == 3)
            #expect(test.labels?.count { $0 == 1 } == entity.faults.reduce(0) { $0 + $1.rows.count })
            // Rows without a fault are as they were.
            for row in 0..<test.rowCount where test.labels?[row] == 0 {
                for column in 0..<test.columnCount {
                    let old = before[train.rowCount + row, column]
                    if old.isFinite { #expect(test[row, column] == old) }
                }
            }
        }
    }
}
