import Autoencoders
import Federation
import Platform
import Services
import Telemetry

/// What decoders take, to begin searches with.
enum Examples {
    private static let digest = SHA256.digest(Array("x".utf8))
    private static let token = Array(digest.prefix(WireLimits.token))
    private static let capabilities = Capabilities(
        cores: 2, accelerator: "cpu",
        device: .init(name: "cpu", precision: "float32", threads: 1, windowsPerSecond: 10, cpuWindowsPerSecond: 10),
        samplesPerGroup: ["physical.cpu": 50], schemaHash: SHA256.hexadecimalDigest(of: "a".utf8))

    static let registration = Registration(
        incarnation: 7, site: "a", domain: "a", capabilities: capabilities, entities: ["a/b"],
        dataAddress: "tcp://127.0.0.1:1", standsBy: false, mirrored: ["a/c"], exchangeKey: digest)

    static func plan(_ kind: RoundKind) -> RoundPlan {
        RoundPlan(
            round: 1, attempt: 1, kind: kind, baseVersion: 1, baseDigest: digest, remainingMilliseconds: 5_000,
            hyperparameters: Array("{}".utf8), covered: ["a/c"])
    }

    static func piece(_ contribution: Contribution) -> ContributionPiece {
        let bytes = contribution.encoded()
        return ContributionPiece(
            round: 1, attempt: 1, assignmentRevision: 1, workSeconds: 1, digest: SHA256.digest(bytes),
            totalBytes: UInt64(bytes.count), offset: 0, bytes: Bytes(bytes))
    }

    static var messages: [Message] {
        let range = SampleRange(
            request: 1, token: token, entity: "a/b", listing: 2, file: 0, offset: 0, length: 10)
        return [
            .registration(registration),
            .welcome(Welcome(incarnation: 7, heartbeatMilliseconds: 1_000, leaseMilliseconds: 3_000)),
            .refusal(Refusal(.notAdmitted, text: "no lease")),
            .heartbeat(Heartbeat(assignmentRevision: 1, activity: .idle, version: 1)),
            .status(
                ServerStatus(
                    answers: 1, version: 1, digest: digest, plan: plan(.training), finished: false, isChosen: true,
                    mayAccelerate: false, assignmentRevision: 1,
                    assignment: Assignment(
                        entities: ["a/b"],
                        sources: [
                            SampleSource(
                                holder: "w", address: "tcp://127.0.0.1:1", token: token, entities: ["a/c"], key: digest)
                        ], grants: [SampleGrant(reader: "w", token: token, entities: ["a/b"], key: [])],
                        falseAlarmsPerDay: 0.5))),
            .scores(
                ScoreReport(
                    type: "b", groups: ["radio.cell", "physical.cpu"],
                    lines: [.init(entity: "a/b", time: 1_700_000_000, flags: [.alarm], whole: 140, groups: [130, 7])])),
            .goodbye,
            .enrolled(EnrolmentAnswer(.allCases[0], "yes")),
            .modelRequest(ModelRequest(version: 1, offset: 0)),
            .modelPiece(
                ModelPiece(version: 1, digest: digest, totalBytes: 20, offset: 0, bytes: Bytes(Array(0..<20)))),
            .contributionPiece(piece(contribution)),
            .contributionReceipt(
                ContributionReceipt(
                    round: 1, attempt: 1, digest: digest, receivedBytes: 9, outcome: .allCases[0], text: "more")),
            .alarmBatch(AlarmBatch(spool: 1, first: 1, oldest: 1, alarms: [Array(alarm.utf8)])),
            .alarmReceipt(
                AlarmReceipt(spool: 1, delivered: 1, refused: [.init(number: 1, reason: .allCases[0])])),
            .falseAlarms(
                FalseAlarmList(
                    revision: 1,
                    alarms: [FalseAlarmNotice(id: "a/b@50", entity: "a/b", form: Array(falseAlarm.utf8))])),
            .falseAlarmReceipt(FalseAlarmReceipt(revision: 1)),
            .samples(.listRequest(request: 1, token: token, entity: "a/b")),
            .samples(
                .list(
                    request: 1,
                    SampleListing(
                        type: "b", reading: "r", trainingFormat: "csv", streamFormat: "csv",
                        files: [.init(part: .training, name: "b.csv", size: 10)]))),
            .samples(.pieceRequest(range)), .samples(.piece(request: 1, bytes: [1, 2, 3])),
            .samples(.checkRequest(range)), .samples(.check(request: 1, digest: digest)),
            .samples(.refusal(request: 1, .notGranted, text: "no")),
        ]
    }

    static let contribution = Contribution(
        kind: .training, base: digest, entities: ["a/b"], rawBytes: 100,
        groups: [
            .init(
                name: "physical.cpu", schema: "s", sampleCount: 10, steps: 3, lossBefore: 2, lossAfter: 1,
                parameters: [0.5, -1])
        ])

    static let model = FederatedModel(
        context: Array("{}".utf8), groups: [.init(name: "physical.cpu", schema: "s", parameters: [0, 1])])

    static let alarm = """
        {"at":{"index":9,"time":99},"entity":"b","fingerprint":[{"deviation":2,"group":"physical.cpu","metric":"cpu_a",\
        "share":1}],"groups":["physical.cpu"],"id":"a/b@50","modelVersion":1,"onset":{"index":5,"time":50},\
        "revision":1,"score":1.5,"severity":"minor","site":"a","state":"raised","worker":"w"}
        """

    static let falseAlarm = """
        {"entity":"b","from":50,"groups":{"physical.cpu":1.5},"id":"a/b@50","leads":[],"metrics":{"cpu_a":1},\
        "score":1.5,"site":"a","to":99}
        """

    // MARK: Samples

    static let rules = GroupRules(rules: [.init(group: "physical.cpu", metrics: ["cpu*"])])

    static var configuration: TrainingConfiguration {
        var configuration = TrainingConfiguration()
        configuration.window = 4
        configuration.hidden = [3]
        configuration.epochs = 1
        return configuration
    }

    /// Two metrics at one sample a second.
    static func frame(rows: Int, from first: Int = 0) -> MetricFrame {
        var values: [Double] = []
        for row in first..<first + rows {
            values.append(Double(row * 7 % 13) + Double(row % 5) / 4)
            values.append(Double(row * 11 % 17))
        }
        return MetricFrame(
            schema: ["cpu_a", "cpu_b"], firstRow: first, times: (first..<first + rows).map(Double.init), values: values)
    }

    static var statistics: TelemetryStatistics {
        var statistics = TelemetryStatistics()
        statistics.add(frame(rows: 50), site: "a", entity: "b", type: "b", rules: rules)
        return statistics
    }

    /// A model of these samples that somebody has trained a little.
    static func federatedModel() throws -> FederatedModel {
        let context = try FederationContext.fitted(to: statistics, rules: rules, configuration: configuration)
        let model = try context.initialModel()
        return FederatedModel(
            context: model.context,
            groups: model.groups.map {
                .init(name: $0.name, schema: $0.schema, parameters: $0.parameters.map { $0 + 0.125 })
            })
    }

    static func table(rows: Int, from first: Int = 0) -> String {
        let frame = frame(rows: rows, from: first)
        var text = "time,cpu_a,cpu_b\n"
        for row in 0..<rows { text += "\(frame.times[row]),\(frame[row, 0]),\(frame[row, 1])\n" }
        return text
    }
}
