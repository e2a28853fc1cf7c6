import Foundation
import Services
import Testing

/// Learning loops as they are read from the log of rounds.
@Suite struct LoopEntryTests {
    private func line(_ round: Int, _ kind: String, committed: Bool = true, loss: Double? = nil) throws
        -> LoopEntry.Line
    {
        let losses = loss.map { #","lossBefore":\#($0),"lossAfter":\#($0 / 2)"# } ?? ""
        let text =
            #"{"round":\#(round),"kind":"\#(kind)","baseVersion":\#(round),"version":\#(round + (committed ? 1 : 0)),"#
            + #""committed":\#(committed),"seconds":2,"contributions":[{"worker":"a"},{"worker":"b"}]\#(losses)}"#
        return try JSONDecoder().decode(LoopEntry.Line.self, from: Data(text.utf8))
    }

    private func log() throws -> [LoopEntry.Line] {
        [
            try line(0, "statistics"), try line(1, "training", loss: 4), try line(2, "training", loss: 2),
            // An attempt that came to nothing begins no loop of its own.
            try line(3, "statistics", committed: false), try line(3, "statistics"),
            try line(0, "restoration"), try line(4, "training", loss: 1),
        ]
    }

    @Test func eachFromItsStatisticsOn() throws {
        let loops = LoopEntry.all(in: try log(), present: (3, 1), isOver: false)
        #expect(loops.map(\.loop) == [1, 2] && loops.map(\.firstRound) == [0, 3] && loops.map(\.lastRound) == [2, 4])
        #expect(
            loops.map(\.open) == [false, true] && loops.map(\.committed) == [3, 2] && loops.map(\.abandoned) == [0, 1])
        #expect(loops[0].lossBefore == 4 && loops[0].loss == 1 && loops[0].version == 3)
        #expect(loops[0].rounds.map(\.contributions) == [2, 2] && loops[0].seconds == 6)
        #expect(LoopEntry.all(in: [], present: (0, 0), isOver: true).isEmpty)
    }

    /// Numbers are those of the loops, however much of the log there is, and whether the present one has begun or not.
    @Test func numbersCountFromTheEnd() throws {
        #expect(
            LoopEntry.all(in: Array(try log().dropFirst()), present: (3, 1_001), isOver: true).map(\.loop) == [
                1_001, 1_002,
            ])
        #expect(LoopEntry.all(in: try log(), present: (5, 1_002), isOver: true).map(\.loop) == [1_001, 1_002])
    }
}
