extension GeneralProblem {
    /// One loop time at which a node can work.
    private struct Event {
        let time: Double
        let place: Int
        let isAccelerated: Bool
    }

    /// The exact front; see `PlacementSolver.paretoFront`.
    func paretoFront(_ progress: (Int, Int) -> Void) -> [ParetoPoint] {
        guard maximumWorkers >= 2 else { return [] }
        var found = ParetoStairs(accelerators: acceleratorLimit)
        var candidates: [ParetoCandidate] = []
        var seen = Set<Double>()
        for k in 2...maximumWorkers {
            progress(k, maximumWorkers)
            // With one training time for several k, leaving workers out makes nothing worse.
            guard seen.insert(trainingTime[k]).inserted else { continue }
            for j in servers { sweep(server: j, workers: k, &found, &candidates) }
        }
        // Points of one k were compared in the order they came; compare them again from the best on.
        candidates.sort {
            ($0.workers, $0.high, $0.spread, $0.accelerators, $0.server)
                < ($1.workers, $1.high, $1.spread, $1.accelerators, $1.server)
        }
        var kept = ParetoStairs(accelerators: acceleratorLimit)
        var front: [ParetoPoint] = []
        for candidate in candidates {
            let (high, spread, used) = (candidate.high, candidate.spread, candidate.accelerators)
            if kept.dominates(high: high, spread: spread, accelerators: used) { continue }
            kept.insert(high: high, spread: spread, accelerators: used)
            let places = self.places(server: candidate.server, workers: candidate.workers)
            guard
                let chosen = choice(
                    places, workers: candidate.workers, low: candidate.low, high: high, acceleratorLimit: used)
            else { continue }
            front.append(
                ParetoPoint(
                    placement: placement(
                        server: candidate.server, workers: candidate.workers, chosen.selection)))
        }
        return front
    }

    /// All windows of one server and k: from each start, the ends at which k workers fit with fewer accelerators.
    private func sweep(
        server j: Int, workers k: Int, _ found: inout ParetoStairs, _ candidates: inout [ParetoCandidate]
    ) {
        let places = self.places(server: j, workers: k)
        var events: [Event] = []
        var total = 0
        for (index, place) in places.enumerated() {
            if place.plain < .infinity { events.append(Event(time: place.plain, place: index, isAccelerated: false)) }
            if place.accelerated < .infinity {
                events.append(Event(time: place.accelerated, place: index, isAccelerated: true))
            }
            total += place.plain < .infinity ? place.slots : 1
        }
        guard total >= k else { return }
        events.sort { ($0.time, $0.place) < ($1.time, $1.place) }
        // The latest start at which a node was seen plain and accelerated.
        var plainSince = [Int](repeating: -1, count: places.count)
        var start = 0
        while start < events.count {
            let low = events[start].time
            var plain = 0
            var acceleratedOnly = 0
            var fewest = Int.max
            var isAcceleratedOnly = [Bool](repeating: false, count: places.count)
            var index = start
            while index < events.count {
                let high = events[index].time
                while index < events.count, events[index].time == high {
                    let event = events[index]
                    if !event.isAccelerated {
                        plain += places[event.place].slots
                        plainSince[event.place] = start
                        if isAcceleratedOnly[event.place] {
                            isAcceleratedOnly[event.place] = false
                            acceleratedOnly -= 1
                        }
                    } else if plainSince[event.place] != start {
                        isAcceleratedOnly[event.place] = true
                        acceleratedOnly += 1
                    }
                    index += 1
                }
                guard plain + min(acceleratorLimit, acceleratedOnly) >= k else { continue }
                let used = max(0, k - plain)
                if used < fewest {
                    fewest = used
                    if !found.dominates(high: high, spread: high - low, accelerators: used) {
                        found.insert(high: high, spread: high - low, accelerators: used)
                        candidates.append(
                            ParetoCandidate(server: j, workers: k, low: low, high: high, accelerators: used))
                    }
                }
                if fewest == 0 { break }
            }
            // No window from here on holds k workers, so none from a later start does.
            if fewest == .max { break }
            while start < events.count, events[start].time == low { start += 1 }
        }
    }
}
