extension Message {
    /// What is large in the message, and ends its payload; the rest is encoded before it.
    package var body: Bytes {
        switch self {
        case .modelPiece(let body): body.bytes
        case .contributionPiece(let body): body.bytes
        default: []
        }
    }

    /// Appends the payload of the message, up to its ``body``.
    package func encode(into writer: inout WireWriter) {
        switch self {
        case .registration(let body): body.encode(into: &writer)
        case .welcome(let body):
            writer.put(body.incarnation)
            writer.put(body.revision)
            writer.put(body.heartbeatMilliseconds)
            writer.put(body.leaseMilliseconds)
        case .refusal(let body):
            writer.put(body.reason.rawValue)
            writer.put(body.incarnation)
            writer.put(body.patienceMilliseconds)
            writer.put(body.text)
        case .heartbeat(let body):
            writer.put(body.assignmentRevision)
            writer.put(body.activity.rawValue)
            writer.put(body.version)
            writer.put(body.scoredSamples)
            writer.put(body.streamEnded)
            writer.put(body.roundTripMicroseconds)
        case .status(let body): body.encode(into: &writer)
        case .goodbye: break
        case .scores(let body): body.encode(into: &writer)
        case .enrolment(let body): body.encode(into: &writer)
        case .enrolled(let body):
            writer.put(body.outcome.rawValue)
            writer.put(body.patienceMilliseconds)
            writer.put(body.text)
        case .modelRequest(let body):
            writer.put(body.version)
            writer.put(body.offset)
        case .modelPiece(let body):
            writer.put(body.version)
            writer.put(body.digest)
            writer.put(body.totalBytes)
            writer.put(body.offset)
            writer.put(UInt32(clamping: body.bytes.count))
        case .contributionPiece(let body):
            writer.put(body.round)
            writer.put(body.attempt)
            writer.put(body.assignmentRevision)
            writer.put(body.workSeconds)
            writer.put(body.digest)
            writer.put(body.totalBytes)
            writer.put(body.offset)
            writer.put(body.changes) { writer, change in
                writer.put(change.group)
                writer.put(change.norm)
                writer.put(change.samples)
            }
            writer.put(UInt32(clamping: body.bytes.count))
        case .contributionReceipt(let body):
            writer.put(body.round)
            writer.put(body.attempt)
            writer.put(body.digest)
            writer.put(body.receivedBytes)
            writer.put(body.outcome.rawValue)
            writer.put(body.text)
        case .alarmBatch(let body):
            writer.put(body.spool)
            writer.put(body.first)
            writer.put(body.oldest)
            writer.put(body.alarms) { $0.put($1) }
        case .alarmReceipt(let body):
            writer.put(body.spool)
            writer.put(body.delivered)
            writer.put(body.refused) { writer, refused in
                writer.put(refused.number)
                writer.put(refused.reason.rawValue)
            }
        case .falseAlarms(let body):
            writer.put(body.revision)
            writer.put(body.alarms) { writer, alarm in
                writer.put(alarm.id)
                writer.put(alarm.entity)
                writer.put(alarm.form)
            }
        case .falseAlarmReceipt(let body): writer.put(body.revision)
        case .samples(let body): body.encode(into: &writer)
        }
    }

    /// Reads the payload of a message of the given type.
    package init(_ kind: Kind, from reader: inout WireReader) throws(FederationError) {
        switch kind {
        case .registration: self = .registration(try Registration(from: &reader))
        case .welcome:
            self = .welcome(
                Welcome(
                    incarnation: try reader.integer("incarnation"), revision: try reader.integer("revision"),
                    heartbeatMilliseconds: try reader.integer("heartbeat"),
                    leaseMilliseconds: try reader.integer("lease")))
        case .refusal:
            self = .refusal(
                Refusal(
                    try reader.enumeration("reason"), incarnation: try reader.integer("incarnation"),
                    patienceMilliseconds: try reader.integer("patience"),
                    text: try reader.string("text", limit: WireLimits.text)))
        case .heartbeat:
            self = .heartbeat(
                Heartbeat(
                    assignmentRevision: try reader.integer("revision"), activity: try reader.enumeration("activity"),
                    version: try reader.integer("version"), scoredSamples: try reader.integer("scored samples"),
                    streamEnded: try reader.boolean("stream ended"),
                    roundTripMicroseconds: try reader.integer("round trip")))
        case .status: self = .status(try ServerStatus(from: &reader))
        case .goodbye: self = .goodbye
        case .scores: self = .scores(try ScoreReport(from: &reader))
        case .enrolment: self = .enrolment(try Enrolment(from: &reader))
        case .enrolled:
            self = .enrolled(
                try EnrolmentAnswer(from: &reader))
        case .modelRequest:
            self = .modelRequest(
                ModelRequest(version: try reader.integer("version"), offset: try reader.integer("offset")))
        case .modelPiece:
            self = .modelPiece(
                ModelPiece(
                    version: try reader.integer("version"), digest: try reader.digest(),
                    totalBytes: try reader.integer("total bytes"), offset: try reader.integer("offset"),
                    bytes: try reader.part("bytes", limit: WireLimits.piece)))
        case .contributionPiece:
            self = .contributionPiece(
                ContributionPiece(
                    round: try reader.integer("round"), attempt: try reader.integer("attempt"),
                    assignmentRevision: try reader.integer("revision"),
                    workSeconds: try reader.amount("work seconds"), digest: try reader.digest(),
                    totalBytes: try reader.integer("total bytes"),
                    offset: try reader.integer("offset"),
                    changes: try reader.array("changes", limit: WireLimits.groups) { reader throws(FederationError) in
                        AnnouncedChange(
                            group: try reader.string("group", limit: WireLimits.group),
                            norm: try reader.amount("norm"), samples: try reader.integer("samples"))
                    }, bytes: try reader.part("bytes", limit: WireLimits.piece)))
        case .contributionReceipt:
            self = .contributionReceipt(
                ContributionReceipt(
                    round: try reader.integer("round"), attempt: try reader.integer("attempt"),
                    digest: try reader.digest(), receivedBytes: try reader.integer("received bytes"),
                    outcome: try reader.enumeration("outcome"),
                    text: try reader.string("text", limit: WireLimits.text)))
        case .alarmBatch:
            self = .alarmBatch(
                AlarmBatch(
                    spool: try reader.integer("spool"), first: try reader.integer("first"),
                    oldest: try reader.integer("oldest"),
                    alarms: try reader.array("alarms", limit: WireLimits.alarms) { reader throws(FederationError) in
                        try reader.byteString("alarm", limit: WireLimits.alarm)
                    }))
        case .alarmReceipt:
            self = .alarmReceipt(
                AlarmReceipt(
                    spool: try reader.integer("spool"), delivered: try reader.integer("delivered"),
                    refused: try reader.array("refused", limit: WireLimits.alarms) { reader throws(FederationError) in
                        AlarmReceipt.Refused(
                            number: try reader.integer("number"), reason: try reader.enumeration("reason"))
                    }))
        case .falseAlarms:
            self = .falseAlarms(
                FalseAlarmList(
                    revision: try reader.integer("revision"),
                    alarms: try reader.array("alarms", limit: FalseAlarmNotice.most) {
                        reader throws(FederationError) in
                        FalseAlarmNotice(
                            id: try reader.string("alarm", limit: WireLimits.alarmIdentity),
                            entity: try reader.string("entity", limit: WireLimits.entity),
                            form: try reader.byteString("what it reached", limit: WireLimits.falseAlarm))
                    }))
        case .falseAlarmReceipt:
            self = .falseAlarmReceipt(FalseAlarmReceipt(revision: try reader.integer("revision")))
        case .sampleListRequest, .sampleList, .samplePieceRequest, .samplePiece, .sampleCheckRequest, .sampleCheck,
            .sampleRefusal:
            guard let body = try SampleMessage(kind, from: &reader) else {
                throw FederationError(.unknownType, "message type \(kind.rawValue)")
            }
            self = .samples(body)
        }
    }
}

extension WireReader {
    mutating func enumeration<Value: RawRepresentable>(
        _ field: StaticString
    ) throws(FederationError) -> Value where Value.RawValue: FixedWidthInteger {
        let raw = try integer(field, as: Value.RawValue.self)
        guard let value = Value(rawValue: raw) else {
            throw FederationError(.malformed, "\(field): \(raw) is not one of its values")
        }
        return value
    }

    mutating func digest() throws(FederationError) -> [UInt8] {
        let digest = try byteString("digest", limit: 32)
        guard digest.count == 32 else { throw FederationError(.malformed, "a digest of \(digest.count) bytes") }
        return digest
    }

    /// A digest, or no bytes for what there is none of.
    mutating func digestOrNone() throws(FederationError) -> [UInt8] {
        let digest = try byteString("digest", limit: 32)
        guard digest.isEmpty || digest.count == 32 else {
            throw FederationError(.malformed, "a digest of \(digest.count) bytes")
        }
        return digest
    }

    mutating func names(_ field: StaticString, limit: Int) throws(FederationError) -> [String] {
        try array(field, limit: limit) { reader throws(FederationError) in
            try reader.string("name", limit: WireLimits.entity)
        }
    }
}

extension Registration {
    fileprivate func encode(into writer: inout WireWriter) {
        writer.put(incarnation)
        writer.put(revision)
        writer.put(site)
        writer.put(domain)
        capabilities.encode(into: &writer)
        writer.put(entities) { $0.put($1) }
        writer.put(dataAddress)
        writer.put(standsBy)
        writer.put(mirrored) { $0.put($1) }
        writer.put(exchangeKey)
    }

    fileprivate init(from reader: inout WireReader) throws(FederationError) {
        incarnation = try reader.integer("incarnation")
        revision = try reader.integer("revision")
        site = try reader.string("site", limit: WireLimits.place)
        domain = try reader.string("domain", limit: WireLimits.place)
        capabilities = try Capabilities(from: &reader)
        entities = try reader.names("entities", limit: WireLimits.entities)
        dataAddress = try reader.string("data address", limit: WireLimits.address)
        standsBy = try reader.boolean("stands by")
        mirrored = try reader.names("copies", limit: WireLimits.entities)
        exchangeKey = try reader.keyOrNone()
    }
}

extension ServerStatus {
    fileprivate func encode(into writer: inout WireWriter) {
        writer.put(answers)
        writer.put(version)
        writer.put(digest)
        writer.put(plan != nil)
        if let plan {
            writer.put(plan.round)
            writer.put(plan.attempt)
            writer.put(plan.kind.rawValue)
            writer.put(plan.baseVersion)
            writer.put(plan.baseDigest)
            writer.put(plan.remainingMilliseconds)
            writer.put(plan.hyperparameters)
            writer.put(plan.covered) { $0.put($1) }
        }
        writer.put(finished)
        writer.put(isChosen)
        writer.put(mayAccelerate)
        writer.put(assignmentRevision)
        writer.put(nextKey != nil)
        if let nextKey {
            writer.put(nextKey.key.bytes)
            writer.put(nextKey.remainingMilliseconds)
        }
        writer.put(assignment != nil)
        guard let assignment else { return }
        writer.put(assignment.entities) { $0.put($1) }
        writer.put(assignment.sources) { $1.encode(into: &$0) }
        writer.put(assignment.grants) { $1.encode(into: &$0) }
        writer.put(assignment.falseAlarmsPerDay != nil)
        if let budget = assignment.falseAlarmsPerDay { writer.put(budget) }
    }

    fileprivate init(from reader: inout WireReader) throws(FederationError) {
        answers = try reader.integer("answers")
        version = try reader.integer("version")
        digest = try reader.digestOrNone()
        if try reader.boolean("has a plan") {
            plan = RoundPlan(
                round: try reader.integer("round"), attempt: try reader.integer("attempt"),
                kind: try reader.enumeration("kind"), baseVersion: try reader.integer("base version"),
                baseDigest: try reader.digestOrNone(), remainingMilliseconds: try reader.integer("remaining"),
                hyperparameters: try reader.byteString("hyper-parameters", limit: WireLimits.hyperparameters),
                covered: try reader.names("covered", limit: WireLimits.entities))
        }
        finished = try reader.boolean("finished")
        isChosen = try reader.boolean("is chosen")
        mayAccelerate = try reader.boolean("may accelerate")
        assignmentRevision = try reader.integer("revision")
        if try reader.boolean("has a next key") {
            guard let key = PublicKey(try reader.byteString("next key", limit: PublicKey.length)) else {
                throw FederationError(.malformed, "a server's next key that is none")
            }
            nextKey = KeyChange(key: key, remainingMilliseconds: try reader.integer("remaining"))
        }
        guard try reader.boolean("has an assignment") else { return }
        assignment = Assignment(
            entities: try reader.names("entities", limit: WireLimits.entities),
            sources: try reader.array("sources", limit: WireLimits.entities) { reader throws(FederationError) in
                try SampleSource(from: &reader)
            },
            grants: try reader.array("grants", limit: WireLimits.entities) { reader throws(FederationError) in
                try SampleGrant(from: &reader)
            })
        guard try reader.boolean("has a budget") else { return }
        let budget = try reader.amount("false alarms")
        guard Assignment.falseAlarmsRange.contains(budget) else {
            throw FederationError(.malformed, "false alarms: \(budget) a day")
        }
        assignment?.falseAlarmsPerDay = budget
    }
}
