import Federation
import Numerics
import Testing

@Suite struct EntityBalancerTests {
    @Test func everyEntityHasOneOwnerAndLoadsDifferByAtMostOne() {
        for seed in 0..<500 {
            var generator = CounterBasedGenerator(seed: UInt64(seed), purpose: "balance")
            let entities = Set((0..<Int.random(in: 1...40, using: &generator)).map { "e\($0)" })
            let workers = (0..<Int.random(in: 1...7, using: &generator)).map { "w\($0)" }
            var owners: [String: String] = [:]
            var active = Set(workers)
            for _ in 0..<5 {
                let reach = Dictionary(uniqueKeysWithValues: active.map { ($0, entities) })
                let before = owners
                owners = EntityBalancer.balance(reach: reach, current: owners)
                #expect(Set(owners.keys) == entities, "seed \(seed)")
                #expect(owners.values.allSatisfy(active.contains), "seed \(seed)")
                let loads = active.map { worker in owners.values.count { $0 == worker } }
                #expect((loads.max() ?? 0) - (loads.min() ?? 0) <= 1, "seed \(seed)")
                if before == owners { #expect(EntityBalancer.balance(reach: reach, current: owners) == owners) }
                active = active.filter { _ in generator.next() % 4 != 0 }
                active.insert(workers.randomElement(using: &generator) ?? "w0")
            }
        }
    }

    @Test func onlyWhatMustMovesWhenAWorkerJoins() {
        let entities = Set((0..<9).map { "e\($0)" })
        let two = EntityBalancer.balance(reach: ["a": entities, "b": entities], current: [:])
        let three = EntityBalancer.balance(reach: ["a": entities, "b": entities, "c": entities], current: two)
        let moved = entities.filter { two[$0] != three[$0] }
        #expect(moved.count == 3)
        #expect(moved.allSatisfy { three[$0] == "c" })
    }

    @Test func reachIsKept() {
        let owners = EntityBalancer.balance(reach: ["a": ["x"], "b": ["x", "y", "z"]], current: ["x": "b"])
        #expect(owners == ["x": "a", "y": "b", "z": "b"])
    }
}
