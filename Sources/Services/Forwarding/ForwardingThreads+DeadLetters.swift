import Platform
import Watching

extension ForwardingThreads {
    /// Dead letters behind a number, oldest first; those of forwarders that are no longer configured among them.
    ///
    /// - Parameter name: of which forwarder; `nil`: of all.
    /// - Throws: `StorageError`.
    func deadLetters(of name: String?, after number: Int64, limit: Int) throws -> [ForwardingReport.DeadLetter] {
        let letters = try store.withLock {
            try $0.deadLetters(of: name.map(Self.feeds), after: number, limit: limit)
        }
        guard !letters.isEmpty else { return [] }
        let alarms = try AlarmLog(reading: alarmLog)
        return try letters.map { letter in
            let forwarder = Self.forwarder(ofFeed: letter.forwarder)
            let isOperation = letter.forwarder != forwarder
            let alarm =
                isOperation
                ? try view.operations.audit(after: letter.sequence - 1, limit: 1)
                    .first { $0.number == letter.sequence }?.alarm
                : try alarms.page(after: letter.sequence - 1, limit: 1).entries
                    .first { $0.sequence == letter.sequence }.flatMap { try? AlarmEvent(decoding: $0.bytes).id }
            return ForwardingReport.DeadLetter(
                number: letter.number, forwarder: forwarder, of: isOperation ? "operation" : "alarm",
                sequence: letter.sequence, alarm: alarm, reason: letter.reason, at: letter.at,
                isWanted: letter.isWanted)
        }
    }

    /// Lets dead letters of forwarders that are at work be sent again, when nothing else waits.
    ///
    /// - Parameters:
    ///   - numbers: which; `nil`: all.
    ///   - name: of which forwarder; `nil`: of all.
    /// - Returns: how many that are.
    /// - Throws: `StorageError`.
    func retryDead(_ numbers: [Int64]?, of name: String?) throws -> Int {
        let slots = slots.withLock { $0 }.filter { name == nil || $0.forwarder.name == name }
        let marked = try store.withLock { try $0.want(numbers, of: slots.flatMap(\.feeds)) }
        for slot in slots { slot.want(marked.filter { slot.feeds.contains($0.key) }) }
        return marked.values.reduce(0) { $0 + $1.count }
    }

    /// Forgets dead letters.
    ///
    /// - Parameters:
    ///   - numbers: which; `nil`: all.
    ///   - name: of which forwarder; `nil`: of all.
    /// - Returns: how many went.
    /// - Throws: `StorageError`.
    func dropDead(_ numbers: [Int64]?, of name: String?) throws -> Int {
        let slots = slots.withLock { $0 }
        return try store.withLock { store in
            let count = try store.drop(numbers, of: name.map(Self.feeds))
            for slot in slots {
                for feed in slot.feeds { slot.say(dead: try store.deadLetters(of: feed), of: feed) }
            }
            return count
        }
    }

    private static func feeds(of name: String) -> [String] { [name, operations(of: name)] }

    private static func forwarder(ofFeed feed: String) -> String {
        let end = operations(of: "")
        return feed.hasSuffix(end) ? String(feed.dropLast(end.count)) : feed
    }
}
