import Engines
import Platform
import Testing

@Suite struct EnginePulseTests {
    @Test func aLookThatDoesNotEndIsTrouble() {
        var pulse = EnginePulse(every: .seconds(2), at: .zero)
        // The first one as well.
        #expect(pulse.trouble(at: .zero + .seconds(60)) == nil)
        #expect(pulse.trouble(at: .zero + .seconds(61)) == "no look at the engine came to its end for 61 s")
        pulse.ended(at: .zero + .seconds(61))
        #expect(pulse.trouble(at: .zero + .seconds(121)) == nil)
        #expect(pulse.trouble(at: .zero + .seconds(122)) != nil)
        // Whoever looks seldom is not late so soon.
        let seldom = EnginePulse(every: .seconds(100), at: .zero)
        #expect(seldom.trouble(at: .zero + .seconds(300)) == nil && seldom.trouble(at: .zero + .seconds(301)) != nil)
    }
}
