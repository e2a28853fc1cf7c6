import Federation
import Platform
import Testing

/// How large pieces are.
@Suite struct PiecePaceTests {
    /// What a link of so many bytes a second and such a round trip makes of pieces of a long transfer.
    private func settle(rate: Double, roundTrip: Duration) -> (bytes: Int, longest: Duration) {
        var pace = PiecePace()
        var longest = Duration.zero
        for number in 0..<60 {
            let time = roundTrip + .microseconds(Int64(Double(pace.bytes) / rate * 1e6))
            if number > 20 { longest = max(longest, time) }
            pace.took(time, bytes: pace.bytes, beat: .seconds(1), roundTrip: roundTrip)
        }
        return (pace.bytes, longest)
    }

    @Test func piecesFitTheLink() {
        #expect(settle(rate: 1e8, roundTrip: .milliseconds(1)).bytes == 4 << 20)
        for rate in [5e3, 3e4, 1e5, 1e6] {
            // Heartbeats of a second wait for less than one of them.
            #expect(settle(rate: rate, roundTrip: .milliseconds(50)).longest < .milliseconds(1_250), "\(rate)")
            #expect(Double(settle(rate: rate, roundTrip: .milliseconds(50)).bytes) > rate / 4, "\(rate)")
        }
        #expect(settle(rate: 100, roundTrip: .zero).bytes == 4 << 10)
        // Far is not slow.
        #expect(settle(rate: 1e6, roundTrip: .seconds(2)).bytes >= 1 << 20)
    }

    @Test func patienceGrows() {
        var pace = PiecePace()
        #expect(pace.patience(atLeast: .seconds(1), silences: 0) == .seconds(1))
        #expect(pace.patience(atLeast: .seconds(1), silences: 3) == .seconds(8))
        pace.took(.seconds(3), bytes: pace.bytes, beat: .seconds(1), roundTrip: .zero)
        #expect(pace.patience(atLeast: .seconds(1), silences: 0) == .seconds(9))
        #expect(pace.patience(atLeast: .seconds(1), silences: 100) == .seconds(60))
    }
}
