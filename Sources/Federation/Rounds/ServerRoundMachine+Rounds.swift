import Numerics
import Platform

extension ServerRoundMachine {
    /// An open round.
    struct OpenRound: Sendable {
        let number: UInt32
        let attempt: UInt32
        let kind: RoundKind
        let started: Instant
        let deadline: Instant
        var accepted: [String: AcceptedContribution] = [:]
        /// The entities behind the accepted contributions.
        var covered: Set<EntityKey> = []
        var rejected: [String: String] = [:]
        var statistics: [String: [UInt8]] = [:]
        var losses = RoundLosses()
        var aggregator: (any TrainingAggregator)?
    }

    /// The open round as a worker that has still to contribute to it is told.
    func plan(for name: String, at now: Instant) -> RoundPlan? {
        guard case .running(let round) = phase, round.accepted[name] == nil, round.rejected[name] == nil,
            let member = members[name], !member.entities.isEmpty
        else { return nil }
        let parameters: [UInt8] =
            switch round.kind {
            case .statistics: []
            case .training: strategy.configureTraining(round: round.number)
            case .evaluation: strategy.configureEvaluation()
            }
        return RoundPlan(
            round: round.number, attempt: round.attempt, kind: round.kind, baseVersion: version,
            remainingMilliseconds: UInt32(clamping: max(0, (round.deadline - now).milliseconds)),
            hyperparameters: parameters)
    }

    /// Starts, commits or abandons a round if it is time.
    mutating func advance(at now: Instant, _ directives: inout [ServerDirective]) {
        switch phase {
        case .committing: return
        case .finished: takeOverChoice(at: now, &directives)
        case .waiting:
            takeOverChoice(at: now, &directives)
            let ready = members.values.filter { !$0.entities.isEmpty }.count
            guard ready >= neededWorkers, choice != nil || !configuration.awaitsChoice, !isHandingOver else { return }
            open(at: now, &directives)
        case .running(let round):
            let awaited = members.filter { name, member in
                !member.entities.isEmpty && round.accepted[name] == nil && round.rejected[name] == nil
            }
            let enough = round.accepted.count >= neededContributions
            // What is on its way to another worker is still to be trained.
            if enough && ((awaited.isEmpty && !isHandingOver) || now >= round.deadline) {
                close(round, at: now, &directives)
            } else if now >= round.deadline {
                abandon(
                    round,
                    because: "deadline passed with \(round.accepted.count) of \(neededContributions) "
                        + "contributions needed; missing: \(awaited.keys.sorted().joined(separator: ", "))",
                    at: now, &directives)
            }
        }
    }

    private mutating func open(at now: Instant, _ directives: inout [ServerDirective]) {
        attempt += 1
        uploads = [:]
        let kind = kind(ofRound: nextRound)
        var round = OpenRound(
            number: nextRound, attempt: attempt, kind: kind, started: now,
            deadline: now + configuration.roundDeadline)
        if kind == .training, let bundle { round.aggregator = strategy.aggregateTraining(base: bundle) }
        phase = .running(round)
        directives.append(
            .note(
                Note(
                    .info, "round opened",
                    ["round": "\(nextRound)", "kind": "\(kind)", "attempt": "\(attempt)", "base": "\(version)"])))
        announce(at: now, &directives)
    }

    private mutating func close(_ round: OpenRound, at now: Instant, _ directives: inout [ServerDirective]) {
        var next: FederatedModel?
        switch round.kind {
        case .evaluation: break
        case .training: next = round.aggregator?.result()
        case .statistics:
            do {
                next = try maker.makeInitialModels(
                    statistics: round.statistics.sorted { $0.key < $1.key }.map { (worker: $0.key, bytes: $0.value) })
            } catch {
                abandon(round, because: "the statistics cannot be used: \(error)", at: now, &directives)
                return
            }
        }
        let bytes = next?.encoded()
        if let bytes, bytes.count > configuration.maximumModelBytes {
            abandon(
                round,
                because: "the next version has \(bytes.count) bytes, at most \(configuration.maximumModelBytes) "
                    + "are allowed", at: now, &directives)
            return
        }
        let record = record(of: round, version: next == nil ? version : version + 1, at: now, abandonedBecause: nil)
        let commit = Commit(record: record, model: bytes, digest: bytes.map(SHA256.digest) ?? [])
        phase = .committing(commit, bundle: next)
        directives.append(.commit(commit))
    }

    private func record(
        of round: OpenRound, version: UInt64, at now: Instant, abandonedBecause: String?
    ) -> RoundRecord {
        RoundRecord(
            round: round.number, attempt: round.attempt, kind: round.kind, baseVersion: self.version,
            version: version, duration: now - round.started,
            contributions: round.accepted.sorted { $0.key < $1.key }.map(\.value), rejected: round.rejected.count,
            summary: strategy.aggregateEvaluation(round.losses), abandonedBecause: abandonedBecause)
    }

    mutating func abandon(
        _ round: OpenRound, because reason: String, at now: Instant, _ directives: inout [ServerDirective]
    ) {
        phase = .waiting
        uploads = [:]
        directives.append(
            .note(Note(.warning, "round abandoned", ["round": "\(round.number)", "reason": reason])))
        directives.append(
            .recordAbandoned(record(of: round, version: version, at: now, abandonedBecause: reason)))
    }

    mutating func committed(_ version: UInt64, at now: Instant, _ directives: inout [ServerDirective]) {
        guard case .committing(let commit, let next) = phase, commit.record.version == version else { return }
        self.version = version
        if let next, let model = commit.model {
            bundle = next
            modelBytes = model
            modelDigest = commit.digest
        }
        nextRound = commit.record.round + 1
        attempt = 0
        phase = nextRound > lastRound ? .finished : .waiting
        var fields = [
            "round": "\(commit.record.round)", "kind": "\(commit.record.kind)", "version": "\(version)",
            "contributions": "\(commit.record.contributions.count)",
        ]
        if let loss = commit.record.summary.lossBefore { fields["loss"] = "\(loss)" }
        directives.append(.note(Note(.info, "round committed", fields)))
        // The opening of the next round announces the version too.
        if isFinished { announce(at: now, &directives) }
    }

    mutating func commitFailed(_ reason: String, at now: Instant, _ directives: inout [ServerDirective]) {
        guard case .committing(let commit, _) = phase else { return }
        phase = .waiting
        directives.append(
            .note(Note(.error, "commit failed", ["round": "\(commit.record.round)", "reason": reason])))
        var record = commit.record
        record.version = version
        record.abandonedBecause = "the version could not be stored: \(reason)"
        directives.append(.recordAbandoned(record))
    }

    /// Statistics count each entity once: when one that has been counted goes to another worker, the round starts again.
    mutating func restartStatistics(
        without entity: String, domain: String, at now: Instant, _ directives: inout [ServerDirective]
    ) {
        guard case .running(let round) = phase, round.kind == .statistics,
            round.covered.contains(EntityKey(domain: domain, entity: entity))
        else { return }
        abandon(
            round, because: "entity \(entity) of domain \(domain) moved after it had been counted", at: now,
            &directives)
    }

    // MARK: Contributions

    mutating func receive(
        _ piece: ContributionPiece, from name: String, at now: Instant, _ directives: inout [ServerDirective]
    ) {
        guard let member = members[name] else { return }
        func receipt(_ outcome: ContributionReceipt.Outcome, _ received: Int = 0, _ text: String = "") -> Message {
            .contributionReceipt(
                ContributionReceipt(
                    round: piece.round, attempt: piece.attempt, digest: piece.digest, receivedBytes: UInt64(received),
                    outcome: outcome, text: String(text.prefix(WireLimits.text / 4))))
        }
        guard case .running(let round) = phase, round.number == piece.round, round.attempt == piece.attempt,
            !member.entities.isEmpty || round.accepted[name] != nil,
            round.kind != .statistics || piece.assignmentRevision == member.assignmentRevision
        else {
            send(receipt(.notWanted), to: member, &directives)
            return
        }
        if let accepted = round.accepted[name] {
            send(receipt(.accepted, Int(clamping: accepted.bytes)), to: member, &directives)
            return
        }
        if let reason = round.rejected[name] {
            send(receipt(.rejected, 0, reason), to: member, &directives)
            return
        }
        guard let total = Int(exactly: piece.totalBytes), total > 0, total <= configuration.maximumContributionBytes
        else {
            let error = FederationError(
                .oversized,
                "a contribution of \(piece.totalBytes) bytes, at most \(configuration.maximumContributionBytes) "
                    + "are allowed")
            reject(error, from: name, at: now, &directives)
            send(receipt(.rejected, 0, error.description), to: member, &directives)
            return
        }
        var upload = uploads[name] ?? PieceAssembly(digest: piece.digest, totalBytes: total)
        if upload.digest != piece.digest || upload.totalBytes != total {
            upload = PieceAssembly(digest: piece.digest, totalBytes: total)
        }
        // Out of the dictionary while it grows, so that its bytes are not copied with each piece.
        uploads[name] = nil
        upload.add(piece.bytes, at: piece.offset)
        guard upload.isComplete else {
            send(receipt(.partial, upload.bytes.count), to: member, &directives)
            uploads[name] = upload
            return
        }
        do {
            guard upload.isIntact else {
                throw FederationError(.corrupted, "a contribution that is not what its SHA-256 says")
            }
            try accept(upload, workSeconds: piece.workSeconds, from: name, at: now, &directives)
            send(receipt(.accepted, upload.bytes.count), to: member, &directives)
        } catch {
            let error = error as? FederationError ?? FederationError(.malformed, "\(error)")
            reject(error, from: name, at: now, &directives)
            send(receipt(.rejected, 0, error.description), to: member, &directives)
        }
    }

    private mutating func accept(
        _ upload: PieceAssembly, workSeconds: Double, from name: String, at now: Instant,
        _ directives: inout [ServerDirective]
    ) throws {
        guard case .running(var round) = phase, let member = members[name] else { return }
        let contribution = try configuration.gate.pass(
            Contribution(decoding: upload.bytes), kind: round.kind, base: bundle)
        // Free the phase's copy, so that the aggregator grows in place.
        phase = .waiting
        round.aggregator?.add(contribution, from: name)
        round.losses.add(contribution, from: name)
        if round.kind == .statistics { round.statistics[name] = contribution.statistics }
        let accepted = AcceptedContribution(
            round: round.number, attempt: round.attempt, worker: name, leaseEpoch: member.epoch,
            digest: upload.digest, sampleCount: contribution.sampleCount, bytes: UInt64(upload.bytes.count),
            rawBytes: contribution.rawBytes, workSeconds: workSeconds,
            arrival: now - round.started)
        round.accepted[name] = accepted
        for entity in member.entities {
            round.covered.insert(EntityKey(domain: member.registration.domain, entity: entity))
        }
        phase = .running(round)
        directives.append(.keep(accepted, payload: upload.bytes))
        directives.append(
            .note(
                Note(
                    .debug, "contribution accepted",
                    [
                        "worker": name, "round": "\(round.number)", "samples": "\(accepted.sampleCount)",
                        "bytes": "\(accepted.bytes)",
                    ])))
    }

    private mutating func reject(
        _ error: FederationError, from name: String, at now: Instant, _ directives: inout [ServerDirective]
    ) {
        rejections[error.code, default: 0] += 1
        members[name]?.rejected += 1
        if case .running(var round) = phase {
            round.rejected[name] = error.description
            phase = .running(round)
        }
        directives.append(
            .note(
                Note(
                    .warning, "contribution rejected",
                    ["worker": name, "code": error.code.rawValue, "reason": error.description])))
    }
}
