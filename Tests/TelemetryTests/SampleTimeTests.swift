import Telemetry
import Testing

@Suite struct SampleTimeTests {
    private func clock(_ times: [Double]) -> ClockFindings {
        var findings = ClockFindings()
        for (row, time) in times.enumerated() { findings.add(time: time, previous: row > 0 ? times[row - 1] : nil) }
        return findings
    }

    /// Rows times the mean are the time that they cover, however irregular, and whatever the median says.
    @Test func rowsTimesTheMeanAreTheTimeCovered() throws {
        var times = [0.0]
        for row in 0..<3_000 { times.append(times[row] + [1, 1, 20][row % 3]) }
        #expect(clock(times).medianStep == 1)
        #expect(SampleTime.mean(of: times) == 22.0 / 3)
        #expect(clock(times).meanStep == 22.0 / 3)
    }

    /// Each time twice: half of the rows cover no time.
    @Test func repeatedTimesCoverNothing() {
        let times = (0..<1_001).map { Double($0 / 2) * 30 }
        #expect(clock(times).medianStep == 30)
        #expect(SampleTime.mean(of: times) == 15)
        #expect(clock(times).meanStep == 15)
    }

    /// What nobody watched is not covered: a night, an hour and ten minutes, and a clock that was set back.
    @Test func gapsAndStepsBackDoNotCount() throws {
        var times: [Double] = []
        for (start, count) in [(0, 200), (86_400, 200), (90_000, 200), (90_800, 200), (50_000, 200)] {
            times += (0..<count).map { Double(start + $0) }
        }
        #expect(SampleTime.mean(of: times) == 1)
        #expect(clock(times).meanStep == 1)
        #expect(SampleTime.mean(ofAll: [[0, 60, 120], [7, 37, 67]]) == 45)
    }

    @Test func whereNoTimePassesThereIsNone() {
        for times in [[], [5], [5, 5, 5], [5, 4, 3], [0, .infinity], [-1e308, 1e308, 1e308]] {
            #expect(SampleTime.mean(of: times).map { $0.isFinite && $0 > 0 } ?? true, "\(times)")
        }
        #expect(SampleTime.mean(of: [5, 5]) == nil)
        #expect(ClockFindings().meanStep == nil)
    }
}
