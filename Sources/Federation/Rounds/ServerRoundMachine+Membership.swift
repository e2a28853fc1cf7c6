import Platform

extension ServerRoundMachine {
    /// The active workers, sorted by name.
    package var workers: [WorkerView] {
        members.sorted { $0.key < $1.key }.map { view(of: $0.value, named: $0.key, state: .active) }
    }

    /// The worker that serves each entity of a domain now.
    package func owners(inDomain domain: String) -> [String: String] {
        guard let domain = domains[domain] else { return [:] }
        return domain.owners.filter { domain.releasing[$0.key] == nil }
    }

    func view(of member: Member, named name: String, state: WorkerView.State) -> WorkerView {
        WorkerView(
            name: name, site: member.registration.site, domain: member.registration.domain, state: state,
            isChosen: isChosen(name), onlyOffers: member.registration.standsBy, mayAccelerate: mayAccelerate(name),
            leaseEpoch: member.epoch, capabilities: member.registration.capabilities,
            dataAddress: member.registration.dataAddress,
            activity: member.heartbeat.activity, version: member.heartbeat.version, entities: member.entities,
            scoredSamples: member.heartbeat.scoredSamples, streamEnded: member.heartbeat.streamEnded,
            rejectedContributions: member.rejected, exclusion: exclusion(of: name),
            roundTripSeconds: member.heartbeat.roundTripMicroseconds == 0
                ? nil : Double(member.heartbeat.roundTripMicroseconds) / 1e6, lastHeard: member.lastHeard)
    }

    mutating func register(
        _ registration: Registration, _ envelope: Envelope, from peer: Peer, by principal: Principal?, at now: Instant,
        _ directives: inout [ServerDirective]
    ) {
        let name = envelope.sender
        func refusal(_ reason: Refusal.Reason, _ text: String) -> Message {
            .refusal(
                Refusal(
                    reason, incarnation: registration.incarnation,
                    patienceMilliseconds: UInt32(clamping: configuration.lease.milliseconds), text: text))
        }
        if let principal, let claim = principal.grant.refusal(of: registration, by: name) {
            refuseClaim("registration", claim, of: principal, &directives)
            send(refusal(.unacceptable, claim), to: peer, epoch: 0, &directives)
            return
        }
        if let old = members[name], now - old.lastHeard <= configuration.lease {
            if old.registration.incarnation == registration.incarnation, old.peer == peer,
                old.principal?.id == principal?.id
            {
                // The welcome was lost, the worker's registration was repeated on the way, or the worker has learnt
                // more of itself: the lease stands.
                if registration.revision > old.registration.revision {
                    members[name]?.registration.revision = registration.revision
                    members[name]?.registration.capabilities = registration.capabilities
                    membershipRevision += 1
                    if old.registration.mirrored != registration.mirrored {
                        members[name]?.registration.mirrored = registration.mirrored
                        unsettle(old.registration.domain)
                    }
                    reaches(registration.entities, name, old)
                    recordMember(name, .active, &directives)
                }
                welcome(name, &directives)
                sendStatus(to: name, at: now, &directives)
                return
            }
            members[name]?.copyRefused = now
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
        if envelope.federation != .none, envelope.federation != configuration.federation {
            directives.append(
                .note(
                    Note(
                        .notice, "worker comes from another federation and starts over here",
                        ["worker": name, "federation": "\(envelope.federation)"])))
        }
        leasesGiven &+= 1
        let epoch = UInt64(term) << 32 | UInt64(leasesGiven)
        var reach = Set<String>(minimumCapacity: registration.entities.count)
        reach.formUnion(registration.entities)
        members[name] = Member(
            registration: registration, principal: principal, reach: reach, peer: peer, epoch: epoch, lastHeard: now)
        patience.showed(name)
        domains[registration.domain, default: Domain()].workers.insert(name)
        nextExpiry = min(nextExpiry, now + configuration.lease)
        departed.removeAll { $0 == name }
        departures.removeAll { $0.name == name }
        membershipRevision += 1
        welcome(name, &directives)
        directives.append(
            .note(
                Note(
                    .info, "worker joined",
                    ["worker": name, "site": registration.site, "entities": "\(registration.entities.count)"])))
        unsettle(registration.domain)
        settleDomains(at: now, &directives)
        sendStatus(to: name, at: now, &directives)
        recordMember(name, .active, &directives)
    }

    /// A worker has found entities that it did not reach before, or reaches some no longer.
    private mutating func reaches(_ entities: [String], _ name: String, _ old: Member) {
        let reach = Set(entities)
        guard !reach.isEmpty, reach != old.reach else { return }
        members[name]?.reach = reach
        members[name]?.registration.entities = entities
        let domain = old.registration.domain
        guard var place = domains[domain] else { return }
        domains[domain] = nil
        place.forsaken.subtract(reach)
        for entity in old.reach.subtracting(reach) where place.owners[entity] == name { place.forsaken.insert(entity) }
        domains[domain] = place
        unsettle(domain)
    }

    private mutating func welcome(_ name: String, _ directives: inout [ServerDirective]) {
        guard let member = members[name] else { return }
        let welcome = Welcome(
            incarnation: member.registration.incarnation, revision: member.registration.revision,
            heartbeatMilliseconds: UInt32(clamping: configuration.heartbeatInterval.milliseconds),
            leaseMilliseconds: UInt32(clamping: configuration.lease.milliseconds))
        send(.welcome(welcome), to: member, &directives)
    }

    private func recordMember(_ name: String, _ state: WorkerView.State, _ directives: inout [ServerDirective]) {
        guard let member = members[name] else { return }
        directives.append(.recordWorker(view(of: member, named: name, state: state)))
    }

    /// What a principal says beyond what it was granted is counted and said; nothing else comes of it.
    mutating func refuseClaim(
        _ reason: String, _ text: String, of principal: Principal?, _ directives: inout [ServerDirective]
    ) {
        let name = principal?.grant.name ?? RefusalBook.others
        refusals.count(reason, of: name)
        directives.append(.note(Note(.warning, "claim refused", ["worker": name, "why": reason, "reason": text])))
    }

    /// Ends the lease of a worker that may no longer take part as what it is.
    mutating func expel(_ name: String, at now: Instant, _ directives: inout [ServerDirective]) {
        guard let member = members[name] else { return }
        end(name, .lost, at: now, &directives)
        send(
            .refusal(Refusal(.notAdmitted, text: "what \(name) may do was changed here: register again")),
            to: member, &directives)
    }

    mutating func expireLeases(at now: Instant, _ directives: inout [ServerDirective]) {
        guard now > nextExpiry else { return }
        var next = now + configuration.lease
        for name in members.keys.sorted() {
            guard let member = members[name] else { continue }
            if now - member.lastHeard > configuration.lease {
                end(name, .lost, at: now, &directives)
            } else {
                next = min(next, member.lastHeard + configuration.lease)
            }
        }
        nextExpiry = next
    }

    /// A member that does not take over its assignment hears nothing, or does not want to: it may serve what it was told
    /// to give up, so that only the end of its lease makes that free.
    mutating func endHandOvers(at now: Instant, _ directives: inout [ServerDirective]) {
        guard now > nextHandOver else { return }
        let limit = configuration.handOverLimit
        nextHandOver = Instant(nanoseconds: .max)
        for name in members.keys.sorted() {
            guard let since = members[name]?.assignedSince else { continue }
            guard now - since > limit else {
                nextHandOver = min(nextHandOver, since + limit)
                continue
            }
            directives.append(
                .note(
                    Note(
                        .warning, "worker does not take over its assignment, its lease ends",
                        ["worker": name, "seconds": "\((now - since).seconds)"])))
            end(name, .lost, at: now, &directives)
        }
    }

    mutating func end(
        _ name: String, _ state: WorkerView.State, at now: Instant, _ directives: inout [ServerDirective]
    ) {
        recordMember(name, state, &directives)
        guard let member = members.removeValue(forKey: name) else { return }
        membershipRevision += 1
        forgetUpload(of: name)
        departures = (departures.filter { $0.name != name } + [(name, state)]).suffix(1_024)
        if state == .lost { departed = (departed + [name]).suffix(32) }
        let domain = member.registration.domain
        if var place = domains[domain] {
            place.workers.remove(name)
            for (entity, owner) in place.owners where owner == name {
                place.owners[entity] = nil
                place.releasing[entity] = nil
                place.forsaken.remove(entity)
            }
            if let choice, choice.active.contains(name) {
                // Not to the others at once: they would begin anew, and again when another worker is chosen.
                place.bereavedUntil = now + configuration.choicePatience
            }
            domains[domain] = place
            unsettle(domain)
        }
        directives.append(
            .note(
                state == .lost
                    ? Note(.warning, "worker lost", ["worker": name]) : Note(.info, "worker left", ["worker": name])))
    }

    /// A worker has taken over an assignment: what it no longer holds can go to another.
    mutating func release(upTo revision: UInt64, by name: String, at now: Instant) {
        guard let domain = members[name]?.registration.domain, var place = domains[domain], !place.releasing.isEmpty
        else { return }
        domains[domain] = nil
        var released = false
        for (entity, wanted) in place.releasing where wanted <= revision && place.owners[entity] == name {
            place.owners[entity] = nil
            place.releasing[entity] = nil
            place.forsaken.remove(entity)
            released = true
        }
        domains[domain] = place
        if released { unsettle(domain) }
    }

    /// The entities of a domain have to be spread anew.
    mutating func unsettle(_ domain: String) {
        domains[domain, default: Domain()].isDirty = true
        unsettled.insert(domain)
    }

    /// Spreads the entities of the domains in which something changed. A large domain waits a little since the last time,
    /// so that many workers that come at once do not cost the square of their number.
    mutating func settleDomains(at now: Instant, _ directives: inout [ServerDirective]) {
        guard !unsettled.isEmpty else { return }
        for domain in unsettled.sorted() {
            guard let place = domains[domain], now >= place.nextBalance,
                place.bereavedUntil.map({ now >= $0 }) ?? true
            else { continue }
            rebalance(domain: domain, at: now, &directives)
        }
    }

    /// Spreads the entities of a domain over its workers; tells those whose assignment changed.
    mutating func rebalance(domain: String, at now: Instant, _ directives: inout [ServerDirective]) {
        guard var place = domains[domain] else { return }
        place.isDirty = false
        place.bereavedUntil = nil
        unsettled.remove(domain)
        let names = place.workers.sorted()
        guard !names.isEmpty else {
            domains[domain] = nil
            return
        }
        let kept =
            place.forsaken.isEmpty ? place.owners : place.owners.filter { !place.forsaken.contains($0.key) }
        let (reach, held) = reach(inDomain: domain, owners: kept)
        place.holders = held
        let pairs = reach.values.reduce(0) { $0 + $1.count }
        if pairs > configuration.smallDomain { place.nextBalance = now + .microseconds(pairs) }
        let target = EntityBalancer.balance(reach: reach, current: kept)
        revision += 1
        for (entity, worker) in target {
            switch place.owners[entity] {
            case nil: place.owners[entity] = worker
            case worker?:
                // It was to go elsewhere, and now stays; its worker has not yet said that it gave it up.
                place.releasing[entity] = nil
            case .some: if place.releasing[entity] == nil { place.releasing[entity] = revision }
            }
        }
        for entity in place.forsaken where target[entity] == nil && place.releasing[entity] == nil {
            place.releasing[entity] = revision
        }
        domains[domain] = place
        assign(names, in: place, at: now, &directives)
    }

    /// Tells the workers of a domain what they serve from now on, where that is news.
    private mutating func assign(
        _ names: [String], in place: Domain, at now: Instant, _ directives: inout [ServerDirective]
    ) {
        var entities: [String: [String]] = [:]
        for (entity, owner) in place.owners where place.releasing[entity] == nil {
            entities[owner, default: []].append(entity)
        }
        for name in names {
            guard let member = members[name] else { continue }
            var new = Assignment(entities: (entities[name] ?? []).sorted())
            new.sources = sources(for: name, member, serving: new.entities, in: place)
            new.grants = grants(for: name, member, in: place)
            new.falseAlarmsPerDay = configuration.falseAlarmsPerDay
            guard new != member.assignment || member.assignmentRevision == 0 else { continue }
            noteMoves(to: new.entities, from: member.entities, inDomain: member.registration.domain)
            members[name]?.assignment = new
            // What it was to send is of other entities, or of none: nobody waits for it. What it sends all the same is taken.
            uploadTurns.end(name)
            members[name]?.assignmentRevision = revision
            if member.assignedSince == nil {
                members[name]?.assignedSince = now
                nextHandOver = min(nextHandOver, now + configuration.handOverLimit)
            }
            reassigned.insert(name)
            directives.append(
                .serving(worker: name, domain: member.registration.domain, entities: new.entities))
            sendStatus(to: name, at: now, &directives)
        }
    }
}
