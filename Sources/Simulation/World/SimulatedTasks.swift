import Federation
import Numerics
import Platform

/// Slow work that takes simulated time: it is done at its end, or never if the process dies before.
final class SimulatedTasks: NodeTasks {
    /// How long a task of each lane takes at most.
    var longest: [NodeTask.Lane: Duration] = [:]
    /// Nothing is done before this: the process is paused.
    var pausedUntil = Instant.zero
    /// Called after each task.
    var done: (() -> Void)?

    private let agenda: Agenda
    private var generator: CounterBasedGenerator
    private var free: [NodeTask.Lane: Instant] = [:]
    private var waiting: [NodeTask.Lane: [(number: Int, work: @Sendable () -> Void)]] = [:]
    private var started = 0
    private var isAlive = true

    init(agenda: Agenda, seed: UInt64, process: Int) {
        self.agenda = agenda
        generator = CounterBasedGenerator(seed: seed, purpose: "tasks", process)
    }

    func start(_ task: NodeTask, _ work: @escaping @Sendable () -> Void) {
        guard isAlive else { return }
        // Whoever begins other training has given up what runs, and that soon notices.
        if task.lane == .work { hurry(.work, within: .milliseconds(20)) }
        started += 1
        let number = started
        waiting[task.lane, default: []].append((number, work))
        let limit = max(2, longest[task.lane]?.milliseconds ?? 2)
        let begin = max(free[task.lane] ?? .zero, agenda.now, pausedUntil)
        let end = begin + .microseconds(Int64.random(in: 500...limit * 1_000, using: &generator))
        free[task.lane] = end
        finish(number, of: task.lane, at: end)
    }

    /// What runs on a lane is done soon.
    func hurry(_ lane: NodeTask.Lane, within limit: Duration) {
        free[lane] = agenda.now + limit
        for entry in waiting[lane] ?? [] { finish(entry.number, of: lane, at: agenda.now + limit) }
    }

    /// What runs is done soon.
    func hurry(within limit: Duration) {
        for lane in NodeTask.Lane.allCases { hurry(lane, within: limit) }
    }

    private func finish(_ number: Int, of lane: NodeTask.Lane, at end: Instant) {
        agenda.at(end) { [weak self] in
            guard let self, isAlive else { return }
            if pausedUntil > agenda.now { return finish(number, of: lane, at: pausedUntil) }
            guard let index = waiting[lane]?.firstIndex(where: { $0.number == number }),
                let work = waiting[lane]?.remove(at: index).work
            else { return }
            work()
            done?()
        }
    }

    /// The process dies. Of what was on its way to the disk as much is done as the caller says, and nobody hears of it.
    func die(writing lanes: [NodeTask.Lane: Int]) {
        isAlive = false
        for (lane, count) in lanes.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            for entry in (waiting[lane] ?? []).prefix(count) { entry.work() }
        }
        waiting = [:]
    }
}
