import Engines
import Numerics

/// What a federation wants, by leases and a toy placement: the cheapest nodes that can host, so many as the target asks for.
struct SimulatedPlacement {
    private struct Lease {
        var copy: String
        var role: EngineRole
        var epoch: UInt64
        var until: Int
        /// When a further copy was turned away last.
        var turnedAwayAt: Int?
    }

    /// Seconds after which a silent copy has lost its lease; one that is turned away gives up after two of them.
    private static let lease = 3

    private let costs: [String: Int]
    private let samples: Set<String>
    private let minimum: Int
    private(set) var target: Int
    private(set) var accelerated: Int
    private var leases: [String: Lease] = [:]
    private var leasesGiven: UInt64 = 0
    /// Since when copies are turned away.
    private var turnedAway: [String: Int] = [:]
    private var candidates: [EngineCandidate] = []
    private var chosen: [String] = []
    private var chosenAt: [String: Int] = [:]
    private var barredUntil: [String: Int] = [:]
    private var decision: UInt64 = 0
    private var draw: CounterBasedGenerator

    init(seed: UInt64, workers: [String]) {
        draw = CounterBasedGenerator(seed: seed, purpose: "placement")
        var costs: [String: Int] = [:]
        for worker in workers { costs[worker] = Int.random(in: 0...99, using: &draw) }
        self.costs = costs
        let share = Int.random(in: 0...2, using: &draw)
        samples = Set(workers.enumerated().filter { $0.offset % 3 < share }.map(\.element))
        minimum = Int.random(in: 1...max(1, workers.count / 3), using: &draw)
        target = Int.random(in: minimum...workers.count, using: &draw)
        accelerated = Int.random(in: 0...2, using: &draw)
    }

    /// Somebody asks for another time.
    mutating func change() {
        target = Int.random(in: minimum...costs.count, using: &draw)
        accelerated = Int.random(in: 0...2, using: &draw)
    }

    /// A second passes: what runs keeps its lease, and what is new gets one if there is none.
    ///
    /// - Parameter goodbyes: copies that gave theirs back.
    /// - Returns: copies that give up.
    mutating func tick(_ copies: [SimulatedEngine.Copy], goodbyes: [String], at now: Int) -> [String] {
        leases = leases.filter { $0.value.until > now && !goodbyes.contains($0.value.copy) }
        var refused: [String: Int] = [:]
        for copy in copies where copy.runs {
            let (worker, id) = (copy.job.request.worker, copy.job.id)
            guard costs[worker] != nil else { continue }
            if leases[worker] == nil {
                leasesGiven += 1
                leases[worker] = Lease(copy: id, role: copy.job.request.role, epoch: leasesGiven, until: now)
            }
            if leases[worker]?.copy == id {
                leases[worker]?.until = now + Self.lease
            } else {
                leases[worker]?.turnedAwayAt = now
                refused[id] = turnedAway[id] ?? now
            }
        }
        turnedAway = refused
        decide(at: now)
        return refused.filter { now - $0.value > 2 * Self.lease }.keys.sorted()
    }

    mutating func publish(_ list: [EngineCandidate]) { candidates = list }

    private mutating func decide(at now: Int) {
        for worker in chosen {
            if works(worker, at: now) {
                chosenAt[worker] = now
            } else if now - (chosenAt[worker] ?? now) > 60 {
                barredUntil[worker] = now + 60
            }
        }
        let can = candidates.filter { $0.canHost && (barredUntil[$0.name] ?? -1) <= now }.map(\.name)
        let best = can.sorted { (costs[$0] ?? 0, $0) < (costs[$1] ?? 0, $1) }
        // Where too few can, those that work go on.
        let still = chosen.filter { !can.contains($0) && works($0, at: now) }
        let next = Array((best.prefix(target) + still.prefix(max(0, minimum - best.count)))).sorted()
        guard next != chosen else { return }
        for worker in next where !chosen.contains(worker) { chosenAt[worker] = now }
        decision += 1
        chosen = next
    }

    private func works(_ worker: String, at now: Int) -> Bool {
        leases[worker].map { $0.until > now && $0.role != .holder } ?? false
    }

    /// Who trains, by lease: the worker and its copy.
    func working(at now: Int) -> [String: String] {
        leases.filter { $0.value.until > now && $0.value.role != .holder }.mapValues(\.copy)
    }

    /// What it wants now.
    func wish(at now: Int) -> EngineWish {
        var left = accelerated
        let hasAccelerator = Set(candidates.filter { $0.accelerationFactor != nil }.map(\.name))
        return EngineWish(
            decision: decision, minimumWorkers: min(minimum, max(1, chosen.count)),
            nodes: candidates.map { candidate in
                let name = candidate.name
                var want = samples.contains(name) ? EngineWish.Want.holder : .nothing
                if chosen.contains(name) {
                    want = .worker
                    if left > 0, hasAccelerator.contains(name) {
                        want = .acceleratedWorker
                        left -= 1
                    }
                }
                let lease = leases[name].flatMap { $0.until > now ? $0 : nil }
                return .init(
                    name, want, isHere: lease != nil, standsBy: lease?.role == .holder,
                    isFenced: lease?.turnedAwayAt.map { now - $0 < 60 } ?? false, leaseEpoch: lease?.epoch)
            })
    }
}
