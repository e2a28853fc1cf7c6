import Platform

/// What is going to happen, in order of time; what happens at the same time keeps the order in which it was entered.
/// O(log n) an entry.
final class Agenda {
    private struct Entry {
        var at: Instant
        var order: UInt64
        var action: () -> Void

        static func < (a: Entry, b: Entry) -> Bool { a.at == b.at ? a.order < b.order : a.at < b.at }
    }

    /// True time, which no process sees.
    private(set) var now = Instant.zero
    /// Entries that have happened.
    private(set) var happened = 0
    private var heap: [Entry] = []
    private var entered: UInt64 = 0

    /// Enters what is to happen after a while.
    func after(_ delay: Duration, _ action: @escaping () -> Void) { at(now + delay, action) }

    /// Enters what is to happen at an instant, or now where that is over.
    func at(_ instant: Instant, _ action: @escaping () -> Void) {
        entered += 1
        heap.append(Entry(at: max(instant, now), order: entered, action: action))
        var child = heap.count - 1
        while child > 0, heap[child] < heap[(child - 1) / 2] {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Lets everything happen up to an instant, or until `isOver` says so after an entry.
    func run(until end: Instant, isOver: () -> Bool) {
        while let first = heap.first, first.at <= end {
            removeFirst()
            now = first.at
            happened += 1
            first.action()
            if isOver() { return }
        }
        now = max(now, end)
    }

    private func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child] < heap[least] {
                least = child
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
