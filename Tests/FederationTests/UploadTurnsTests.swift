import Federation
import Numerics
import Platform
import Testing

/// Who may send its contribution now.
@Suite struct UploadTurnsTests {
    private func turn(_ worker: Int, _ bytes: Int) -> UploadTurns.Turn {
        UploadTurns.Turn(worker: "w\(worker)", digest: [], bytes: bytes)
    }

    @Test func thoseWhoAskGoInTheirOrder() {
        var turns = UploadTurns()
        #expect(turns.ask(turn(0, 60), limit: 100, at: .zero))
        #expect(!turns.ask(turn(1, 60), limit: 100, at: .zero))
        // It would fit, but another has asked before.
        #expect(!turns.ask(turn(2, 30), limit: 100, at: .zero))
        #expect(turns.next(limit: 100, at: .zero) == nil)
        // Asking again changes no place.
        #expect(!turns.ask(turn(1, 60), limit: 100, at: .zero))
        turns.end("w0")
        #expect(turns.next(limit: 100, at: .zero) == turn(1, 60))
        #expect(turns.next(limit: 100, at: .zero) == turn(2, 30))
        #expect(turns.next(limit: 100, at: .zero) == nil && turns.waitingCount == 0)
        // Larger than the limit: alone.
        #expect(!turns.ask(turn(3, 200), limit: 100, at: .zero))
        turns.end("w1")
        #expect(turns.next(limit: 100, at: .zero) == nil)
        turns.end("w2")
        #expect(turns.next(limit: 100, at: .zero) == turn(3, 200))
    }

    @Test func whoSendsNothingLosesItsTurn() {
        var turns = UploadTurns()
        let later = Instant.zero + .seconds(3)
        #expect(turns.ask(turn(0, 60), limit: 100, at: .zero) && turns.ask(turn(1, 40), limit: 100, at: .zero))
        #expect(!turns.ask(turn(2, 50), limit: 100, at: .zero))
        turns.touch("w0", at: later)
        turns.expire(silentFor: .seconds(2), at: later)
        #expect(turns.next(limit: 100, at: later) == nil)
        turns.expire(silentFor: .seconds(2), at: later + .seconds(3))
        #expect(turns.next(limit: 100, at: later) == turn(2, 50))
    }

    /// However they come, ask again, end and vanish: those who go never have more than the limit together, and everybody
    /// who goes on asking goes.
    @Test func everybodyGoesAndTheLimitHolds() {
        var generator = CounterBasedGenerator(seed: 3, purpose: "turns")
        func draw(_ count: Int) -> Int { Int(generator.next() % UInt64(count)) }
        var turns = UploadTurns()
        let sizes = (0..<50).map { _ in 1 + draw(40) }
        var (going, done): (Set<Int>, Set<Int>) = ([], [])
        for step in 0..<5_000 where done.count < sizes.count {
            let now = Instant.zero + .milliseconds(step)
            let worker = draw(sizes.count)
            if !done.contains(worker), !going.contains(worker),
                turns.ask(turn(worker, sizes[worker]), limit: 100, at: now)
            {
                going.insert(worker)
            }
            if draw(3) == 0, let ending = going.min() {
                going.remove(ending)
                turns.end("w\(ending)")
                // Some vanish instead, and come again.
                if draw(4) > 0 { done.insert(ending) }
            }
            while let next = turns.next(limit: 100, at: now) {
                going.insert(Int(next.worker.dropFirst()) ?? -1)
            }
            #expect(going.reduce(0) { $0 + sizes[$1] } <= 100)
        }
        #expect(done.count == sizes.count)
    }
}
