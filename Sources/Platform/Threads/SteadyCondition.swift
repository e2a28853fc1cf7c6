import Glibc

/// A lock that threads wait at for a while, by the clock that nobody sets.
///
/// The waiting of `NSCondition` and `DispatchSemaphore` ends on Linux at a time of the wall clock: where that is set back by
/// an hour meanwhile, as when a device finds its time after a start, a wait of a second lasts an hour.
///
/// Unchecked: what it holds is made once, and is for threads.
@safe package final class SteadyCondition: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>

    /// Nobody holds it.
    package init() {
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        let set = unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        precondition(set == 0, "a condition counts by the monotonic clock")
        unsafe pthread_cond_init(condition, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
        unsafe pthread_mutex_init(mutex, nil)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Waits until nobody else holds it.
    package func lock() { unsafe pthread_mutex_lock(mutex) }

    /// Lets others have it.
    package func unlock() { unsafe pthread_mutex_unlock(mutex) }

    /// Wakes one that waits.
    package func signal() { unsafe pthread_cond_signal(condition) }

    /// Wakes all that wait.
    package func broadcast() { unsafe pthread_cond_broadcast(condition) }

    /// Lets others have the lock until somebody wakes this thread or the time is over; it may wake without either. To be
    /// called by who holds the lock.
    ///
    /// - Parameter seconds: at most so long; a day at most.
    /// - Returns: whether it was woken before the time was over.
    @discardableResult
    package func wait(seconds: Double) -> Bool {
        var end = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &end)
        let nanoseconds = Int(min(max(0, seconds), 86_400) * 1e9) + end.tv_nsec
        end.tv_sec += nanoseconds / 1_000_000_000
        end.tv_nsec = nanoseconds % 1_000_000_000
        return unsafe pthread_cond_timedwait(condition, mutex, &end) == 0
    }
}
