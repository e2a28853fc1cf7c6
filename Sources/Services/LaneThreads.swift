package import Federation
import Platform
import Synchronization

/// The tasks of a node on threads: one for each lane that is used, so that lanes do not wait for each other and tasks of one
/// lane keep their order.
package final class LaneThreads: NodeTasks {
    private final class Lane: Sendable {
        let work = Mutex<[@Sendable () -> Void]>([])
        let more = SteadySemaphore()
    }

    private var lanes: [NodeTask.Lane: (lane: Lane, thread: BackgroundThread)] = [:]

    /// Threads for one node; owned by its thread.
    package init() {}

    package func start(_ task: NodeTask, _ work: @escaping @Sendable () -> Void) {
        let lane = lane(task.lane)
        lane.work.withLock { $0.append(work) }
        lane.more.signal()
    }

    private func lane(_ name: NodeTask.Lane) -> Lane {
        if let known = lanes[name] { return known.lane }
        let lane = Lane()
        let thread = BackgroundThread(name: name.rawValue) { isCancelled in
            while true {
                lane.more.wait()
                let next = lane.work.withLock { $0.isEmpty ? nil : $0.removeFirst() }
                // Woken without work: it is over. What was asked for before is done first.
                guard let next else {
                    if isCancelled() { return }
                    continue
                }
                next()
            }
        }
        lanes[name] = (lane, thread)
        return lane
    }

    /// Lets what was started end, for a while; what takes longer goes on until the process ends.
    package func stop(upTo limit: Duration) {
        for entry in lanes.values {
            entry.thread.cancel()
            entry.lane.more.signal()
        }
        let end = ContinuousClock.now + limit
        for entry in lanes.values {
            entry.thread.join(upTo: end - ContinuousClock.now)
        }
    }
}

extension MonotonicClock: NodeClock {}
