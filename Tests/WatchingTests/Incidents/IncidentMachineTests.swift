import Foundation
import Numerics
import Testing
import Watching

@Suite struct IncidentMachineTests {
    static func evidence(
        _ kind: String, _ role: EntityReport.Evidence.Role, _ value: Double, onset: Double
    ) -> EntityReport.Evidence {
        .init(kind: kind, role: role, value: value, onset: onset, metric: kind)
    }

    static func report(
        _ entity: String, at time: Double, site: String = "s", news: Double = 2,
        _ evidence: [EntityReport.Evidence]
    ) -> EntityReport {
        EntityReport(
            site: site, entity: entity, time: time, step: 60, news: news, activity: news, evidence: evidence)
    }

    static func cpu(_ entity: String, at time: Double, site: String = "s") -> EntityReport {
        report(entity, at: time, site: site, [evidence("cpu", .own, 9, onset: time - 60)])
    }

    static let calls = DependencyGraph([
        .init(source: "front", target: "cart"), .init(source: "front", target: "mail"),
        .init(source: "cart", target: "store"), .init(source: "lonely", target: "host"),
    ])

    @Test func whatBeginsTogetherIsOneIncident() {
        var machine = IncidentMachine()
        #expect(machine.observe(Self.cpu("a", at: 600)) == machine.observe(Self.cpu("b", at: 660)))
        #expect(machine.observe(Self.cpu("c", at: 1_200)) != nil)
        #expect(machine.incidents.map { $0.parts.keys.sorted() } == [["s/a", "s/b"], ["s/c"]])
        #expect(machine.incidents[0].start == 540 && machine.incidents[0].end == 660)
    }

    @Test func dependenciesPartWhatHasNothingToDoWithEachOther() {
        var machine = IncidentMachine(dependencies: Self.calls)
        machine.observe(Self.cpu("cart", at: 600))
        machine.observe(Self.report("lonely", at: 600, [Self.evidence("disk", .own, 9, onset: 540)]))
        machine.observe(Self.report("front", at: 660, [Self.evidence("latency.outbound", .calling, 9, onset: 600)]))
        #expect(machine.incidents.map { $0.parts.keys.sorted() } == [["s/cart", "s/front"], ["s/lonely"]])
    }

    @Test func anotherSiteBelongsToItWhereItShowsTheSame() {
        var machine = IncidentMachine()
        machine.observe(Self.cpu("a", at: 600))
        machine.observe(Self.cpu("a", at: 610, site: "t"))
        machine.observe(Self.report("a", at: 620, site: "u", [Self.evidence("disk", .own, 9, onset: 560)]))
        #expect(machine.incidents.map { $0.parts.keys.sorted() } == [["s/a", "t/a"], ["u/a"]])
    }

    @Test func weakEvidenceJoinsAndMakesNone() {
        var machine = IncidentMachine()
        machine.observe(Self.report("weak", at: 600, news: 0.3, [Self.evidence("memory", .own, 1.5, onset: 540)]))
        #expect(machine.incidents.isEmpty)
        machine.observe(Self.cpu("strong", at: 660))
        #expect(machine.incidents.first?.parts.keys.sorted() == ["s/strong", "s/weak"])
    }

    @Test func anAlarmFindsItsIncident() {
        var machine = IncidentMachine()
        let id = machine.observe(Self.cpu("a", at: 600))
        var alarm = Self.report("a", at: 660, news: 0, [])
        alarm.alarm = .init(id: "s/a@11", isNew: true, stands: true)
        #expect(machine.observe(alarm) == id)
        #expect(machine.incident(ofAlarm: "s/a@11")?.id == id)
        machine.close(before: 100_000)
        #expect(machine.incidents[0].isOpen)
        alarm.alarm = .init(id: "s/a@11", isNew: false, stands: false)
        machine.observe(alarm)
        machine.close(before: 100_000)
        #expect(!machine.incidents[0].isOpen)
    }

    @Test func whatWasSavedGoesOnAsIfNothingHadHappened() throws {
        let reports = Self.storm(seed: 3, count: 400)
        var whole = IncidentMachine(dependencies: Self.calls)
        var parts = whole
        for (index, report) in reports.enumerated() {
            whole.observe(report)
            if index % 37 == 0 {
                parts = try JSONDecoder().decode(IncidentMachine.self, from: JSONEncoder().encode(parts))
            }
            parts.observe(report)
        }
        #expect(!whole.incidents.isEmpty)
        #expect(parts == whole)
    }

    @Test func nothingGrowsWithoutBound() {
        var limits = IncidentMachine.Limits()
        limits.incidents = 5
        limits.parts = 4
        limits.entities = 10
        limits.alarms = 2
        var machine = IncidentMachine(limits: limits)
        for index in 0..<2_000 {
            var report = Self.cpu("e\(index)", at: Double(index / 8) * 400, site: "s\(index % 3)")
            report.alarm = .init(id: "a\(index)", isNew: true, stands: index % 2 == 0)
            machine.observe(report)
        }
        #expect(machine.incidents.count <= 5)
        #expect(machine.incidents.allSatisfy { $0.parts.count <= 4 })
    }

    @Test func hostileReportsDoNoHarm() {
        var machine = IncidentMachine()
        for time in [Double.nan, .infinity, -.infinity, 1e300, -1e300, 0] {
            for step in [Double.nan, 0, -1, .infinity, 1e300, 1] {
                let evidence = [Self.evidence("cpu", .own, time, onset: -time)]
                machine.observe(
                    EntityReport(
                        site: "s", entity: "e", time: time, step: step, news: 2, activity: time, evidence: evidence))
            }
        }
        for incident in machine.incidents { _ = CulpritRanking(incident, dependencies: Self.calls) }
    }

    static func storm(seed: UInt64, count: Int) -> [EntityReport] {
        var generator = CounterBasedGenerator(seed: seed, purpose: "incident storm")
        let names = ["front", "cart", "mail", "store", "lonely", "other"]
        return (0..<count).map { index in
            let time = Double(index) * 20
            return report(
                names[Int(generator.uniform() * 6) % 6], at: time, news: generator.uniform() * 2,
                [evidence(generator.uniform() < 0.5 ? "cpu" : "memory", .own, 5 * generator.normal(), onset: time - 60)]
            )
        }
    }
}
