import Autoencoders
import CommandLine
import Foundation

/// Shows how far the training of all groups is, in one line.
///
/// Unchecked: every use of what is stored holds the lock, one that the thread sanitizer knows.
final class TrainingProgressLine: @unchecked Sendable {
    private let console: Console
    private let lock = NSLock()
    private var latest: [String: TrainingProgress] = [:]

    init(_ console: Console) { self.console = console }

    /// Takes in one report; called on the threads that train.
    func show(_ progress: TrainingProgress) {
        let text = lock.withLock { () -> String in
            latest[progress.group] = progress
            let percent = progress.windowsPerEpoch > 0 ? 100 * progress.windows / progress.windowsPerEpoch : 100
            let speed = Quantity.number(progress.windowsPerSecond)
            return
                "training \(progress.group): round \(progress.round + 1), epoch \(progress.epoch + 1), \(percent) %, "
                + "loss \(Quantity.number(progress.loss)), \(speed) windows/s (group \(latest.count))"
        }
        console.progress(text)
    }
}
