import Platform
import Services
import Testing

@Suite struct RequestQuotaTests {
    private static func time(_ seconds: Double) -> Instant { .zero + .milliseconds(Int64(seconds * 1_000)) }

    @Test func eachAskerHasItsOwn() {
        var limits = RequestQuota.Limits()
        (limits.perSecond, limits.burst) = (10, 20)
        var quota = RequestQuota(limits)
        func answered(_ count: Int, _ asker: RequestQuota.Asker, at seconds: Double) -> Int {
            (0..<count).count { _ in quota.takes(asker, at: Self.time(seconds)) }
        }
        #expect(answered(100, .named("grafana"), at: 0) == 20)
        #expect(answered(100, .named("noc"), at: 0) == 20)
        #expect(answered(100, .address([10, 0, 0, 1]), at: 0) == 20)
        #expect(answered(100, .named("grafana"), at: 1) == 10)
        #expect(answered(100, .named("grafana"), at: 1_000) == 20)
    }

    /// Whoever has a network of IPv6 has its addresses without number.
    @Test func aNetworkIsOneAsker() {
        let prefix: [UInt8] = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 7]
        let one = RequestQuota.Asker.address(prefix + [0, 0, 0, 0, 0, 0, 0, 1])
        #expect(one == .address(prefix + [9, 9, 9, 9, 9, 9, 9, 9]))
        #expect(one != .address([0x20, 1, 0xd, 0xb8, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1]))
        #expect(!one.isAnybodyHere)
        #expect(RequestQuota.Asker.address(.init(repeating: 0, count: 15) + [1]).isAnybodyHere)
        #expect(RequestQuota.Asker.address([127, 0, 0, 9]).isAnybodyHere)
        #expect(
            !RequestQuota.Asker.address([10, 0, 0, 1]).isAnybodyHere && !RequestQuota.Asker.named("a").isAnybodyHere)
        #expect(RequestQuota.Asker.address([10, 0, 0, 1]).name == "10.0.0.1")
    }

    /// However many come, what is kept of them is bounded, and those that are silent make room.
    @Test func manyAskers() {
        var quota = RequestQuota()
        let addresses = (0..<20_000).map { (number: Int) -> RequestQuota.Asker in
            let bytes: [UInt8] = [10, UInt8(number >> 16), UInt8(number >> 8 & 255), UInt8(number & 255)]
            return .address(bytes)
        }
        var answered = 0
        for address in addresses where quota.takes(address, at: .zero) { answered += 1 }
        #expect(answered == 16_384)
        let later = quota.takes(addresses[19_999], at: Self.time(60))
        #expect(later)
    }
}
