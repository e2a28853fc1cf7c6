import Platform
import Services
import Testing

/// When a server takes its next key is a matter of the time that its workers were told, whatever is done to the clock.
@Suite struct AnnouncedKeysTests {
    private func announced(_ seconds: Int64, at wall: Int64, uptime: Instant) throws -> AnnouncedKeys {
        AnnouncedKeys(.init(keys: try CurveKeys(), at: seconds), at: wall, uptime: uptime)
    }

    @Test func theTimeThatWorkersWereToldCounts() throws {
        let start = Instant.zero + .seconds(50)
        let keys = try announced(1_100, at: 1_000, uptime: start)
        #expect(keys.remaining(at: start) == .seconds(100))
        // Nothing asks the wall clock any more, set back or ahead.
        #expect(keys.remaining(at: start + .seconds(99)) == .seconds(1))
        #expect(keys.remaining(at: start + .seconds(100)) == .zero)
        #expect(keys.remaining(at: start + .seconds(5_000)) == .zero)
    }

    @Test func extremesAreNoTrouble() throws {
        #expect(try announced(5, at: 9, uptime: .zero).remaining(at: .zero) == .zero)
        for (at, wall) in [(Int64.max, Int64.min), (.max, 0), (.min, .max)] {
            let keys = try announced(at, at: wall, uptime: .zero + .seconds(1))
            #expect(keys.remaining(at: .zero + .seconds(1)) <= .seconds(3_155_760_000), "\(at) \(wall)")
        }
    }
}
