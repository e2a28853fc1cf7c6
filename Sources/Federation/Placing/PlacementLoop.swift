package import Placement
package import Platform

/// Joins a running federation to the placement controller: who is there, how far away, how fast; what to decide from it,
/// and when. A value without clock or I/O.
///
/// Its problem: the server's node and a node for each worker; d from measured round trips and the time that a round's
/// transfers took; p_k from a profile and from live rounds; a worker for each set of workers that alone reach some
/// entity (see `WorkerCoverage`), so that every entity stays trained and served.
package struct PlacementLoop: Sendable {
    /// What the loop is told.
    package struct Configuration: Sendable {
        /// T.
        package var targetSeconds: Double
        /// R.
        package var rounds: Int
        /// What is minimised.
        package var objective = PlacementObjective(.aifP)
        /// H; `nil`: as many accelerators as there are.
        package var acceleratorLimit: Int?
        /// α where no worker has measured it.
        package var accelerationFactor = 0.5
        /// How long a better placement must stay better.
        package var settleTime: Duration = .seconds(30)
        /// A measured profile; `nil`: all workers work until p_k is measured, and its shape is that of the largest share.
        package var profile: TrainingTimeProfile?
        /// A worker counts as stalled when a round lasts this many times as long as predicted and waits for it.
        package var patience = 3.0
        /// And at least this long.
        package var leastPatience: Duration = .seconds(2)
        /// How long a chosen candidate may take until its worker is here; then others are tried for ``barTime``.
        package var arrivalPatience: Duration = .seconds(60)
        /// How long a candidate that did not come is left out.
        package var barTime: Duration { arrivalPatience * 5 }

        /// The defaults for a target.
        package init(targetSeconds: Double, rounds: Int) {
            self.targetSeconds = targetSeconds
            self.rounds = rounds
        }
    }

    /// What happens.
    package enum Event: Sendable {
        /// Something happened to the federation, or time passed.
        case tick
        /// A round ended.
        case ended(RoundRecord)
        /// The loop's target changed.
        case target(seconds: Double, rounds: Int)
        /// These are the nodes that could run a worker.
        case candidates(CandidateList)
    }

    /// What is to be done.
    package enum Directive: Sendable {
        /// Tell the server's federation.
        case choose(WorkerChoice, isUrgent: Bool)
        /// Keep the training times: they changed.
        case keep(MeasuredProfile)
        /// Log this.
        case note(Note)
    }

    struct OpenRound: Sendable {
        var round: UInt32
        var attempt: UInt32
        /// When its workers were told to work: at its opening, or when others were chosen.
        var since: Instant
        var decision: Int
        var predicted: Double?
        var budget: Double
        var isDisturbed = false
        var stalled: Set<String> = []
    }

    private static let rememberedRoundTrips = 32
    /// So many of a candidate that nothing else runs on are enough to go by.
    static let neededRoundTrips = 3
    /// Candidates on which something runs at a time to measure them.
    static let mostMeasured = 16
    private static let rememberedOverheads = 8
    private static let rememberedDecisions = 100
    private static let rememberedRounds = 500
    private static let rememberedCauses = 10
    /// Other changes of a latency are no news: share, and seconds.
    private static let latencyChange = (share: 0.1, seconds: 0.0005)

    let configuration: Configuration
    let controllerConfiguration: PlacementController.Configuration
    /// The workers that ever were, behind the server; positions are the problem's.
    var nodes: [Node] = []
    var position: [String: Int] = [:]
    var groups: [ReachGroup] = []
    var seenRevision: UInt64?
    var controller: PlacementController?
    var coverageFault: String?
    var times: LiveTrainingTimes
    /// Seconds of rounds beyond their longest training.
    var overheads: [Double] = []
    var open: OpenRound?
    /// What the federation was told last.
    var choice: WorkerChoice?
    /// Who is to train and serve once all of them are here; `nil`: all that can.
    var goal: WorkerChoice?
    /// Whether somebody of the goal is not here yet, so that others go on meanwhile.
    var isAwaiting = false
    /// The nodes that could run a worker, and until when that holds; `nil`: nobody says.
    var candidates: (list: CandidateList, until: Instant)?
    /// Members that only offer their samples, and their leases.
    var holders: [String: UInt64] = [:]
    var minimumWorkers = 1
    var wake: Duration?
    var firstTick: Instant?
    var causes: [String] = []
    /// T.
    package internal(set) var targetSeconds: Double
    /// R.
    package internal(set) var rounds: Int
    /// What was decided, oldest first; the latest hundred.
    package internal(set) var decisions: [PlacementDecision] = []
    /// Rounds of training beside their predictions, oldest first; the latest five hundred.
    package internal(set) var placedRounds: [PlacedRound] = []

    /// A loop that goes on with what an earlier run measured.
    package init(_ configuration: Configuration, times: LiveTrainingTimes = LiveTrainingTimes()) {
        self.configuration = configuration
        self.times = times
        targetSeconds = configuration.targetSeconds
        rounds = configuration.rounds
        var eagerness = PlacementController.Configuration()
        eagerness.objective = configuration.objective
        eagerness.settleTime = configuration.settleTime
        controllerConfiguration = eagerness
    }

    /// The model that is solved.
    package var model: PlacementModel { configuration.objective.model }

    /// The training times as they are believed now, for k up to the number of workers; nil before anything is measured.
    package var profile: TrainingTimeProfile? {
        guard configuration.profile != nil || times.isMeasured else { return nil }
        let count = max(2, nodes.count { $0.canWork })
        let bases = bases(max(count, times.latest.keys.max() ?? 0))
        return try? times.profile(count: count) { bases[$0 - 1] }
    }

    /// The median of |predicted − measured| / measured over the undisturbed rounds that had a prediction.
    package var medianErrorShare: Double? {
        let errors = placedRounds.filter { !$0.disturbed && $0.seconds > 0 }
            .compactMap { round in round.predictedSeconds.map { abs($0 - round.seconds) / round.seconds } }.sorted()
        return errors.isEmpty ? nil : errors[(errors.count - 1) / 2]
    }

    /// One event, at its time, with the federation as it is after it; what to do about it.
    package mutating func step(_ event: Event, in federation: FederationView, at now: Instant) -> [Directive] {
        var directives: [Directive] = []
        if firstTick == nil { firstTick = now }
        minimumWorkers = federation.minimumWorkers
        if seenRevision != federation.membershipRevision { takeMembers(federation, at: now, &directives) }
        switch event {
        case .tick: break
        case .ended(let record): take(record, at: now, &directives)
        case .target(let seconds, let rounds):
            guard seconds > 0, seconds.isFinite, rounds > 0 else { break }
            targetSeconds = seconds
            self.rounds = rounds
            because("the target is now \(seconds) s for \(rounds) rounds")
            feed(.target(seconds: seconds, rounds: rounds), at: now, &directives)
        case .candidates(let list): take(list, in: federation, at: now, &directives)
        }
        watchCandidates(federation, at: now, &directives)
        takeRoundTrips(federation, at: now, &directives)
        watchRound(federation, at: now, &directives)
        begin(federation, at: now, &directives)
        if let wake, now - .zero >= wake {
            self.wake = nil
            feed(.tick, at: now, &directives)
        }
        meetGoal(at: now, &directives)
        return directives
    }

    // MARK: Deciding

    /// The first placement: when the workers that a round needs are here and the training times are known.
    private mutating func begin(
        _ federation: FederationView, at now: Instant, _ directives: inout [Directive]
    ) {
        guard controller == nil else { return }
        let alive = nodes.count { $0.isAlive }
        // A server that was restarted does not wait for ever for a worker that is gone.
        let waited = federation.nextRound > 0 && firstTick.map { now - $0 > configuration.settleTime } ?? false
        guard alive >= federation.minimumWorkers || (alive > 0 && (choice != nil || waited)) else { return }
        guard let profile, coverageFault == nil else {
            chooseAll(coverageFault == nil ? .measuring : .impossible, nil, at: now, &directives)
            return
        }
        // Of equal workers the first by name, whoever came first.
        nodes.sort { $0.name < $1.name }
        position = Dictionary(uniqueKeysWithValues: zip(nodes.map(\.name), nodes.indices))
        do throws(PlacementError) {
            controller = try PlacementController(try problem(profile), controllerConfiguration)
        } catch {
            coverageFault = error.reason
            chooseAll(.impossible, nil, at: now, &directives)
            return
        }
        feed(.tick, at: now, &directives)
    }

    /// Hands the controller an event and does what it says.
    mutating func feed(
        _ event: PlacementController.Event, isUrgent: Bool = false, at now: Instant,
        _ directives: inout [Directive]
    ) {
        guard var controller else { return }
        let answer: [PlacementController.Directive]
        do throws(PlacementError) {
            answer = try controller.step(event, at: now - .zero)
        } catch {
            // The problem is as before; what it was told is wrong.
            directives.append(.note(Note(.warning, "placement refuses an event", ["reason": error.description])))
            return
        }
        self.controller = controller
        for directive in answer {
            switch directive {
            case .wake(let time): wake = time
            case .stop(let explanation):
                chooseAll(.impossible, .init(explanation), at: now, &directives)
            case .activate(let placement, let reason):
                activate(placement, reason, isUrgent: isUrgent, at: now, &directives)
            }
        }
        noteRelief(at: now, &directives)
    }

    /// What ran because nothing met the target has met it for a while: nothing changes, but it is news.
    private mutating func noteRelief(at now: Instant, _ directives: inout [Directive]) {
        guard decisions.last?.meetsTarget == false, let controller, !controller.isBestEffort,
            let placement = controller.running?.reevaluated(in: controller.instance, configuration.objective)
        else { return }
        let wasDisturbed = open?.isDisturbed ?? false
        let since = open?.since
        decide(
            .kept, describe(placement, in: controller.instance), placement,
            forDomains: workersForDomains(placement, controller.instance), nil, at: now)
        // Nobody was told anything new.
        open?.isDisturbed = wasDisturbed
        if let since { open?.since = since }
        note(&directives)
    }

    private func describe(_ placement: Placement, in instance: PlacementInstance) -> [PlacementDecision.Worker] {
        let accelerated = Set(placement.accelerated)
        return placement.workers.map { node in
            let alone = instance.nodes[node].trainingTimeFactor * placement.trainingSeconds
            let time = accelerated.contains(node) ? instance.accelerationFactor * alone : alone
            let latency = instance.latency[placement.server, node]
            return PlacementDecision.Worker(
                name: nodes[node - 1].name, predictedLoopSeconds: time + latency, latencySeconds: latency,
                trainingTimeFactor: instance.nodes[node].trainingTimeFactor, accelerated: accelerated.contains(node))
        }
    }

    private mutating func activate(
        _ placement: Placement, _ reason: PlacementController.Reason, isUrgent: Bool, at now: Instant,
        _ directives: inout [Directive]
    ) {
        guard let instance = controller?.instance else { return }
        var explanation: PlacementDecision.Explanation?
        let why: PlacementDecision.Reason
        switch reason {
        case .started: why = .started
        case .broken: why = .broken
        case .better: why = .better
        case .bestEffort(let found):
            why = .bestEffort
            explanation = .init(found)
        }
        let workers = describe(placement, in: instance)
        let new = WorkerChoice(
            active: Set(workers.map(\.name)), accelerated: Set(workers.filter(\.accelerated).map(\.name)))
        decide(why, workers, placement, forDomains: workersForDomains(placement, instance), explanation, at: now)
        note(&directives)
        goal = new
        choose(meanwhile(until: new), isUrgent: isUrgent, at: now, &directives)
    }

    /// How many workers fewer would do if no domain needed one of its own.
    private func workersForDomains(_ placement: Placement, _ instance: PlacementInstance) -> Int {
        guard !instance.coverage.isEmpty else { return 0 }
        var free = instance
        free.coverage = .none
        let without = try? PlacementSolver.bestPlacement(free, configuration.objective)
        return max(0, placement.count - (without?.count ?? placement.count))
    }

    private mutating func chooseAll(
        _ reason: PlacementDecision.Reason, _ explanation: PlacementDecision.Explanation?, at now: Instant,
        _ directives: inout [Directive]
    ) {
        // One that is to be emptied only where nobody else is here.
        let staying = nodes.filter { $0.isAlive && $0.canWork }
        let alive = staying.isEmpty ? nodes.filter(\.isAlive) : staying
        let names = Set(alive.map(\.name))
        goal = nil
        let new = WorkerChoice(active: names, accelerated: names)
        guard new != choice || decisions.last?.reason != reason else { return }
        let workers = alive.sorted { $0.name < $1.name }.map {
            PlacementDecision.Worker(name: $0.name, trainingTimeFactor: 1, accelerated: $0.acceleration != nil)
        }
        if let coverageFault { because(coverageFault) }
        decide(reason, workers, nil, forDomains: 0, explanation, at: now)
        note(&directives)
        choose(new, isUrgent: false, at: now, &directives)
    }

    private mutating func decide(
        _ reason: PlacementDecision.Reason, _ workers: [PlacementDecision.Worker], _ placement: Placement?,
        forDomains extra: Int, _ explanation: PlacementDecision.Explanation?, at now: Instant
    ) {
        let budget = targetSeconds / Double(rounds)
        let names = Set(workers.map(\.name))
        decisions.append(
            PlacementDecision(
                number: (decisions.last?.number ?? 0) + 1, atSeconds: (now - (firstTick ?? now)).seconds,
                reason: reason, causes: causes, targetSeconds: targetSeconds, rounds: rounds, budgetSeconds: budget,
                trainingSeconds: placement?.trainingSeconds, predictedLoopSeconds: placement?.maxLoopSeconds,
                meetsTarget: placement.map { $0.maxLoopSeconds <= budget + PlacementObjective.toleranceSeconds },
                active: workers.sorted { $0.name < $1.name },
                standby: nodes.filter { $0.isAlive && !names.contains($0.name) }.map(\.name).sorted(),
                workersForDomains: extra, explanation: explanation,
                awaited: candidates == nil ? nil : names.filter { !isHere($0) }.sorted(), barred: barred))
        decisions = decisions.suffix(Self.rememberedDecisions)
        causes = []
        open?.isDisturbed = true
        open?.since = now
    }

    private func note(_ directives: inout [Directive]) {
        guard let decision = decisions.last else { return }
        var fields = [
            "number": "\(decision.number)", "reason": decision.reason.rawValue,
            "active": decision.active.map(\.name).joined(separator: " "),
            "standby": decision.standby.joined(separator: " "), "budget": "\(decision.budgetSeconds)",
        ]
        if let loop = decision.predictedLoopSeconds { fields["predicted"] = "\(loop)" }
        let accelerated = decision.active.filter(\.accelerated).map(\.name)
        if !accelerated.isEmpty { fields["accelerated"] = accelerated.joined(separator: " ") }
        if !decision.causes.isEmpty { fields["causes"] = decision.causes.joined(separator: "; ") }
        if decision.workersForDomains > 0 { fields["workersForDomains"] = "\(decision.workersForDomains)" }
        if let explanation = decision.explanation { fields["explanation"] = explanation.reason }
        let isGood = decision.meetsTarget ?? (decision.reason == .measuring)
        directives.append(.note(Note(isGood ? .info : .warning, "workers placed", fields)))
    }

    mutating func because(_ cause: String) {
        causes.append(cause)
        causes = causes.suffix(Self.rememberedCauses)
    }

    // MARK: Round trips

    private mutating func takeRoundTrips(
        _ federation: FederationView, at now: Instant, _ directives: inout [Directive]
    ) {
        var heard: [Int] = []
        for index in nodes.indices where nodes[index].isAlive || holders[nodes[index].name] != nil {
            // What only offers its samples is as far away as a worker would be.
            guard let member = federation.members[nodes[index].name],
                member.epoch == nodes[index].epoch || member.standsBy,
                member.lastHeartbeat != nodes[index].lastHeartbeat
            else { continue }
            nodes[index].lastHeartbeat = member.lastHeartbeat
            let microseconds = member.roundTripMicroseconds
            guard microseconds > 0 else { continue }
            nodes[index].roundTrips.append(Double(microseconds) / 1e6)
            if nodes[index].roundTrips.count > Self.rememberedRoundTrips { nodes[index].roundTrips.removeFirst() }
            heard.append(index)
        }
        updateLatencies(heard, at: now, &directives)
    }

    /// Tells the controller, all at once, which nodes are farther or nearer now: with a round's overhead all of thousands may be.
    mutating func updateLatencies(_ indices: [Int], at now: Instant, _ directives: inout [Directive]) {
        guard !indices.isEmpty, let instance = controller?.instance else { return }
        let median = medianRoundTrip
        var changes: [Int: Double] = [:]
        for index in indices where index + 1 < instance.nodes.count {
            let known = instance.latency[0, index + 1]
            let new = latency(nodes[index], orElse: median)
            guard abs(new - known) > max(Self.latencyChange.share * known, Self.latencyChange.seconds) else { continue }
            changes[index + 1] = new
        }
        if !changes.isEmpty { feed(.latencies(0, changes), at: now, &directives) }
    }

    /// d: the round trip, or where none was measured the median of the others', and what a round's transfers take.
    func latency(_ node: Node, orElse median: Double) -> Double {
        (node.roundTrip ?? node.candidate?.latencySeconds ?? median) + transferSeconds
    }

    /// The median of the round trips that were measured; 0 before one was.
    var medianRoundTrip: Double {
        let measured = nodes.compactMap(\.roundTrip).sorted()
        return measured.isEmpty ? 0 : measured[(measured.count - 1) / 2]
    }

    /// What a round takes beyond its longest training: the median of the latest.
    var transferSeconds: Double {
        let sorted = overheads.sorted()
        return sorted.isEmpty ? 0 : sorted[(sorted.count - 1) / 2]
    }

    mutating func addOverhead(_ seconds: Double) {
        guard seconds.isFinite else { return }
        overheads.append(max(0, seconds))
        overheads = overheads.suffix(Self.rememberedOverheads)
    }

    mutating func remember(_ round: PlacedRound) {
        placedRounds.append(round)
        if placedRounds.count > Self.rememberedRounds { placedRounds.removeFirst() }
    }
}
