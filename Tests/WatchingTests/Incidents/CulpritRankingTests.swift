import Numerics
import Testing
import Watching

/// Faults in random systems of callers and callees: who is to blame is known, because the tests put it there.
@Suite struct CulpritRankingTests {
    /// A random system: entity 0 is where users come in; everyone is called by one or two of those before it.
    struct System {
        let names: [String]
        let dependencies: DependencyGraph
        let callers: [[Int]]

        init(_ count: Int, _ generator: inout CounterBasedGenerator) {
            names = (0..<count).map { "service-\($0)" }
            var callers: [[Int]] = [[]]
            for callee in 1..<count {
                let first = Int(generator.uniform() * Double(callee))
                let second = Int(generator.uniform() * Double(callee))
                callers.append(generator.uniform() < 0.4 && first != second ? [first, second] : [first])
            }
            self.callers = callers
            let names = names
            dependencies = DependencyGraph(
                callers.enumerated().flatMap { callee, callers in
                    callers.map { .init(source: names[$0], target: names[callee]) }
                })
        }

        func ancestors(of place: Int) -> Set<Int> {
            var found: Set<Int> = []
            var open = callers[place]
            while let next = open.popLast() { if found.insert(next).inserted { open += callers[next] } }
            return found
        }
    }

    enum Fault: CaseIterable { case busy, slowNetwork }

    /// What a fault at a place looks like: busy, it is slow itself, and all that wait for it; behind a slow network its
    /// callers wait. Higher up the waiting grows: the culprit does not deviate most.
    static func incident(
        _ system: System, at place: Int, _ fault: Fault, _ generator: inout CounterBasedGenerator
    ) -> Incident {
        var machine = IncidentMachine(dependencies: system.dependencies)
        func noise() -> Double { 0.8 + 0.4 * generator.uniform() }
        var reports: [EntityReport] = []
        func add(_ entity: Int, _ evidence: [(String, EntityReport.Evidence.Role, Double)]) {
            reports.append(
                IncidentMachineTests.report(
                    system.names[entity], at: 600,
                    evidence.map { IncidentMachineTests.evidence($0, $1, $2, onset: 540) }))
        }
        if fault == .busy { add(place, [("cpu", .own, 8 * noise()), ("latency.inbound", .serving, 8 * noise())]) }
        for ancestor in system.ancestors(of: place) {
            add(
                ancestor,
                [
                    ("latency.outbound", .calling, 12 * noise()), ("latency.inbound", .serving, 11 * noise()),
                ])
        }
        for report in reports { machine.observe(report) }
        return machine.incidents[0]
    }

    @Test(arguments: Fault.allCases) func theCulpritIsFirst(_ fault: Fault) {
        var generator = CounterBasedGenerator(seed: 11, purpose: "culprits")
        var (first, three, all) = (0, 0, 0)
        for _ in 0..<200 {
            let system = System(20, &generator)
            let place = 1 + Int(generator.uniform() * 18.999)
            let incident = Self.incident(system, at: place, fault, &generator)
            let suspects = CulpritRanking(
                incident, dependencies: system.dependencies, others: system.names.map { ("s", $0) }
            ).suspects
            all += 1
            let rank = suspects.firstIndex { $0.entity == system.names[place] } ?? .max
            if rank < 1 { first += 1 }
            if rank < 3 { three += 1 }
        }
        // Behind a slow network, those that have the same callers and nothing to show are as likely.
        switch fault {
        case .busy: #expect(first == all)
        case .slowNetwork: #expect(Double(three) >= 0.6 * Double(all) && Double(first) >= 0.3 * Double(all))
        }
    }

    @Test func scoresAreSharesAndOrderedTheSameHoweverReportsCome() {
        var generator = CounterBasedGenerator(seed: 12, purpose: "culprits")
        let system = System(12, &generator)
        let incident = Self.incident(system, at: 7, .busy, &generator)
        let suspects = CulpritRanking(incident, dependencies: system.dependencies).suspects
        #expect(abs(suspects.reduce(0) { $0 + $1.score } - 1) < 1e-9)
        #expect(suspects.first?.metrics.sorted() == ["cpu", "latency.inbound"])
        #expect(CulpritRanking(incident, dependencies: system.dependencies).suspects == suspects)
    }

    @Test func withoutDependenciesWhatDeviatesByItselfLeads() {
        var machine = IncidentMachine()
        machine.observe(
            IncidentMachineTests.report(
                "caller", at: 600,
                [
                    IncidentMachineTests.evidence("latency.outbound", .calling, 20, onset: 540),
                    IncidentMachineTests.evidence("latency.inbound", .serving, 20, onset: 540),
                ]))
        machine.observe(IncidentMachineTests.cpu("callee", at: 600))
        let suspects = CulpritRanking(machine.incidents[0], dependencies: DependencyGraph()).suspects
        #expect(suspects.map(\.entity) == ["callee", "caller"])
    }

    @Test func podsStandForTheirWorkloads() {
        let graph = DependencyGraph([.init(source: "front", target: "cart")]).among([
            "front-579b9bff58-t2dbm", "cart-668d5f85fb-jhwx9", "cart-668d5f85fb-wckp8",
        ])
        #expect(graph.callees[0] == [1, 2])
    }
}
