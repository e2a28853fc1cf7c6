import Engines
import Numerics
import Platform

/// A controller, killed at any time, between a lying engine and a toy placement, from a seed: four minutes in which everything goes
/// wrong, then as many in which nothing does, and at the end the engine has to run exactly what is wanted.
package enum EngineSimulation {
    /// What came of a seed.
    package struct Outcome: Sendable {
        package var seed: UInt64
        package var starts = 0
        package var stops = 0
        package var kills = 0
        package var faults: [String: Int] = [:]
        /// What was broken, each with its second.
        package var violations: [String] = []
        /// Seconds of calm until the engine ran what is wanted, for good.
        package var secondsToConverge = 0
    }

    private static let trouble = 240
    private static let calm = 420
    private static let period = 2

    /// Plays a seed.
    ///
    /// - Parameter trace: takes a line for everything that happens.
    package static func play(seed: UInt64, variant: EngineVariant? = nil, trace: ((String) -> Void)? = nil) -> Outcome {
        var draw = CounterBasedGenerator(seed: seed, purpose: "engines")
        let count = Int.random(in: 3...9, using: &draw)
        let workers = (0..<count).map { "w\($0)" }
        var places = Dictionary(uniqueKeysWithValues: workers.enumerated().map { ($0.element, "n\($0.offset)") })
        if variant == .takesForeignJobs { places["foreign0"] = "n0" }
        var engine = SimulatedEngine(seed: seed, nodes: count)
        var placement = SimulatedPlacement(seed: seed, workers: workers)
        var honest = EngineReconciler.Settings()
        // Shorter than the tool's, so that it happens within a game.
        honest.ending = .seconds(30)
        var settings = honest
        if variant == .followsEveryWish { settings.settle = .zero }
        if variant == .refusalsIgnored { settings.refusal = .zero }
        if variant == .waitsForEveryEnd { settings.ending = .seconds(100_000) }
        var oracle = EngineOracle(honest)
        var reconciler = EngineReconciler(settings: settings, epoch: 1_000)
        var downUntil = -1
        var outcome = Outcome(seed: seed)
        var settledAt = trouble
        for now in 0..<(trouble + calm) {
            if now == trouble { engine.isCalm = true }
            engine.tick(at: now)
            for copy in placement.tick(engine.copies, goodbyes: engine.takeGoodbyes(), at: now) {
                engine.turnAway(copy, at: now)
            }
            if now < trouble, Int.random(in: 0..<50, using: &draw) == 0 {
                placement.change()
                trace?("\(now) s: target \(placement.target), accelerated \(placement.accelerated)")
            }
            if now < trouble, Int.random(in: 0..<60, using: &draw) == 0 {
                outcome.kills += 1
                downUntil = now + Int.random(in: 0...20, using: &draw)
                reconciler = EngineReconciler(settings: settings, epoch: 1_000)
                oracle.restart()
                trace?("\(now) s: controller killed until \(downUntil) s")
            }
            if now >= trouble, !isSettled(engine, placement, at: now) { settledAt = now + 1 }
            guard now % period == 0, now >= downUntil, let observation = engine.observe(at: now) else { continue }
            let instant = Instant.zero + .seconds(now)
            let nodes = Dictionary(uniqueKeysWithValues: observation.nodes.map { ($0.name, $0) })
            placement.publish(
                workers.map { worker in
                    let node = nodes[places[worker] ?? ""]
                    let (canHost, reason) = reconciler.canHost(worker, on: node, at: instant)
                    oracle.offered(worker, canHost, at: now)
                    return EngineCandidate(
                        worker, domain: "d", canHost: canHost, reason: reason,
                        accelerationFactor: (node?.accelerators ?? 0) > 0 ? 0.5 : nil)
                })
            let isAway = now < trouble && Int.random(in: 0..<25, using: &draw) == 0
            let wish = isAway ? nil : placement.wish(at: now)
            let (shown, told) = Self.told(observation, wish, variant)
            oracle.saw(observation, wish, at: now)
            if variant == .forgetsWhatItAsked {
                // What it knows of wishes would make it too patient to be caught.
                var impatient = settings
                impatient.caution = .zero
                impatient.settle = .zero
                reconciler = EngineReconciler(settings: impatient, epoch: 1_000)
            }
            var answers = true
            for directive in reconciler.step(shown, told, nodes: places, at: instant) {
                guard answers else {
                    reconciler.withdraw(directive)
                    continue
                }
                trace?("\(now) s: \(directive)")
                switch directive {
                case .start(let request):
                    outcome.starts += 1
                    oracle.started(request, at: now)
                    do throws(EngineError) { try engine.start(request, at: now) } catch {
                        reconciler.failed(request, error, at: instant)
                        if error.code == .refused { oracle.refused(request.worker, at: now) }
                        answers = error.code != .unavailable
                    }
                case .stop(let job, _):
                    outcome.stops += 1
                    let real = observation.jobs.first { $0.id == job.id } ?? job
                    oracle.stopped(
                        real, working: placement.working(at: now),
                        counts: engine.copies.contains { $0.job.id == job.id && $0.runs },
                        stopping: Set(engine.copies.filter { $0.job.state == .stopping }.map(\.job.id)),
                        minimum: wish?.minimumWorkers ?? 0, at: now)
                    do throws(EngineError) { try engine.stop(job.id, at: now) } catch { answers = false }
                }
            }
        }
        if settledAt > trouble + calm - 60 {
            oracle.say(
                "\(trouble + calm) s: the engine does not run what is wanted: \(difference(engine, placement, at: trouble + calm))"
            )
        }
        outcome.secondsToConverge = settledAt - trouble
        outcome.faults = engine.faults
        outcome.violations = oracle.violations
        return outcome
    }

    /// What a broken controller hears.
    private static func told(
        _ observation: EngineObservation, _ wish: EngineWish?, _ variant: EngineVariant?
    ) -> (EngineObservation, EngineWish?) {
        var (observation, wish) = (observation, wish)
        switch variant {
        case .quorumIgnored: wish?.minimumWorkers = 0
        case .leasesIgnored:
            let all = (wish?.nodes ?? []).map {
                var worker = $0
                (worker.isHere, worker.standsBy) = (true, false)
                return worker
            }
            wish?.nodes = all
        case .generationsIgnored:
            observation.jobs = observation.jobs.map {
                var job = $0
                job.request.generation = 0
                return job
            }
        case .fencingIgnored:
            let all = (wish?.nodes ?? []).map {
                var worker = $0
                (worker.isFenced, worker.leaseEpoch) = (false, nil)
                return worker
            }
            wish?.nodes = all
        case .takesForeignJobs:
            wish?.nodes.append(.init("foreign0", .nothing))
        case .nodesIgnored:
            observation.nodes = observation.nodes.map { EngineNode($0.name, accelerators: $0.accelerators) }
        default: break
        }
        return (observation, wish)
    }

    private static func isSettled(_ engine: SimulatedEngine, _ placement: SimulatedPlacement, at now: Int) -> Bool {
        difference(engine, placement, at: now).isEmpty
    }

    /// Where what runs is not what is wanted.
    private static func difference(
        _ engine: SimulatedEngine, _ placement: SimulatedPlacement, at now: Int
    ) -> String {
        let wish = placement.wish(at: now)
        let working = placement.working(at: now).count
        var lines: [String] = []
        for worker in wish.nodes {
            let running = engine.copies.filter { $0.runs && $0.job.request.worker == worker.name }
            let role = running.first?.job.request.role
            if running.count <= 1, role == worker.wants.role { continue }
            // One that a round needs stays what it is, and with all its copies.
            if working <= wish.minimumWorkers, running.contains(where: { $0.job.request.role != .holder }) { continue }
            lines.append(
                "\(worker.name) wants \(worker.wants), runs \(running.map { "\($0.job.request.role), \($0.job.state)" })"
            )
        }
        if let foreign = engine.copies.first(where: { $0.job.request.worker.hasPrefix("foreign") && !$0.runs }) {
            lines.append("\(foreign.job.request.worker) does not run")
        }
        return lines.joined(separator: ", ")
    }
}
