import Placement
import Platform

extension PlacementLoop {
    /// Notes what was predicted when a round opens, and looks for workers that it waits for in vain.
    mutating func watchRound(
        _ federation: FederationView, at now: Instant, _ directives: inout [Directive]
    ) {
        guard let round = federation.training else { return }
        if open?.round != round.number || open?.attempt != round.attempt {
            // While somebody is awaited others work than was predicted for.
            let running = isAwaiting ? nil : controller?.running
            let predicted = controller.flatMap { controller in
                running?.reevaluated(in: controller.instance, configuration.objective, withinBudget: false)
            }
            open = OpenRound(
                round: round.number, attempt: round.attempt, since: round.started,
                decision: decisions.last?.number ?? 0, predicted: predicted?.maxLoopSeconds,
                budget: targetSeconds / Double(rounds), isDisturbed: isAwaiting)
        }
        guard let open, let controller, let running = controller.running, let predicted = open.predicted,
            !round.accepted.isEmpty
        else { return }
        let elapsed = (now - open.since).seconds
        let limit = max(open.budget, configuration.patience * predicted, configuration.leastPatience.seconds)
        guard elapsed > limit else { return }
        let p = controller.instance.trainingTime.seconds(workers: max(1, running.count))
        for node in running.workers {
            let name = nodes[node - 1].name
            guard !round.accepted.contains(name), !round.rejected.contains(name), !open.stalled.contains(name),
                federation.members[name].map({ $0.serves }) ?? false
            else { continue }
            self.open?.stalled.insert(name)
            self.open?.isDisturbed = true
            because("worker \(name) has not finished after \(Self.figures(elapsed)) s")
            let alpha = running.accelerated.contains(node) ? controller.instance.accelerationFactor : 1
            feed(
                .stalled(node: node, factor: elapsed / max(alpha * p, 1e-9)), isUrgent: true, at: now, &directives)
        }
    }

    /// Learns from a round: training times of the workers relative to each other, and of all of them.
    mutating func take(_ record: RoundRecord, at now: Instant, _ directives: inout [Directive]) {
        guard record.kind == .training, record.abandonedBecause == nil else { return }
        let opened = open.flatMap { $0.round == record.round && $0.attempt == record.attempt ? $0 : nil }
        open = nil
        let counted = record.contributions.filter { $0.sampleCount > 0 && $0.workSeconds > 0 }
        let seconds = record.duration.seconds
        let budget = opened?.budget ?? targetSeconds / Double(rounds)
        remember(
            PlacedRound(
                round: record.round, decision: opened?.decision ?? 0, workers: counted.count, seconds: seconds,
                predictedSeconds: opened?.predicted, budgetSeconds: budget, withinBudget: seconds <= budget + 1e-9,
                disturbed: opened?.isDisturbed ?? true))
        guard let opened, !opened.isDisturbed, let longest = counted.map(\.workSeconds).max() else { return }
        let slowest = counted.first { $0.workSeconds == longest }.flatMap { position[$0.worker] }
        addOverhead(seconds - longest - (slowest.flatMap { nodes[$0].roundTrip } ?? 0))

        // Each worker's time for the largest share, as if it were as fast as the profile says and not accelerated.
        let most = Double(counted.map(\.sampleCount).max() ?? 1)
        let running = controller?.running
        var relative: [(index: Int, seconds: Double, factor: Double)] = []
        for contribution in counted {
            guard let index = position[contribution.worker] else { continue }
            let share = Double(contribution.sampleCount) / most
            // A small share says little of speed: what a round costs whatever its size weighs too much in it.
            guard share >= 0.5 else { continue }
            var seconds = contribution.workSeconds / share
            var factor = 1.0
            if let controller {
                // One that has no accelerator to use yet is no measure of anything.
                guard !awaitsAccelerator(nodes[index]) else { continue }
                if running?.accelerated.contains(index + 1) ?? false {
                    seconds /= controller.instance.accelerationFactor
                }
                factor = controller.instance.nodes[index + 1].trainingTimeFactor
            }
            relative.append((index, seconds, factor))
        }
        guard !relative.isEmpty else { return }
        // Where all are slower than p_k says, or all faster, it is p_k that is wrong, and not all of them. Otherwise what wavers would
        // move both ever further apart: workers that work would seem ever slower beside those that stand by.
        let common = Self.common(relative.map(\.factor))
        var factors: [Int: Double] = [:]
        if common != 1, controller != nil {
            times.scale(by: common, workers: counted.count)
            for index in relative.indices {
                relative[index].factor /= common
                factors[relative[index].index + 1] = relative[index].factor
            }
        }
        let ascending = relative.map { $0.seconds / $0.factor }.sorted()
        // The lower median: with two workers the faster one, so that one slow worker is not the measure.
        let reference = ascending[(ascending.count - 1) / 2]
        times.add(reference, workers: counted.count)
        refine(factors, at: now, &directives)
        measure(relative, reference: reference, workers: counted.count, at: now, &directives)
        updateLatencies(nodes.indices.filter { nodes[$0].isKnown }, at: now, &directives)
    }

    /// What all speeds have in common: the one that is nearest to 1, where all are on one side of it.
    private static func common(_ factors: [Double]) -> Double {
        guard let least = factors.min(), let most = factors.max() else { return 1 }
        return min(max(1, least), most)
    }

    private mutating func refine(
        _ factors: [Int: Double], at now: Instant, _ directives: inout [Directive]
    ) {
        guard let profile else { return }
        directives.append(.keep(times.document(profile)))
        guard let controller, controller.instance.trainingTime != profile || !factors.isEmpty else { return }
        feed(.refined(profile, factors: factors), at: now, &directives)
    }

    private mutating func measure(
        _ relative: [(index: Int, seconds: Double, factor: Double)], reference: Double, workers: Int, at now: Instant,
        _ directives: inout [Directive]
    ) {
        for (index, seconds, factor) in relative {
            guard let controller, let running = controller.running, running.count == workers, reference > 0
            else { return }
            let instance = controller.instance
            let alpha = running.accelerated.contains(index + 1) ? instance.accelerationFactor : 1
            let nominal = alpha * instance.trainingTime.seconds(workers: workers)
            let before = causes.count
            because("worker \(nodes[index].name) trains \(Self.figures(seconds / reference)) times as long as p_k")
            feed(.measured(node: index + 1, trainingSeconds: nominal * seconds / reference), at: now, &directives)
            // It is a cause only where the speed was corrected.
            let known = self.controller?.instance.nodes[index + 1].trainingTimeFactor ?? factor
            if known == instance.nodes[index + 1].trainingTimeFactor, causes.count > before { causes.removeLast() }
        }
    }

    /// A number for people, with three digits.
    static func figures(_ value: Double) -> String {
        guard value.isFinite, value.magnitude < 1e12 else { return "\(value)" }
        let scale: Double = value.magnitude >= 100 ? 1 : value.magnitude >= 10 ? 10 : 100
        let rounded = (value * scale).rounded() / scale
        return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
    }
}
