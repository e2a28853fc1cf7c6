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
        noteSilence(longerThan: lease.duration, at: now, &directives)
        // What the server granted holds as long as the lease under which it did.
        if unreachable { grant([], &directives) }
        reconnectIfSilent(longerThan: lease.duration, at: now, &directives)
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
        var interval = configuration.registrationInterval
        // A connection that is made loses nothing: what is not answered is on its way.
        if links[.control]?.isReady ?? false, lease == nil {
            interval = interval * (1 << min(unansweredRegistrations, 3))
            unansweredRegistrations += 1
        }
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
        // A connection over which the server was heard may be dead; a new one is not.
        let isOpen = links[.control]?.isOpen ?? false
        let isNew = lastReconnect != nil || !hasHeard
        directives.append(.note(Note(.warning, isOpen && isNew ? "connected, no answer yet" : "server unreachable")))
    }

    /// Longest time that a connection that was made has to bring an answer.
    private static let longestPatience: Duration = .seconds(60)
    /// Time that an attempt to make one has; the port makes the next one by itself.
    private static let connectPatience: Duration = .seconds(10)

    /// A connection that was cut without a word looks alive for minutes: new ones are made, again and again, so that the
    /// first that can be made is used at once. One that could be made gets longer each time to bring an answer: over a slow
    /// link its handshake takes several round trips.
    mutating func reconnectIfSilent(
        longerThan limit: Duration, at now: Instant, _ directives: inout [WorkerDirective]
    ) {
        // A connection needs a moment to be made, however short the lease.
        let limit = max(limit, .seconds(1))
        guard let lastHeard, now - lastHeard > limit else { return }
        var patience = limit
        if let link = links[.control] {
            for _ in 0..<fruitlessConnections where patience < Self.longestPatience { patience = patience * 2 }
            patience = max(limit, min(patience, Self.longestPatience))
            if !link.isOpen, openSince == nil { patience = max(patience, Self.connectPatience) }
        }
        // Whatever brings a connection further shows that it lives.
        let since = [lastReconnect, openSince, readySince].compactMap(\.self).max() ?? lastHeard
        guard now - max(since, lastHeard) > patience else { return }
        if openSince != nil, lastReconnect != nil || !hasHeard { fruitlessConnections += 1 }
        lastReconnect = now
        (openSince, readySince) = (nil, nil)
        directives.append(.reconnect)
    }

    /// A connection has come further, or was lost.
    mutating func linked(
        _ channel: Message.Channel, _ link: PortLink, at now: Instant, _ directives: inout [WorkerDirective]
    ) {
        let before = links.updateValue(link, forKey: channel) ?? PortLink()
        let isNew = link.isReady && link.made != before.made
        switch channel {
        case .control:
            // Only the first time: one that the server ends again and again brings nothing.
            if link.isOpen || link.isReady, openSince == nil { openSince = now }
            guard isNew else { break }
            if readySince == nil { readySince = now }
            // What was sent before is lost, and need not wait for its next turn.
            unansweredRegistrations = 0
            nextRegistration = min(nextRegistration, now)
            if lease != nil { sendHeartbeat(at: now, &directives) }
        case .bulk:
            if before.made > 0, before.isReady, !link.isReady || isNew { loseTransfers() }
            if isNew { resumeTransfers(at: now, &directives) }
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
