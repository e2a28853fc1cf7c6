import Placement
import Testing

@Suite("Live training times")
struct LiveTrainingTimesTests {
    private func profile(_ times: LiveTrainingTimes) throws -> [Double] {
        try times.profile(count: 5) { 12 / Double($0) }.values(count: 5).map { ($0 * 1e6).rounded() / 1e6 }
    }

    @Test("Without measurements the base; then first quartiles, and the base's shape scaled between them")
    func scaling() throws {
        var times = LiveTrainingTimes()
        #expect(try profile(times) == [12, 6, 4, 3, 2.4])
        times.add(9, workers: 2)
        #expect(try profile(times) == [12, 6, 4, 3, 2.4])
        for seconds in [9.0, 9, 13] { times.add(seconds, workers: 2) }
        #expect(times.isMeasured && times.level(workers: 2) == 9)
        #expect(try profile(times) == [18, 9, 6, 4.5, 3.6])
        for _ in 0..<3 { times.add(3, workers: 4) }
        // The scale falls from 1.5 at 2 workers to 1 at 4.
        #expect(try profile(times) == [18, 9, 5, 3, 2.4])
    }

    @Test("One slow round changes little, two in a row set a new level, and the window is bounded")
    func levels() throws {
        var times = LiveTrainingTimes()
        for _ in 0..<20 { times.add(1, workers: 3) }
        #expect(times.latest[3]?.count == LiveTrainingTimes.window)
        times.add(2, workers: 3)
        #expect(times.level(workers: 3) == 1)
        times.add(1.01, workers: 3)
        times.add(2, workers: 3)
        #expect(times.level(workers: 3) == 1)
        times.add(2, workers: 3)
        #expect(times.level(workers: 3) == 2)
        for value in [Double.nan, .infinity, 0, -1] { times.add(value, workers: 3) }
        #expect(times.latest[3] == [2, 2])
    }

    @Test("What is kept in a file comes back")
    func storing() throws {
        var times = LiveTrainingTimes()
        for seconds in [1.0, 1.1, 0.9, 4] { times.add(seconds, workers: 3) }
        let document = times.document(try times.profile(count: 4) { 1 / Double($0) })
        #expect(document.trainingTimeBreakpoints.count == 4)
        #expect(LiveTrainingTimes(document.measurements) == times)
    }
}
