import Federation
import Numerics
import Platform

/// Messages of every type with random content.
struct RandomMessages {
    var generator: CounterBasedGenerator

    mutating func integer<Value: FixedWidthInteger>() -> Value { Value(truncatingIfNeeded: generator.next()) }
    mutating func amount() -> Double { generator.uniform() * 1e6 }
    mutating func flag() -> Bool { generator.next() & 1 == 1 }
    mutating func bytes(_ limit: Int = 40) -> [UInt8] {
        (0..<Int.random(in: 0...limit, using: &generator)).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    }
    mutating func name() -> String {
        let letters = Array("abcxyz-_.@/0189äß€")
        return String(
            (0..<Int.random(in: 1...12, using: &generator)).map { _ in letters.randomElement(using: &generator) ?? "a" }
        )
    }
    mutating func names() -> [String] { (0..<Int.random(in: 0...6, using: &generator)).map { _ in name() } }
    mutating func range() -> SampleRange {
        SampleRange(
            request: integer(), token: token(), entity: name(), listing: integer(), file: integer(), offset: integer(),
            length: integer())
    }
    mutating func scores() -> ScoreReport {
        let groups = names()
        return ScoreReport(
            type: name(), groups: groups,
            lines: names().map { entity in
                ScoreReport.Line(
                    entity: entity, time: amount() - 5e5, flags: ScoreReport.Flags(rawValue: integer()),
                    whole: integer(), groups: groups.map { _ in integer() })
            })
    }
    mutating func token() -> [UInt8] { Array(digest().prefix(WireLimits.token)) }
    mutating func key() -> [UInt8] { flag() ? digest() : [] }
    mutating func digest() -> [UInt8] { SHA256.digest(bytes()) }
    mutating func one<Value: CaseIterable>(of type: Value.Type) -> Value {
        guard let value = Value.allCases.randomElement(using: &generator) else { preconditionFailure("no cases") }
        return value
    }

    mutating func message(_ kind: Message.Kind) -> Message {
        switch kind {
        case .registration:
            .registration(
                Registration(
                    incarnation: integer(), revision: integer(), site: name(), domain: name(),
                    capabilities: Capabilities(
                        cores: integer(), accelerator: name(),
                        device: Capabilities.Device(
                            name: name(), precision: name(), threads: integer(), windowsPerSecond: amount(),
                            cpuWindowsPerSecond: amount()),
                        samplesPerGroup: Dictionary(names().map { ($0, integer()) }, uniquingKeysWith: { a, _ in a }),
                        schemaHash: SHA256.hexadecimalDigest(of: bytes())), entities: names(), dataAddress: name(),
                    standsBy: flag(), mirrored: names(), exchangeKey: key()))
        case .welcome:
            .welcome(
                Welcome(
                    incarnation: integer(), revision: integer(), heartbeatMilliseconds: integer(),
                    leaseMilliseconds: integer()))
        case .refusal:
            .refusal(
                Refusal(
                    one(of: Refusal.Reason.self), incarnation: integer(), patienceMilliseconds: integer(), text: name())
            )
        case .heartbeat:
            .heartbeat(
                Heartbeat(
                    assignmentRevision: integer(), activity: one(of: Heartbeat.Activity.self), version: integer(),
                    scoredSamples: integer(), streamEnded: flag(), roundTripMicroseconds: integer()))
        case .status:
            .status(
                ServerStatus(
                    answers: integer(), version: integer(), digest: flag() ? digest() : [],
                    plan: flag()
                        ? RoundPlan(
                            round: integer(), attempt: integer(), kind: one(of: RoundKind.self),
                            baseVersion: integer(), baseDigest: flag() ? digest() : [],
                            remainingMilliseconds: integer(),
                            hyperparameters: bytes(), covered: names()) : nil,
                    finished: flag(), isChosen: flag(), mayAccelerate: flag(), assignmentRevision: integer(),
                    assignment: flag()
                        ? Assignment(
                            entities: names(),
                            sources: names().map {
                                SampleSource(
                                    holder: $0, address: name(), token: token(), entities: names(), key: key())
                            },
                            grants: names().map {
                                SampleGrant(reader: $0, token: token(), entities: names(), key: key())
                            }, falseAlarmsPerDay: flag() ? 0.25 : nil)
                        : nil))
        case .goodbye: .goodbye
        case .enrolment:
            .enrolment(
                Enrolment(
                    key: PublicKey(digest()) ?? PrincipalKeys.key("a"), site: name(), domain: name()))
        case .enrolled:
            .enrolled(
                EnrolmentAnswer(one(of: EnrolmentAnswer.Outcome.self), name(), patienceMilliseconds: integer()))
        case .modelRequest: .modelRequest(ModelRequest(version: integer(), offset: integer()))
        case .modelPiece:
            .modelPiece(
                ModelPiece(
                    version: integer(), digest: digest(), totalBytes: integer(), offset: integer(),
                    bytes: Bytes(bytes(300))))
        case .contributionPiece:
            .contributionPiece(
                ContributionPiece(
                    round: integer(), attempt: integer(), assignmentRevision: integer(), workSeconds: amount(),
                    digest: digest(), totalBytes: integer(), offset: integer(),
                    changes: names().map { AnnouncedChange(group: $0, norm: amount(), samples: integer()) },
                    bytes: Bytes(bytes(300))))
        case .contributionReceipt:
            .contributionReceipt(
                ContributionReceipt(
                    round: integer(), attempt: integer(), digest: digest(), receivedBytes: integer(),
                    outcome: one(of: ContributionReceipt.Outcome.self), text: name()))
        case .alarmBatch:
            .alarmBatch(
                AlarmBatch(
                    spool: integer(), first: integer(), oldest: integer(),
                    alarms: (0..<Int.random(in: 0...5, using: &generator)).map { _ in bytes() }))
        case .scores: .scores(scores())
        case .alarmReceipt:
            .alarmReceipt(
                AlarmReceipt(
                    spool: integer(), delivered: integer(),
                    refused: (0..<Int.random(in: 0...5, using: &generator)).map { _ in
                        AlarmReceipt.Refused(number: integer(), reason: one(of: AlarmRefusal.self))
                    }))
        case .falseAlarms:
            .falseAlarms(
                FalseAlarmList(
                    revision: integer(),
                    alarms: names().map { FalseAlarmNotice(id: $0, entity: name(), form: bytes(300)) }))
        case .falseAlarmReceipt: .falseAlarmReceipt(FalseAlarmReceipt(revision: integer()))
        case .sampleListRequest: .samples(.listRequest(request: integer(), token: token(), entity: name()))
        case .sampleList:
            .samples(
                .list(
                    request: integer(),
                    SampleListing(
                        type: name(), reading: name(), trainingFormat: name(), streamFormat: name(),
                        files: names().map {
                            .init(part: one(of: SampleListing.Part.self), name: $0, size: integer())
                        })))
        case .samplePieceRequest: .samples(.pieceRequest(range()))
        case .samplePiece: .samples(.piece(request: integer(), bytes: bytes(300)))
        case .sampleCheckRequest: .samples(.checkRequest(range()))
        case .sampleCheck: .samples(.check(request: integer(), digest: digest()))
        case .sampleRefusal: .samples(.refusal(request: integer(), one(of: SampleRefusal.self), text: name()))
        }
    }

    mutating func envelope() -> Envelope {
        let kind = one(of: Message.Kind.self)
        return Envelope(
            sender: name(), federation: FederationIdentity(integer(), integer()), leaseEpoch: integer(),
            sequence: integer(), message: message(kind))
    }
}
