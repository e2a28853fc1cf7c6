import CVectorKernels
import Glibc
import Synchronization

/// A few threads of an engine's own that share out the parts of one job at a time; the caller works too.
///
/// Not Swift's cooperative pool: training blocks for seconds. Which thread computes which part is left to chance;
/// parts must not depend on it.
final class ThreadPool {
    /// Threads that work on a job, with the caller.
    let count: Int
    private let state: State
    private var threads: [pthread_t] = []

    /// What the threads share. Unchecked: `body` and `parts` are written while no thread works and published by
    /// `generation`.
    @safe
    private final class State: @unchecked Sendable {
        var body: ((Int, Int) -> Void)?
        var parts = 0
        let next = Atomic<Int>(0)
        let generation = Atomic<Int>(0)
        let working = Atomic<Int>(0)
        let stopping = Atomic<Bool>(false)
        private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        private let wake = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

        init() {
            unsafe pthread_mutex_init(mutex, nil)
            unsafe pthread_cond_init(wake, nil)
        }

        deinit {
            unsafe pthread_cond_destroy(wake)
            unsafe pthread_mutex_destroy(mutex)
            unsafe wake.deallocate()
            unsafe mutex.deallocate()
        }

        /// Starts a job, or the end.
        func announce() {
            unsafe pthread_mutex_lock(mutex)
            generation.add(1, ordering: .sequentiallyConsistent)
            unsafe pthread_cond_broadcast(wake)
            unsafe pthread_mutex_unlock(mutex)
        }

        /// Waits until the generation is not `seen`: at first awake, for the next job of a training step follows
        /// within microseconds, then asleep.
        func waitForJob(after seen: Int) -> Int {
            for _ in 0..<4_000 {
                let now = generation.load(ordering: .acquiring)
                if now != seen { return now }
                VKPause()
            }
            unsafe pthread_mutex_lock(mutex)
            defer { unsafe pthread_mutex_unlock(mutex) }
            while true {
                let now = generation.load(ordering: .acquiring)
                if now != seen { return now }
                unsafe pthread_cond_wait(wake, mutex)
            }
        }

        func work(as worker: Int) {
            guard let body else { return }
            while true {
                let part = next.add(1, ordering: .relaxed).oldValue
                if part >= parts { return }
                body(part, worker)
            }
        }
    }

    /// What a new thread is told.
    private final class Start: Sendable {
        let state: State
        let worker: Int
        init(_ state: State, _ worker: Int) {
            self.state = state
            self.worker = worker
        }
    }

    /// - Throws: ``AcceleratorError`` when the system will not start a thread.
    init(count: Int) throws {
        precondition(count > 0, "a job needs a thread")
        self.count = count
        state = State()
        for worker in 1..<max(1, count) {
            let start = unsafe Unmanaged.passRetained(Start(state, worker))
            var thread = pthread_t()
            let status = unsafe pthread_create(&thread, nil, ThreadPool.main, start.toOpaque())
            guard status == 0 else {
                unsafe start.release()
                stop()
                throw AcceleratorError(.threads, "engine", found: "thread \(worker) does not start: error \(status)")
            }
            threads.append(thread)
        }
    }

    deinit { stop() }

    private func stop() {
        state.stopping.store(true, ordering: .sequentiallyConsistent)
        state.announce()
        for thread in threads { pthread_join(thread, nil) }
        threads = []
    }

    private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
        guard let argument = unsafe argument else { return nil }
        let start = unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        let state = start.state
        var seen = 0
        while true {
            seen = state.waitForJob(after: seen)
            if state.stopping.load(ordering: .acquiring) { return nil }
            state.work(as: start.worker)
            state.working.subtract(1, ordering: .acquiringAndReleasing)
        }
    }

    /// Calls `body(part, worker)` once for each part in `0..<parts`; `worker` (below ``count``) is used by one
    /// thread only. Returns when all parts are done.
    func forEach(_ parts: Int, _ body: (_ part: Int, _ worker: Int) -> Void) {
        guard count > 1, parts > 1 else {
            for part in 0..<parts { body(part, 0) }
            return
        }
        withoutActuallyEscaping(body) { body in
            state.body = body
            state.parts = parts
            state.next.store(0, ordering: .relaxed)
            state.working.store(count - 1, ordering: .relaxed)
            state.announce()
            state.work(as: 0)
            var spins = 0
            while state.working.load(ordering: .acquiring) > 0 {
                spins += 1
                if spins < 20_000 { VKPause() } else { sched_yield() }
            }
            state.body = nil
        }
    }
}
