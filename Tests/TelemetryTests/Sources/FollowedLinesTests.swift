import Foundation
import Telemetry
import Testing

@Suite struct FollowedLinesTests {
    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func partialLinesWait() {
        var lines = FollowedLines()
        #expect(lines.observe(inodeAtPath: 1, openInode: 1, openSize: 12) == .read(from: 0))
        var taken = lines.take(Array("time,a\n1,2\n2".utf8))
        #expect(taken.isNewHeader && text(taken.lines) == "1,2\n")
        #expect(lines.observe(inodeAtPath: 1, openInode: 1, openSize: 12) == .wait)
        #expect(lines.observe(inodeAtPath: 1, openInode: 1, openSize: 15) == .read(from: 12))
        taken = lines.take(Array(",3\n".utf8))
        #expect(text(taken.lines) == "2,3\n")
    }

    /// As old Macintosh programs end lines, over a restart too.
    @Test func carriageReturnsAlone() throws {
        var lines = FollowedLines()
        _ = lines.observe(inodeAtPath: 1, openInode: 1, openSize: 11)
        let taken = lines.take(Array("t,a\r1,2\r2,".utf8))
        #expect(taken.isNewHeader && text(taken.lines) == "1,2\n")
        #expect(text(lines.take(Array("3\r".utf8)).lines) == "2,3\n")
        var again = try JSONDecoder().decode(FollowedLines.self, from: JSONEncoder().encode(lines))
        #expect(again.observe(inodeAtPath: 1, openInode: 1, openSize: 16) == .read(from: 12))
        #expect(text(again.take(Array("3,4\r".utf8)).lines) == "3,4\n")
    }

    @Test func rotationReadsTheOldFileToItsEnd() {
        var lines = FollowedLines()
        _ = lines.observe(inodeAtPath: 1, openInode: 1, openSize: 10)
        _ = lines.take(Array("t,a\n1,2\n2,3".utf8))
        #expect(lines.observe(inodeAtPath: 2, openInode: 1, openSize: 11) == .rotated)
        #expect(text(lines.take([], isEnd: true).lines) == "2,3\n")
        lines.startOver()
        #expect(lines.observe(inodeAtPath: 2, openInode: 2, openSize: 8) == .read(from: 0))
        // The same header again is no row.
        let taken = lines.take(Array("t,a\n3,4\n".utf8))
        #expect(!taken.isNewHeader && text(taken.lines) == "3,4\n")
    }

    @Test func truncationAndHeadersThatComeBack() {
        var lines = FollowedLines()
        _ = lines.observe(inodeAtPath: 1, openInode: 1, openSize: 8)
        _ = lines.take(Array("t,a\n1,2\n".utf8))
        #expect(lines.observe(inodeAtPath: 1, openInode: 1, openSize: 4) == .truncated)
        lines.startOver()
        _ = lines.observe(inodeAtPath: 1, openInode: 1, openSize: 4)
        #expect(text(lines.take(Array("t,a\n5,6\nt,a\n7,8\n".utf8)).lines) == "5,6\n7,8\n")
        #expect(lines.repeatedHeaders == 1)
        lines.startOver()
        #expect(lines.take(Array("t,a,b\n".utf8)).isNewHeader)
    }

    @Test func positionSurvivesWithoutThePartialLine() throws {
        var lines = FollowedLines()
        _ = lines.observe(inodeAtPath: 7, openInode: 7, openSize: 10)
        _ = lines.take(Array("t,a\n1,2\n2,".utf8))
        var again = try JSONDecoder().decode(FollowedLines.self, from: JSONEncoder().encode(lines))
        #expect(again.observe(inodeAtPath: 7, openInode: 7, openSize: 12) == .read(from: 8))
        #expect(text(again.take(Array("2,3\n".utf8)).lines) == "2,3\n")
        #expect(again.observe(inodeAtPath: 8, openInode: 8, openSize: 4) == .read(from: 0))
    }

    @Test(arguments: [1, 2, 3, 5, 7, 1_000]) func anyCutGivesTheSameRows(piece: Int) {
        let bytes = Array("t,a\r\n1,2\r\n\n  \n2,3\nt,a\n3,4".utf8)
        var lines = FollowedLines()
        var rows: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: piece) {
            rows += lines.take(Array(bytes[start..<min(start + piece, bytes.count)])).lines
        }
        rows += lines.take([], isEnd: true).lines
        #expect(text(rows.filter { $0 != 0x0D }) == "1,2\n2,3\n3,4\n")
    }

    private func all(_ lines: inout FollowedLines, _ pieces: [[UInt8]]) -> [FollowedLines.Taken] {
        pieces.flatMap { piece in
            var taken = [lines.take(piece)]
            while taken.last?.hasMore == true { taken.append(lines.take([])) }
            return taken
        }
    }

    @Test func aFileWrittenAnewInPlaceBeginsOtherwise() throws {
        let (old, new) = (Array("t,a\n1,2\n2,3\n".utf8), Array("t,a\n7,8\n8,9\n9,10\n".utf8))
        var lines = FollowedLines()
        _ = lines.observe(inodeAtPath: 1, openInode: 1, openSize: 12, head: [])
        _ = lines.take(old)
        #expect(lines.headBytes == old.count && lines.begins(with: old + new) && !lines.begins(with: new))
        #expect(lines.observe(inodeAtPath: 1, openInode: 1, openSize: 12, head: old) == .wait)
        #expect(lines.observe(inodeAtPath: 1, openInode: 1, openSize: 13, head: old) == .read(from: 12))
        let saved = try JSONEncoder().encode(lines)
        for size in [12, 13, 17] as [UInt64] {
            var again = lines
            #expect(again.observe(inodeAtPath: 1, openInode: 1, openSize: size, head: new) == .truncated)
            // A restart sees it too.
            again = try JSONDecoder().decode(FollowedLines.self, from: saved)
            #expect(again.headBytes == 12)
            #expect(again.observe(inodeAtPath: 1, openInode: 1, openSize: size, head: new) == .truncated)
            again = try JSONDecoder().decode(FollowedLines.self, from: saved)
            #expect(again.observe(inodeAtPath: 1, openInode: 1, openSize: 17, head: old) == .read(from: 12))
        }
        // Half a line was there when the head was kept; what comes next belongs to it.
        var half = FollowedLines()
        _ = half.take(Array("t,a\n1,".utf8))
        half = try JSONDecoder().decode(FollowedLines.self, from: JSONEncoder().encode(half))
        #expect(
            half.observe(inodeAtPath: 1, openInode: 1, openSize: 12, head: Array("t,a\n1,".utf8)) == .read(from: 4))
        _ = half.take(Array("1,2\n2,3\n".utf8))
        #expect(half.headBytes == 12 && half.begins(with: old))
    }

    @Test func theHeadReachesBehindALongHeader() {
        let header = Array("t,\((0..<900).map { "metric\($0)" }.joined(separator: ","))\n".utf8)
        let row = Array("1,\([String](repeating: "2", count: 900).joined(separator: ","))\n".utf8)
        var lines = FollowedLines()
        for byte in header + row + row { _ = lines.take([byte]) }
        #expect(lines.headBytes == header.count + 1_024)
        #expect(lines.begins(with: header + row) && !lines.begins(with: header + [0x33] + row.dropFirst()))
    }

    @Test func aPositionWithoutAHeadIsGoneOnWith() throws {
        let saved = Array(#"{"inode":7,"offset":12,"header":[116,44,97]}"#.utf8)
        var lines = try JSONDecoder().decode(FollowedLines.self, from: Data(saved))
        #expect(lines.headBytes == 12)
        let head = Array("t,a\n1,2\n2,3\n".utf8)
        #expect(lines.observe(inodeAtPath: 7, openInode: 7, openSize: 12, head: head) == .wait)
        #expect(
            lines.observe(inodeAtPath: 7, openInode: 7, openSize: 20, head: Array("t,a\n5,6\n7,8\n".utf8)) == .truncated
        )
    }

    @Test(arguments: [1, 3, 1_000]) func rowsBelowAnotherHeaderAreItsOwn(piece: Int) {
        let bytes = Array("time,a,b\n1,2,3\n2,3,4\ntime,b,c\n3,4,5\ntime,b,c\n4,5,6\n".utf8)
        var lines = FollowedLines()
        let pieces = stride(from: 0, to: bytes.count, by: piece).map { Array(bytes[$0..<min($0 + piece, bytes.count)]) }
        let taken = all(&lines, pieces)
        var rows: [String] = []
        var header = 0
        for part in taken {
            if part.isNewHeader { header += 1 }
            rows += text(part.lines).split(separator: "\n").map { "\(header): \($0)" }
        }
        #expect(rows == ["1: 1,2,3", "1: 2,3,4", "2: 3,4,5", "2: 4,5,6"])
        #expect(taken.filter(\.isBelowRows).count == 1 && text(lines.header ?? []) == "time,b,c")
        #expect(lines.repeatedHeaders == 1)
    }

    /// Units below a header, comments, a word among the rows and lines of a log name no columns.
    @Test(arguments: [
        "time,a,b\nUTC,%,s\n1,2,3\ntime,a,b\nUTC,%,s\n2,3,4\n", "time,a,b\n1,2,3\n# time, level\n2,3,4\n",
        "time,a,b\n1,2,3\nn/a,nan,x\n2,3,4\n", "time,a,b\n1,2,3\nat this time, nothing\n2,3,4\n",
        "time,host,b\n1,web,3\n2,time,4\n", "a,b\n1,2\ntime,x\n2,3\n",
    ])
    func whatIsNoHeaderIsNone(_ text: String) {
        var lines = FollowedLines()
        let taken = all(&lines, [Array(text.utf8)])
        #expect(taken.count == 1 && !taken[0].isBelowRows && !taken[0].hasMore)
    }

    @Test func aFileThatBeginsWithARowKeepsTheHeader() {
        var lines = FollowedLines()
        _ = lines.take(Array("time,host,a\n1,web,2\n".utf8))
        lines.startOver()
        var taken = lines.take(Array("2,web,3\n3,web,4\n".utf8))
        #expect(taken.keepsHeader && !taken.isNewHeader && text(taken.lines) == "2,web,3\n3,web,4\n")
        #expect(!lines.take(Array("4,web,5\n".utf8)).keepsHeader)
        // Rows of other columns, and names, are no rows of these.
        for first in ["2,web,3,4\n", "time,host,b\n", "time,host,7\n", "time,a\n"] {
            lines.startOver()
            taken = lines.take(Array(first.utf8))
            #expect(taken.isNewHeader && !taken.keepsHeader, "\(first)")
            lines.startOver()
            _ = lines.take(Array("time,host,a\n".utf8))
        }
    }
}
