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
}
