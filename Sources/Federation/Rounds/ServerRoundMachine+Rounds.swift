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
        /// Those of them that another worker serves now than the one that contributed them.
        var moved: Set<EntityKey> = []
        var rejected: [String: RejectedContribution] = [:]
        /// What is announced of contributions that are not here yet.
        var announcements = Announcements()
        /// Workers whose contributions are being looked at.
        var judging: Set<String> = []
        /// Workers whose statistics the maker of the initial model refused; the rest is put together without them.
        var leftOut: Set<String> = []

        /// Whether a worker has still to be heard in this round.
        func isOpen(for name: String) -> Bool { accepted[name] == nil && rejected[name] == nil }
    }

    /// A worker whose contributions could not be used.
    struct Exclusion: Sendable {
        var count: Int
        var until: Instant
        var reason: String
    }

    /// The open round as a worker that has still to contribute to it is told.
    func plan(for name: String, at now: Instant) -> RoundPlan? {
        guard case .running(let round) = phase, round.isOpen(for: name), let member = members[name],
            !isExcluded(name, at: now)
        else { return nil }
        let covered = covered(of: member, in: round)
        guard covered.count < member.entities.count else { return nil }
        let parameters: [UInt8] =
            switch round.kind {
            case .statistics: configuration.loops.order
            case .training: strategy.configureTraining(round: round.number)
            case .evaluation: strategy.configureEvaluation()
            }
        return RoundPlan(
            round: round.number, attempt: round.attempt, kind: round.kind, baseVersion: version, baseDigest: digest,
            remainingMilliseconds: UInt32(clamping: max(0, (round.deadline - now).milliseconds)),
            hyperparameters: parameters, covered: covered)
    }

    /// What a worker serves and another has trained on already in this round; sorted.
    private func covered(of member: Member, in round: OpenRound) -> [String] {
        guard !round.moved.isEmpty else { return [] }
        let domain = member.registration.domain
        return member.entities.filter { round.moved.contains(EntityKey(domain: domain, entity: $0)) }
    }

    /// What a worker serves from now on besides what it served: what of it counts already in the round that runs is not to
    /// count again.
    mutating func noteMoves(to new: [String], from old: [String], inDomain domain: String) {
        guard case .running(var round) = phase, !round.covered.isEmpty else { return }
        let before = Set(old)
        for entity in new where !before.contains(entity) {
            let key = EntityKey(domain: domain, entity: entity)
            if round.covered.contains(key) { round.moved.insert(key) }
        }
        phase = .running(round)
    }

    /// Whether a worker's contributions are not wanted: those it sent could not be used, or it may not train.
    func isExcluded(_ name: String, at now: Instant) -> Bool {
        if isBarred(name) { return true }
        return excluded[name].map { now < $0.until } ?? (members[name]?.principal?.grant.allows(.train) == false)
    }

    /// Workers that can contribute: they serve something and are not left out.
    func ready(at now: Instant) -> [String] {
        members.filter { !$0.value.entities.isEmpty && !isExcluded($0.key, at: now) }.map(\.key)
    }

    /// Workers that a round still waits for. Who let a round pass is waited for again when it shows that it works.
    func awaited(_ round: OpenRound, at now: Instant) -> [String] {
        members.filter { isAwaited($0, $1, in: round, at: now) }.map(\.key).sorted()
    }

    private func isAwaited(_ name: String, _ member: Member, in round: OpenRound, at now: Instant) -> Bool {
        !member.entities.isEmpty && round.isOpen(for: name) && patience.waits(for: name, inRound: round.number)
            && !isExcluded(name, at: now) && covered(of: member, in: round).count < member.entities.count
    }

    /// Whether a round waits for anybody. Of thousands who have contributed one who has not is found soon, and a list of
    /// all of them is not made with every contribution.
    private func isAwaitingAnybody(_ round: OpenRound, at now: Instant) -> Bool {
        members.contains { isAwaited($0, $1, in: round, at: now) }
    }

    /// Changes the open round where it is: while another copy of it is held, what it has of each worker would be copied
    /// with every contribution.
    mutating func changeRound(_ body: (inout OpenRound) -> Void) {
        guard case .running(var round) = phase else { return }
        phase = .waiting
        body(&round)
        phase = .running(round)
    }

    /// Starts, closes or abandons a round if it is time.
    mutating func advance(at now: Instant, _ directives: inout [ServerDirective]) {
        switch phase {
        case .waiting, .finished: takeUpTuning(&directives)
        case .committing, .aggregating, .running: break
        }
        switch phase {
        case .committing, .aggregating: break
        case .finished:
            takeOverChoice(at: now, &directives)
            beginLoop(at: now, &directives)
        case .waiting:
            takeOverChoice(at: now, &directives)
            giveUpLoop(at: now, &directives)
            askAgainIfNeeded(at: now, &directives)
            if mayOpen(at: now) { open(at: now, &directives) }
        case .running(let round):
            let enough = round.accepted.count >= neededContributions
            guard enough || now >= round.deadline else {
                if isHopeless(round, at: now) {
                    fail(
                        round,
                        because: "everybody who could contribute has, and that makes \(round.accepted.count) of "
                            + "\(neededContributions) contributions needed", at: now, &directives)
                }
                break
            }
            if now < round.deadline {
                // What is on its way to another worker is still to be trained.
                if !isAwaitingAnybody(round, at: now), !isHandingOver { close(round, &directives) }
                break
            }
            passOver(awaited(round, at: now), round.number, &directives)
            if enough {
                close(round, &directives)
            } else {
                let missing = members.keys.filter { round.isOpen(for: $0) }.sorted().joined(separator: ", ")
                abandon(
                    round,
                    because: "deadline passed with \(round.accepted.count) of \(neededContributions) "
                        + "contributions needed; missing: \(missing)",
                    at: now, &directives)
            }
        }
        sayWhatItWaitsFor(at: now, &directives)
    }

    /// Whether nobody who is here can add to a round that has too few contributions, because what each serves counts already
    /// by somebody who is gone, while in another attempt there would be enough of them. Looked at once in a heartbeat.
    private mutating func isHopeless(_ round: OpenRound, at now: Instant) -> Bool {
        guard now >= nextHopeless else { return false }
        nextHopeless = now + configuration.heartbeatInterval
        guard round.judging.isEmpty, !isHandingOver, ready(at: now).count >= max(neededWorkers, neededContributions)
        else { return false }
        return members.allSatisfy { name, member in
            member.entities.isEmpty || !round.isOpen(for: name) || isExcluded(name, at: now)
                || covered(of: member, in: round).count == member.entities.count
        }
    }

    /// Begins the next loop when it is time.
    private mutating func beginLoop(at now: Instant, _ directives: inout [ServerDirective]) {
        guard nextRound > 0, let every = configuration.loops.every, loopGoesOn else { return }
        // After a restart nobody knows when the last one began.
        guard let began = course.began else {
            course.began = now
            return
        }
        guard now - began >= every else { return }
        phase = .waiting
        begin(loop: loop.number + 1, at: nextRound)
        directives.append(.note(Note(.notice, "learning loop begins", ["loop": "\(loop.number + 1)"])))
    }

    /// The loop of that number begins with that round, and has as many as are wanted now.
    private mutating func begin(loop number: UInt32, at round: UInt32) {
        loop = (round, number)
        loopRounds = configuration.rounds
    }

    /// A loop in which nobody can train, because the rows that workers hold for it were nearly all in alarm, would be tried
    /// for ever: when the next is due, that one is tried.
    private mutating func giveUpLoop(at now: Instant, _ directives: inout [ServerDirective]) {
        guard course.fruitless >= LoopCourse.mostFruitless, place(ofRound: nextRound) > 0,
            let every = configuration.loops.every, let began = course.began, now - began >= every,
            loopGoesOn
        else { return }
        let given = loop.number + 1
        nextRound = loop.start + lastRound + 1
        begin(loop: given, at: nextRound)
        (attempt, failures, retryAt) = (0, 0, nil)
        course = LoopCourse()
        directives.append(
            .note(
                Note(
                    .warning, "learning loop given up: nobody had anything to learn from in it; the next begins",
                    ["loop": "\(given)"])))
    }

    private func mayOpen(at now: Instant) -> Bool {
        members.count >= neededWorkers && ready(at: now).count >= neededWorkers
            && (choice != nil || !configuration.awaitsChoice)
            && !isHandingOver && retryAt.map { now >= $0 } ?? true
    }

    /// Later rounds do not wait for who let this one pass, until it shows that it works.
    private mutating func passOver(
        _ names: [String], _ round: UInt32, _ directives: inout [ServerDirective]
    ) {
        for name in names {
            patience.passed(name, round: round)
            directives.append(
                .note(
                    Note(
                        .warning, "worker let a round pass, later ones do not wait for it until it contributes",
                        ["worker": name])))
        }
    }

    private mutating func open(at now: Instant, _ directives: inout [ServerDirective]) {
        attempt += 1
        keepUploads(for: UploadBase(round: nextRound, version: version, digest: digest))
        if ready(at: now).count(where: { !spared.contains($0) }) >= neededContributions { spared = [] }
        let kind = kind(ofRound: nextRound)
        if kind == .statistics, attempt == 1 || course.began == nil { course = LoopCourse(began: now) }
        phase = .running(
            OpenRound(
                number: nextRound, attempt: attempt, kind: kind, started: now,
                deadline: now + configuration.roundDeadline))
        directives.append(
            .begin(
                RoundBase(
                    round: nextRound, attempt: attempt, kind: kind, version: version, digest: digest, model: bundle,
                    forgetsChanges: forgetsChanges, spared: spared)))
        forgetsChanges = false
        directives.append(
            .note(
                Note(
                    .info, "round opened",
                    ["round": "\(nextRound)", "kind": "\(kind)", "attempt": "\(attempt)", "base": "\(version)"])))
        announce(at: now, &directives)
    }

    private mutating func close(_ round: OpenRound, _ directives: inout [ServerDirective]) {
        phase = .aggregating(round)
        forgetUploads()
        directives.append(.aggregate(round: round.number, attempt: round.attempt, leavingOut: round.leftOut))
    }

    /// The contributions of the round are put together, or cannot be.
    mutating func aggregated(
        _ outcome: AggregationOutcome, round number: UInt32, attempt: UInt32, at now: Instant,
        _ directives: inout [ServerDirective]
    ) {
        guard case .aggregating(var round) = phase, round.number == number, round.attempt == attempt else { return }
        switch outcome {
        case .model(let model, let bytes, let digest, let summary, let treatment):
            // In another scaling changes are others.
            if round.kind == .training { history.add(treatment) } else { history = ChangeHistory() }
            spared.formIntersection(treatment.lines.filter { $0.factor != nil }.map(\.worker))
            guard bytes.count <= configuration.maximumModelBytes else {
                fail(
                    round,
                    because: "the next version has \(bytes.count) bytes, at most \(configuration.maximumModelBytes) "
                        + "are allowed", at: now, &directives)
                return
            }
            if round.kind == .training, isBaseBad(summary.siteLossBefore), let good = lastGood {
                rollBack(round, to: good, summary, treatment, at: now, &directives)
                return
            }
            if round.kind == .statistics {
                // Losses in another scaling are others.
                lastGood = nil
                if bundle != nil { course.start = (model, bytes, digest) }
            }
            if round.kind == .training { course.noteStart(summary) }
            store(
                round, version: version + 1, summary, treatment, model: model, bytes: bytes, digest: digest, at: now,
                &directives)
        case .losses(let summary, let treatment):
            if let start = course.start, course.isWorse(summary, tolerance: configuration.loops.tolerance) {
                // What was learned before stays, in the new scaling: as a version of its own, for numbers never go back.
                directives.append(
                    .note(
                        Note(
                            .warning, "learning loop kept out: its version is no better",
                            [
                                "version": "\(version)", "loss": "\(summary.lossBefore ?? .nan)",
                                "before": "\(course.startLoss ?? .nan)",
                            ])))
                store(
                    round, version: version + 1, summary, treatment, model: start.model, bytes: start.bytes,
                    digest: start.digest, at: now, &directives)
                return
            }
            if isBaseBad(summary.siteLossBefore), let good = lastGood {
                rollBack(round, to: good, summary, treatment, at: now, &directives)
                return
            }
            store(
                round, version: version, summary, treatment, model: nil, bytes: nil, digest: [], at: now, &directives)
        case .refused(let reasons):
            for (name, error) in reasons.sorted(by: { $0.key < $1.key }) {
                let digest = round.accepted.removeValue(forKey: name)?.digest ?? []
                round.leftOut.insert(name)
                phase = .aggregating(round)
                reject(error, digest: digest, from: name, at: now, &directives)
                if case .aggregating(let changed) = phase { round = changed }
            }
            if round.accepted.count >= neededContributions {
                close(round, &directives)
            } else {
                let names = reasons.keys.sorted().joined(separator: ", ")
                fail(
                    round,
                    because: "what \(names) sent cannot be used, and \(round.accepted.count) of "
                        + "\(neededContributions) contributions needed are left", at: now, &directives)
            }
        case .impossible(let reason): fail(round, because: reason, at: now, &directives)
        }
    }

    mutating func store(
        _ round: OpenRound, version: UInt64, _ summary: RoundSummary, _ treatment: RoundTreatment,
        model: FederatedModel?, bytes: [UInt8]?, digest: [UInt8], restores: UInt64? = nil, at now: Instant,
        _ directives: inout [ServerDirective]
    ) {
        var record = record(of: round, version: version, summary, at: now, abandonedBecause: nil)
        record.treatment = treatment
        record.restores = restores
        let commit = Commit(record: record, model: bytes, digest: digest)
        phase = .committing(commit, bundle: model)
        directives.append(.commit(commit))
    }

    private func record(
        of round: OpenRound, version: UInt64, _ summary: RoundSummary = RoundSummary(), at now: Instant,
        abandonedBecause: String?
    ) -> RoundRecord {
        RoundRecord(
            federation: configuration.federation, configuration: configuration.digest, strategy: strategy.name,
            round: round.number, attempt: round.attempt, kind: round.kind, baseVersion: self.version,
            baseDigest: digest, version: version, duration: now - round.started,
            contributions: round.accepted.sorted { $0.key < $1.key }.map(\.value),
            rejections: round.rejected.sorted { $0.key < $1.key }.map(\.value), treatment: RoundTreatment(),
            summary: summary, abandonedBecause: abandonedBecause)
    }

    /// Abandons a round that failed without waiting for its deadline: the next attempt waits a while, longer each time.
    private mutating func fail(
        _ round: OpenRound, because reason: String, at now: Instant, _ directives: inout [ServerDirective]
    ) {
        backOff(because: reason, at: now)
        abandon(round, because: reason, at: now, &directives)
    }

    private mutating func backOff(because reason: String, at now: Instant) {
        failures += 1
        failure = reason
        retryAt = now + configuration.backOff(failures: failures)
    }

    mutating func abandon(
        _ round: OpenRound, because reason: String, at now: Instant, _ directives: inout [ServerDirective]
    ) {
        phase = .waiting
        uploadTurns = UploadTurns()
        let isFruitless =
            round.accepted.isEmpty && !round.rejected.isEmpty && round.rejected.values.allSatisfy { $0.code == nil }
        if isFruitless { course.fruitless += 1 }
        spare(round)
        recalled.keep(round.accepted.values)
        directives.append(
            .note(Note(.warning, "round abandoned", ["round": "\(round.number)", "reason": reason])))
        let record = record(of: round, version: version, at: now, abandonedBecause: reason)
        directives.append(.recordAbandoned(record))
        noteConduct(record, at: now, &directives)
    }

    /// Who was refused for a change that is far beyond the others', where the round would have been without that.
    private mutating func spare(_ round: OpenRound) {
        let names = round.rejected.filter { $0.value.code == .overNorm }.keys
        let missing = neededContributions - round.accepted.count
        if missing > 0, names.count >= missing { spared.formUnion(names) }
    }

    mutating func committed(_ version: UInt64, at now: Instant, _ directives: inout [ServerDirective]) {
        guard case .committing(let commit, let next) = phase, commit.record.version == version else { return }
        self.version = version
        if let next, let model = commit.model {
            bundle = next
            modelBytes = Bytes(model)
            digest = commit.digest
        }
        if commit.record.restoredBy != nil { return restored(commit.record, at: now, &directives) }
        nextRound = commit.record.round + 1
        attempt = 0
        (failures, retryAt) = (0, nil)
        phase = endsLoop(commit.record.round) ? .finished : .waiting
        var fields = [
            "round": "\(commit.record.round)", "kind": "\(commit.record.kind)", "version": "\(version)",
            "contributions": "\(commit.record.contributions.count)",
        ]
        if let loss = commit.record.summary.lossBefore { fields["loss"] = "\(loss)" }
        if let good = commit.record.restores {
            fields["restores"] = "\(good)"
            lastGood?.version = version
        }
        directives.append(.note(Note(.notice, "round committed", fields)))
        noteConduct(commit.record, at: now, &directives)
        // The opening of the next round announces the version too.
        if isFinished { announce(at: now, &directives) }
        beginRestoration(at: now, &directives)
    }

    mutating func commitFailed(_ reason: String, at now: Instant, _ directives: inout [ServerDirective]) {
        guard case .committing(let commit, _) = phase else { return }
        if commit.record.restoredBy != nil { return restorationFailed(reason, at: now, &directives) }
        phase = .waiting
        backOff(because: "the version could not be stored: \(reason)", at: now)
        // A disk that is busy passes, and one that is full ends the server: nobody waits long for it.
        retryAt = min(retryAt ?? now, now + configuration.heartbeatInterval)
        directives.append(
            .note(Note(.error, "commit failed", ["round": "\(commit.record.round)", "reason": reason])))
        recalled.keep(commit.record.contributions)
        var record = commit.record
        record.version = version
        record.abandonedBecause = "the version could not be stored: \(reason)"
        directives.append(.recordAbandoned(record))
        beginRestoration(at: now, &directives)
    }
}
