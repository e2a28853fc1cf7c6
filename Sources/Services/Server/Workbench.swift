import Foundation
import Platform
import Synchronization

/// Work that takes longer than an answer may: one piece at a time on a thread of its own, for clients who wait for it.
final class Workbench: Sendable {
    /// Clients who may wait, with the one whose work is done.
    static let mostWaiting = 4

    private let waiting = Atomic<Int>(0)
    private let turn = SteadySemaphore(1)
    private let present = Mutex<BackgroundThread?>(nil)
    private let isStopped = Atomic(false)

    /// What a piece of work came to.
    ///
    /// Unchecked: set once by the work's thread, and read under the same lock.
    private final class Outcome<Value: Sendable>: @unchecked Sendable {
        private let lock = NSLock()
        private var result: Result<Value, any Error>?

        func set(_ new: Result<Value, any Error>) { lock.withLock { result = new } }
        var value: Result<Value, any Error>? { lock.withLock { result } }
    }

    /// Does a piece of work and waits for it.
    ///
    /// - Parameters:
    ///   - seconds: until when it has to be done, waiting for a turn included.
    ///   - work: asks between its steps whether it is still wanted.
    /// - Throws: ``Problem`` (503) where too many wait or it takes too long; what the work throws.
    func run<Value: Sendable>(
        upTo seconds: Int, _ work: @escaping @Sendable (_ isCancelled: @escaping @Sendable () -> Bool) throws -> Value
    ) throws -> Value {
        defer { waiting.subtract(1, ordering: .relaxed) }
        guard waiting.add(1, ordering: .relaxed).newValue <= Self.mostWaiting, !isStopped.load(ordering: .relaxed)
        else { throw Problem(503, "\(Self.mostWaiting) clients wait for such work, as many as may; try again") }
        let start = ContinuousClock.now
        guard turn.wait(upTo: .seconds(seconds)) else { throw Self.late(seconds) }
        let outcome = Outcome<Value>()
        let turn = turn
        let thread = BackgroundThread(name: "scoring") { isCancelled in
            outcome.set(Result { try work(isCancelled) })
            turn.signal()
        }
        present.withLock { $0 = thread }
        thread.join(upTo: .seconds(seconds) - (ContinuousClock.now - start))
        guard let result = outcome.value else {
            thread.cancel()
            throw Self.late(seconds)
        }
        return try result.get()
    }

    private static func late(_ seconds: Int) -> Problem {
        Problem(503, "it is not done after \(seconds) s: send fewer rows, or try again when others do not")
    }

    /// Ends what is being done, and takes nothing more.
    func stop() {
        isStopped.store(true, ordering: .relaxed)
        let thread = present.withLock { $0 }
        thread?.cancel()
        thread?.join(upTo: .milliseconds(300))
    }
}
