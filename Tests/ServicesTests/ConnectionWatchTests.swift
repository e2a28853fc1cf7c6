import Numerics
import Platform
import Services
import Testing

@Suite struct ConnectionWatchTests {
    private static let here: [UInt8] = [127, 0, 0, 1]

    private static func time(_ seconds: Double) -> Instant { .zero + .milliseconds(Int64(seconds * 1_000)) }

    @Test func whoeverTakesTooLongGoes() {
        var watch = ConnectionWatch()
        watch.opened(1, from: Self.here, at: .zero)
        watch.opened(2, from: Self.here, at: .zero)
        watch.entered(.receiving, 2, at: Self.time(1))
        watch.opened(3, from: Self.here, at: .zero)
        let streams = watch.beginStream(3, at: Self.time(1))
        #expect(streams)
        #expect(watch.overdue(at: Self.time(10)).isEmpty)
        // A byte now and then does not help: what counts is when the headers are there.
        #expect(watch.overdue(at: Self.time(10.1)) == [1])
        #expect(watch.overdue(at: Self.time(21.1)) == [1, 2])
        watch.closed(1)
        watch.closed(2)
        #expect(watch.overdue(at: Self.time(1e6)).isEmpty && watch.count == 1)
    }

    @Test func streamsLeaveRoom() {
        var watch = ConnectionWatch()
        var granted = 0
        for id in 0..<400 as Range<UInt> {
            watch.opened(id, from: Self.here, at: .zero)
            granted += watch.beginStream(id, at: .zero) ? 1 : 0
        }
        #expect(granted == ConnectionWatch.Limits().streams)
    }

    /// Thousands that only connect, between two looks: the places that are left stay free, and who asks stays.
    @Test func aStormMakesRoomForItself() {
        let limits = ConnectionWatch.Limits()
        var watch = ConnectionWatch(limits: limits)
        watch.opened(1, from: [10, 0, 0, 1], at: .zero)
        watch.opened(2, from: Self.here, at: .zero)
        watch.entered(.answering, 2, at: .zero)
        var gone: [UInt] = []
        for id in 10..<2_010 as Range<UInt> {
            watch.opened(id, from: Self.here, at: Self.time(Double(id) / 5_000))
            if let victim = watch.makeRoom(for: id) {
                gone.append(victim)
                watch.closed(victim)
            }
            #expect(watch.count <= limits.most * 3 / 4)
        }
        #expect(gone == Array(10..<UInt(10 + gone.count)), "the oldest of whoever has most, each once")
        // Whoever was told to go and is still there is not told again.
        watch.opened(9_000, from: Self.here, at: Self.time(1))
        let first = watch.makeRoom(for: 9_000)
        watch.opened(9_001, from: Self.here, at: Self.time(1))
        let second = watch.makeRoom(for: 9_001)
        #expect(first != nil && second != nil && first != second)
    }

    /// Where everybody else asks for something, whoever comes is not the one to go.
    @Test func theNewcomerStays() {
        var watch = ConnectionWatch()
        for id in 0..<400 as Range<UInt> {
            watch.opened(id, from: Self.here, at: .zero)
            watch.entered(.receiving, id, at: .zero)
        }
        watch.opened(1_000, from: Self.here, at: .zero)
        let victim = watch.makeRoom(for: 1_000)
        #expect(victim == nil)
    }

    /// Idle connections from one place and requests from another, and from the same one.
    @Test func whoAsksForNothingMakesRoom() {
        var watch = ConnectionWatch()
        for id in 0..<250 as Range<UInt> { watch.opened(id, from: Self.here, at: .zero) }
        for id in 1_000..<1_004 as Range<UInt> { watch.opened(id, from: [10, 0, 0, 1], at: .zero) }
        watch.opened(2_000, from: Self.here, at: .zero)
        watch.entered(.answering, 2_000, at: .zero)
        #expect(watch.overdue(at: Self.time(0.2)).isEmpty)
        let gone = watch.overdue(at: Self.time(0.3))
        #expect(watch.count - gone.count == ConnectionWatch.Limits().comfortable)
        #expect(gone.allSatisfy { $0 < 250 })
    }

    /// A thousand connections that do nothing for each that asks: none of those that ask is ever ended.
    @Test func whoAsksIsServed() {
        var generator = CounterBasedGenerator(seed: 4, purpose: "connections")
        var watch = ConnectionWatch()
        var idle: [UInt] = []
        var asking: [UInt: Double] = [:]
        var next: UInt = 0
        for turn in 0..<2_000 {
            let now = Double(turn) * 0.1
            for _ in 0..<10 where watch.count < ConnectionWatch.Limits().most {
                watch.opened(next, from: Self.here, at: Self.time(now))
                idle.append(next)
                next += 1
            }
            if generator.uniform() < 0.5 {
                watch.opened(next, from: Self.here, at: Self.time(now))
                watch.entered(.answering, next, at: Self.time(now))
                asking[next] = now + generator.uniform()
                next += 1
            }
            for id in watch.overdue(at: Self.time(now)) {
                #expect(asking[id] == nil)
                watch.closed(id)
            }
            for (id, end) in asking where end <= now {
                watch.closed(id)
                asking[id] = nil
            }
            #expect(watch.count <= ConnectionWatch.Limits().most + 1)
        }
    }

    @Test func hostsAreThoseOfTheServer() {
        let rule = HostRule(names: ["edge-1.example.org", "127.0.0.1"])
        for host in ["127.0.0.1:7410", "localhost", "LocalHost:80", "10.1.2.3", "[::1]:7410", "edge-1.example.org:1"] {
            #expect(rule.allows(host), "\(host)")
        }
        for host in ["evil.example", "edge-1.example.org.evil.example", "", "a b", "127.0.0.1@evil", "evil.example:80"]
        {
            #expect(!rule.allows(host), "\(host)")
        }
        #expect(rule.allows(origin: "http://localhost:7410", host: "LOCALHOST:7410"))
        #expect(rule.allows(origin: "https://edge-1.example.org", host: "edge-1.example.org"))
        for origin in [
            "http://evil.example", "null", "", "http://localhost", "http://localhost:3000", "http://127.0.0.1:7410",
            "http://6.6.6.6:7410", "http://localhost:7410@evil.example",
        ] {
            #expect(!rule.allows(origin: origin, host: "localhost:7410"), "\(origin)")
        }
        #expect(!rule.allows(origin: "http://localhost:7410", host: nil))
        #expect(!rule.allows(origin: "http://evil.example", host: "evil.example"))
    }
}
