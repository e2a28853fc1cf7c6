import CommandLine
import Placement
import Platform

/// Words, tables and JSON for placements.
struct PlaceReport {
    let instance: PlacementInstance
    let objective: PlacementObjective

    func names(_ nodes: [Int]) -> [String] { nodes.map { instance.nodes[$0].id } }

    /// The result as the documented JSON object.
    func json(_ outcome: PlacementOutcome, solveSeconds: Double) -> OrderedJSON {
        switch outcome {
        case .optimal(let placement):
            var members: [(key: String, value: OrderedJSON)] = [
                ("status", .string("optimal")), ("model", .string(objective.model.rawValue)),
                ("objective", .seconds(placement.objective)),
                ("server", .string(instance.nodes[placement.server].id)),
                ("workers", .strings(names(placement.workers))),
                ("accelerated", .strings(names(placement.accelerated))),
                ("trainingSeconds", .seconds(placement.trainingSeconds)),
                ("maxLoopSeconds", .seconds(placement.maxLoopSeconds)),
                ("spreadSeconds", .seconds(placement.spreadSeconds)),
                ("budgetSeconds", .seconds(instance.budgetSeconds)), ("solveSeconds", .seconds(solveSeconds)),
            ]
            if !placement.idleAccelerated.isEmpty {
                members.insert(("idleAccelerated", .strings(names(placement.idleAccelerated))), at: 6)
            }
            return .object(members)
        case .infeasible(let explanation):
            return .object([
                ("status", .string("infeasible")), ("model", .string(objective.model.rawValue)),
                ("budgetSeconds", .seconds(instance.budgetSeconds)), ("explanation", json(explanation)),
                ("solveSeconds", .seconds(solveSeconds)),
            ])
        }
    }

    /// The `explanation` object.
    func json(_ explanation: InfeasibilityExplanation) -> OrderedJSON {
        .object([
            ("reason", .string(explanation.reason)),
            ("smallestTargetSeconds", explanation.smallestTargetSeconds.map { .number($0) } ?? .null),
            ("largestRounds", .integer(explanation.largestRounds)),
            ("fewestExtraAccelerators", .integer(explanation.fewestExtraAccelerators)),
            ("acceleratorLimit", .integer(explanation.acceleratorLimit)),
            // The instance need not say how much faster an accelerator trains.
            (
                "accelerationFactor",
                explanation.fewestExtraAccelerators == nil ? .null : .number(instance.accelerationFactor)
            ),
            ("installAccelerators", .strings(names(explanation.installAccelerators))),
            ("fastestLoopSeconds", .seconds(explanation.nearest?.maxLoopSeconds)),
        ])
    }

    /// The result for people.
    func text(_ outcome: PlacementOutcome, solveSeconds: Double) -> String {
        switch outcome {
        case .infeasible(let explanation): return text(explanation)
        case .optimal(let placement):
            var lines = [
                "\(objective.model.rawValue): optimal, objective \(Self.short(placement.objective)),"
                    + " \(placement.count) workers, budget \(Self.short(instance.budgetSeconds)) s per round,"
                    + " solved in \(Self.short(solveSeconds)) s",
                "",
            ]
            var table = Table(["role", "node", "tier", "accelerated", "loop s", "of budget %"])
            let server = instance.nodes[placement.server]
            table.add(["server", server.id, server.tier ?? "", "", "", ""])
            var accelerated = placement.accelerated[...]
            for node in placement.workers {
                let isAccelerated = accelerated.first == node
                if isAccelerated { accelerated.removeFirst() }
                let loop = loopSeconds(placement, node, accelerated: isAccelerated)
                table.add([
                    "worker", instance.nodes[node].id, instance.nodes[node].tier ?? "", isAccelerated ? "yes" : "no",
                    Self.fixed(loop, 6), Self.fixed(100 * loop / instance.budgetSeconds, 1),
                ])
            }
            lines.append(table.text)
            lines += [
                "",
                "longest loop \(Self.short(placement.maxLoopSeconds)) s,"
                    + " spread \(Self.short(placement.spreadSeconds)) s,"
                    + " accelerators \(placement.acceleratorsUsed) of \(instance.acceleratorLimit)",
            ]
            return lines.joined(separator: "\n")
        }
    }

    /// ℓ of one worker.
    private func loopSeconds(_ placement: Placement, _ node: Int, accelerated: Bool) -> Double {
        let time = instance.nodes[node].trainingTimeFactor * placement.trainingSeconds
        return (accelerated ? instance.accelerationFactor * time : time) + instance.latency[placement.server, node]
    }

    /// Why there is no placement, and what would do.
    func text(_ explanation: InfeasibilityExplanation) -> String {
        var lines = [
            "\(objective.model.rawValue): infeasible: \(explanation.reason)", "", "Any one of these would do:",
        ]
        if let target = explanation.smallestTargetSeconds {
            lines.append(
                "  a target time of \(Self.short(target)) s or more (now \(Self.short(instance.targetSeconds)) s)")
        }
        if let rounds = explanation.largestRounds {
            lines.append("  \(rounds) round\(rounds == 1 ? "" : "s") or fewer (now \(instance.rounds))")
        }
        if let extra = explanation.fewestExtraAccelerators {
            var line =
                "  \(extra) more accelerated worker\(extra == 1 ? "" : "s") "
                + "(an accelerator takes \(Self.short(instance.accelerationFactor)) of the time)"
            if let limit = explanation.acceleratorLimit, limit > instance.acceleratorLimit {
                line += ", with an accelerator limit of \(limit) (now \(instance.acceleratorLimit))"
            }
            if !explanation.installAccelerators.isEmpty {
                line += ", with new accelerators at \(names(explanation.installAccelerators).joined(separator: ", "))"
            }
            lines.append(line)
        }
        if lines.count == 3 { lines[2] = "No other target time, number of rounds or accelerators would help." }
        return lines.joined(separator: "\n")
    }

    /// Six significant digits.
    static func short(_ value: Double) -> String {
        guard value.isFinite, value != 0 else { return value == 0 ? "0" : "\(value)" }
        var scale = 1.0
        while abs(value) * scale < 100_000, scale < 1e12 { scale *= 10 }
        let rounded = (value * scale).rounded() / scale
        return Int(exactly: rounded).map { "\($0)" } ?? "\(rounded)"
    }

    /// Six significant digits, rounded up: for a bound that must hold as printed.
    static func shortUp(_ value: Double) -> String {
        guard value.isFinite, value > 0 else { return short(value) }
        var scale = 1.0
        while value * scale < 100_000, scale < 1e12 { scale *= 10 }
        return short((value * scale).rounded(.up) / scale)
    }

    /// A fixed number of decimals.
    static func fixed(_ value: Double, _ decimals: Int) -> String {
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        guard value.isFinite, abs(value) < 1e15, abs(value) * scale < 1e18 else { return "\(value)" }
        let whole = Int64((abs(value) * scale).rounded())
        var digits = String(whole)
        while digits.count <= decimals { digits = "0" + digits }
        let sign = value < 0 && whole != 0 ? "-" : ""
        if decimals == 0 { return sign + digits }
        return sign + digits.dropLast(decimals) + "." + digits.suffix(decimals)
    }

    /// Writes a text file, or fails with a line that names it.
    static func write(_ text: String, to file: String) throws {
        try FileContents.writeAtomically(Array(text.utf8), to: file)
    }
}

/// Runs a closure and says how long it took.
func timed<Result>(_ body: () throws -> Result) rethrows -> (result: Result, seconds: Double) {
    let clock = ContinuousClock()
    let start = clock.now
    let result = try body()
    let duration = clock.now - start
    return (result, Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18)
}
