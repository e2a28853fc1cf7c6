import Federation
import Foundation
import Platform
import Synchronization

/// What HTTP asks of the node, which has a thread of its own: whoever asked waits for the answer.
struct ServerOrders: Sendable {
    /// Takes what is asked for.
    let put: @Sendable (ServerNode.Input) -> Void

    /// An answer that one thread gives and another waits for.
    private final class Answer<Value: Sendable>: Sendable {
        private let value = Mutex<Value?>(nil)
        private let isThere = SteadySemaphore()

        func give(_ new: Value) {
            value.withLock { $0 = new }
            isThere.signal()
        }

        func wait(upTo seconds: Int) -> Value? {
            isThere.wait(upTo: .seconds(seconds))
            return value.withLock { $0 }
        }
    }

    /// Asks for a version again; `nil` where nobody knows in time what became of it.
    func restore(_ wanted: Restoration, upTo seconds: Int) -> RestorationOutcome? {
        let answer = Answer<RestorationOutcome>()
        put(.restore(wanted, answer: { answer.give($0) }))
        return answer.wait(upTo: seconds)
    }

    /// Lets a changed configuration hold after it is kept; `nil` where nobody knows in time what became of it.
    func tune(
        _ tuning: ServerTuning, keep: @escaping @Sendable () throws -> Void, upTo seconds: Int
    ) -> Result<Void, any Error>? {
        let answer = Answer<Result<Void, any Error>>()
        put(.tune(tuning, keep: keep, answer: { answer.give($0) }))
        return answer.wait(upTo: seconds)
    }
}
