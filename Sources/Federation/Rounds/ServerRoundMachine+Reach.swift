import Platform

/// Which worker can serve which entity, and from where it gets the samples.
extension ServerRoundMachine {
    /// The entities that each worker of a domain could serve if it were chosen: its own, and those whose samples another
    /// one would send.
    func fullReach(inDomain domain: String) -> [String: Set<String>] {
        let here = members(inDomain: domain)
        let offered = here.values.filter { !$0.registration.dataAddress.isEmpty }
            .reduce(into: Set<String>()) { $0.formUnion($1.reach) }
        return here.filter { !$0.value.registration.standsBy }.mapValues { offered.union($0.reach) }
    }

    /// The active workers of a domain.
    private func members(inDomain domain: String) -> [String: Member] {
        (domains[domain]?.workers ?? []).reduce(into: [:]) { $0[$1] = members[$1] }
    }

    /// The entities that each worker of a domain may be given, so that every entity is served as long as somebody can.
    ///
    /// Files at hand come first: an entity that a chosen worker reaches by itself is served by such a worker. Entities
    /// of a worker that stands by are given to any chosen one, if the worker offers their samples; otherwise it keeps
    /// them. Where nobody alive has an entity's files, a chosen worker with a copy goes on with that.
    ///
    /// - Returns: the reach, and for each entity whose samples have to travel the worker that has them.
    func reach(
        inDomain domain: String, owners: [String: String]
    ) -> (reach: [String: Set<String>], holders: [String: String]) {
        let here = members(inDomain: domain)
        var chosen = here.filter { isChosen($0.key) }
        // Where none of the domain is chosen, those that stand by serve as if they were.
        if chosen.isEmpty { chosen = here.filter { !$0.value.registration.standsBy } }
        var reach = chosen.mapValues { $0.reach }
        let local = reach.values.reduce(into: Set<String>()) { $0.formUnion($1) }
        var holders: [String: String] = [:]
        var reached = local
        for (name, member) in here.sorted(by: { $0.key < $1.key }) where chosen[name] == nil {
            let rest = member.reach.subtracting(local)
            reached.formUnion(rest)
            if !chosen.isEmpty, !member.registration.dataAddress.isEmpty {
                for entity in rest where holders[entity] == nil { holders[entity] = name }
            } else if !member.registration.standsBy, !rest.isEmpty {
                reach[name] = rest
            }
        }
        for name in chosen.keys {
            let copies = Set(chosen[name]?.registration.mirrored ?? []).subtracting(reached)
            reach[name]?.formUnion(copies.union(holders.keys))
        }
        for (entity, owner) in owners where !reached.contains(entity) {
            if chosen[owner] != nil { reach[owner]?.insert(entity) }
        }
        return (reach.filter { !$0.value.isEmpty }, holders)
    }

    /// From where a worker gets the samples of what it serves and does not reach by itself.
    func sources(
        for name: String, _ member: Member, serving entities: [String], in place: Domain
    ) -> [SampleSource] {
        guard !place.holders.isEmpty else { return [] }
        var wanted: [String: [String]] = [:]
        for entity in entities {
            guard let holder = place.holders[entity], holder != name else { continue }
            wanted[holder, default: []].append(entity)
        }
        return wanted.keys.sorted().compactMap { holder in
            guard let other = members[holder], let entities = wanted[holder] else { return nil }
            return SampleSource(
                holder: holder, address: other.registration.dataAddress,
                token: token(holder: holder, other, reader: name, member), entities: entities,
                key: other.registration.exchangeKey)
        }
    }

    /// Who may fetch samples from a worker.
    func grants(for name: String, _ member: Member, in place: Domain) -> [SampleGrant] {
        guard !place.holders.isEmpty else { return [] }
        var entities: [String: [String]] = [:]
        for (entity, holder) in place.holders where holder == name {
            guard place.releasing[entity] == nil, let reader = place.owners[entity], reader != name else { continue }
            entities[reader, default: []].append(entity)
        }
        return entities.keys.sorted().compactMap { reader in
            guard let other = members[reader], let entities = entities[reader] else { return nil }
            return SampleGrant(
                reader: reader, token: token(holder: name, member, reader: reader, other), entities: entities.sorted(),
                key: other.registration.exchangeKey)
        }
    }

    /// What a reader shows to a holder: the same as long as both keep their leases, and nothing that a third worker
    /// knows or can compute.
    private func token(holder: String, _ one: Member, reader: String, _ other: Member) -> [UInt8] {
        var writer = WireWriter()
        writer.put(configuration.tokenSecret)
        writer.put(holder)
        writer.put(one.epoch)
        writer.put(reader)
        writer.put(other.epoch)
        return Array(SHA256.digest(writer.bytes).prefix(WireLimits.token))
    }
}
