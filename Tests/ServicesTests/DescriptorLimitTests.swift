import Services
import Testing

@Suite struct DescriptorLimitTests {
    @Test func asManyWorkersFitAsWereAskedFor() {
        for workers in [3_000, 10_000, 100_000] {
            let needed = DescriptorLimit.needed(workers: workers)
            #expect(needed > 2 * workers && DescriptorLimit.workers(within: needed) == workers)
        }
        #expect(DescriptorLimit.workers(within: 100) == 0)
    }

    /// A limit is never lowered, and what is said is what holds.
    @Test func raisingNeverLowers() {
        let before = DescriptorLimit.raise(to: 0)
        #expect(before > 0)
        #expect(DescriptorLimit.raise(to: 16) == before)
        #expect(DescriptorLimit.raise(to: 4_096) >= before)
    }
}
