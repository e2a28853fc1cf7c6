import Platform

/// Nodes that something else could run a worker on.
extension PlacementLoop {
    /// Another list holds from now on.
    mutating func take(
        _ list: CandidateList, in federation: FederationView, at now: Instant, _ directives: inout [Directive]
    ) {
        keepFactors()
        candidates = (list, now + list.timeToLive)
        let named = Dictionary(list.nodes.map { ($0.name, $0) }, uniquingKeysWith: { _, last in last })
        var isNews = false
        var moved: [Int] = []
        for index in nodes.indices {
            let (old, new) = (nodes[index].candidate, named[nodes[index].name])
            guard old != new else { continue }
            nodes[index].candidate = new
            if let old, let new, !new.isOther(than: old) {
                moved.append(index)
                continue
            }
            isNews = true
            nodes[index].isUnmeasurable = false
            noteChange(of: nodes[index], from: old)
            if new == nil { forgetCandidate(index) }
        }
        var appeared: [String] = []
        for candidate in list.nodes where position[candidate.name] == nil {
            var node = Node(name: candidate.name, isAlive: false, epoch: 0)
            node.candidate = candidate
            add(node)
            appeared.append(candidate.name)
        }
        if !appeared.isEmpty { because("candidates appeared: \(Self.listed(appeared.sorted()))") }
        guard isNews || !appeared.isEmpty else {
            updateLatencies(moved, at: now, &directives)
            return
        }
        groups = federation.reachGroups(list.nodes)
        renew(at: now, &directives)
    }

    /// A few names, and how many others.
    static func listed(_ names: [String]) -> String {
        let few = names.prefix(3).joined(separator: ", ")
        return names.count > 3 ? "\(few) and \(names.count - 3) others" : few
    }

    private mutating func noteChange(of node: Node, from old: PlacementCandidate?) {
        let who = "candidate \(node.name)"
        switch (old?.canHost, node.candidate?.canHost) {
        case (_, nil): because(node.isAlive ? "worker \(node.name) is no candidate any more" : "\(who) is gone")
        case (true?, false?), (nil, false?): because("\(who) cannot host: \(node.refusal)")
        case (false?, true?): because("\(who) can host again")
        case (nil, true?): because(node.isAlive ? "worker \(node.name) is a candidate" : "\(who) appeared")
        case (true?, true?), (false?, false?): because("\(who) changed")
        }
    }

    private mutating func forgetCandidate(_ index: Int) {
        nodes[index].candidate = nil
        nodes[index].awaitedSince = nil
        nodes[index].bar = nil
        nodes[index].acceleratorBar = nil
        nodes[index].leavingSince = nil
        nodes[index].measuredSince = nil
        nodes[index].isUnmeasurable = false
    }

    /// Time passes: a list that nobody renews is forgotten, who does not come is left out for a while, and who is on its way
    /// out is out once it has handed over.
    mutating func watchCandidates(
        _ federation: FederationView, at now: Instant, _ directives: inout [Directive]
    ) {
        guard let held = candidates else { return }
        var isNews = false
        if now > held.until {
            keepFactors()
            candidates = nil
            for index in nodes.indices { forgetCandidate(index) }
            because("nobody has named candidates for \(Self.figures(held.list.timeToLive.seconds)) s")
            groups = federation.reachGroups()
            return renew(at: now, &directives)
        }
        for index in nodes.indices where nodes[index].candidate != nil {
            if nodes[index].leavingSince != nil { watchLeaving(index, federation, at: now) }
            if let bar = nodes[index].bar, now >= bar.until {
                nodes[index].bar = nil
                because("candidate \(nodes[index].name) may be tried again")
                isNews = true
            }
            if let bar = nodes[index].acceleratorBar, now >= bar.until {
                nodes[index].acceleratorBar = nil
                isNews = true
            }
            guard isWanted(nodes[index]), !nodes[index].isAlive || awaitsAccelerator(nodes[index]) else {
                nodes[index].awaitedSince = nil
                continue
            }
            let since = nodes[index].awaitedSince ?? now
            nodes[index].awaitedSince = since
            if goal != nil, now - since >= configuration.arrivalPatience {
                nodes[index].awaitedSince = nil
                if giveUp(index, at: now, &directives) { isNews = true }
            }
        }
        watchMeasurements(at: now)
        guard isNews else { return }
        keepFactors()
        renew(at: now, &directives)
    }

    /// Whether placement would only guess a candidate's round trip, and nothing that runs there will tell it.
    private func isUnmeasured(_ node: Node) -> Bool {
        guard goal != nil, let candidate = node.candidate, candidate.canHost, !candidate.hasSamples,
            candidate.latencySeconds == nil, node.bar == nil, !node.isUnmeasurable
        else { return false }
        return !node.isAlive && !isWanted(node) && node.roundTrips.count < Self.neededRoundTrips
    }

    /// On a few at a time of the candidates that are not chosen and were never here something runs until their round trips
    /// are known, or is given up.
    private mutating func watchMeasurements(at now: Instant) {
        var count = nodes.count { $0.measuredSince != nil }
        for index in nodes.indices {
            guard isUnmeasured(nodes[index]) else {
                if nodes[index].measuredSince != nil { count -= 1 }
                nodes[index].measuredSince = nil
                continue
            }
            if let since = nodes[index].measuredSince {
                guard now - since >= configuration.arrivalPatience * 2 else { continue }
                nodes[index].measuredSince = nil
                nodes[index].isUnmeasurable = true
                count -= 1
            } else if count < Self.mostMeasured {
                nodes[index].measuredSince = now
                count += 1
            }
        }
    }

    /// A worker that is not chosen any more is out when its rounds and its entities are others', or after the patience
    /// with them: what nobody else can serve keeps no node.
    private mutating func watchLeaving(_ index: Int, _ federation: FederationView, at now: Instant) {
        let member = federation.members[nodes[index].name]
        let isBusy = member.map { !$0.standsBy && ($0.isChosen || $0.isBusy) } ?? false
        let isLate = nodes[index].leavingSince.map { now - $0 > configuration.arrivalPatience } ?? false
        if !isBusy || isLate { nodes[index].leavingSince = nil }
    }

    /// Whether others are tried instead of a node that did not come, or an accelerator that did not.
    private mutating func giveUp(_ index: Int, at now: Instant, _ directives: inout [Directive]) -> Bool {
        let name = nodes[index].name
        let patience = Self.figures(configuration.arrivalPatience.seconds)
        let until = now + configuration.barTime
        if nodes[index].isAlive {
            nodes[index].acceleratorBar = Bar(until: until, reason: "")
            because("worker \(name) has no accelerator after \(patience) s")
            return true
        }
        let others = nodes.indices.count { $0 != index && nodes[$0].canWork }
        guard others >= 2, usableGroups.allSatisfy({ $0.workers != [name] }) else {
            // Nobody could take its place, so that it goes on being wanted.
            let fields = ["worker": name, "seconds": patience]
            directives.append(.note(Note(.warning, "a candidate does not come, and nobody else can", fields)))
            return false
        }
        nodes[index].bar = Bar(until: until, reason: "did not come within \(patience) s")
        because("candidate \(name) did not come within \(patience) s")
        return true
    }

    // MARK: Who is wanted, and who works meanwhile

    /// Whether a worker is here.
    func isHere(_ name: String) -> Bool { position[name].map { nodes[$0].isAlive } ?? false }

    /// Whether a candidate is to run a worker.
    func isWanted(_ node: Node) -> Bool { node.canWork && goal.map { $0.active.contains(node.name) } ?? true }

    /// Whether a worker that is to use an accelerator was started without one.
    func awaitsAccelerator(_ node: Node) -> Bool {
        node.isAlive && node.acceleration == nil && node.candidate?.accelerationFactor != nil
            && node.acceleratorBar == nil && goal.map { $0.accelerated.contains(node.name) } ?? false
    }

    /// The groups that somebody could be chosen for, with those that could.
    var usableGroups: [ReachGroup] {
        guard candidates != nil else { return groups }
        return groups.compactMap { group in
            var usable = group
            usable.workers = group.workers.filter { position[$0].map { nodes[$0].canWork } ?? false }
            return usable.workers.isEmpty ? nil : usable
        }
    }

    /// Candidates that cannot be chosen.
    var barred: [PlacementDecision.Barred]? {
        guard candidates != nil else { return nil }
        let all = nodes.filter { $0.candidate != nil && !$0.canWork }.sorted { $0.name < $1.name }
        return all.prefix(100).map { PlacementDecision.Barred(name: $0.name, reason: $0.refusal) }
    }

    /// Who works until all that a goal names are here: those that are, who worked before and is alive, and of the others as
    /// many as are missing, so that nobody is fewer because somebody has not arrived.
    func meanwhile(until goal: WorkerChoice) -> WorkerChoice {
        var active = goal.active.filter { isHere($0) }
        guard active.count < goal.active.count else { return goal }
        let before = choice?.active ?? Set(nodes.filter(\.isAlive).map(\.name))
        active.formUnion(before.filter { isHere($0) })
        let median = medianRoundTrip
        let spare = nodes.filter { $0.isAlive && $0.canWork && !active.contains($0.name) }
            .map { (seconds: latency($0, orElse: median), name: $0.name) }.sorted { $0 < $1 }.map(\.name)
        for name in spare where active.count < goal.active.count { active.insert(name) }
        for group in usableGroups where group.workers.isDisjoint(with: active) {
            if let name = spare.first(where: { group.workers.contains($0) }) { active.insert(name) }
        }
        var accelerated = goal.accelerated.intersection(active)
        let limit = configuration.acceleratorLimit ?? .max
        for name in (choice?.accelerated ?? active).intersection(active).sorted() where accelerated.count < limit {
            accelerated.insert(name)
        }
        return WorkerChoice(active: active, accelerated: accelerated)
    }

    /// Comes nearer to the goal as those that it names arrive.
    mutating func meetGoal(at now: Instant, _ directives: inout [Directive]) {
        guard candidates != nil || isAwaiting else { return }
        defer {
            isAwaiting =
                goal.map { goal in
                    goal.active.contains { !isHere($0) }
                        || goal.accelerated.contains { position[$0].map { awaitsAccelerator(nodes[$0]) } ?? false }
                } ?? false
            if isAwaiting { open?.isDisturbed = true }
        }
        guard let goal else { return }
        let new = meanwhile(until: goal)
        guard new != choice else { return }
        open?.isDisturbed = true
        open?.since = now
        let fields = [
            "working": new.active.sorted().joined(separator: " "),
            "awaited": goal.active.subtracting(new.active).sorted().joined(separator: " "),
        ]
        directives.append(.note(Note(.info, "workers arrived or left", fields)))
        choose(new, isUrgent: false, at: now, &directives)
    }

    /// Tells the federation who works, and remembers who is on its way out.
    mutating func choose(
        _ new: WorkerChoice, isUrgent: Bool, at now: Instant, _ directives: inout [Directive]
    ) {
        for name in choice?.active.subtracting(new.active) ?? [] {
            if let index = position[name], nodes[index].candidate != nil { nodes[index].leavingSince = now }
        }
        for name in new.active {
            if let index = position[name] { nodes[index].leavingSince = nil }
        }
        choice = new
        directives.append(.choose(new, isUrgent: isUrgent))
    }
}
