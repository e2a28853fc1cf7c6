/// What the server knows of alarms: which event of each was the last, so that one that comes again, from a worker that
/// was restarted or from another that took over its entity, is not a second alarm.
///
/// It remembers a bounded number of alarms, whoever sends how many: the ones that came up first are forgotten first.
package struct AlarmBook: Sendable {
    private var lastRevision: [String: Int] = [:]
    /// The alarms of `lastRevision`, oldest first.
    private var order: [String] = []
    private let memory: Int

    /// An empty book.
    ///
    /// - Parameter memory: alarms that are remembered at most; the older half is forgotten when there are more.
    package init(memory: Int = 100_000) {
        precondition(memory > 1, "a book remembers two alarms at least")
        self.memory = memory
    }

    /// Alarms that are remembered.
    package var count: Int { order.count }

    /// Whether an event is news; then the book has it.
    package mutating func admit(_ event: AlarmEvent) -> Bool {
        if let last = lastRevision[event.id] {
            guard event.revision > last else { return false }
        } else {
            if order.count == memory {
                for id in order.prefix(memory / 2) { lastRevision[id] = nil }
                order.removeFirst(memory / 2)
            }
            order.append(event.id)
        }
        lastRevision[event.id] = event.revision
        return true
    }
}
