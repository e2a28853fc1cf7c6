import Foundation
import Telemetry
import Testing

/// A stream goes on where a row is bad: the others are read as if it were not there, and it is said.
struct SkippedRowsTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func read(
        _ text: String, _ name: String = "host.csv", chunk: Int = 3
    ) throws -> (values: [Double], indices: [Int], skipped: SkippedRows?) {
        var options = ReaderOptions()
        options.skipsBadRows = true
        options.bufferBytes = 16
        var reader = try Scratch.source([try scratch.write(name, text)]).makeReader(options: options)
        var (values, indices): ([Double], [Int]) = ([], [])
        var skipped: SkippedRows?
        while let frame = try reader.nextChunk(maximumRows: chunk) {
            values += frame.values
            indices += (0..<frame.rowCount).map { frame.firstRow + $0 }
            if let latest = reader.takeSkippedRows() { skipped = SkippedRows(skipped, latest) }
        }
        if let latest = reader.takeSkippedRows() { skipped = SkippedRows(skipped, latest) }
        return (values, indices, skipped)
    }

    @Test(
        "Bad rows in separated text are passed over",
        arguments: [
            ("a,b\n1,2\n3\n5,6\n", [1, 2, 5, 6], 1, 3), ("a,b\n1,2\n3,4,5\n6,7,8\n9,10\n", [1, 2, 9, 10], 2, 3),
            ("a,b\n1,2\nx,4\n5,6\n", [1, 2, 5, 6], 1, 3), ("a,b\n1,2\n3,4\n5", [1, 2, 3, 4], 1, 4),
            ("a,b\n1,2\n3,\"4\n5,6\n7,8\n", [1, 2, 5, 6, 7, 8], 1, 3),
            ("time,a\n1,10\nnow,11\n3,12\n", [10, 12], 1, 3), ("a,b\n1,2\n\u{0},\u{0}\n3,4\n", [1, 2, 3, 4], 1, 3),
        ] as [(String, [Double], Int, Int)])
    func separated(_ text: String, _ expected: [Double], _ count: Int, _ line: Int) throws {
        for chunk in [1, 3, 100] {
            let found = try read(text, chunk: chunk)
            #expect(found.values == expected)
            #expect(found.indices == Array(0..<found.indices.count))
            #expect(found.skipped?.count == count && found.skipped?.first.line == line)
        }
    }

    @Test("Bad lines of JSON are passed over")
    func lines() throws {
        let text = """
            {"a":1,"b":2}
            {"a":3,"b"
            [1]
            {"a":5,"b":6}
            {"a":7,
            """
        let found = try read(text, "host.jsonl")
        #expect(found.values == [1, 2, 5, 6])
        #expect(found.skipped?.count == 3 && found.skipped?.first.line == 2)
    }

    @Test("Good rows are the same with and without the option, and nothing is said")
    func good() throws {
        let text = "a,b\n1,2\n\n3,\"4\"\n5,6"
        let found = try read(text)
        #expect(found.values == [1, 2, 3, 4, 5, 6] && found.skipped == nil)
    }
}

extension SkippedRows {
    fileprivate init(_ earlier: SkippedRows?, _ later: SkippedRows) {
        self = earlier ?? later
        if earlier != nil { count += later.count }
    }
}
