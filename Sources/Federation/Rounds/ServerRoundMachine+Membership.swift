import Platform

extension ServerRoundMachine {
    /// The active workers, sorted by name.
    package var workers: [WorkerView] {
        members.sorted { $0.key < $1.key }.map { view(of: $0.value, named: $0.key, state: .active) }
    }

    /// The worker that serves each entity of a domain now.
    package func owners(inDomain domain: String) -> [String: String] {
        owners.reduce(into: [:]) { result, pair in
            if pair.key.domain == domain, releasing[pair.key] == nil { result[pair.key.entity] = pair.value }
        }
    }

    private func view(of member: Member, named name: String, state: WorkerView.State) -> WorkerView {
        WorkerView(
            name: name, site: member.registration.site, domain: member.registration.domain, state: state,
            isChosen: isChosen(name), onlyOffers: member.registration.standsBy, mayAccelerate: mayAccelerate(name),
            leaseEpoch: member.epoch, capabilities: member.registration.capabilities,
            dataAddress: member.registration.dataAddress,
            activity: member.heartbeat.activity, version: member.heartbeat.version, entities: member.entities,
            scoredSamples: member.heartbeat.scoredSamples, streamEnded: member.heartbeat.streamEnded,
            rejectedContributions: member.rejected,
            roundTripSeconds: member.heartbeat.roundTripMicroseconds == 0
                ? nil : Double(member.heartbeat.roundTripMicroseconds) / 1e6, lastHeard: member.lastHeard)
    }

    mutating func register(
        _ registration: Registration, name: String, from peer: Peer, at now: Instant,
        _ directives: inout [ServerDirective]
    ) {
        func refusal(_ reason: Refusal.Reason, _ text: String) -> Message {
            .refusal(
                Refusal(
                    reason, incarnation: registration.incarnation,
                    patienceMilliseconds: UInt32(clamping: configuration.lease.milliseconds), text: text))
        }
        if let old = members[name], now - old.lastHeard <= configuration.lease {
            if old.registration.incarnation == registration.incarnation, old.peer == peer {
                // The welcome was lost, the worker's registration was repeated on the way, or the worker has learnt
                // more of itself: the lease stands.
                if registration.revision > old.registration.revision {
                    members[name]?.registration.revision = registration.revision
                    members[name]?.registration.capabilities = registration.capabilities
                    membershipRevision += 1
                    if old.registration.mirrored != registration.mirrored {
                        members[name]?.registration.mirrored = registration.mirrored
                        rebalance(domain: old.registration.domain, at: now, &directives)
                    }
                    record(name, .active, &directives)
                }
                welcome(name, &directives)
                sendStatus(to: name, at: now, &directives)
                return
            }
            directives.append(.note(Note(.warning, "duplicate worker name refused", ["worker": name])))
            send(
                refusal(.duplicateName, "a worker named \(name) is alive: give this one another name"), to: peer,
                epoch: 0, &directives)
            return
        }
        if members[name] != nil { end(name, .lost, at: now, &directives) }
        guard members.count < configuration.maximumWorkers else {
            send(
                refusal(.full, "the server has its \(configuration.maximumWorkers) workers"), to: peer, epoch: 0,
                &directives)
            return
        }
        guard !registration.entities.isEmpty, !registration.domain.isEmpty else {
            send(
                refusal(.unacceptable, "\(name) names no domain or no entity that it could serve"), to: peer, epoch: 0,
                &directives)
            return
        }
        leasesGiven += 1
        let epoch = UInt64(term) << 32 | UInt64(leasesGiven)
        members[name] = Member(registration: registration, peer: peer, epoch: epoch, lastHeard: now)
        membershipRevision += 1
        welcome(name, &directives)
        directives.append(
            .note(
                Note(
                    .info, "worker joined",
                    ["worker": name, "site": registration.site, "entities": "\(registration.entities.count)"])))
        rebalance(domain: registration.domain, at: now, &directives)
        sendStatus(to: name, at: now, &directives)
        record(name, .active, &directives)
    }

    private mutating func welcome(_ name: String, _ directives: inout [ServerDirective]) {
        guard let member = members[name] else { return }
        let welcome = Welcome(
            incarnation: member.registration.incarnation, revision: member.registration.revision,
            heartbeatMilliseconds: UInt32(clamping: configuration.heartbeatInterval.milliseconds),
            leaseMilliseconds: UInt32(clamping: configuration.lease.milliseconds))
        send(.welcome(welcome), to: member, &directives)
    }

    private func record(_ name: String, _ state: WorkerView.State, _ directives: inout [ServerDirective]) {
        guard let member = members[name] else { return }
        directives.append(.recordWorker(view(of: member, named: name, state: state)))
    }

    mutating func expireLeases(at now: Instant, _ directives: inout [ServerDirective]) {
        for name in members.keys.sorted() {
            guard let member = members[name], now - member.lastHeard > configuration.lease else { continue }
            end(name, .lost, at: now, &directives)
        }
    }

    mutating func end(
        _ name: String, _ state: WorkerView.State, at now: Instant, _ directives: inout [ServerDirective]
    ) {
        record(name, state, &directives)
        guard let member = members.removeValue(forKey: name) else { return }
        membershipRevision += 1
        uploads[name] = nil
        for key in owners.filter({ $0.value == name }).keys {
            owners[key] = nil
            releasing[key] = nil
        }
        directives.append(
            .note(
                state == .lost
                    ? Note(.warning, "worker lost", ["worker": name]) : Note(.info, "worker left", ["worker": name])))
        if let choice, choice.active.contains(name) {
            // Not to the others at once: they would begin anew, and again when another worker is chosen.
            bereaved.insert(member.registration.domain)
            return
        }
        rebalance(domain: member.registration.domain, at: now, &directives)
    }

    /// A worker has taken over an assignment: what it no longer holds can go to another.
    mutating func release(
        upTo revision: UInt64, by name: String, at now: Instant, _ directives: inout [ServerDirective]
    ) {
        guard let domain = members[name]?.registration.domain else { return }
        var released = false
        for (key, wanted) in releasing where wanted <= revision && owners[key] == name {
            owners[key] = nil
            releasing[key] = nil
            released = true
        }
        if released { rebalance(domain: domain, at: now, &directives) }
    }

    /// Spreads the entities of a domain over its workers; tells those whose assignment changed.
    mutating func rebalance(domain: String, at now: Instant, _ directives: inout [ServerDirective]) {
        let (reach, held) = reach(inDomain: domain)
        holders = holders.filter { $0.key.domain != domain }
        for (entity, holder) in held { holders[EntityKey(domain: domain, entity: entity)] = holder }
        let current = owners.reduce(into: [String: String]()) { result, pair in
            if pair.key.domain == domain { result[pair.key.entity] = pair.value }
        }
        let target = EntityBalancer.balance(reach: reach, current: current)
        var changed: Set<String> = []
        revision += 1
        for (entity, worker) in target.sorted(by: { $0.key < $1.key }) {
            let key = EntityKey(domain: domain, entity: entity)
            switch owners[key] {
            case nil:
                owners[key] = worker
                changed.insert(worker)
                restartStatistics(without: entity, domain: domain, at: now, &directives)
            case worker?:
                // It was to go elsewhere, and now stays; its worker has not yet said that it gave it up.
                if releasing.removeValue(forKey: key) != nil { changed.insert(worker) }
            case let holder?:
                if releasing[key] == nil {
                    releasing[key] = revision
                    changed.insert(holder)
                }
            }
        }
        for name in changed.sorted() {
            members[name]?.assignmentRevision = revision
            members[name]?.entities = owners.filter { $0.value == name && releasing[$0.key] == nil }
                .map(\.key.entity).sorted()
            sendStatus(to: name, at: now, &directives)
        }
    }
}
