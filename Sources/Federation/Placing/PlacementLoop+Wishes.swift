import Platform

extension PlacementLoop {
    /// Number of the list of candidates that it goes by; `nil` where it knows of none.
    package var listNumber: Int? { candidates?.list.number }

    /// Workers without which no round starts, as things are to be.
    package var neededWorkers: Int { max(1, goal.map { min(minimumWorkers, $0.active.count) } ?? minimumWorkers) }

    /// What should run on each candidate now, by name. A worker that is to leave is wanted until others have its work.
    /// O(n log n).
    ///
    /// - Parameter fenced: names of which a second copy was turned away lately.
    package func wishes(fenced: Set<String> = []) -> [PlacementWish] {
        guard candidates != nil else { return [] }
        var accelerators = configuration.acceleratorLimit ?? .max
        let awaited = goal.map { $0.active.filter { !isHere($0) }.sorted() } ?? []
        return nodes.filter { $0.candidate != nil }.sorted { $0.name < $1.name }.map { node in
            let (role, reason) = wish(node, awaited, &accelerators)
            return PlacementWish(
                name: node.name, wants: role, isHere: node.isAlive, standsBy: holders[node.name] != nil,
                isFenced: fenced.contains(node.name), leaseEpoch: node.isAlive ? node.epoch : holders[node.name],
                reason: reason)
        }
    }

    private func wish(
        _ node: Node, _ awaited: [String], _ accelerators: inout Int
    ) -> (PlacementWish.Role, String) {
        if isWanted(node) {
            if let goal { return (goal.accelerated.contains(node.name) ? .acceleratedWorker : .worker, "") }
            let isFast = node.usableAcceleration != nil && accelerators > 0
            if isFast { accelerators -= 1 }
            let isStuck = decisions.last?.reason == .impossible
            let reason = isStuck ? "nothing can be placed: all work" : "all work, to be measured"
            return (isFast ? .acceleratedWorker : .worker, reason)
        }
        let isWorking = choice?.active.contains(node.name) ?? false
        let why = node.canWork ? "not needed" : node.refusal
        guard node.isAlive, isWorking || node.leavingSince != nil else {
            if node.measuredSince != nil { return (.holder, "\(why): its round trip is measured") }
            return (node.candidate?.hasSamples ?? false ? .holder : .nothing, why)
        }
        let until =
            !isWorking
            ? "hands over what it did"
            : awaited.isEmpty ? "nobody can be in its place" : "works until \(Self.listed(awaited)) is here"
        return (node.acceleration == nil ? .worker : .acceleratedWorker, "\(why): \(until)")
    }
}
