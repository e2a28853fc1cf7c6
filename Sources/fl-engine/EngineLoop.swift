import Engines
import Foundation
import Platform
import Services

/// One look after the other, until it is told to stop.
struct EngineLoop {
    private var controller: EngineController
    private let pace: EnginePace
    private let validity: Int
    private let isDry: Bool
    private let figures: EngineFigures
    private let log: Logger
    /// What was said last, so that what stays wrong is said once.
    private var complaint = ""
    /// What it would have done at the last look, where it does nothing.
    private var proposed: [String] = []
    private var decision: UInt64?

    init(
        controller: EngineController, every: Double, validity: Int, isDry: Bool, figures: EngineFigures, log: Logger
    ) {
        self.controller = controller
        pace = EnginePace(every: .seconds(every))
        self.validity = validity
        self.isDry = isDry
        self.figures = figures
        self.log = log
    }

    /// - Parameter fleet: a nodes file that was read again, once.
    mutating func run(until stop: StopSignal, _ notification: ServiceNotification, fleet: () -> EngineFleet?) {
        while !stop.isSet {
            if let fleet = fleet() { controller.fleet = fleet }
            let changes = controller.changes
            turn()
            // From the first look on it is known how things are, or what does not answer.
            notification.status(status)
            notification.ready()
            let end = ContinuousClock.now
            while !stop.isSet, !pace.isDue(after: ContinuousClock.now - end, hasNews: controller.changes != changes) {
                notification.alive()
                Thread.sleep(forTimeInterval: 0.05)
            }
        }
        notification.stopping()
    }

    private mutating func turn() {
        let start = ContinuousClock.now
        do {
            var cycle = try controller.look(publishes: validity)
            if isDry {
                let lines = cycle.directives.map { PlanReport.line($0) }
                for line in lines where !proposed.contains(line) { log.notice("would do", ["what": line]) }
                proposed = lines
                controller.leave(&cycle)
            } else {
                controller.perform(&cycle)
            }
            if let wish = cycle.wish, wish.decision != decision {
                decision = wish.decision
                let wanted = wish.nodes.filter { $0.wants == .worker || $0.wants == .acceleratedWorker }
                log.notice(
                    "decision", ["number": "\(wish.decision)", "workers": wanted.map(\.name).joined(separator: ", ")])
            }
            say(cycle.failures.joined(separator: "; "))
            figures.note(cycle, seconds: (ContinuousClock.now - start).seconds)
        } catch {
            say("\(error)")
            figures.failed("\(error)", seconds: (ContinuousClock.now - start).seconds)
        }
    }

    /// What it does now, for `systemctl status`.
    private var status: String {
        guard complaint.isEmpty else { return complaint }
        return decision.map { "following decision \($0)" } ?? "waiting for the federation to place workers"
    }

    private mutating func say(_ text: String) {
        guard text != complaint else { return }
        if text.isEmpty {
            log.notice("all answer again")
        } else {
            log.warning("something did not work; it is tried again", ["what": text])
        }
        complaint = text
    }
}
