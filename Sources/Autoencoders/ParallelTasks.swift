import Glibc
import Synchronization

/// Long computations on threads of their own, so that they never block Swift's cooperative pool.
package enum ParallelTasks {
    /// Computes `count` results on at most `threads` threads and waits for them. Results come in the order of their
    /// index; which thread computes which is not defined. Tasks are started in order of index, and none is started
    /// after one has failed; the error of the lowest index is thrown.
    package static func map<Result: Sendable>(
        count: Int, threads: Int, _ body: @escaping @Sendable (Int) throws -> Result
    ) throws -> [Result] {
        precondition(threads >= 1, "there is at least one thread")
        if count == 0 { return [] }
        let work = Work(count: count, body: body)
        let helpers = (1..<max(1, min(threads, count))).compactMap { _ in start { work.run() } }
        work.run()
        for helper in helpers { pthread_join(helper, nil) }
        return try work.results()
    }

    /// What the threads share.
    private final class Work<Result: Sendable>: Sendable {
        private struct State {
            var next = 0
            var failed = false
            var outcomes: [Swift.Result<Result, any Error>?]
        }

        private let state: Mutex<State>
        private let count: Int
        private let body: @Sendable (Int) throws -> Result

        init(count: Int, body: @escaping @Sendable (Int) throws -> Result) {
            self.count = count
            self.body = body
            state = Mutex(State(outcomes: Array(repeating: nil, count: count)))
        }

        func run() {
            while let index = takeNext() {
                let outcome = Swift.Result { try body(index) }
                state.withLock { state in
                    if case .failure = outcome { state.failed = true }
                    state.outcomes[index] = outcome
                }
            }
        }

        private func takeNext() -> Int? {
            state.withLock { state in
                guard state.next < count, !state.failed else { return nil }
                state.next += 1
                return state.next - 1
            }
        }

        func results() throws -> [Result] {
            // Outcomes that are missing come after a failure, which is thrown first.
            try state.withLock { $0.outcomes }.compactMap { try $0?.get() }
        }
    }

    /// Starts a thread; `nil` when the system has none to give, and then others do its work.
    private static func start(_ body: @escaping @Sendable () -> Void) -> pthread_t? {
        let box = unsafe Unmanaged.passRetained(Body(run: body))
        var thread = pthread_t()
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        defer { unsafe pthread_attr_destroy(&attributes) }
        // As much as a main thread usually has: kernels keep tiles on the stack.
        unsafe pthread_attr_setstacksize(&attributes, 8 << 20)
        let status = unsafe pthread_create(
            &thread, &attributes,
            { argument in
                if let argument = unsafe argument {
                    unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                }
                return nil
            }, unsafe box.toOpaque())
        guard status == 0 else {
            unsafe box.release()
            return nil
        }
        return thread
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
