import Foundation
import Platform
import Watching

/// Consumers that have subscribed to alarms over HTTP, in a file of the server's folder: a change is on the disk before
/// anybody hears of it.
struct SubscriptionFile {
    /// A subscription.
    struct Entry: Codable, Equatable {
        /// Its name in paths.
        let id: String
        /// Where notifications are posted to.
        let consumer: String
        /// When it was made, in seconds since 1970; `nil` where an earlier version made it.
        var since: Int64?
        /// Seconds for which the consumer was tried in vain, to an hour; `nil` where it was reached.
        var failingSeconds: Double?
    }

    /// Subscriptions at a time.
    static let most = 8

    private let path: String
    private(set) var entries: [Entry] = []

    /// The subscriptions of a folder.
    ///
    /// - Throws: `StorageError` when the file cannot be read, ``ServiceError`` when it is none.
    init(path: String) throws {
        self.path = path
        guard FileManager.default.fileExists(atPath: path) else { return }
        let bytes = try FileContents.read(path, limit: 1 << 20)
        guard let read = try? JSONDecoder().decode([Entry].self, from: Data(bytes)) else {
            throw ServiceError(
                .data, "\(path): found no list of subscriptions; remove it, and managers subscribe again")
        }
        entries = Array(read.prefix(Self.most))
    }

    /// Adds one.
    ///
    /// - Throws: `StorageError`; it is as before then.
    mutating func add(_ entry: Entry) throws { try change(to: entries + [entry]) }

    /// Removes one.
    ///
    /// - Throws: `StorageError`; it is as before then.
    mutating func remove(_ id: String) throws { try change(to: entries.filter { $0.id != id }) }

    /// Keeps for how long a consumer was tried in vain, where that is another hour than what is kept.
    ///
    /// - Throws: `StorageError`; it is as before then.
    mutating func note(_ reach: ConsumerReach, of id: String) throws {
        guard let index = entries.firstIndex(where: { $0.id == id }) else { return }
        let hours = (reach.failingSeconds / 3_600).rounded(.down)
        let kept = ((entries[index].failingSeconds ?? 0) / 3_600).rounded(.down)
        guard hours != kept else { return }
        var new = entries
        new[index].failingSeconds = reach.failingSeconds > 0 ? reach.failingSeconds : nil
        try change(to: new)
    }

    private mutating func change(to new: [Entry]) throws {
        try FileContents.writeAtomically(Array(try JSONEncoder.oneLine.encode(new)), to: path)
        entries = new
    }
}
