import Federation
import Numerics
import Platform
import Testing

/// Who may send its contribution now.
@Suite struct UploadTurnsTests {
    private final class Turns {
        var turns = UploadTurns()

        func turn(_ worker: Int, _ bytes: Int) -> UploadTurns.Turn {
            UploadTurns.Turn(worker: "w\(worker)", digest: [], bytes: bytes)
        }

        func ask(_ worker: Int, _ bytes: Int, at now: Instant = .zero) -> Bool {
            turns.ask(turn(worker, bytes), limit: 100, pause: .seconds(1), at: now)
        }

        func next(at now: Instant = .zero) -> UploadTurns.Turn? { turns.next(limit: 100, at: now) }
        func end(_ worker: Int) { turns.end("w\(worker)") }
    }

    @Test func thoseWhoAskGoInTheirOrder() {
        let turns = Turns()
        #expect(turns.ask(0, 60))
        #expect(!turns.ask(1, 60))
        // It would fit, but another has asked before.
        #expect(!turns.ask(2, 30))
        #expect(turns.next() == nil)
        // Asking again changes no place.
        #expect(!turns.ask(1, 60))
        turns.end(0)
        #expect(turns.next() == turns.turn(1, 60))
        #expect(turns.next() == turns.turn(2, 30))
        #expect(turns.next() == nil && turns.turns.waitingCount == 0)
        // Larger than the limit: alone.
        #expect(!turns.ask(3, 200))
        turns.end(1)
        #expect(turns.next() == nil)
        turns.end(2)
        #expect(turns.next() == turns.turn(3, 200))
    }

    @Test func whoSendsNothingLosesItsTurn() {
        let turns = Turns()
        let later = Instant.zero + .seconds(3)
        #expect(turns.ask(0, 60) && turns.ask(1, 40))
        #expect(!turns.ask(2, 50))
        // What was asked before it was told is not answered twice; later it has not heard.
        #expect(!turns.ask(1, 40, at: .zero + .milliseconds(900)) && turns.ask(1, 40, at: .zero + .seconds(1)))
        turns.turns.touch("w0", at: later)
        turns.turns.expire(silentFor: .seconds(3), at: later)
        #expect(turns.next(at: later) == nil)
        turns.turns.expire(silentFor: .seconds(2), at: later + .seconds(3))
        #expect(turns.next(at: later) == turns.turn(2, 50))
    }

    /// Who goes for long and slowly counts with a piece: others go beside it, and it goes on.
    @Test func whoIsSlowHoldsNobodyUp() {
        let turns = Turns()
        #expect(turns.ask(0, 90) && !turns.ask(1, 50))
        for second in 1...11 {
            let now = Instant.zero + .seconds(second)
            turns.turns.touch("w0", at: now)
            turns.turns.expire(silentFor: .seconds(10), piece: 10, at: now)
            #expect(turns.next(at: now) == (second > 10 ? turns.turn(1, 50) : nil))
        }
        // What it has left counts as a piece until it ends.
        #expect(!turns.ask(2, 50, at: .zero + .seconds(11)))
        turns.end(0)
        #expect(turns.next(at: .zero + .seconds(11)) == turns.turn(2, 50))
    }

    /// However they come, ask again, end and vanish: those who go never have more than the limit together, and everybody
    /// who goes on asking goes.
    @Test func everybodyGoesAndTheLimitHolds() {
        var generator = CounterBasedGenerator(seed: 3, purpose: "turns")
        func draw(_ count: Int) -> Int { Int(generator.next() % UInt64(count)) }
        let turns = Turns()
        let sizes = (0..<50).map { _ in 1 + draw(40) }
        var (going, done): (Set<Int>, Set<Int>) = ([], [])
        for step in 0..<5_000 where done.count < sizes.count {
            let now = Instant.zero + .milliseconds(step)
            let worker = draw(sizes.count)
            if !done.contains(worker), !going.contains(worker), turns.ask(worker, sizes[worker], at: now) {
                going.insert(worker)
            }
            if draw(3) == 0, let ending = going.min() {
                going.remove(ending)
                turns.end(ending)
                // Some vanish instead, and come again.
                if draw(4) > 0 { done.insert(ending) }
            }
            while let next = turns.next(at: now) {
                going.insert(Int(next.worker.dropFirst()) ?? -1)
            }
            #expect(going.reduce(0) { $0 + sizes[$1] } <= 100)
        }
        #expect(done.count == sizes.count)
    }
}
