import Telemetry
import Testing

/// What is kept of things that are asked for round and round.
struct ScanCacheTests {
    private func hits(of count: Int, rounds: Int, _ cache: inout ScanCache<Int, String>) -> Int {
        var hits = 0
        for _ in 0..<rounds {
            for key in 0..<count {
                if cache.value(for: key) == "\(key)" { hits += 1 } else { cache.keep("\(key)", bytes: 10, for: key) }
            }
        }
        return hits
    }

    @Test("All that fits is made once; of more, what fits but for one is found in every round")
    func rounds() {
        var whole = ScanCache<Int, String>(mostBytes: 100)
        #expect(hits(of: 10, rounds: 5, &whole) == 40 && whole.bytes == 100)
        var half = ScanCache<Int, String>(mostBytes: 50)
        #expect(hits(of: 10, rounds: 5, &half) >= 4 * 4 && half.bytes == 50)
    }

    @Test("What does not fit alone is kept alone; what nobody asks for any more goes")
    func limits() {
        var cache = ScanCache<Int, String>(mostBytes: 50, longestUnused: 20)
        _ = hits(of: 5, rounds: 1, &cache)
        cache.keep("large", bytes: 80, for: 9)
        #expect(cache.value(for: 9) == "large" && cache.bytes == 80)
        cache.remove { $0 == 9 }
        #expect(cache.bytes == 0)
        cache.keep("old", bytes: 10, for: 77)
        _ = hits(of: 4, rounds: 8, &cache)
        cache.keep("new", bytes: 10, for: 5)
        #expect(cache.value(for: 77) == nil && cache.value(for: 5) == "new" && cache.bytes == 50)
    }
}
