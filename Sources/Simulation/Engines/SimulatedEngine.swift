import Engines
import Numerics
import Platform

/// An engine of a cluster that lies, is slow, loses nodes, leaves processes running, refuses and preempts: while it is told to.
///
/// What is true is in ``copies``; what it says is in ``observe(at:)``.
struct SimulatedEngine {
    /// A process that was asked for.
    struct Copy {
        var job: EngineJob
        /// Whether the process runs, whatever the engine says.
        var runs = false
        /// When what is next happens: it starts, or it is over; `nil`: nothing does.
        var startsAt: Int?
        var endsAt: Int?
        /// Until when the engine says that it runs, though it does not.
        var saidToRunUntil = -1
        /// When the engine lists it first.
        var listedAt: Int
        /// When the engine forgets it.
        var forgottenAt: Int?
        /// How often it does not hear that it is to end.
        var deaf = 0
    }

    /// A node, as it is.
    struct Node {
        var node: EngineNode
        var returnsAt: Int?
        /// Until when the engine refuses jobs there, and how: in the answer, in the list, or by letting them wait.
        var refusesUntil = -1
        var refusal = 0
    }

    var nodes: [Node]
    var copies: [Copy] = []
    /// Whether things go wrong.
    var isCalm = false
    /// What happened, by kind.
    var faults: [String: Int] = [:]
    /// Copies that ended as they were told, and gave their lease back.
    private var goodbyes: [String] = []
    private var draw: CounterBasedGenerator
    private var history: [EngineObservation] = []
    private var lag = 0
    private var number = 0

    init(seed: UInt64, nodes: Int) {
        draw = CounterBasedGenerator(seed: seed, purpose: "engine")
        self.nodes = (0..<nodes).map { Node(node: EngineNode("n\($0)", accelerators: $0 < 2 ? 1 : 0)) }
        for index in 0..<2 {
            let request = EngineJobRequest(worker: "foreign\(index)", node: "n\(index)", role: .worker, generation: 1)
            copies.append(
                Copy(job: EngineJob(id: "f\(index)", request: request, state: .running), runs: true, listedAt: 0))
        }
    }

    private mutating func happens(_ kind: String, _ one: Int, in many: Int) -> Bool {
        guard !isCalm, Int.random(in: 0..<many, using: &draw) < one else { return false }
        faults[kind, default: 0] += 1
        return true
    }

    private mutating func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &draw) }

    // MARK: Time

    /// A second passes.
    mutating func tick(at now: Int) {
        for index in nodes.indices { tick(node: index, at: now) }
        for index in copies.indices { tick(copy: index, at: now) }
        copies.removeAll { $0.forgottenAt.map { $0 <= now } ?? false && !$0.runs }
        if isCalm {
            lag = 0
        } else if happens("stale", 1, in: 60) {
            lag = pick(1...5)
        } else if pick(0...9) == 0 {
            lag = 0
        }
        history.append(truth(at: now))
        if history.count > 8 { history.removeFirst() }
    }

    private mutating func tick(node index: Int, at now: Int) {
        if let back = nodes[index].returnsAt, back <= now || isCalm {
            nodes[index].returnsAt = nil
            nodes[index].node.state = .ready
            nodes[index].node.reason = ""
            for copy in copies.indices where copies[copy].job.request.node == nodes[index].node.name {
                // A daemon that comes back ends what it does not know; not every one does.
                if copies[copy].runs, copies[copy].job.state != .running, pick(0...1) == 0 || isCalm {
                    end(copy, .ended, "node failure", at: now)
                }
            }
        }
        guard nodes[index].node.state == .ready else { return }
        if happens("nodeLost", 1, in: 240) {
            nodes[index].node.state = .gone
            nodes[index].node.reason = "not responding"
            nodes[index].returnsAt = now + pick(5...60)
            let survives = pick(0...2)
            for copy in copies.indices where copies[copy].job.request.node == nodes[index].node.name {
                guard !copies[copy].job.request.worker.hasPrefix("foreign"), copies[copy].runs else { continue }
                if survives == 0 {
                    end(copy, .ended, "node failure", at: now)
                } else {
                    // It runs on; the engine takes it for over, or for queued again.
                    faults["orphan", default: 0] += 1
                    copies[copy].job.state = survives == 1 ? .ended : .pending
                    copies[copy].job.reason = "node failure"
                    if survives == 1 {
                        copies[copy].forgottenAt = now + pick(5...60)
                        copies[copy].endsAt = now + pick(20...120)
                    } else {
                        copies[copy].startsAt = now + pick(10...60)
                        if copies[copy].endsAt == .max { copies[copy].endsAt = nil }
                    }
                }
            }
        } else if happens("drained", 1, in: 300) {
            nodes[index].node.state = .draining
            nodes[index].node.reason = "maintenance"
            nodes[index].returnsAt = now + pick(20...80)
        } else if happens("refusing", 1, in: 240) {
            nodes[index].refusesUntil = now + pick(10...80)
            nodes[index].refusal = pick(0...2)
        }
    }

    private mutating func tick(copy index: Int, at now: Int) {
        guard !copies[index].job.request.worker.hasPrefix("foreign") else { return }
        let place = nodes.firstIndex { $0.node.name == copies[index].job.request.node }
        if let start = copies[index].startsAt, start <= now {
            guard let place, nodes[place].node.state != .gone else { return }
            if nodes[place].refusesUntil > now, !isCalm {
                copies[index].job.state = nodes[place].refusal == 1 ? .refused : .pending
                copies[index].job.reason = nodes[place].refusal == 1 ? "Constraints" : "Resources"
                return
            }
            copies[index].startsAt = nil
            copies[index].job.isQueued = false
            copies[index].job.state = .running
            copies[index].job.reason = ""
            copies[index].runs = true
        }
        if let end = copies[index].endsAt, end <= now || isCalm {
            self.end(index, .ended, "ended", at: now)
        }
        guard copies[index].runs, copies[index].job.state == .running else { return }
        if happens("crash", 1, in: 400) {
            end(index, .ended, "exit status 70", at: now)
            if happens("saidToRun", 1, in: 3) { copies[index].saidToRunUntil = now + pick(3...20) }
        } else if happens("preempted", 1, in: 500) {
            end(index, .refused, "preempted", at: now)
        } else if happens("requeued", 1, in: 500) {
            end(index, .pending, "BeginTime", at: now)
            copies[index].job.isQueued = true
            copies[index].forgottenAt = nil
            copies[index].startsAt = now + pick(5...120)
        } else if happens("saidToBeOver", 1, in: 800) {
            copies[index].job.state = .ended
            copies[index].job.reason = "unknown"
            copies[index].forgottenAt = now + pick(1...20)
            copies[index].endsAt = now + pick(20...120)
        }
    }

    /// A copy ends by itself: an older one has its lease.
    mutating func turnAway(_ id: String, at now: Int) {
        guard let index = copies.firstIndex(where: { $0.job.id == id && $0.runs }) else { return }
        faults["turnedAway", default: 0] += 1
        if copies[index].job.state == .running || copies[index].job.state == .stopping {
            end(index, .ended, "turned away", at: now)
        } else {
            copies[index].runs = false
        }
    }

    /// Copies that gave their lease back since somebody asked last.
    mutating func takeGoodbyes() -> [String] {
        defer { goodbyes = [] }
        return goodbyes
    }

    private mutating func end(_ index: Int, _ state: EngineJob.State, _ reason: String, at now: Int) {
        if copies[index].runs, copies[index].job.state == .stopping { goodbyes.append(copies[index].job.id) }
        copies[index].runs = false
        copies[index].startsAt = nil
        copies[index].endsAt = nil
        copies[index].job.state = state
        copies[index].job.reason = reason
        copies[index].forgottenAt = now + (isCalm ? 5 : pick(1...60))
    }

    // MARK: What it says

    private func truth(at now: Int) -> EngineObservation {
        EngineObservation(
            nodes: nodes.map(\.node),
            jobs: copies.filter { $0.listedAt <= now && ($0.forgottenAt ?? .max) > now }.map { copy in
                var job = copy.job
                if copy.saidToRunUntil > now, !isCalm { job.state = .running }
                return job
            })
    }

    /// What it says; `nil` where it does not answer.
    mutating func observe(at now: Int) -> EngineObservation? {
        if happens("silent", 1, in: 40) { return nil }
        return history[max(0, history.count - 1 - lag)]
    }

    // MARK: What it is asked

    mutating func start(_ request: EngineJobRequest, at now: Int) throws(EngineError) {
        if copies.contains(where: { $0.job.request == request }) { return }
        if let node = nodes.first(where: { $0.node.name == request.node }), node.refusesUntil > now, node.refusal == 0,
            !isCalm
        {
            throw EngineError(.refused, "Requested node configuration is not available")
        }
        if happens("startLost", 1, in: 30) { throw EngineError(.unavailable, "no answer") }
        number += 1
        var copy = Copy(
            job: EngineJob(id: "\(number)", request: request, state: .pending),
            startsAt: now + (isCalm ? 1 : pick(0...8)),
            listedAt: now + (happens("listedLate", 1, in: 10) ? pick(1...6) : 0))
        copy.deaf = happens("deaf", 1, in: 12) ? pick(1...2) : 0
        copies.append(copy)
        if happens("twoCopies", 1, in: 40) {
            number += 1
            copy.job.id = "\(number)"
            copies.append(copy)
        }
        if happens("answerLost", 1, in: 30) { throw EngineError(.unavailable, "no answer") }
    }

    mutating func stop(_ id: String, at now: Int) throws(EngineError) {
        guard let index = copies.firstIndex(where: { $0.job.id == id }) else { return }
        if happens("stopLost", 1, in: 30) { throw EngineError(.unavailable, "no answer") }
        if copies[index].deaf > 0, !isCalm {
            copies[index].deaf -= 1
            return
        }
        guard copies[index].runs, copies[index].job.state == .running || copies[index].job.state == .stopping else {
            // What the engine takes for queued or over it only strikes from its list.
            let orphan = copies[index].runs
            end(index, .ended, "cancelled", at: now)
            copies[index].runs = orphan
            if orphan { copies[index].endsAt = now + pick(5...60) }
            return
        }
        copies[index].job.state = .stopping
        if happens("endsLate", 1, in: 12) {
            copies[index].endsAt = now + pick(20...90)
        } else if happens("neverEnds", 1, in: 30) {
            // Until its node is lost.
            copies[index].endsAt = .max
        } else {
            copies[index].endsAt = now + (isCalm ? 1 : pick(0...8))
        }
    }
}
