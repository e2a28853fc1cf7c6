/// What the server knows of alarms: which event of each was the last, so that one that comes again, from a worker that
/// was restarted or from another that took over its entity, is not a second alarm.
package struct AlarmBook: Sendable {
    /// Alarms that stand, by name.
    package private(set) var open: [String: AlarmEvent] = [:]
    private var lastRevision: [String: Int] = [:]
    private var ended: [String] = []
    private let memory: Int

    /// An empty book.
    ///
    /// - Parameter memory: ended alarms that are remembered.
    package init(memory: Int = 100_000) { self.memory = memory }

    /// Whether an event is news; then the book has it.
    package mutating func admit(_ event: AlarmEvent) -> Bool {
        if let last = lastRevision[event.id], event.revision <= last { return false }
        lastRevision[event.id] = event.revision
        if event.state == .cleared {
            open[event.id] = nil
            ended.append(event.id)
            if ended.count > memory {
                for id in ended.prefix(memory / 2) where open[id] == nil { lastRevision[id] = nil }
                ended.removeFirst(memory / 2)
            }
        } else {
            open[event.id] = event
        }
        return true
    }
}
