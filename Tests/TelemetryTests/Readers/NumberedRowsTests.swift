import Foundation
import Telemetry
import Testing

/// Long tables whose rows of one time are told apart by a number, or by words and numbers.
struct NumberedRowsTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func only(_ text: String) throws -> MetricFrame {
        let sources = try DataCatalog.discover([try scratch.write("\(UUID().uuidString)/metrics.csv", text)])
        #expect(sources.count == 1)
        return try #require(try sources.first?.read())
    }

    private static func time(_ row: Int) -> Int { 1_740_988_800 + 60 * row }

    @Test(
        "Numbers that come at every time are names",
        arguments: ["le", "5qi", "qci", "vlan", "pci", "lun", "rack", "worker", "level", "x", "n"])
    func numbers(_ name: String) throws {
        let rows = (0..<180).map { "\(Self.time($0 / 3)),\($0 % 3 + 1),\(Double($0) + 0.5)\n" }.joined()
        let frame = try only("time,\(name),usage\n" + rows)
        #expect(frame.schema == (1...3).map { "usage{\(name)=\"\($0)\"}" } && frame.rowCount == 60)
    }

    @Test("Fractions that are names")
    func quantiles() throws {
        let rows = (0..<180).map { "\(Self.time($0 / 3)),\(["0.5", "0.9", "0.99"][$0 % 3]),\($0)\n" }.joined()
        #expect(try only("time,quantile,usage\n" + rows).schema.contains("usage{quantile=\"0.99\"}"))
    }

    @Test("Numbers that differ by chance are measured")
    func chance() throws {
        let rows = (0..<180).map { "\(Self.time($0 / 3)),\($0 * 7 % 11),\(Double($0) + 0.5)\n" }.joined()
        #expect(try only("time,threads,usage\n" + rows).schema == ["threads", "usage"])
    }

    @Test("One block of rows below the other", arguments: [150, 300, 500])
    func blocks(_ length: Int) throws {
        let rows = (0..<(3 * length)).map { "\(Self.time($0 % length)),\($0 / length),\(Double($0) + 0.5)\n" }.joined()
        let frame = try only("time,CPU,usr\n" + rows)
        #expect(frame.schema.count == 3 && frame.rowCount == length)
        // A number that never changes is none.
        let plain = (0..<500).map { "\(Self.time($0)),1,\($0)\n" }.joined()
        #expect(try only("time,CPU,usr\n" + plain).schema == ["CPU", "usr"])
    }

    @Test("Words and numbers that name the same things", arguments: ["CPU", "Name", "device"])
    func words(_ name: String) throws {
        let rows = (0..<180).map { "\(Self.time($0 / 3)),\(["all", "0", "1"][$0 % 3]),\(Double($0) + 0.5)\n" }.joined()
        #expect(try only("time,\(name),usr\n" + rows).schema.count == 3)
    }
}
