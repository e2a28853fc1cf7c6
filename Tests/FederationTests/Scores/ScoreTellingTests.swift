import Federation
import Numerics
import Platform
import Testing

/// A worker says how its entities were scored: the largest since the last time, at most every ten seconds, and only of what
/// the server gave it.
@Suite struct ScoreTellingTests {
    private var worker = WorkerMachine(
        configuration: WorkerConfiguration(
            name: "w",
            registration: Registration(
                incarnation: 7, site: "s", domain: "s",
                capabilities: Capabilities(cores: 1, accelerator: "cpu", samplesPerGroup: [:], schemaHash: ""),
                entities: ["s/e"])),
        generator: CounterBasedGenerator(seed: 1, purpose: "registration"))
    private var sequence: UInt64 = 0

    private mutating func receive(_ message: Message, epoch: UInt64 = 9, at second: Double) -> [WorkerDirective] {
        sequence += 1
        return worker.step(
            .received(
                Envelope(
                    sender: "server", federation: FederationIdentity(1, 1), leaseEpoch: epoch, sequence: sequence,
                    message: message)), at: .zero + .milliseconds(Int64(second * 1_000)))
    }

    private mutating func join(_ entities: [String], at second: Double = 0, epoch: UInt64 = 9) {
        _ = worker.step(.tick, at: .zero + .milliseconds(Int64(second * 1_000)))
        _ = receive(
            .welcome(Welcome(incarnation: 7, heartbeatMilliseconds: 1_000, leaseMilliseconds: 3_600_000)), epoch: epoch,
            at: second)
        _ = receive(
            .status(
                ServerStatus(
                    version: 0, digest: [], plan: nil, finished: false, assignmentRevision: 1,
                    assignment: Assignment(entities: entities))), epoch: epoch, at: second)
    }

    private func news(_ entity: String, time: Double, _ level: UInt8, groups: [String] = ["a.x"]) -> ScoreNews {
        ScoreNews(
            type: "t", groups: groups,
            line: .init(entity: entity, time: time, whole: level, groups: groups.map { _ in level }))
    }

    private static func reports(_ directives: [WorkerDirective]) -> [ScoreReport] {
        directives.compactMap {
            if case .send(let envelope) = $0, case .scores(let report) = envelope.message { report } else { nil }
        }
    }

    private mutating func tick(at second: Double) -> [ScoreReport] {
        Self.reports(worker.step(.tick, at: .zero + .milliseconds(Int64(second * 1_000))))
    }

    private mutating func score(_ news: [ScoreNews], at second: Double) -> [ScoreReport] {
        Self.reports(worker.step(.scores(news), at: .zero + .milliseconds(Int64(second * 1_000))))
    }

    @Test mutating func theLargestSinceTheLastTimeIsTold() throws {
        join(["s/e"])
        let first = score([news("s/e", time: 1, 100), news("s/other", time: 1, 200)], at: 1)
        #expect(first.map(\.lines) == [[.init(entity: "s/e", time: 1, whole: 100, groups: [100])]])
        var flagged = news("s/e", time: 2, 150)
        flagged.line.flags = .alarm
        #expect(score([flagged], at: 2).isEmpty && score([news("s/e", time: 3, 90)], at: 6).isEmpty)
        #expect(tick(at: 10.9).isEmpty)
        let second = tick(at: 11.1)
        #expect(second.map(\.lines) == [[.init(entity: "s/e", time: 3, flags: .alarm, whole: 150, groups: [150])]])
        // Nothing new: nothing is said.
        #expect(tick(at: 30).isEmpty)
    }

    @Test mutating func manyEntitiesAreSeveralMessages() {
        let names = (0..<600).map { "s/e\($0)" }
        join(names)
        var reports = score(names.map { news($0, time: 1, 9, groups: $0.hasSuffix("7") ? ["b"] : ["a.x"]) }, at: 1)
        for turn in 1...5 { reports += tick(at: 1 + Double(turn) / 20) }
        #expect(reports.count == 4 && reports.allSatisfy { $0.lines.count <= ScoreReport.mostLines })
        #expect(Set(reports.flatMap(\.lines).map(\.entity)) == Set(names))
        #expect(
            reports.allSatisfy { report in
                report.lines.allSatisfy { $0.entity.hasSuffix("7") == (report.groups == ["b"]) }
            })
    }

    /// A server of the build before refuses the type: the worker goes on without, asks once under each lease, and does not
    /// end, even where the refusal comes when its lease is over.
    @Test mutating func anOlderServerEndsNothing() {
        join(["s/e"])
        #expect(score([news("s/e", time: 1, 9)], at: 1).count == 1)
        func isEnd(_ directives: [WorkerDirective]) -> Bool {
            directives.contains { if case .fail = $0 { true } else { false } }
        }
        let refusal = Message.refusal(Refusal(.unknownType, text: "message type 9"))
        #expect(!isEnd(receive(refusal, epoch: 0, at: 1.1)))
        #expect(score([news("s/e", time: 2, 9)], at: 20).isEmpty)
        _ = receive(.refusal(Refusal(.notAdmitted, text: "")), at: 21)
        #expect(worker.leaseEpoch == nil)
        #expect(!isEnd(receive(refusal, epoch: 0, at: 21.1)))
        join(["s/e"], at: 30, epoch: 10)
        #expect(score([news("s/e", time: 3, 9)], at: 41).count == 1)
    }
}

/// One byte for a score.
@Suite struct ScoreLevelTests {
    @Test func whatIsAboveItsThresholdStaysSo() {
        var generator = CounterBasedGenerator(seed: 3, purpose: "levels")
        for _ in 0..<2_000 {
            let ratio = (generator.uniform() * 14 - 7).rounded(.down) + generator.uniform()
            let score = Double(sign: .plus, exponent: Int(ratio.rounded(.down)), significand: 1 + generator.uniform())
            let level = ScoreLevel.level(of: score)
            #expect((level > ScoreLevel.limit) == (score > 1), "\(score)")
            let back = ScoreLevel.ratio(of: level) ?? .nan
            #expect(abs(back / score - 1) < 0.045, "\(score) became \(back)")
        }
        for (score, level) in [(0.0, 1), (1, 128), (1.0.nextUp, 129), (.infinity, 255), (1e300, 255)] {
            #expect(Int(ScoreLevel.level(of: score)) == level, "\(score)")
        }
        #expect(ScoreLevel.level(of: .nan) == ScoreLevel.none && ScoreLevel.ratio(of: ScoreLevel.none) == nil)
    }
}
