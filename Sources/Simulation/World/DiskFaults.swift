import Platform

/// What is wrong with a disk. Shared by the tasks of one process, which never overlap.
final class DiskFaults {
    /// How a write ends that the process does not survive.
    enum Accident {
        /// Nothing of it is there.
        case lost
        /// A part of it is there: the first of several files, the first of several transactions.
        case torn
        /// All of it is there, and nobody heard.
        case unheard
    }

    /// No space is left.
    var isFull = false
    /// Another program holds the database for a moment.
    var isBusy = false
    /// The next write ends like this, and with it the process.
    var accident: Accident?
    /// Whether it takes nothing now.
    var refuses: Bool { isFull || isBusy }
    /// Called when a write is refused.
    var refused: (() -> Void)?
    /// What ends the process.
    var died: ((Accident) -> Void)?

    /// Writes, or does not: each step is atomic.
    ///
    /// - Throws: `StorageError`, or ``Crash`` when the process ends in it.
    func write(_ steps: [() -> Void]) throws {
        if refuses { refused?() }
        if isFull { throw StorageError(.full, operation: "write", path: "disk", found: "no space left") }
        if isBusy { throw StorageError(.busy, operation: "write", path: "disk", found: "database is locked") }
        guard let accident else { return steps.forEach { $0() } }
        self.accident = nil
        switch accident {
        case .lost: break
        case .torn: steps.prefix(steps.count / 2).forEach { $0() }
        case .unheard: steps.forEach { $0() }
        }
        died?(accident)
        throw Crash()
    }
}

/// The process ended in the middle of something; what it would have done next does not happen.
struct Crash: Error {}
