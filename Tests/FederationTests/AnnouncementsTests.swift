import Federation
import Numerics
import Platform
import Testing

/// Norms before bytes: what would be refused is not uploaded, and what is uploaded is what was announced.
@Suite struct AnnouncementsTests {
    private let gate = ContributionGate()

    private func said(_ norms: [String: Double], samples: UInt64 = 100) -> Announcements {
        var result = Announcements()
        for (worker, norm) in norms {
            result.note([AnnouncedChange(group: "g", norm: norm, samples: samples)], from: worker)
        }
        return result
    }

    private func refuses(
        _ worker: String, _ said: Announcements, among count: Int,
        history: ChangeHistory = ChangeHistory()
    ) -> Bool {
        said.refusal(of: worker, among: count, gate: gate, history: history) != nil
    }

    @Test func whatIsFarBeyondMostOfTheOthersIsRefused() {
        // Of three, with both others known: the longer of the two counts.
        #expect(!refuses("x", said(["x": 10, "a": 1, "b": 2]), among: 3))
        #expect(refuses("x", said(["x": 10.1, "a": 1, "b": 2]), among: 3))
        // Five times as much with twice the samples.
        var more = said(["a": 1, "b": 2])
        more.note([AnnouncedChange(group: "g", norm: 19, samples: 200)], from: "x")
        #expect(!refuses("x", more, among: 3))
        more.note([AnnouncedChange(group: "g", norm: 21, samples: 200)], from: "x")
        #expect(refuses("x", more, among: 3))
    }

    /// Those who have said nothing may have longer changes than all others.
    @Test func nobodyIsRefusedForBeingEarly() {
        #expect(!refuses("x", said(["x": 900]), among: 10))
        // Four of nine others: what they say cannot be the median yet. Five can.
        #expect(!refuses("x", said(["x": 900, "a": 1, "b": 1, "c": 1, "d": 1]), among: 10))
        #expect(refuses("x", said(["x": 900, "a": 1, "b": 1, "c": 1, "d": 1, "e": 1]), among: 10))
        // A few who say little first keep out nobody.
        let all = said(["x": 1, "a": 0.01, "b": 0.01, "c": 1, "d": 1, "e": 1])
        for worker in ["x", "a", "c"] { #expect(!refuses(worker, all, among: 6)) }
    }

    /// Against the definition, with workers that say something else the second time.
    @Test(arguments: 0..<40) func itIsWhatTheOthersSaid(seed: Int) {
        var generator = CounterBasedGenerator(seed: UInt64(seed), purpose: "announcements")
        func draw(_ count: Int) -> Int { min(count - 1, Int(generator.uniform() * Double(count))) }
        var said = Announcements()
        var known: [String: AnnouncedChange] = [:]
        for _ in 0..<(4 + draw(30)) {
            let worker = "w\(draw(12))"
            let change = AnnouncedChange(
                group: "g", norm: [0.5, 1, 1, 2, 9, 30][draw(6)], samples: [0, 5, 10, 200][draw(4)])
            known[worker] = change
            // What is said of a group a second time is not looked at.
            said.note([change, AnnouncedChange(group: "g", norm: 0, samples: 1)], from: worker)
        }
        for (worker, own) in known {
            let others = known.filter { $0.key != worker }.map(\.value)
            let count = known.count + draw(6)
            let middle = max(count - 1, others.count) / 2
            var refuses = false
            if count >= 3, middle < others.count, let samples = others.map(\.samples).min() {
                let growth = max(1, Double(own.samples) / Double(max(1, samples)))
                refuses = own.norm > 5 * others.map(\.norm).sorted()[middle] * growth
            }
            #expect(self.refuses(worker, said, among: count) == refuses, "\(own) beside \(others) of \(count)")
        }
    }

    @Test func twoAreHeldAgainstTheRoundsBefore() {
        var treatment = RoundTreatment()
        treatment.groups = [
            RoundTreatment.Group(
                group: "g", contributors: 2, medianChange: 1, medianSamples: 100, clippedAbove: nil)
        ]
        var history = ChangeHistory()
        history.add(treatment)
        #expect(!refuses("x", said(["x": 5, "a": 1]), among: 2, history: history))
        #expect(refuses("x", said(["x": 5.1, "a": 1]), among: 2, history: history))
        #expect(!refuses("x", said(["x": 5.1, "a": 1]), among: 2))
        // The absolute limit holds from the first round on.
        #expect(refuses("x", said(["x": 1_001]), among: 2))
    }

    /// A server that knows the rounds before, and a worker that asks: what is far beyond them is refused before a byte
    /// of it has come, and a worker that announces other than it sends is refused when it is here.
    @Test func theServerRefusesBeforeTheBytesTravel() throws {
        let harness = NodeHarness { $0.minimumWorkers = 2 }
        let a = ScriptedWorker("a", in: harness, entities: ["a/1"])
        let b = ScriptedWorker("b", in: harness, entities: ["b/1"])
        try harness.run(for: .seconds(3)) { for worker in [a, b] { worker.turn() } }
        let before = harness.node.machine.nextRound
        #expect(before > 2)
        var lies = false
        b.asks = { changes in
            lies
                ? changes : changes.map { AnnouncedChange(group: $0.group, norm: 900, samples: $0.samples) }
        }
        (b.received, b.sentBytes) = ([], 0)
        try harness.run(for: .seconds(2)) { for worker in [a, b] { worker.turn() } }
        let refused = b.received.filter { $0.outcome == .rejected }
        #expect(
            !refused.isEmpty && refused.allSatisfy { $0.text.contains("a change of norm 900") },
            "\(refused)")
        #expect(b.sentBytes == 0)
        lies = true
        b.tamper = { contribution in
            contribution = Contribution(
                kind: contribution.kind, base: contribution.base, entities: contribution.entities,
                rawBytes: 1,
                groups: contribution.groups.map { group in
                    var group = group
                    if !group.parameters.isEmpty { group.parameters[0] += 1 }
                    return group
                })
        }
        b.received = []
        try harness.run(for: .seconds(60)) { for worker in [a, b] { worker.turn() } }
        #expect(
            b.received.contains { $0.outcome == .rejected && $0.text.contains("announced a change") })
    }
}
