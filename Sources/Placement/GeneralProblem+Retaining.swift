extension GeneralProblem {
    /// A placement that is as good as another one and keeps as many workers of the running one as it can: moving work
    /// costs what no model counts. Only the largest loop time, a tie-break, may be longer, within the limit.
    ///
    /// - Returns: nil where the objective looks at more than the number of workers, or the server differs.
    func retaining(_ running: Placement, asGoodAs best: Placement) -> Placement? {
        guard objective.spreadCost == 0, objective.availabilityWeight == 0, running.server == best.server,
            best.idleAccelerated.isEmpty
        else { return nil }
        let kept = Set(running.workers)
        let places = self.places(server: best.server, workers: best.count)
        let ordered = places.filter { kept.contains($0.node) } + places.filter { !kept.contains($0.node) }
        guard
            let found = choice(
                ordered, workers: best.count, low: -.infinity, high: limit,
                acceleratorLimit: best.acceleratorsUsed)
        else { return nil }
        return placement(server: best.server, workers: best.count, found.selection)
    }
}
