/// Keeps a running system placed: events in, directives out, as a value without clock or I/O.
///
/// What breaks the running placement — a chosen worker lost, a loop over its budget — is answered at once. What would
/// merely improve it waits: the better placement must save a share of the objective and stay better for a while, so that
/// a value that wavers does not make the system flap. Of equally good placements the one that keeps most workers is taken.
/// Where nothing meets the budget, the fastest placement runs until something does, and gives way to a faster one only for
/// the same share of its loop. Both have to be so for the same while, unless it is because nodes came or went or the target
/// changed: measurements waver, and what is just above the budget is just below it in the next round.
public struct PlacementController: Sendable {
    /// How eager the controller is.
    public struct Configuration: Sendable, Equatable {
        /// What is minimised.
        public var objective = PlacementObjective(.aifP)
        /// How long a better placement must stay better before it is taken.
        public var settleTime = Duration.seconds(30)
        /// The share of the objective that a voluntary change must save.
        public var leastGain = 0.1
        /// How far a measured training time may be from the expected one, as a share, before it counts as off.
        public var measurementTolerance = 0.15
        /// How many measurements in a row must be off, on the same side, before a node's speed is corrected.
        public var measurementsOff = 2

        /// The defaults.
        public init() {}
    }

    /// What happened.
    public enum Event: Sendable, Equatable {
        /// Time passed.
        case tick
        /// A node registered and may host.
        case joined(Int)
        /// A node is gone.
        case lost(Int)
        /// A worker trained a round in this time.
        case measured(node: Int, trainingSeconds: Double)
        /// The round trip between two nodes is now this.
        case latency(Int, Int, seconds: Double)
        /// The round trips between one node and several others are now these.
        case latencies(Int, [Int: Double])
        /// The loop's target changed.
        case target(seconds: Double, rounds: Int)
        /// The training-time profile was measured anew.
        case profile(TrainingTimeProfile)
        /// Live rounds moved the training-time profile; what is known of single workers stands, but for these (by node).
        case refined(TrainingTimeProfile, factors: [Int: Double] = [:])
        /// A worker takes this many times as long as the profile says, beyond doubt: it has not finished.
        case stalled(node: Int, factor: Double)
        /// Nodes came, went or changed all at once; nodes keep their positions, further ones stand behind them.
        case problem(PlacementInstance)
    }

    /// Why a placement is activated.
    public enum Reason: Sendable, Equatable {
        /// The first placement.
        case started
        /// The running one cannot go on: it lost a node or exceeds its budget.
        case broken
        /// The new one has been better for the settling time.
        case better
        /// Nothing meets the budget: this one is the fastest.
        case bestEffort(InfeasibilityExplanation)
    }

    /// What is to be done.
    public enum Directive: Sendable, Equatable {
        /// Run this placement from the next round on.
        case activate(Placement, Reason)
        /// Nothing can run at all.
        case stop(InfeasibilityExplanation)
        /// Send a `tick` at this time, if nothing else happens before.
        case wake(at: Duration)
    }

    private struct Deviation {
        var isSlower = false
        var count = 0
    }

    private let configuration: Configuration
    private var warm: WarmPlacement
    private var deviations: [Int: Deviation] = [:]
    private var betterSince: Duration?
    private var reliefSince: Duration?
    /// Whether what runs is only the fastest that there is: nothing meets the budget, or not for long.
    public private(set) var isBestEffort = false
    /// The placement that runs; nil before the first tick and while nothing can run.
    public private(set) var running: Placement?

    /// The problem as the controller sees it.
    public var instance: PlacementInstance { warm.instance }

    /// A controller for a problem whose `canHost` says which nodes are there.
    ///
    /// - Throws: `PlacementError` as `PlacementSolver.solve` does.
    public init(_ instance: PlacementInstance, _ configuration: Configuration = .init()) throws(PlacementError) {
        self.configuration = configuration
        warm = try WarmPlacement(instance, configuration.objective)
    }

    /// Takes an event at a time; times never go back.
    ///
    /// - Throws: `PlacementError` for an event that makes no sense for the problem. Some of it may have been taken then: whoever goes
    ///   on does so with the value from before.
    public mutating func step(_ event: Event, at now: Duration) throws(PlacementError) -> [Directive] {
        let isUrgent: Bool
        switch event {
        case .tick, .measured, .latency, .latencies, .refined: isUrgent = false
        case .joined, .lost, .target, .profile, .stalled, .problem: isUrgent = true
        }
        switch event {
        case .tick: break
        case .joined(let node): try warm.apply(.canHost(node, true))
        case .lost(let node):
            deviations[node] = nil
            try warm.apply(.canHost(node, false))
        case .measured(let node, let seconds): try measure(node, seconds)
        case .latency(let a, let b, let seconds): try warm.apply(.latency(a, b, seconds: seconds))
        case .latencies(let node, let seconds): try warm.apply(.latencies(node, seconds))
        case .target(let seconds, let rounds): try warm.apply(.target(seconds: seconds, rounds: rounds))
        case .profile(let profile):
            deviations = [:]
            try warm.apply(.trainingTime(profile))
        case .refined(let profile, let factors):
            try warm.apply(.trainingTime(profile))
            for (node, factor) in factors.sorted(by: { $0.key < $1.key }) where factor > 0 && factor.isFinite {
                try warm.apply(.trainingTimeFactor(node, factor))
            }
        case .stalled(let node, let factor):
            deviations[node] = nil
            let known = instance.nodes[node].trainingTimeFactor
            if factor.isFinite, factor > known { try warm.apply(.trainingTimeFactor(node, factor)) }
        case .problem(let problem): try warm.apply(.problem(problem))
        }
        return decide(at: now, isUrgent: isUrgent)
    }

    /// Corrects a node's speed once its times have been off often enough.
    private mutating func measure(_ node: Int, _ seconds: Double) throws(PlacementError) {
        guard let running, running.workers.contains(node), seconds > 0, seconds.isFinite else { return }
        let alpha = running.accelerated.contains(node) ? instance.accelerationFactor : 1
        let nominal = alpha * instance.trainingTime.seconds(workers: running.count)
        guard nominal > 0 else { return }
        let factor = seconds / nominal
        let ratio = factor / instance.nodes[node].trainingTimeFactor
        guard abs(ratio - 1) > configuration.measurementTolerance else {
            deviations[node] = nil
            return
        }
        var deviation = deviations[node] ?? Deviation(isSlower: ratio > 1)
        if deviation.isSlower != (ratio > 1) { deviation = Deviation(isSlower: ratio > 1) }
        deviation.count += 1
        deviations[node] = deviation
        if deviation.count >= configuration.measurementsOff {
            deviations[node] = nil
            try warm.apply(.trainingTimeFactor(node, factor))
        }
    }

    private mutating func decide(at now: Duration, isUrgent: Bool) -> [Directive] {
        let current = running.flatMap { $0.reevaluated(in: instance, configuration.objective) }
        guard let best = warm.placement else { return settleForFastest(at: now, isUrgent: isUrgent) }
        if isBestEffort {
            betterSince = nil
            if running != nil, !isUrgent, let waiting = wait(\.reliefSince, at: now) { return waiting }
        }
        reliefSince = nil
        guard let current else {
            let reason: Reason = running == nil && !isBestEffort ? .started : isBestEffort ? .better : .broken
            return activate(best, reason)
        }
        isBestEffort = false
        let gain = current.objective - best.objective
        let isBetter =
            current.server != best.server || current.workers != best.workers || current.accelerated != best.accelerated
        guard isBetter, gain > 0, gain >= configuration.leastGain * abs(current.objective) else {
            betterSince = nil
            return []
        }
        return wait(\.betterSince, at: now) ?? activate(best, .better)
    }

    /// What to do instead of a change that can wait; `nil` once it has been wanted for the settling time.
    private mutating func wait(
        _ wanted: WritableKeyPath<PlacementController, Duration?>, at now: Duration
    ) -> [Directive]? {
        let since = self[keyPath: wanted] ?? now
        self[keyPath: wanted] = since
        return now - since >= configuration.settleTime ? nil : [.wake(at: since + configuration.settleTime)]
    }

    private mutating func activate(_ best: Placement, _ reason: Reason) -> [Directive] {
        let placement =
            running.flatMap { GeneralProblem(instance, configuration.objective).retaining($0, asGoodAs: best) } ?? best
        running = placement
        betterSince = nil
        isBestEffort = false
        return [.activate(placement, reason)]
    }

    /// Nothing meets the budget: the fastest placement is the least bad one.
    private mutating func settleForFastest(at now: Duration, isUrgent: Bool) -> [Directive] {
        let explanation = PlacementSolver.explanation(instance, configuration.objective)
        let wasBestEffort = isBestEffort
        if !wasBestEffort { betterSince = nil }
        reliefSince = nil
        isBestEffort = true
        guard let nearest = explanation.nearest else {
            let wasRunning = running != nil || !wasBestEffort
            (running, betterSince) = (nil, nil)
            return wasRunning ? [.stop(explanation)] : []
        }
        if let kept = running?.reevaluated(in: instance, configuration.objective, withinBudget: false) {
            running = kept
            if kept.maxLoopSeconds <= nearest.maxLoopSeconds * (1 + configuration.leastGain) {
                betterSince = nil
                return wasBestEffort ? [] : [.activate(kept, .bestEffort(explanation))]
            }
            if wasBestEffort, !isUrgent, let waiting = wait(\.betterSince, at: now) { return waiting }
        }
        (running, betterSince) = (nearest, nil)
        return [.activate(nearest, .bestEffort(explanation))]
    }
}

extension Placement {
    /// The same choice with the loop times and the objective that a changed problem gives it; nil where it breaks a
    /// constraint there, the budget included unless told otherwise.
    public func reevaluated(
        in instance: PlacementInstance, _ objective: PlacementObjective, withinBudget: Bool = true
    ) -> Placement? {
        let used = Set(workers).union([server])
        let limit = objective.model == .baseline ? 0 : instance.acceleratorLimit
        guard used.allSatisfy({ instance.nodes.indices.contains($0) && instance.nodes[$0].canHost }),
            instance.fixedServer == nil || instance.fixedServer == server, count >= 2,
            count <= instance.maximumWorkers, acceleratorsUsed <= limit,
            (accelerated + idleAccelerated).allSatisfy({ instance.nodes[$0].accelerator }),
            instance.coverage.isEmpty || instance.coverage.isMet(by: workers)
        else { return nil }
        let p = instance.trainingTime.seconds(workers: count)
        var longest = -Double.infinity
        var shortest = Double.infinity
        var missing = 0.0
        var fast = accelerated[...]
        for node in workers {
            var time = instance.nodes[node].trainingTimeFactor * p
            if fast.first == node {
                fast.removeFirst()
                time *= instance.accelerationFactor
            }
            let loop = time + instance.latency[server, node]
            longest = max(longest, loop)
            shortest = min(shortest, loop)
            missing += 1 - instance.nodes[node].availability
        }
        guard !withinBudget || longest <= instance.budgetSeconds + PlacementObjective.toleranceSeconds,
            longest < .infinity
        else { return nil }
        var spread = longest - shortest
        if objective.countsIdleNodes {
            let idle = idleAccelerated.isEmpty ? p : instance.accelerationFactor * p
            spread = max(longest, idle) - min(shortest, idle)
        }
        let value =
            objective.workerCost * Double(count) + objective.availabilityWeight * missing
            + objective.spreadCost * spread
        return Placement(
            server: server, workers: workers, accelerated: accelerated, idleAccelerated: idleAccelerated,
            objective: value, trainingSeconds: p, maxLoopSeconds: longest, minLoopSeconds: shortest)
    }
}
