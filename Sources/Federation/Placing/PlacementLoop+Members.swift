import Placement
import Platform

extension PlacementLoop {
    /// Workers came, went, or said more of themselves: the problem is put together anew.
    mutating func takeMembers(
        _ federation: FederationView, at now: Instant, _ directives: inout [Directive]
    ) {
        seenRevision = federation.membershipRevision
        groups = federation.reachGroups(candidates?.list.nodes ?? [])
        holders = federation.members.filter(\.value.standsBy).mapValues(\.epoch)
        keepFactors()
        // Workers that only offer their samples are not to be chosen.
        let members = federation.members.filter { !$0.value.standsBy }
        for index in nodes.indices where nodes[index].isAlive && members[nodes[index].name] == nil {
            nodes[index].isAlive = false
            because("worker \(nodes[index].name) is gone")
        }
        for (name, member) in members.sorted(by: { $0.key < $1.key }) {
            let acceleration = member.acceleration
            if let index = position[name], nodes[index].name == name {
                if nodes[index].epoch != member.epoch {
                    // A new process, about which nothing is known.
                    let old = nodes[index]
                    nodes[index] = Node(name: name, epoch: member.epoch)
                    nodes[index].candidate = old.candidate
                    nodes[index].acceleratorBar = old.acceleratorBar
                    because(old.epoch == 0 ? "worker \(name) joined" : "worker \(name) is back")
                }
                nodes[index].acceleration = acceleration
                continue
            }
            var node = Node(name: name, epoch: member.epoch)
            node.acceleration = acceleration
            add(node)
            because("worker \(name) joined")
        }
        renew(at: now, &directives)
    }

    /// What the controller has learnt of the workers' speeds goes with them into the next problem.
    mutating func keepFactors() {
        guard let instance = controller?.instance else { return }
        for index in nodes.indices where index + 1 < instance.nodes.count {
            nodes[index].factor = instance.nodes[index + 1].trainingTimeFactor
        }
    }

    /// Gives a node a position.
    mutating func add(_ node: Node) {
        let index = freePosition() ?? nodes.count
        if index < nodes.count {
            position[nodes[index].name] = nil
            nodes[index] = node
        } else {
            nodes.append(node)
        }
        position[node.name] = index
    }

    /// Puts the problem together anew.
    mutating func renew(at now: Instant, _ directives: inout [Directive]) {
        coverageFault = nil
        guard controller != nil, let profile else { return }
        do throws(PlacementError) {
            feed(.problem(try problem(profile)), at: now, &directives)
        } catch {
            // Nothing is approximated: all work until the reach of the workers can be solved again.
            controller = nil
            coverageFault = error.reason
        }
    }

    /// The position of a worker that is gone and that the running placement does not use, when many are.
    private func freePosition() -> Int? {
        let known = nodes.count { $0.isKnown }
        guard nodes.count >= 2 * known + 64 else { return nil }
        return nodes.indices.first { index in
            !nodes[index].isKnown && !(controller?.running?.workers.contains(index + 1) ?? false)
        }
    }

    /// The problem as it stands: the server, then the workers.
    func problem(_ profile: TrainingTimeProfile) throws(PlacementError) -> PlacementInstance {
        var places = [PlacementInstance.Node(id: "server")]
        var distances = [0.0]
        let median = medianRoundTrip
        // Workers meet through the server.
        for (index, node) in nodes.enumerated() {
            places.append(
                PlacementInstance.Node(
                    id: "\(index) \(node.name)", accelerator: node.usableAcceleration != nil, canHost: node.canWork,
                    trainingTimeFactor: node.factor))
            distances.append(latency(node, orElse: median))
        }
        let factors = nodes.filter(\.canWork).compactMap(\.usableAcceleration).sorted()
        var instance = try PlacementInstance(
            nodes: places, latency: LatencyMatrix(hub: 0, distances: distances), trainingTime: profile, fixedServer: 0,
            targetSeconds: targetSeconds, rounds: rounds,
            acceleratorLimit: min(configuration.acceleratorLimit ?? factors.count, factors.count),
            accelerationFactor: factors.isEmpty
                ? configuration.accelerationFactor : factors[(factors.count - 1) / 2])
        let sets = usableGroups.map { group in group.workers.compactMap { position[$0].map { $0 + 1 } } }
        instance.coverage = try WorkerCoverage(sets)
        return instance
    }

    /// What p_k is proportional to, for k = 1 to a number, where only its scale is measured: the profile, or the largest share
    /// of the entities when k workers are handed out one by one to the set of workers whose entities weigh most on each.
    func bases(_ count: Int) -> [Double] {
        if let profile = configuration.profile { return profile.values(count: count).map { max($0, 1e-9) } }
        var shares = usableGroups.map { (entities: $0.entities, workers: 1, most: max(1, $0.workers.count)) }
        func load(_ share: (entities: Int, workers: Int, most: Int)) -> Int {
            (share.entities + share.workers - 1) / share.workers
        }
        let total = max(1, shares.reduce(0) { $0 + $1.entities })
        return (1...max(1, count)).map { workers in
            guard !shares.isEmpty else { return 1 / Double(workers) }
            let open = shares.indices.filter { shares[$0].workers < shares[$0].most }
            if workers > shares.count, let next = open.max(by: { load(shares[$0]) < load(shares[$1]) }) {
                shares[next].workers += 1
            }
            return Double(shares.map(load).max() ?? 1) / Double(total)
        }
    }
}
