import Platform

/// A version that shall be taken again, because somebody asks for it.
package struct Restoration: Sendable {
    /// Names the request.
    package var id: UInt64
    /// The version.
    package var version: UInt64
    /// Its models.
    package var model: FederatedModel
    /// Its bytes.
    package var bytes: [UInt8]
    /// SHA-256 of them.
    package var digest: [UInt8]
    /// Who asks.
    package var by: String

    /// A restoration with every field given.
    package init(id: UInt64, version: UInt64, model: FederatedModel, bytes: [UInt8], digest: [UInt8], by: String) {
        self.id = id
        self.version = version
        self.model = model
        self.bytes = bytes
        self.digest = digest
        self.by = by
    }
}

/// What became of a request to take a version again.
package enum RestorationOutcome: Equatable, Sendable {
    /// It is durable, as a version of its own: numbers never go back.
    case restored(version: UInt64)
    /// There is nothing to restore, or something else is being restored.
    case refused(String)
    /// The disk did not take it.
    case failed(String)
}

/// Versions that are taken back because somebody says so, as against ``rollBack(_:to:_:_:at:_:)``, which the losses of the
/// sites decide.
extension ServerRoundMachine {
    /// What is being restored.
    struct Restoring: Sendable {
        var wanted: Restoration
        /// Whether every round was done when it began.
        var wasFinished = false
    }

    /// Somebody asks for a version. A round in progress is abandoned: what it would make is computed from what is not wanted.
    mutating func restore(_ wanted: Restoration, at now: Instant, _ directives: inout [ServerDirective]) {
        var reason: String?
        if let restoring {
            reason = "version \(restoring.wanted.version) is being restored; one at a time"
        } else if wanted.version == version {
            reason = "version \(version) is the current one"
        } else if wanted.digest == digest {
            reason = "version \(version), the current one, has the bytes of version \(wanted.version) already"
        }
        if let reason {
            directives.append(.restorationEnded(id: wanted.id, .refused(reason)))
            return
        }
        restoring = Restoring(wanted: wanted)
        beginRestoration(at: now, &directives)
    }

    /// Begins what was asked for, unless a commit is on its way to the disk: that is waited for.
    mutating func beginRestoration(at now: Instant, _ directives: inout [ServerDirective]) {
        guard let wanted = restoring?.wanted else { return }
        switch phase {
        case .committing: return
        case .running(let round), .aggregating(let round):
            abandon(
                round, because: "version \(wanted.version) is restored, as \(wanted.by) asked", at: now, &directives)
        case .waiting: break
        case .finished: restoring?.wasFinished = true
        }
        var record = RoundRecord(
            federation: configuration.federation, configuration: configuration.digest, strategy: strategy.name,
            round: nextRound, attempt: 0, kind: kind(ofRound: nextRound), baseVersion: version, baseDigest: digest,
            version: version + 1, duration: .zero, contributions: [], rejections: [], treatment: RoundTreatment(),
            summary: RoundSummary())
        record.restores = wanted.version
        record.restoredBy = wanted.by
        let commit = Commit(record: record, model: wanted.bytes, digest: wanted.digest)
        phase = .committing(commit, bundle: wanted.model)
        directives.append(.commit(commit))
    }

    /// It is durable: everything goes on from there. Rounds go on where they were, for none was made.
    mutating func restored(_ record: RoundRecord, at now: Instant, _ directives: inout [ServerDirective]) {
        guard let ended = restoring else { return }
        restoring = nil
        phase = ended.wasFinished ? .finished : .waiting
        // It was wanted: what is known of other versions does not speak against it, and the loop is held against it.
        lastGood = nil
        history = ChangeHistory()
        forgetsChanges = true
        course.restart(from: ended.wanted)
        (failures, retryAt) = (0, nil)
        directives.append(
            .note(
                Note(
                    .notice, "version restored",
                    ["version": "\(version)", "restores": "\(ended.wanted.version)", "by": ended.wanted.by])))
        directives.append(.restorationEnded(id: ended.wanted.id, .restored(version: version)))
        announce(at: now, &directives)
    }

    /// The disk did not take it: all is as it was, but for a round that was abandoned for it and is tried again.
    mutating func restorationFailed(_ reason: String, at now: Instant, _ directives: inout [ServerDirective]) {
        guard let ended = restoring else { return }
        restoring = nil
        phase = ended.wasFinished ? .finished : .waiting
        directives.append(
            .note(
                Note(
                    .error, "a version could not be restored",
                    ["version": "\(ended.wanted.version)", "reason": reason])))
        directives.append(.restorationEnded(id: ended.wanted.id, .failed(reason)))
    }
}
