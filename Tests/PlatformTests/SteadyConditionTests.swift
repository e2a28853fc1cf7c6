import Platform
import Synchronization
import Testing

private final class Flag: Sendable { let value = Atomic(false) }

@Suite struct SteadyConditionTests {
    @Test func aWaitEndsWhenItsTimeIsOver() {
        let condition = SteadyCondition()
        condition.lock()
        defer { condition.unlock() }
        let start = ContinuousClock.now
        // It may wake before.
        while condition.wait(seconds: 0.02) {}
        #expect(ContinuousClock.now - start >= .milliseconds(20))
        #expect(!condition.wait(seconds: 0) && !condition.wait(seconds: -1))
    }

    @Test func whoWaitsIsWoken() {
        let condition = SteadyCondition()
        let isThere = Flag()
        condition.lock()
        let thread = BackgroundThread(name: "waker") { _ in
            // Gets the lock only when the other waits.
            condition.lock()
            isThere.value.store(true, ordering: .sequentiallyConsistent)
            condition.broadcast()
            condition.unlock()
        }
        while !isThere.value.load(ordering: .sequentiallyConsistent) { condition.wait(seconds: 60) }
        condition.unlock()
        thread.join(upTo: .seconds(10))
        let wasWoken = isThere.value.load(ordering: .sequentiallyConsistent)
        #expect(wasWoken)
    }

    @Test func permitsAreTakenOnce() {
        let permits = SteadySemaphore(1)
        #expect(permits.wait(upTo: .zero))
        #expect(!permits.wait(upTo: .milliseconds(20)) && !permits.wait(upTo: .seconds(-1)))
        let thread = BackgroundThread(name: "giver") { _ in permits.signal() }
        #expect(permits.wait())
        thread.join()
        #expect(!permits.wait(upTo: .zero))
    }
}
