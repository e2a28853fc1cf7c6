import Federation
import Foundation
import Platform
import Watching

/// Takes what operators call false to the node, which tells the workers, and what workers heed back to the desk.
final class FalseAlarmThread: Sendable {
    private let thread: BackgroundThread

    private static let pause = 0.1
    /// Seconds after which what the disk did not give or take is tried again.
    private static let longPause = 2.0

    /// Begins to follow.
    ///
    /// - Parameters:
    ///   - alarmLog: the file of the log of alarms.
    ///   - put: takes what is called false, by entity: once at the beginning, and with each change.
    init(
        alarmLog: String, operations: OperatorStore, board: ServerBoard, log: Logger,
        put: @escaping @Sendable ([String: [FalseAlarmNotice]]) -> Void
    ) {
        thread = BackgroundThread(name: "false alarms") { isCancelled in
            var book = FalseAlarmBook(log: alarmLog)
            var (revision, heeded): (Int64, UInt64) = (-1, 0)
            while !isCancelled() {
                do {
                    let said = operations.revision.load(ordering: .acquiring)
                    let last = board.lastAlarm.load(ordering: .acquiring)
                    let isFirst = revision < 0
                    if try book.update(said != revision ? operations.current : nil, upTo: last) || isFirst {
                        put(book.notices)
                    }
                    // What was said again of what is heeded already is learned at once.
                    let state = board.falseAlarms
                    if said != revision || state.revision != heeded {
                        try Self.keep(state.heeded, of: book.learnable, operations)
                    }
                    (revision, heeded) = (said, state.revision)
                    Thread.sleep(forTimeInterval: Self.pause)
                } catch {
                    log.warning("alarms that were called false wait", ["reason": "\(error)"])
                    Thread.sleep(forTimeInterval: Self.longPause)
                }
            }
        }
    }

    private static func keep(
        _ heeded: [String: String], of possible: Set<String>, _ operations: OperatorStore
    ) throws {
        for (subject, worker) in operations.current.newlyLearned(heeded, of: possible) {
            do {
                _ = try operations.apply(.learned(subject), by: "worker \(worker)")
            } catch is OperatorDesk.Refusal {
                // Taken back meanwhile.
            }
        }
    }

    /// Ends.
    func stop() {
        thread.cancel()
        thread.join(upTo: .milliseconds(500))
    }
}
