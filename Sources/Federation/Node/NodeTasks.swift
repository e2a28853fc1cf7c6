import Synchronization

/// Slow work that a node asks for: the name says what it is, the lane what it waits for.
package struct NodeTask: Sendable {
    /// Tasks of one lane are done one after the other, in the order in which they were started; lanes do not wait for
    /// each other.
    package enum Lane: String, CaseIterable, Sendable {
        /// What has to reach the disk, models and rounds.
        case disk
        /// What has to reach the disk, alarms.
        case alarms
        /// Checksums, gates, sums, initial models.
        case arithmetic
        /// Which workers train.
        case placement
        /// A worker's local training.
        case work
    }

    /// What it waits for.
    package var lane: Lane
    /// What it does, such as `commit`.
    package var name: StaticString

    /// A task.
    package init(_ lane: Lane, _ name: StaticString) {
        self.lane = lane
        self.name = name
    }
}

/// Does slow work, away from the node's thread.
///
/// The work itself puts what follows from it into the node's inbox. Whoever simulates runs it when it would be done, or
/// not at all when the process died before; what it had put into the inbox of a node that is gone is lost with it.
package protocol NodeTasks: AnyObject {
    /// Starts work; returns at once.
    func start(_ task: NodeTask, _ work: @escaping @Sendable () -> Void)
}

/// What reaches a node from elsewhere: results of its slow work, and what other threads tell it. From any thread.
package final class Inbox<Item: Sendable>: Sendable {
    private let items = Mutex<[Item]>([])
    private let wake: @Sendable () -> Void

    /// An empty inbox.
    ///
    /// - Parameter wake: called when something was put in, from the thread that did.
    package init(wake: @escaping @Sendable () -> Void = {}) { self.wake = wake }

    /// Puts something in.
    package func put(_ item: Item) {
        items.withLock { $0.append(item) }
        wake()
    }

    /// Takes everything that is there, in order.
    package func take() -> [Item] {
        items.withLock { items in
            defer { items.removeAll() }
            return items
        }
    }

    /// Whether nothing is there.
    package var isEmpty: Bool { items.withLock { $0.isEmpty } }
}

/// Something that several threads hand to each other; every use holds its lock.
package final class Box<Value: Sendable>: Sendable {
    private let value: Mutex<Value>

    package init(_ value: Value) { self.value = Mutex(value) }

    package func with<Result: Sendable>(_ body: (inout sending Value) -> sending Result) -> Result {
        value.withLock(body)
    }
}
