import Foundation

/// Waits for what other threads or processes bring about, as long as that takes: a limit is for what never comes.
///
/// The threads and processes are real, and there is no clock of theirs to move on: it looks again every few milliseconds.
public func eventually(within seconds: Int = 60, _ holds: () throws -> Bool) rethrows -> Bool {
    let end = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < end {
        if try holds() { return true }
        poll(nil, 0, 5)
    }
    return try holds()
}
