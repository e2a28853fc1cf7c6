import Platform

/// What a worker does as time passes: registering, heartbeats, silence, alarms that are due.
extension WorkerMachine {
    mutating func keepUp(at now: Instant, _ directives: inout [WorkerDirective]) {
        guard !stopped else { return }
        let registersFrom = waitsForCapabilities ?? now + configuration.capabilitiesPatience
        waitsForCapabilities = registersFrom
        guard now >= registersFrom else { return }
        if lease == nil || registeredRevision < registration.revision, now >= nextRegistration {
            register(at: now, &directives)
        }
        guard let lease else {
            noteSilence(longerThan: configuration.registrationInterval * 5, at: now, &directives)
            reconnectIfSilent(longerThan: configuration.registrationInterval * 3, at: now, &directives)
            return
        }
        if now - lastHeartbeat >= lease.heartbeatInterval { sendHeartbeat(at: now, &directives) }
        // Before it was told what it serves nothing of what it scored is the server's.
        if !unreachable, let served = assignment?.entities,
            let report = scoreTelling.next(served: { served }, at: now)
        {
            send(.scores(report), &directives)
        }
        noteSilence(longerThan: lease.duration, at: now, &directives)
        // What the server granted holds as long as the lease under which it did.
        if unreachable { grant([], &directives) }
        reconnectIfSilent(longerThan: lease.duration, at: now, &directives)
        if !unreachable, transferSilence.renews(at: now) {
            directives.append(
                .note(Note(.warning, "nothing comes over the connection for transfers: connecting anew")))
            directives.append(.reconnect)
        }
        followKey(at: now, &directives)
        if let patience, patience.entities == nil, now >= patience.until { pursuePlan(at: now, &directives) }
        askAgain(lease, at: now, &directives)
        carryOut(delivery.tick(at: now, retry: lease.heartbeatInterval), &directives)
    }

    mutating func carryOut(_ deliveries: [SpoolDelivery.Directive], _ directives: inout [WorkerDirective]) {
        for delivery in deliveries {
            switch delivery {
            case .read(let after, let limit): directives.append(.readSpool(after: after, limit: limit))
            case .send(let batch): send(.alarmBatch(batch), &directives)
            case .decided(let upTo): directives.append(.alarmsDelivered(upTo: upTo))
            case .known: directives.append(.spoolKnown)
            case .refused(let letters):
                directives.append(.alarmsRefused(letters))
                directives.append(
                    .note(
                        Note(
                            .warning, "the server refused alarms, they are kept as dead letters",
                            ["alarms": "\(letters.count)", "why": "\(letters[0].reason)"])))
            case .rewound(let number):
                directives.append(.alarmsRewound(to: number))
                directives.append(
                    .note(
                        Note(
                            .notice, "the server has fewer alarms than it had, they are sent again",
                            ["from": "\(number + 1)"])))
            }
        }
    }

    mutating func register(at now: Instant, _ directives: inout [WorkerDirective]) {
        // Spread out, so that the workers of a restarted server do not come all at once.
        let interval = links.registrationInterval(configuration.registrationInterval, hasLease: lease != nil)
        nextRegistration =
            now + interval + .nanoseconds(Int64(Double(interval.nanoseconds) / 2 * generator.uniform()))
        sequence += 1
        directives.append(
            .send(
                Envelope(
                    sender: configuration.name, federation: federation, leaseEpoch: 0, sequence: sequence,
                    message: .registration(registration))))
    }

    mutating func noteSilence(
        longerThan limit: Duration, at now: Instant, _ directives: inout [WorkerDirective]
    ) {
        if lastHeard == nil { lastHeard = now }
        guard let lastHeard, !unreachable, now - lastHeard > limit else { return }
        unreachable = true
        directives.append(.note(Note(.warning, links.silence)))
    }

    mutating func reconnectIfSilent(
        longerThan limit: Duration, at now: Instant, _ directives: inout [WorkerDirective]
    ) {
        // A connection needs a moment to be made, however short the lease.
        guard let lastHeard, links.renews(lastHeard: lastHeard, silentFor: max(limit, .seconds(1)), at: now) else {
            return
        }
        directives.append(.reconnect)
    }

    /// A connection has come further, or was lost.
    mutating func linked(
        _ channel: Message.Channel, _ link: PortLink, at now: Instant, _ directives: inout [WorkerDirective]
    ) {
        let change = links.update(channel, link, at: now)
        switch channel {
        case .control:
            guard change.isNew else { break }
            // What was sent before is lost, and need not wait for its next turn.
            nextRegistration = min(nextRegistration, now)
            if lease != nil { sendHeartbeat(at: now, &directives) }
        case .bulk:
            if change.isLost || change.isNew { transferSilence.began() }
            if change.isLost { loseTransfers() }
            if change.isNew { resumeTransfers(at: now, &directives) }
        }
    }

    /// Time after which a server that was to have another key has it; what is left of the lease is for coming back.
    private static let keyPause: Duration = .milliseconds(300)

    /// The server says which key it will have.
    mutating func learn(_ change: KeyChange?, at now: Instant, _ directives: inout [WorkerDirective]) {
        guard let change else {
            nextKey = nil
            return
        }
        if nextKey?.key != change.key { directives.append(.learnServerKey(change.key, isDue: false)) }
        nextKey = (change.key, now + .milliseconds(Int64(change.remainingMilliseconds)))
    }

    /// Connections that were made with the key of before end when the server takes the next one: new ones are made then.
    private mutating func followKey(at now: Instant, _ directives: inout [WorkerDirective]) {
        guard let nextKey, now - nextKey.at > Self.keyPause else { return }
        self.nextKey = nil
        directives.append(.learnServerKey(nextKey.key, isDue: true))
        directives.append(.reconnect)
    }

    private var activity: Heartbeat.Activity {
        if let upload, !upload.accepted { return .uploading }
        if case .running = work { return .working }
        if scoring != nil { return .scoring }
        return download == nil && adopting == nil ? .idle : .fetching
    }

    mutating func sendHeartbeat(at now: Instant, _ directives: inout [WorkerDirective]) {
        lastHeartbeat = now
        // The heartbeat's own sequence number is the next one.
        heartbeats = heartbeats.suffix(7) + [(sequence + 1, now)]
        let microseconds = roundTrip.map { UInt32(clamping: max(1, $0.nanoseconds / 1_000)) } ?? 0
        send(
            .heartbeat(
                Heartbeat(
                    assignmentRevision: assignmentRevision, activity: activity, version: version,
                    scoredSamples: scoredSamples,
                    streamEnded: streamEnded && delivery.isDone && entities == assignment?.entities,
                    roundTripMicroseconds: microseconds)),
            &directives)
    }
}
