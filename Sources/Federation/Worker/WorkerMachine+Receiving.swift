import Platform

/// What comes from the server, but what its statuses ask for.
extension WorkerMachine {
    mutating func receive(_ envelope: Envelope, at now: Instant, _ directives: inout [WorkerDirective]) {
        switch envelope.message {
        case .welcome(let welcome):
            guard welcome.incarnation == configuration.registration.incarnation else { return }
            heard(at: now, &directives)
            if lease.map({ envelope.leaseEpoch == $0.epoch }) ?? false {
                registeredRevision = max(registeredRevision, welcome.revision)
            }
            guard lease.map({ envelope.leaseEpoch > $0.epoch }) ?? true else { return }
            registeredRevision = welcome.revision
            join(envelope.federation, &directives)
            lease = Lease(
                epoch: envelope.leaseEpoch,
                heartbeatInterval: .milliseconds(Int64(max(1, welcome.heartbeatMilliseconds))),
                duration: .milliseconds(Int64(welcome.leaseMilliseconds)))
            refusedSince = nil
            heartbeats = []
            leastRoundTrip = nil
            status = nil
            assignment = nil
            assignmentRevision = 0
            lastStatus = 0
            lastAlarmReceipt = 0
            lastFalseAlarms = 0
            upload = nil
            resumeDownload(at: now, &directives)
            delivery.registered()
            scoreTelling.registered()
            directives.append(.note(Note(.info, "registered", ["lease": "\(envelope.leaseEpoch)"])))
            sendHeartbeat(at: now, &directives)
        case .refusal(let refusal):
            refused(refusal, epoch: envelope.leaseEpoch, at: now, &directives)
        default:
            guard let lease, envelope.leaseEpoch == lease.epoch else { return }
            heard(at: now, &directives)
            if envelope.message.channel == .bulk { transferSilence.heard() }
            switch envelope.message {
            case .status(let status):
                if let asked = heartbeats.firstIndex(where: { $0.sequence == status.answers }) {
                    let time = now - heartbeats[asked].at
                    answeredHeartbeat = max(answeredHeartbeat ?? heartbeats[asked].at, heartbeats[asked].at)
                    roundTrip = time
                    leastRoundTrip = min(leastRoundTrip ?? time, time)
                    heartbeats.removeSubrange(...asked)
                }
                guard envelope.sequence > lastStatus else { return }
                lastStatus = envelope.sequence
                adoptStatus(status, at: now, &directives)
            case .modelPiece(let piece): receive(piece, at: now, &directives)
            case .contributionReceipt(let receipt): receive(receipt, at: now, &directives)
            case .alarmReceipt(let receipt):
                // One that others overtook tells of what was before them.
                guard envelope.sequence > lastAlarmReceipt else { return }
                lastAlarmReceipt = envelope.sequence
                carryOut(delivery.receive(receipt, at: now), &directives)
            case .falseAlarms(let list):
                // One that a later one overtook is not what is wanted.
                guard list.revision >= lastFalseAlarms else { return }
                lastFalseAlarms = list.revision
                directives.append(.heed(list))
            default: break
            }
        }
    }

    /// The server's federation: another than this worker's state belongs to has other versions, whatever their numbers.
    private mutating func join(_ other: FederationIdentity, _ directives: inout [WorkerDirective]) {
        guard other != federation else { return }
        if federation != .none {
            directives.append(
                .note(
                    Note(
                        .warning, "the server is of another federation than what this worker holds: it starts over",
                        ["held": "\(federation)", "server": "\(other)", "version": "\(version)"])))
        }
        let isNew = federation == .none && held == .none
        federation = other
        if !isNew || adopting != nil { forget(&directives) } else { directives.append(.forget(federation: other)) }
    }

    /// Lets go of the version and of everything that was made of it.
    mutating func forget(_ directives: inout [WorkerDirective]) {
        if case .running(let key) = work { directives.append(.cancelWork(key)) }
        work = nil
        upload = nil
        download = nil
        adopting = nil
        scoring = nil
        held = .none
        directives.append(.forget(federation: federation))
    }

    private mutating func heard(at now: Instant, _ directives: inout [WorkerDirective]) {
        lastHeard = now
        links.heard()
        guard unreachable else { return }
        unreachable = false
        directives.append(.note(Note(.notice, "server is back")))
    }

    private mutating func refused(
        _ refusal: Refusal, epoch: UInt64, at now: Instant, _ directives: inout [WorkerDirective]
    ) {
        switch refusal.reason {
        case .notAdmitted, .otherFederation:
            // A refusal of an older lease is an echo.
            guard let lease, lease.epoch == epoch else { return }
            heard(at: now, &directives)
            self.lease = nil
            grant([], &directives)
            nextRegistration = now
            directives.append(.note(Note(.info, "lease ended, registering again")))
        case .unknownType where scoreTelling.mayBeUnknown:
            guard scoreTelling.refused() else { return }
            directives.append(
                .note(Note(.info, "the server is of an earlier build, which takes no scores: its page shows none")))
        case .unsupportedVersion, .unknownType, .malformed:
            guard lease == nil else { return }
            directives.append(.fail(refusal.reason, refusal.text))
            stopped = true
        case .unacceptable:
            guard refusal.incarnation == configuration.registration.incarnation, lease == nil else { return }
            directives.append(.fail(refusal.reason, refusal.text))
            stopped = true
        case .duplicateName, .full:
            guard refusal.incarnation == configuration.registration.incarnation, lease == nil else { return }
            heard(at: now, &directives)
            let since = refusedSince ?? now
            if refusedSince == nil {
                directives.append(.note(Note(.warning, "registration refused", ["reason": refusal.text])))
            }
            refusedSince = since
            // A worker that was killed leaves a lease behind, which ends; a living namesake renews it.
            if refusal.reason == .duplicateName,
                now - since > .milliseconds(2 * Int64(refusal.patienceMilliseconds))
            {
                directives.append(.fail(refusal.reason, refusal.text))
                stopped = true
            }
        }
    }
}
