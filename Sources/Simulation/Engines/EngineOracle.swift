import Engines
import Platform

/// Keeps books of its own of what the controller saw and did, and says what it must not have done.
struct EngineOracle {
    private let settings: EngineReconciler.Settings
    /// What was asked for and is not to be seen yet.
    private var starts: [String: (generation: UInt64, at: Int)] = [:]
    private var stops: [String: (id: String, at: Int)] = [:]
    private var generations: [String: UInt64] = [:]
    private var wishes: [String: (want: EngineWish.Want, since: Int)] = [:]
    private var refusedAt: [String: Int] = [:]
    private var refusedJobs: Set<String> = []
    private var ended: Set<String> = []
    private var latest = EngineObservation(nodes: [], jobs: [])
    private var ending: [String: Int] = [:]
    /// Copies that are ending, of each worker, and since when that is seen.
    private var stopping: [String: [String: Int]] = [:]
    /// Workers of which a copy was turned away, while an older one has the lease.
    private var fenced: Set<String> = []
    private var judged: Set<String> = []
    private(set) var violations: [String] = []

    init(_ settings: EngineReconciler.Settings) { self.settings = settings }

    mutating func restart() {
        starts = [:]
        stops = [:]
        wishes = [:]
        refusedAt = [:]
        refusedJobs = []
        ended = []
        stopping = [:]
        fenced = []
        judged = Set(latest.jobs.filter { $0.state == .ended }.map(\.id))
    }

    /// Placement hears whether the node of a worker can host.
    mutating func offered(_ worker: String, _ canHost: Bool, at now: Int) {
        let limit = Int(settings.ending.seconds)
        if canHost, let since = stopping[worker]?.values.min(), now - since >= limit {
            violations.append("\(now) s: \(worker) is offered, though its last copy has not ended for \(now - since) s")
        }
    }

    private func isLiving(_ job: EngineJob) -> Bool { [.pending, .running, .stopping].contains(job.state) }

    mutating func saw(_ observation: EngineObservation, _ wish: EngineWish?, at now: Int) {
        latest = observation
        let sight = Int(settings.sight.seconds)
        for (worker, start) in starts {
            let isSeen = observation.jobs.contains {
                $0.request.worker == worker && $0.request.generation >= start.generation
            }
            if isSeen || now - start.at >= sight { starts[worker] = nil }
        }
        for (worker, stop) in stops {
            let isThere = observation.jobs.contains {
                $0.id == stop.id
                    && ($0.state == .stopping || (isLiving($0) || $0.state == .refused) && now - stop.at < sight)
            }
            if !isThere { stops[worker] = nil }
        }
        for job in observation.jobs where job.state == .refused && !ended.contains(job.id) {
            if refusedJobs.insert(job.id).inserted { refusedAt[job.request.worker] = now }
        }
        var seen: [String: [String: Int]] = [:]
        for job in observation.jobs where job.state == .stopping {
            seen[job.request.worker, default: [:]][job.id] = stopping[job.request.worker]?[job.id] ?? now
        }
        stopping = seen
        fence(observation, wish)
        for worker in wish?.nodes ?? [] where wishes[worker.name]?.want != worker.wants {
            wishes[worker.name] = (worker.wants, now)
        }
    }

    /// Whose copies were turned away: a living lease that a copy did not have when it ended.
    private mutating func fence(_ observation: EngineObservation, _ wish: EngineWish?) {
        guard let wish else { return }
        let held = Dictionary(uniqueKeysWithValues: wish.nodes.filter(\.hasLease).map { ($0.name, $0) })
        for job in observation.jobs where job.state == .ended && judged.insert(job.id).inserted {
            let worker = job.request.worker
            if job.reason == "turned away", !ended.contains(job.id), held[worker]?.isFenced ?? false {
                fenced.insert(worker)
            }
        }
        let living = Set(observation.jobs.filter { isLiving($0) || $0.state == .refused }.map(\.request.worker))
        fenced = fenced.filter { held[$0] != nil && !living.contains($0) }
    }

    mutating func started(_ request: EngineJobRequest, at now: Int) {
        let worker = request.worker
        if starts[worker] != nil || stops[worker] != nil {
            violations.append("\(now) s: two changes of \(worker) in flight")
        }
        if latest.jobs.contains(where: { $0.request.worker == worker && isLiving($0) }) {
            violations.append("\(now) s: a second copy of \(worker)")
        }
        if let generation = generations[worker], request.generation <= generation {
            violations.append("\(now) s: generation \(request.generation) of \(worker) after \(generation)")
        }
        if fenced.contains(worker) {
            violations.append("\(now) s: \(worker) is started while an older copy has the lease")
        }
        if latest.nodes.first(where: { $0.name == request.node })?.state != .ready {
            violations.append("\(now) s: \(worker) on a node that takes nothing")
        }
        if let refused = refusedAt[worker], now - refused < Int(settings.refusal.seconds) {
            violations.append("\(now) s: \(worker) again \(now - refused) s after a refusal")
        }
        starts[worker] = (request.generation, now)
        generations[worker] = request.generation
    }

    /// A start was refused at once: it is over.
    mutating func refused(_ worker: String, at now: Int) {
        starts[worker] = nil
        refusedAt[worker] = now
    }

    /// - Parameters:
    ///   - working: who trains, by lease, and by which copy.
    ///   - counts: whether the copy really runs.
    ///   - stopping: copies that end already.
    mutating func stopped(
        _ job: EngineJob, working: [String: String], counts: Bool, stopping: Set<String>, minimum: Int, at now: Int
    ) {
        let worker = job.request.worker
        if worker.hasPrefix("foreign") { violations.append("\(now) s: a job of others was ended") }
        if let stop = stops[worker], stop.id != job.id {
            violations.append("\(now) s: two ends of \(worker) in flight")
        }
        if starts[worker] != nil { violations.append("\(now) s: \(worker) starts and ends at the same time") }
        ending = ending.filter { now - $0.value < Int(settings.sight.seconds) }
        let left = working.filter { ending[$0.value] == nil && !stopping.contains($0.value) }
        if left[worker] == job.id, counts, left.count - 1 < minimum {
            violations.append("\(now) s: \(left.count - 1) workers are left of \(minimum) after the end of \(worker)")
        }
        if working[worker] == job.id { ending[job.id] = now }
        let copies = latest.jobs.filter { $0.request.worker == worker && isLiving($0) }
        if job.state == .running, copies.count == 1, stops[worker] == nil, let wish = wishes[worker] {
            if wish.want.role != job.request.role, now - wish.since < Int(settings.settle.seconds) {
                violations.append("\(now) s: \(worker) ended for a wish of \(now - wish.since) s")
            }
            if wish.want.role == job.request.role,
                latest.nodes.first(where: { $0.name == job.request.node })?.state == .ready
            {
                violations.append("\(now) s: \(worker) ended though it is wanted")
            }
        }
        if job.state == .running, let newest = copies.filter({ $0.state == .running }).map(\.request.generation).max(),
            newest > job.request.generation
                ? false
                : copies.contains(where: {
                    $0.state == .running && $0.request.generation < job.request.generation
                })
        {
            violations.append("\(now) s: the newest copy of \(worker) ended, and an older one not")
        }
        ended.insert(job.id)
        stops[worker] = (job.id, now)
    }

    mutating func say(_ text: String) { violations.append(text) }
}
