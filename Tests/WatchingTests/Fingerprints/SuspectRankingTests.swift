import Testing
import Watching

@Suite struct SuspectRankingTests {
    /// 200 rows of three metrics. `a` has been beyond all that was seen for long, and goes on to be; `b` goes far from row 100
    /// to 120; `c` does nothing.
    private struct Course {
        static let width = 3
        var deviations = [Double](repeating: 0, count: 600)
        var places = [Float](repeating: 0.5, count: 600)
        var extents = [Float](repeating: 1, count: 600)

        init() {
            for row in 0..<200 {
                deviations[row * 3] = 1
                places[row * 3] = row.isMultiple(of: 2) ? 3 : 5
                extents[row * 3] = 5
                guard (100..<120).contains(row) else { continue }
                deviations[row * 3 + 1] = 0.8
                places[row * 3 + 1] = row == 100 ? 4.5 : 2
            }
            for row in 100..<200 { extents[row * 3 + 1] = 4.5 }
        }

        func ranking(_ rows: Range<Int>) -> SuspectRanking {
            SuspectRanking(rows, width: 3, deviations: deviations, places: places, extents: extents)
        }
    }

    /// What was odd before goes no farther than before.
    @Test func whatWentFarComesBeforeWhatGoesOnToBeRare() {
        let ranking = Course().ranking(100..<120)
        #expect(ranking.order == [1, 0, 2])
        #expect(abs(ranking.scores[0] - 1 / 1.8) < 1e-9)
        // From .5 to 4.5 of a span of 4.5 is all that went anywhere.
        #expect(abs(ranking.scores[1] - (0.8 / 1.8 + 1)) < 1e-9)
        #expect(ranking.scores[2] == 0)
    }

    /// An alarm comes some rows after what it is about: these are looked at as far as the metrics deviate without a break.
    @Test func aLateAlarmFindsTheOnset() {
        var course = Course()
        for row in 0..<200 { course.deviations[row * 3] = row < 100 ? 0.1 : 1 }
        let (late, early) = (course.ranking(110..<120), course.ranking(100..<120))
        #expect(late.order == [1, 0, 2] && zip(late.scores, early.scores).allSatisfy { abs($0 - $1) < 1e-9 })
        // Another event that was over before is none of it.
        for row in 108..<110 { for metric in 0..<3 { course.deviations[row * 3 + metric] = 0 } }
        let apart = course.ranking(110..<120)
        #expect(apart.order == [0, 1, 2] && apart.scores[1] < 0.5)
    }

    @Test func whereNobodySaysWhereValuesLieTheDeviationDecides() {
        var course = Course()
        course.extents = [Float](repeating: 0, count: 600)
        let ranking = course.ranking(100..<120)
        #expect(ranking.order == [0, 1, 2] && abs(ranking.scores[0] - 1 / 1.8) < 1e-9)
        // A metric that is away for a part of the event went as far as the rest of it says.
        course = Course()
        for row in 105..<130 { (course.extents[row * 3 + 1], course.places[row * 3 + 1]) = (0, 1_000) }
        #expect(course.ranking(100..<120).order.first == 1)
        #expect(abs(course.ranking(100..<120).scores[1] - (0.8 / 1.8 + 1)) < 1e-9)
    }

    /// At the beginning of a stream what is normal is what was usual.
    @Test func theFirstRowsAreHeldAgainstWhatIsNormal() {
        let ranking = SuspectRanking(
            0..<2, width: 2, deviations: [1, 1, 1, 1], places: [0.9, 1.5, 0.1, 1.4], extents: [1, 1.5, 1, 1.5])
        #expect(ranking.order == [1, 0] && ranking.scores == [0.5, 1.5])
    }

    @Test func nothingDeviates() {
        let ranking = SuspectRanking(
            0..<2, width: 2, deviations: [0, 0, 0, 0], places: [0, 0, 0, 0], extents: [0, 0, 0, 0])
        #expect(ranking.order == [0, 1] && ranking.scores == [0, 0])
    }
}
