import Federation
import Platform

/// A process: it has turns as long as it lives, unless it is paused.
final class SimulatedProcess {
    let port: SimulatedPort
    let clock: SimulatedClock
    let tasks: SimulatedTasks
    private(set) var isAlive = true
    private(set) var pausedUntil = Instant.zero
    /// What it does in a turn.
    var turn: (() throws -> Void)?
    /// Called when a turn ends it.
    var ended: ((any Error) -> Void)?
    /// Called when it looks at the world again after a pause.
    var resumed: (() -> Void)?

    private let agenda: Agenda
    private let network: SimulatedNetwork
    private var isWoken = false

    init(port: SimulatedPort, clock: SimulatedClock, tasks: SimulatedTasks, agenda: Agenda, network: SimulatedNetwork) {
        self.port = port
        self.clock = clock
        self.tasks = tasks
        self.agenda = agenda
        self.network = network
        port.endpoint.wake = { [weak self] in self?.wake() }
        tasks.done = { [weak self] in self?.wake() }
    }

    /// Begins to live.
    func start() {
        agenda.after(.milliseconds(1)) { [weak self] in self?.live() }
    }

    private func live() {
        guard isAlive else { return }
        run()
        agenda.after(ServerNode.tickInterval) { [weak self] in self?.live() }
    }

    /// Gives it a turn soon.
    func wake() {
        guard isAlive, !isWoken else { return }
        isWoken = true
        agenda.after(.milliseconds(1)) { [weak self] in
            guard let self else { return }
            isWoken = false
            run()
        }
    }

    private func run() {
        guard isAlive, agenda.now >= pausedUntil else { return }
        do {
            try turn?()
        } catch {
            guard isAlive else { return }
            ended?(error)
        }
    }

    /// Does nothing for a while.
    func pause(for duration: Duration) {
        pausedUntil = max(pausedUntil, agenda.now + duration)
        tasks.pausedUntil = pausedUntil
        agenda.at(pausedUntil) { [weak self] in
            guard let self, isAlive, agenda.now >= pausedUntil else { return }
            resumed?()
            run()
        }
    }

    /// Is gone, as after kill -9. Of what was on its way to the disk as many writes are made as the caller says.
    func die(writing lanes: [NodeTask.Lane: Int] = [:]) {
        guard isAlive else { return }
        isAlive = false
        network.close(port.endpoint)
        tasks.die(writing: lanes)
    }
}
