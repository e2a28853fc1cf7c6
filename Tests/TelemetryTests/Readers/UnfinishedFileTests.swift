import Foundation
import Telemetry
import Testing

/// Files that somebody is writing, that hold nothing yet, or whose first rows leave open how the others are written.
struct UnfinishedFileTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private static func rows(_ count: Int, _ cell: (Int) -> String = { "\($0)" }) -> String {
        (0..<count).map { "\(1_740_988_800 + 60 * $0);\($0);\(cell($0))\n" }.joined()
    }

    private static let header = "time;cpu;mem\n"

    @Test(
        "A last line without its end and too few fields is left out",
        arguments: ["17409", "1740989999;1", "1740989999;\"a"])
    func cutLines(_ rest: String) throws {
        let source = Scratch.source([try scratch.write("a.csv", Self.header + Self.rows(20) + rest)])
        #expect(try source.read().rowCount == 20)
        #expect(try source.makeReader().layout.notes.contains { $0.contains("not written to its end") })
        #expect(throws: TelemetryError.self) {
            _ = try scratch.read(Self.header + Self.rows(20) + rest + "\n" + Self.rows(1))
        }
        #expect(try scratch.read(Self.header + Self.rows(20) + "1740999999;1;2").rowCount == 21)
    }

    @Test(
        "Files that hold no row yet are passed over in a folder, and an error alone", arguments: ["", "time;cpu;mem\n"])
    func empty(_ text: String) throws {
        let good = try scratch.write("both/a.csv", Self.header + Self.rows(20))
        let bad = try scratch.write("both/b.csv", text)
        let folder = URL(filePath: good).deletingLastPathComponent().path
        let contents = try DataCatalog.search([folder])
        #expect(contents.sources.count == 1 && contents.passedOver.count == 1)
        #expect(throws: TelemetryError.self) { try DataCatalog.discover([bad]) }
    }

    @Test("Numbers are written as the whole column shows", arguments: ["0,42", "42 %", "1.234,5", "42 kB/s"])
    func lateFormats(_ cell: String) throws {
        let frame = try scratch.read(Self.header + Self.rows(700) { $0 < 600 ? "0" : cell })
        let wanted = ["0,42": 0.42, "42 %": 42, "1.234,5": 1234.5, "42 kB/s": 42_000][cell]
        #expect(frame.values[2 * 650 + 1] == wanted && frame.values[2 * 10 + 1] == 0)
    }

    @Test("Two ways of writing in one column remain an error")
    func contradictions() {
        #expect(throws: TelemetryError.self) {
            _ = try scratch.read(Self.header + Self.rows(700) { $0 < 600 ? "0.125" : "0,42" })
        }
    }

    @Test("Lines of OpenTSDB; a table without a header is refused")
    func firstLines() throws {
        let lines = (0..<40).map { "put sys.cpu \(1_742_457_600 + 60 * ($0 / 2)) \($0).5 host=h\($0 % 2)\n" }.joined()
        let sources = try DataCatalog.discover([try scratch.write("t/x.txt", lines)])
        #expect(sources.map(\.entity) == ["h0", "h1"])
        let first = try #require(try sources.first?.read())
        #expect(first.schema == ["sys.cpu"] && first.rowCount == 20)
        for row in ["cpu,%", "a,b,%", "cpu.user,%,host=a"] {
            let text = (0..<40).map { row.replacing("%", with: "\($0).5") + "\n" }.joined()
            #expect(throws: TelemetryError.self) { _ = try scratch.read(text) }
        }
    }
}
