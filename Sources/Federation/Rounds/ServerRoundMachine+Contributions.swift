import Platform

extension ServerRoundMachine {
    /// What contributions on their way are to.
    struct UploadBase: Equatable, Sendable {
        var round: UInt32
        var version: UInt64
        var digest: [UInt8]
    }

    /// A contribution on its way.
    struct Upload: Sendable {
        var assembly: PieceAssembly
        var lastPiece: Instant
    }

    mutating func receive(
        _ piece: ContributionPiece, from name: String, at now: Instant, _ directives: inout [ServerDirective]
    ) {
        guard let member = members[name] else { return }
        func receipt(_ outcome: ContributionReceipt.Outcome, _ received: Int = 0, _ text: String = "") -> Message {
            Self.receipt(piece.round, piece.attempt, piece.digest, outcome, received, text)
        }
        guard case .running(var round) = phase, round.number == piece.round, round.attempt == piece.attempt,
            !member.entities.isEmpty || round.accepted[name] != nil,
            round.kind != .statistics || piece.assignmentRevision == member.assignmentRevision,
            !isExcluded(name, at: now)
        else {
            send(receipt(.notWanted), to: member, &directives)
            return
        }
        if let accepted = round.accepted[name] {
            // Another one than what counts is not wanted any more, whoever sends it under this name.
            let isSame = accepted.digest == piece.digest
            send(
                isSame ? receipt(.accepted, Int(clamping: accepted.bytes)) : receipt(.notWanted), to: member,
                &directives)
            return
        }
        if let rejection = round.rejected[name] {
            send(receipt(.rejected, 0, rejection.reason), to: member, &directives)
            return
        }
        patience.showed(name)
        // The verdict is near.
        guard !round.judging.contains(name) else { return }
        let limit = largestContribution(in: round)
        guard let total = Int(exactly: piece.totalBytes), total > 0, total <= limit else {
            let error = FederationError(
                .oversized, "a contribution of \(piece.totalBytes) bytes, at most \(limit) are allowed")
            reject(error, digest: piece.digest, from: name, at: now, &directives)
            send(receipt(.rejected, 0, error.description), to: member, &directives)
            return
        }
        if piece.bytes.count == 0 {
            // It asks whether to send.
            if !piece.changes.isEmpty, round.kind == .training {
                // Only one copy while it changes.
                phase = .waiting
                round.announcements.note(piece.changes, from: name)
                phase = .running(round)
                if refuseBeforehand(name, digest: piece.digest, at: now, &directives) { return }
            }
            recalled.note(piece, from: name)
            let turn = UploadTurns.Turn(worker: name, digest: piece.digest, bytes: total)
            guard
                uploadTurns.ask(
                    turn, limit: configuration.backlogBytes, pause: configuration.heartbeatInterval / 2, at: now)
            else { return }
            if recalls(name, digest: piece.digest, &directives) { return }
        } else {
            uploadTurns.touch(name, at: now)
        }
        // Out of the dictionary while it grows, so that its bytes are not copied with each piece.
        var upload =
            uploads.removeValue(forKey: name)
            ?? Upload(assembly: PieceAssembly(digest: piece.digest, totalBytes: total), lastPiece: now)
        uploadBytes -= upload.assembly.count
        if upload.assembly.digest != piece.digest || upload.assembly.totalBytes != total {
            upload.assembly = PieceAssembly(digest: piece.digest, totalBytes: total)
        }
        let before = upload.assembly.count
        if hasRoom(for: piece.bytes.count, beside: before, at: now) {
            upload.assembly.add(piece.bytes, at: piece.offset)
            if upload.assembly.count > before { upload.lastPiece = now }
        }
        guard upload.assembly.isComplete else {
            uploadBytes += upload.assembly.count
            send(receipt(.partial, upload.assembly.count), to: member, &directives)
            uploads[name] = upload
            return
        }
        round.judging.insert(name)
        phase = .running(round)
        defer { takeTurns(at: now, &directives) }
        uploadTurns.end(name)
        directives.append(
            .judge(
                FinishedUpload(
                    round: round.number, attempt: round.attempt, worker: name, leaseEpoch: member.epoch,
                    entities: member.entities, digest: piece.digest, bytes: upload.assembly.bytes,
                    announced: round.announcements[name], workSeconds: piece.workSeconds, arrival: now - round.started))
        )
    }

    /// Refuses what would be refused when the round closes, before its bytes travel; whether it did.
    private mutating func refuseBeforehand(
        _ name: String, digest: [UInt8], at now: Instant, _ directives: inout [ServerDirective]
    ) -> Bool {
        var gate = configuration.gate
        if spared.contains(name) { gate.round.largestRatio = nil }
        guard case .running(let round) = phase, let member = members[name],
            let error = round.announcements.refusal(
                of: name, among: contributors(to: round), gate: gate, history: history)
        else { return false }
        forgetUpload(of: name)
        reject(error, digest: digest, from: name, at: now, &directives)
        send(
            Self.receipt(round.number, round.attempt, digest, .rejected, 0, error.description), to: member,
            &directives)
        return true
    }

    /// Those who may contribute to a round; of hundreds all are taken for it, which refuses nobody.
    private func contributors(to round: OpenRound) -> Int {
        guard members.count <= Self.fewMembers else { return members.count }
        return members.count { !$0.value.entities.isEmpty || round.accepted[$0.key] != nil }
    }

    private static func receipt(
        _ round: UInt32, _ attempt: UInt32, _ digest: [UInt8], _ outcome: ContributionReceipt.Outcome,
        _ received: Int = 0, _ text: String = ""
    ) -> Message {
        .contributionReceipt(
            ContributionReceipt(
                round: round, attempt: attempt, digest: digest, receivedBytes: UInt64(received), outcome: outcome,
                text: String(text.prefix(WireLimits.text / 4))))
    }

    /// Tells those whose turn it is to go on.
    private mutating func takeTurns(at now: Instant, _ directives: inout [ServerDirective]) {
        guard uploadTurns.waitingCount > 0, case .running(let round) = phase else { return }
        while let turn = uploadTurns.next(limit: configuration.backlogBytes, at: now) {
            guard let member = members[turn.worker] else {
                uploadTurns.end(turn.worker)
                continue
            }
            // Others have said what they have meanwhile.
            if refuseBeforehand(turn.worker, digest: turn.digest, at: now, &directives) { continue }
            if recalls(turn.worker, digest: turn.digest, &directives) { continue }
            let received = uploads[turn.worker].map { $0.assembly.digest == turn.digest ? $0.assembly.count : 0 }
            send(
                Self.receipt(round.number, round.attempt, turn.digest, .partial, received ?? 0), to: member,
                &directives)
        }
    }

    /// What a contribution can have at most: parameters are as many as the model's, with some words beside them.
    private func largestContribution(in round: OpenRound) -> Int {
        guard round.kind != .statistics else { return configuration.maximumContributionBytes }
        let names = WireLimits.entities * (WireLimits.name + 4)
        let words = (bundle?.groups.count ?? 0) * 512 + names + 4_096
        return min(configuration.maximumContributionBytes, modelBytes.count + words)
    }

    // MARK: Bounds

    /// Whether more bytes may be held. The upload that has stood still longest makes room, if it stood still for a while;
    /// one upload at a time always goes on.
    private mutating func hasRoom(for count: Int, beside own: Int, at now: Instant) -> Bool {
        while uploadBytes + own + count > configuration.unfinishedBytes, !uploads.isEmpty {
            guard let stalest = uploads.min(by: { $0.value.lastPiece < $1.value.lastPiece }),
                now - stalest.value.lastPiece > configuration.heartbeatInterval * 2
            else { return false }
            forgetUpload(of: stalest.key)
        }
        return true
    }

    /// Time after which a turn ends in which nothing comes: a piece may take that long over a slow link.
    private var stillness: Duration { max(configuration.heartbeatInterval * 2, .seconds(10)) }

    /// Turns of those who send nothing end. What they have sent stays, for as long as they have a lease and there is room.
    mutating func passTurns(at now: Instant, _ directives: inout [ServerDirective]) {
        uploadTurns.expire(silentFor: stillness, piece: configuration.pieceBytes, at: now)
        takeTurns(at: now, &directives)
    }

    mutating func forgetUpload(of name: String) {
        uploadTurns.end(name)
        guard let upload = uploads.removeValue(forKey: name) else { return }
        uploadBytes -= upload.assembly.count
    }

    /// Another attempt at the same round begins, or another round. The same work has the same bytes: what has come of it goes
    /// on where it was, unless it is work on something else.
    mutating func keepUploads(for base: UploadBase) {
        if base != uploadBase {
            forgetUploads()
            recalled = Recalls()
        }
        recalled.forgetQuestions()
        uploadBase = base
        uploadTurns = UploadTurns()
    }

    mutating func forgetUploads() {
        uploads = [:]
        uploadTurns = UploadTurns()
        uploadBytes = 0
    }

    // MARK: Verdicts

    /// A contribution passed the gate, or did not. It counts if its sender still has the lease under which it came.
    mutating func judged(_ judgement: Judgement, at now: Instant, _ directives: inout [ServerDirective]) {
        let upload = judgement.upload
        guard isRunning(upload.round, upload.attempt) else {
            if let member = members[upload.worker], member.epoch == upload.leaseEpoch {
                send(
                    Self.receipt(upload.round, upload.attempt, upload.digest, .notWanted), to: member, &directives)
            }
            return
        }
        changeRound { $0.judging.remove(upload.worker) }
        patience.ended(upload.worker)
        guard let member = members[upload.worker], member.epoch == upload.leaseEpoch,
            now - member.lastHeard <= configuration.lease, isOpen(for: upload.worker)
        else { return }
        func answer(_ outcome: ContributionReceipt.Outcome, _ received: Int = 0, _ text: String = "") {
            send(
                Self.receipt(upload.round, upload.attempt, upload.digest, outcome, received, text), to: member,
                &directives)
        }
        switch judgement.verdict {
        case .refused(let error):
            reject(error, digest: upload.digest, from: upload.worker, at: now, &directives)
            answer(.rejected, 0, error.description)
        case .empty(let reason):
            // An honest worker without samples: nobody waits for it any longer, and it counts for nothing.
            changeRound {
                $0.rejected[upload.worker] = RejectedContribution(
                    worker: upload.worker, leaseEpoch: upload.leaseEpoch, digest: upload.digest, reason: reason,
                    code: nil)
            }
            directives.append(
                .note(Note(.info, "contribution counts for nothing", ["worker": upload.worker, "reason": reason])))
            answer(.accepted, upload.bytes.count)
        case .counts(let contribution):
            let keys = Set(
                contribution.entities.map { EntityKey(domain: member.registration.domain, entity: $0) })
            let known = Set(member.entities).union(upload.entities)
            guard !isAnyCovered(keys), contribution.entities.allSatisfy(known.contains) else {
                // What it was computed on counts already, or was never this worker's: its next plan says what is left.
                answer(.notWanted)
                sendStatus(to: upload.worker, at: now, &directives)
                return
            }
            accept(contribution, upload, keys, &directives)
            answer(.accepted, upload.bytes.count)
        }
    }

    // What is asked of the open round by itself, so that no copy of it lives while it is changed.

    private func isRunning(_ number: UInt32, _ attempt: UInt32) -> Bool {
        guard case .running(let round) = phase else { return false }
        return round.number == number && round.attempt == attempt
    }

    private func isOpen(for name: String) -> Bool {
        guard case .running(let round) = phase else { return false }
        return round.isOpen(for: name)
    }

    private func isAnyCovered(_ keys: Set<EntityKey>) -> Bool {
        guard case .running(let round) = phase else { return false }
        return !keys.isDisjoint(with: round.covered)
    }

    private mutating func accept(
        _ contribution: Contribution, _ upload: FinishedUpload, _ keys: Set<EntityKey>,
        _ directives: inout [ServerDirective]
    ) {
        let name = upload.worker
        let accepted = AcceptedContribution(
            round: upload.round, attempt: upload.attempt, worker: name, leaseEpoch: upload.leaseEpoch,
            digest: upload.digest, entities: contribution.entities, sampleCount: contribution.sampleCount,
            bytes: UInt64(upload.bytes.count), rawBytes: contribution.rawBytes, workSeconds: upload.workSeconds,
            arrival: upload.arrival)
        let served = Set(members[name]?.entities ?? [])
        changeRound { round in
            round.accepted[name] = accepted
            round.covered.formUnion(keys)
            for key in keys where !served.contains(key.entity) { round.moved.insert(key) }
        }
        excluded[name] = nil
        directives.append(
            .fold(
                round: upload.round, attempt: upload.attempt, contribution, from: name,
                site: members[name]?.registration.site ?? ""))
        directives.append(.keep(accepted, payload: upload.bytes))
        directives.append(
            .note(
                Note(
                    .debug, "contribution accepted",
                    [
                        "worker": name, "round": "\(upload.round)", "samples": "\(accepted.sampleCount)",
                        "bytes": "\(accepted.bytes)",
                    ])))
    }

    /// Notes who sent what cannot be used. Statistics that cannot be used exclude their sender for a while, longer each
    /// time, so that the others go on without it.
    mutating func reject(
        _ error: FederationError, digest: [UInt8], from name: String, at now: Instant,
        _ directives: inout [ServerDirective]
    ) {
        rejections[error.code, default: 0] += 1
        members[name]?.rejected += 1
        let rejection = RejectedContribution(
            worker: name, leaseEpoch: members[name]?.epoch ?? 0, digest: digest, reason: error.description,
            code: error.code)
        var isStatistics = false
        switch phase {
        case .running(var round):
            round.rejected[name] = rejection
            isStatistics = round.kind == .statistics
            phase = .running(round)
        case .aggregating(var round):
            round.rejected[name] = rejection
            isStatistics = round.kind == .statistics
            phase = .aggregating(round)
        case .waiting, .committing, .finished: break
        }
        var fields = ["worker": name, "code": error.code.rawValue, "reason": error.description]
        if isStatistics {
            let count = (excluded[name]?.count ?? 0) + 1
            let pause = configuration.backOff(failures: count) * 10
            if excluded.count >= configuration.maximumWorkers { excluded = excluded.filter { now < $0.value.until } }
            excluded[name] = Exclusion(count: count, until: now + pause, reason: error.description)
            fields["excludedSeconds"] = "\(Int(pause.seconds))"
        }
        directives.append(.note(Note(.warning, "contribution rejected", fields)))
    }
}
